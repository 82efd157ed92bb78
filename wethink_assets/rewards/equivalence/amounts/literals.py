"""Number literals: the exact number with which a short text begins, as people and LaTeX write it, and what stands behind it.

Nothing is calculated but what is a way to write one number: a fraction, a mixed number, a power, a multiple of a power of ten. A sum, a product
or a difference is no literal, and what is left over stays in `rest`, so that `3-1`, `4!` and `3^2x` are never taken for 3, 4 and 9.
"""

import re
from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache
from typing import Literal as Choice
from typing import NamedTuple

from wethink_assets.rewards.equivalence.numbers import NUMBER_WORDS, ORDINALS, PARTS, cardinal

LONGEST = 400
"""Characters of a text that may be an amount; longer ones are none."""
MOST_BITS = 4000
"""Size of numerators and denominators that powers may have: about 1200 digits, which Python still writes out."""
Form = Choice["decimal", "slash", "fraction", "power", "words", "ordinal"]
"""How a number is written; `slash` is `3/4`, which may be a code or a date, `fraction` what can be nothing else."""

_DECIMAL = re.compile(
    r"(?:0,\d{3}(?![\d,.])|\d{1,3}(?:,\d{3})+(?:\.\d+)?(?![\d,])|"
    r"\d{1,2}(?:,\d{2})+,\d{3}(?:\.\d+)?(?![\d,])|\d{1,3}(?:[ ']\d{3})+(?:\.\d+)?(?![\d,']|\s?/|\s\d)|"
    r"\d{1,3}(?:\.\d{3})+,\d{1,2}(?![\d,.])|(?P<plain>\d+(?:\.\d*)?|\.\d+))(?!\d)"
)
_SIMPLE = r"[+-]?(?:\d[\d,]*(?:\.\d+)?|\.\d+)(?:\s?\^\s?(?:\{\s?[+-]?\d{1,4}\s?\}|\d))?"
_LATEX_FRACTION = re.compile(rf"\\[dtc]?frac\s*(?:\{{\s*({_SIMPLE})\s*\}}|(\d))\s*(?:\{{\s*({_SIMPLE})\s*\}}|(\d))")
_REPEATING = re.compile(r"(\d*)\.(\d*)\\overline\s*\{(\d+)\}")
_SLASH = re.compile(r"(\d{1,40}) ?/ ?(\d{1,40})(?![\d.,]*[\d/])")
_OVER = re.compile(r"\s?/\s?\d")
_MIXED = re.compile(r"(?: and| &)? (\d{1,20})/(\d{1,20})(?![\d/])")
_AND_PART = re.compile(r" and (?:(?:a|one) (half|quarter|third)|three (quarter)s)\b", re.IGNORECASE)
_TIMES_TEN = re.compile(
    r"\s?[*xX]\s?10\s?\^\s?(?:\{\s?([+-]?\d{1,3})\s?\}|([+-]?\d{1,3}))(?!\d)|[eE]([+-]?\d{1,3})(?![\w.])"
)
_POWER = re.compile(r"\s?\^\s?(?:\{\s?([+-]?\d{1,4})\s?\}|([+-]?\d{1,4}))(?!\d)")
_SCALE = re.compile(
    r"\s?-?(hundred|thousand|million|billion|trillion|dozen|lakh|crore|mn|mln|mio|bn|bln|trn|tn)s?(?![a-zA-Z])",
    re.IGNORECASE,
)
_SCALES = {
    "hundred": 100, "thousand": 1000, "million": 10**6, "billion": 10**9, "trillion": 10**12, "dozen": 12, "lakh": 10**5, "crore": 10**7,
    "mn": 10**6, "mln": 10**6, "mio": 10**6, "bn": 10**9, "bln": 10**9, "tn": 10**12, "trn": 10**12,
}  # fmt: skip
_ORDINAL = re.compile(r"(?:st|nd|rd|th)(?![a-zA-Z])", re.IGNORECASE)
_TOKEN = re.compile(r"[^\s-]+")
_LEADING_WORDS = frozenset({*NUMBER_WORDS, "a", "an", "half", "minus", "negative", "the"}) - {"percent"}


class Literal(NamedTuple):
    """A number as it was written.

    value: exact. form: how it is written. rest: what follows, without white space around. step: worth of its last decimal digit, 0 where it is
    no decimal. significant: digits of a decimal from the first that is not zero. text: digits, where zeros lead them (`007`) or a fraction is
    not in its lowest terms (`2/4`), so that writings of one value can be told apart.
    """

    value: Fraction
    form: Form
    rest: str
    step: Fraction = Fraction(0)
    significant: int = 0
    text: str = ""


def may_begin(text: str) -> bool:
    """Whether a text may begin with a number, cheaply: most words do not."""
    first = text[:1]
    if first in "0123456789+-.\\\u2212\u2013" or (first > "\x7f" and first.isnumeric()):
        return first != ""
    return first.isalpha() and text.partition(" ")[0].partition("-")[0].casefold().rstrip(".,") in _LEADING_WORDS


_ONE = Fraction(1)
_STEPS = tuple(Fraction(1, 10**places) for places in range(12))


@lru_cache(maxsize=8192)
def literal_of(text: str) -> Literal | None:
    """The number with which a prepared text begins, or None.

    Example:
        >>> literal_of("1,200 kg").value, literal_of("2 1/2 cups").rest, literal_of("3*10^4").value, literal_of("twenty-one dogs").value
        (Fraction(1200, 1), 'cups', Fraction(30000, 1), Fraction(21, 1))
        >>> literal_of("3-1").rest, literal_of("dogs") is None, literal_of("3rd").form
        ('-1', True, 'ordinal')
    """
    if not text or len(text) > LONGEST:
        return None
    negative = text[0] == "-"
    body = text[1:] if text[0] in "+-" else text
    if not body:
        return None
    if body[0].isalpha():
        if body is not text:
            return None
        return _spoken(text)
    literal = whole_literal(body) if body.isdecimal() and body.isascii() else _scaled(_digits(body))
    return _negative(literal) if negative else literal


def whole_literal(digits: str) -> Literal:
    """The literal of ASCII digits alone."""
    led = digits[0] == "0" and len(digits) > 1
    return Literal(Fraction(int(digits)), "decimal", "", _ONE, len(digits.lstrip("0")), digits if led else "")


def _negative(literal: Literal | None) -> Literal | None:
    return literal and literal._replace(value=-literal.value, text=literal.text and f"-{literal.text}")


def _scaled(literal: Literal | None) -> Literal | None:
    """A fraction with the word for a power of ten that follows it, as in `2 1/2 million`."""
    scale = _SCALE.match(literal.rest) if literal and literal.form in ("slash", "fraction") else None
    if literal is None or scale is None:
        return literal
    return Literal(literal.value * _SCALES[scale[1].casefold()], "fraction", literal.rest[scale.end() :].strip())


def _digits(text: str) -> Literal | None:
    if text[0] == "\\":
        return _latex_fraction(text, Fraction(0), text)
    repeating = _REPEATING.match(text)
    if repeating:
        return _repeating(repeating)
    match = _DECIMAL.match(text)
    if match is None:
        return None
    rest = text[match.end() :]
    written = match[0]
    if match["plain"] is None:
        written = _without_separators(written)
    if rest[:1] == "\\" or rest[:2] == " \\":
        return _latex_fraction(rest.lstrip(), Fraction(written), text) if written.isdecimal() else None
    if _OVER.match(rest):
        return _slash(text)
    whole, _, decimals = written.partition(".")
    step = _STEPS[len(decimals)] if len(decimals) < len(_STEPS) else Fraction(1, 10 ** len(decimals))
    value = Fraction(int(whole + decimals), step.denominator)
    if written.isdecimal():
        mixed = _MIXED.match(rest)
        if mixed:
            above, below = int(mixed[1]), int(mixed[2])
            return (
                Literal(value + Fraction(above, below), "fraction", rest[mixed.end() :].strip())
                if 0 < above < below
                else None
            )
        part = _AND_PART.match(rest)
        if part:
            fraction = Fraction(3, 4) if part[2] else Fraction(1, PARTS[part[1].casefold()])
            return Literal(value + fraction, "words", rest[part.end() :].strip())
        if _ORDINAL.match(rest):
            return Literal(value, "ordinal", rest[2:].strip())
    if rest:
        raised = _raised(value, rest)
        if raised is not None:
            return raised
    significant = len((whole + decimals).lstrip("0"))
    zeros = written if written[0] == "0" and len(whole) > 1 else ""
    if rest:
        ten = _TIMES_TEN.match(rest)
        if ten:
            factor = Fraction(10) ** int(ten[1] or ten[2] or ten[3])
            return Literal(value * factor, "power", rest[ten.end() :].strip(), step * factor, significant)
        scale = _SCALE.match(rest)
        if scale:
            factor = Fraction(_SCALES[scale[1].casefold()])
            return Literal(value * factor, "decimal", rest[scale.end() :].strip(), step * factor, significant)
    return Literal(value, "decimal", rest.strip(), step, significant, zeros)


def _without_separators(written: str) -> str:
    if written.startswith("0,"):  # no thousands begin with zero
        return written.replace(",", ".")
    if written[-3:-2] == "," or written[-2:-1] == ",":  # a comma before the decimals, points before thousands
        whole, _, decimals = written.rpartition(",")
        return f"{whole.replace('.', '')}.{decimals}"
    return written.replace(",", "").replace(" ", "").replace("'", "")


def _raised(value: Fraction, rest: str) -> Literal | None:
    power = _POWER.match(rest)
    if power is None:
        return None
    exponent = int(power[1] or power[2])
    size = max(value.numerator.bit_length(), value.denominator.bit_length())
    if size * abs(exponent) > MOST_BITS or (value == 0 and exponent <= 0):
        return None
    return Literal(value**exponent, "power", rest[power.end() :].strip())


def _simple(text: str) -> Fraction | None:
    base, caret, exponent = text.replace(",", "").replace(" ", "").partition("^")
    value = Fraction(base)
    if not caret:
        return value
    raised = _raised(abs(value), f"^{exponent}")
    if raised is None or raised.rest:
        return None
    return -raised.value if value < 0 else raised.value


def _latex_fraction(text: str, whole: Fraction, written: str) -> Literal | None:
    match = _LATEX_FRACTION.match(text)
    if match is None:
        return None
    above, below = _simple(match[1] or match[2]), _simple(match[3] or match[4])
    if above is None or not below or (whole and not 0 < above < below):
        return None
    return Literal(whole + above / below, "fraction", text[match.end() :].strip())


def _slash(text: str) -> Literal | None:
    match = _SLASH.match(text)
    if match is None:
        return None
    above, below = match[1], match[2]
    if (above[0] == "0" and above != "0") or below[0] == "0":
        return None
    value = Fraction(int(above), int(below))
    lowest = value.denominator == int(below)
    return Literal(value, "slash", text[match.end() :].strip(), text="" if lowest else f"{above}/{below}")


def _repeating(match: re.Match[str]) -> Literal:
    whole, fixed, period = match[1], match[2], match[3]
    value = Fraction(int(whole or 0)) + Fraction(int(fixed or 0), 10 ** len(fixed))
    value += Fraction(int(period), (10 ** len(period) - 1) * 10 ** len(fixed))
    return Literal(value, "fraction", match.string[match.end() :].strip())


def _spoken(text: str) -> Literal | None:
    tokens = list(_TOKEN.finditer(text[:200]))
    words = [token[0].casefold() for token in tokens]
    words[-1] = words[-1].rstrip(".")

    def rest(index: int) -> str:
        return text[tokens[index].start() :].strip() if index < len(tokens) else ""

    negative = words[0] in ("minus", "negative")
    start = 1 if negative or words[0] == "the" else 0
    if start >= len(words):
        return None
    if words[0] == "the":
        return _spoken_ordinal(words, start, rest)
    sign = -1 if negative else 1
    if negative and words[start][0].isdecimal():
        return _negative(_digits(rest(start)))
    part = _part(words, start, 1)
    if part:
        value, index = part
        if words[index : index + 2] == ["a", "dozen"] or words[index : index + 1] == ["dozen"]:
            return Literal(sign * value * 12, "words", rest(index + (2 if words[index] == "a" else 1)))
        if words[index : index + 1] == ["a"] and words[index + 1 : index + 2] and words[index + 1] in _SCALES:
            return Literal(sign * value * _SCALES[words[index + 1]], "words", rest(index + 2))
        return Literal(sign * value, "words", rest(index))
    parsed = cardinal(words, start) if words[start] not in ("a", "an") or words[start + 1 : start + 2] else None
    if parsed is None:
        return _spoken_ordinal(words, start, rest)
    value, index = parsed
    following = words[index] if index < len(words) else ""
    if value % 10 == 0 and value % 100 >= 20 and 0 < ORDINALS.get(following, 0) < 10 and value.denominator == 1:
        return Literal(value + ORDINALS[following], "ordinal", rest(index + 1))
    if following in PARTS and value.denominator == 1:
        part = _part(words, index, int(value))
        return part and Literal(sign * part[0], "words", rest(part[1]))
    if following == "and" and index + 1 < len(words):
        part = _part(words, index + 1, 1)
        if part:
            return Literal(sign * (value + part[0]), "words", rest(part[1]))
        if words[index + 1] in ("three", "two") and words[index + 2 : index + 3] and words[index + 2] in PARTS:
            many = 3 if words[index + 1] == "three" else 2
            return Literal(sign * (value + Fraction(many, PARTS[words[index + 2]])), "words", rest(index + 3))
    return Literal(sign * value, "words", rest(index))


def _spoken_ordinal(words: list[str], start: int, rest: Callable[[int], str]) -> Literal | None:
    word = words[start]
    if word in ORDINALS:
        return Literal(Fraction(ORDINALS[word]), "ordinal", rest(start + 1))
    if word[0].isdecimal() and start:
        literal = _digits(rest(start))
        return literal if literal and literal.form == "ordinal" else None
    parsed = cardinal(words, start)
    if parsed and parsed[1] < len(words) and parsed[0] % 10 == 0 and 0 < ORDINALS.get(words[parsed[1]], 0) < 10:
        return Literal(parsed[0] + ORDINALS[words[parsed[1]]], "ordinal", rest(parsed[1] + 1))
    return None


def _part(words: list[str], start: int, many: int) -> tuple[Fraction, int] | None:
    """A part of one that words name (`half`, `a third`, `one half`, and after a number `thirds`), with the index after it."""
    index = start
    if words[index] in ("a", "an", "one") and many == 1 and words[index + 1 : index + 2]:
        index += 1
        if words[index] not in PARTS:
            return None
    elif words[index] not in PARTS or (start == 0 and words[index] not in ("half",)):
        return None
    return Fraction(many, PARTS[words[index]]), index + 1
