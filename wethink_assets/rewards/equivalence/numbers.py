"""Number words: cardinals, ordinals and parts, and texts with their numbers as digits."""

import re
from collections.abc import Sequence
from fractions import Fraction

_WORDS = [
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen",
    "sixteen", "seventeen", "eighteen", "nineteen",
]  # fmt: skip
UNITS = {word: value for value, word in enumerate(_WORDS)}
TENS = {
    word: 10 * value
    for value, word in enumerate(["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"], 2)
}
SCALES = {
    "dozen": 12, "thousand": 1000, "lakh": 10**5, "million": 10**6, "crore": 10**7, "billion": 10**9, "trillion": 10**12,
}  # fmt: skip
_ORDINAL_WORDS = [
    "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth", "eleventh", "twelfth", "thirteenth", "fourteenth",
    "fifteenth", "sixteenth", "seventeenth", "eighteenth", "nineteenth",
]  # fmt: skip
ORDINALS = {word: value for value, word in enumerate(_ORDINAL_WORDS, 1)} | {
    f"{word[:-1]}ieth": value for word, value in TENS.items()
}
PARTS = {"half": 2, "halves": 2, "quarter": 4, "quarters": 4} | {
    form: value for word, value in ORDINALS.items() if value > 2 for form in (word, f"{word}s")
}
NUMBER_WORDS = frozenset({*UNITS, *TENS, *SCALES, *ORDINALS, "hundred", "percent"})
"""Words that `spelled_out` may turn into something else; a text with none of them is left as it is."""
_DIGITS = re.compile(r"\d{1,40}(?:\.\d{1,40})?")


def spelled_out(words: Sequence[str]) -> list[str]:
    """Words with number words as digits: `one hundred and five` is `105`, `2.5 million` is `2500000`, `twenty first` is `21st`.

    Example:
        >>> spelled_out("twenty one red circles".split()), spelled_out("one two".split())
        (['21', 'red', 'circles'], ['1', '2'])
    """
    spelled: list[str] = []
    index = 0
    while index < len(words):
        word = words[index]
        parsed = cardinal(words, index)
        if parsed is not None:
            value, index = parsed
            after = words[index] if index < len(words) else ""
            if value % 10 == 0 and value % 100 >= 20 and 0 < ORDINALS.get(after, 0) < 10 and value.denominator == 1:
                spelled.append(_ordinal(int(value) + ORDINALS[after]))
                index += 1
            else:
                spelled.append(_plain(value))
            continue
        numbered = bool(spelled) and (spelled[-1][:1].isdigit() or spelled[-1] in ("a", "an"))
        if word in ORDINALS and not numbered:
            spelled.append(_ordinal(ORDINALS[word]))
        elif word == "percent":
            spelled.append("%")
        else:
            spelled.append(word)
        index += 1
    return spelled


def cardinal(words: Sequence[str], start: int) -> tuple[Fraction, int] | None:
    """The number that begins at a word, with the place after it; None where none does."""
    total = Fraction(0)
    group: Fraction | None = None
    last = ""
    smallest = 10**15
    position = start
    first = words[start]
    following = words[start + 1] if start + 1 < len(words) else ""
    if first in ("a", "an") and (following == "hundred" or following in SCALES):
        group, last, position = Fraction(1), "unit", start + 1
    elif _DIGITS.fullmatch(first):
        if following != "hundred" and following not in SCALES:
            return None
        group, last, position = Fraction(first), "digits", start + 1
    while position < len(words):
        word = words[position]
        if word in UNITS:
            unit = UNITS[word]
            if not (group is None or last == "hundred" or (last == "tens" and 0 < unit < 10)):
                break
            group, last = (group or Fraction(0)) + unit, "unit"
        elif word in TENS and (group is None or last == "hundred"):
            group, last = (group or Fraction(0)) + TENS[word], "tens"
        elif word == "hundred" and group is not None and 0 < group < 100 and last != "hundred":
            group, last = group * 100, "hundred"
        elif word in SCALES and group is not None and SCALES[word] < smallest:
            smallest = SCALES[word]
            total, group, last = total + group * smallest, None, "scale"
        elif word == "and" and last in ("hundred", "scale") and _counts(words[position + 1 : position + 2]):
            pass
        else:
            break
        position += 1
    if not last:
        return None
    value = total + (group or Fraction(0))
    if words[position : position + 1] == ["point"] and last in ("unit", "tens", "hundred", "scale"):
        digits = []
        for word in words[position + 1 : position + 11]:
            if UNITS.get(word, 10) > 9:
                break
            digits.append(str(UNITS[word]))
        if digits:
            return value + Fraction(int("".join(digits)), 10 ** len(digits)), position + 1 + len(digits)
    return value, position


def _counts(words: Sequence[str]) -> bool:
    return bool(words) and (words[0] in UNITS or words[0] in TENS)


def _plain(value: Fraction) -> str:
    """A number in decimal digits; all that come here have finitely many."""
    if value.denominator == 1:
        return str(value.numerator)
    places = 1
    while (value * 10**places).denominator != 1:
        places += 1
    whole, rest = divmod(int(value * 10**places), 10**places)
    return f"{whole}.{rest:0{places}d}"


def _ordinal(value: int) -> str:
    ending = "th" if 10 <= value % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(value % 10, "th")
    return f"{value}{ending}"
