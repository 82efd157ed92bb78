"""When do two answers to one question say the same?

By rule, for multiple choice (option letter) and fill in the blank (normalised text, or equal as number, mathematics, value with unit, date or
list). All functions are pure, symmetric in the two answers, never raise and take bounded time: what reaches the computer algebra does so in
a process that is killed when it takes too long.
"""

import re
import string
import time
from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache
from typing import Literal

from wethink_assets.rewards.algebra import expression_of, is_mathematical, proved_equal
from wethink_assets.rewards.dates import moment_of
from wethink_assets.rewards.lists import items_of, order_matters
from wethink_assets.rewards.normal import MAX_VALUE, normalised_value, plain_answer, unified
from wethink_assets.rewards.numbers import NUMBER_WORDS, parsed_number, rounds_to, spelled_out
from wethink_assets.rewards.quantities import Quantity, equal_quantities, quantities_of, units_named

__all__ = ["LETTERS", "equal_values", "normalised_value", "number_of", "option_letter", "plain_answer", "same_answer"]

LETTERS = string.ascii_uppercase[:10]
How = Literal["text", "math"]

_LETTER = r"[\(\[]?([a-j])[\)\]]?"
_SAID = re.compile(
    rf"(?:(?:the\s+)?(?:correct\s+|right\s+|final\s+|best\s+)?(?:answer|option|choice)(?:\s+is)?\s*:?\s*)?(?:option\s+|choice\s+)?{_LETTER}\s*[.:)]?"
)
_LABELLED = re.compile(
    r"(?:(?:the\s+)?(?:correct\s+|right\s+|final\s+|best\s+)?answer(?:\s+is)?\s*:?\s*)?(?:option\s+|choice\s+)?"
    r"(?:[\(\[]([a-j])[\)\]]\s*[.:,]?|([a-j])(?:[.:)\]]|\s+-(?=\s)))\s*(\S.*)",
    re.DOTALL,
)
_LEAD_IN = re.compile(
    r"(?:the\s+)?(?:correct\s+|right\s+|final\s+|best\s+)?(?:answer|option|choice)\s*(?:is|:)\s*:?\s*(\S.*)", re.DOTALL
)
_ANOTHER = re.compile(
    r"[\(\[][a-j][\)\]]|(?<![a-z'])[b-j][.):](?!\w)|\b(?:option|choice|answer|or|and|also|maybe|either|both|nor|not)\s+[\(\[]?[a-j]\b"
)
BUDGET = 0.9
"""Seconds that one comparison may take, once the worker of the computer algebra runs."""
_SIGNED = re.compile(r"[-([{|!\u2010-\u2015\u2212]")
_WORDY = re.compile(r"(?<![\\a-zA-Z])(?!(?:sqrt|sin|cos|tan|ln|log|exp|pi)\b)[^\W\d_]{2}")
_UNIT_ESCAPES = re.compile(r"\\(?:[ ,;]|mathrm|text)|[{}~]")
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_PERCENT = re.compile(r"\b(?:percent(?:age)?|per cent)\b|%", re.IGNORECASE)
_COUNTED = re.compile(r"([+-]?[\d.,/]*\d)\s+(\D{1,60})")
_WORD = re.compile(r"[^\W\d_]+")
_ASSIGNED = re.compile(r"\s*(?:[a-z]|[a-z]\([a-z]\))\s*=\s*([^=]+)", re.IGNORECASE)


def option_letter(answer: str, options: Sequence[str]) -> str | None:
    """The option that an answer names, as its letter; None when it names none, or more than one.

    Without options any letter of `LETTERS` is one.

    Example:
        >>> option_letter("(b)", ["red", "blue"]), option_letter("blue", ["red", "blue"]), option_letter("E", ["red", "blue"])
        ('B', 'B', None)
        >>> option_letter("B. blue or A. red", ["red", "blue"]), option_letter("The answer is (B).", [])
        (None, 'B')
    """
    if len(answer) > MAX_VALUE and len(answer.strip()) > MAX_VALUE:
        return None
    text = plain_answer(answer).casefold()
    if len(text) == 1 and "a" <= text <= "j":
        return _letter(text, options)
    said = _SAID.fullmatch(text)
    if said:
        return _letter(said[1], options)
    normal = _normal_options(tuple(options))
    labelled = _LABELLED.fullmatch(text)
    if labelled:
        letter = _letter(labelled[1] or labelled[2], options)
        rest = normalised_value(labelled[3])
        named = _only(normal, rest)
        if named or not letter:
            return letter if named == letter else None
        return None if _ANOTHER.search(labelled[3]) or _names_another(rest, normal, letter) else letter
    named = _only(normal, normalised_value(text))
    if named:
        return named
    led = _LEAD_IN.fullmatch(text)
    return _only(normal, normalised_value(led[1])) if led else None


@lru_cache(maxsize=4096)
def _normal_options(options: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(normalised_value(option) for option in options)


def _letter(letter: str, options: Sequence[str]) -> str | None:
    place = ord(letter) - ord("a")
    return LETTERS[place] if place < (len(options) or len(LETTERS)) else None


def _only(values: Sequence[str], value: str) -> str | None:
    if value not in values:
        return None
    place = values.index(value)
    return LETTERS[place] if values.count(value) == 1 and place < len(LETTERS) else None


def _names_another(rest: str, normal: Sequence[str], letter: str) -> bool:
    """Whether what follows a letter names the text of another option, and not its own."""
    padded = f" {rest} "
    own = normal[LETTERS.index(letter)] if normal else ""
    if own:
        padded = padded.replace(f" {own} ", " ")
    return any(other and other != own and f" {other} " in padded for other in normal)


def number_of(text: str) -> Fraction | None:
    """The exact number that a text is (`1,200`, `-3.50`, `$5`, `3/4`, `12%`, `seven`, `2.5 million`, `\\frac{1}{2}`), or None."""
    return _number_of(text) if len(text) <= 200 else None


@lru_cache(maxsize=16384)
def _number_of(text: str) -> Fraction | None:
    return parsed_number(normalised_value(text))


def equal_values(first: str, second: str, *, question: str | None = None) -> How | None:
    """How two short answers are equal: as normalised text (also as dates and as lists of equal texts), or as mathematics (numbers,
    expressions, values with units); None when they are not.

    What decides, in this order: normalised text; dates and times of day; exact numbers, where a fraction also equals its rounding to four
    digits; values with unit; lists, in any order only where a question is given that does not ask for one; expressions. With a question,
    a number may come without a unit, `%` or noun that the question names, or with it.

    Example:
        >>> equal_values("0.50", "1/2"), equal_values("The cat", "cat!"), equal_values("3", "4"), equal_values("2 m", "200 cm")
        ('math', 'text', None, 'math')
        >>> equal_values("red, blue", "blue and red", question="Which colours?"), equal_values("red, blue", "blue and red")
        ('text', None)
    """
    if len(first) > MAX_VALUE or len(second) > MAX_VALUE:
        first, second = first.strip(), second.strip()
        if len(first) > MAX_VALUE or len(second) > MAX_VALUE:
            return None
    a, b = normalised_value(first), normalised_value(second)
    if not a or not b:
        return None
    if a == b and _same_signs(first, second):
        return "text" if first == second or not _measured_otherwise(first, second, a) else None
    if a.isalpha() and b.isalpha() and len(a) > 1 and len(b) > 1:
        return None
    if a.isdecimal() and b.isdecimal():
        return "math" if int(a) == int(b) else None
    return _Comparison(question, time.monotonic() + BUDGET).deep(first, second)


def _same_signs(first: str, second: str) -> bool:
    """Whether two texts of one normal form also agree in the signs that it drops, where there are no words to tell what they mean."""
    if first == second or (_SIGNED.search(first) is None and _SIGNED.search(second) is None):
        return True
    if _WORDY.search(first) or _WORDY.search(second) or moment_of(plain_answer(first)):
        return True
    (one, inner), (other, other_inner) = _signs(first), _signs(second)
    return inner == other_inner and (one == other or not one or not other)


def _measured_otherwise(first: str, second: str, normal: str) -> bool:
    """Whether two texts that differ in case only are values of different units, as 5 mW and 5 MW are."""
    if not normal[:1].isdigit() or " " not in normal or first.casefold() != second.casefold():
        return False
    values = quantities_of(_measured(first)), quantities_of(_measured(second))
    return bool(values[0] and values[1]) and not equal_quantities(*values)


def _signs(text: str) -> tuple[str, str]:
    """The bracket around a text, and the signs inside it."""
    text = unified(plain_answer(text)).strip(" .,;:?")
    outer = text[:1] if text[:1] in ("(", "[", "{") and text[-1:] in (")", "]", "}") else ""
    inner = text[1:-1] if outer else text
    return outer, "".join("(" if char in "([{" else char for char in inner if char in "-([{|!")


class _Comparison:
    """One comparison beyond the normalised text, with the question that was asked and the time that it may take."""

    def __init__(self, question: str | None, until: float) -> None:
        self._question = question
        self._until = until

    def deep(self, first: str, second: str, *, listed: bool = False) -> How | None:
        """How two texts are equal; `listed`: they are items of a list, so no lists themselves."""
        one, other = plain_answer(first), plain_answer(second)
        numbers = a, b = number_of(first), number_of(second)
        if a is not None and b is not None:
            return self._numbers(one, other, a, b)
        moments = moment_of(one), moment_of(other)
        if moments[0] and moments[1]:
            return "text" if moments[0] == moments[1] else None
        values = quantities_of(_measured(one)), quantities_of(_measured(other))
        if values[0] and values[1]:
            return "math" if equal_quantities(*values) else None
        if self._question and self._named_in_question(one, other, numbers, values):
            return "math"
        lists = (None, None) if listed else (items_of(one), items_of(other))
        if lists[0] and lists[1]:
            return self._lists(*lists[0], *lists[1])
        return self._expressions(one, other)

    def _numbers(self, one: str, other: str, a: Fraction, b: Fraction) -> How | None:
        if a == b:
            return "math"
        for exact, rounded, said in ((a, b, other), (b, a, one)):
            if exact.denominator % 3 and not _unending(exact):
                continue
            if rounded.denominator != exact.denominator and rounds_to(exact, said.replace(" ", "")):
                return "math"
        shares = [_PERCENT.search(text) is not None for text in (one, other)]
        if shares[0] != shares[1] and self._question and _PERCENT.search(self._question):
            return "math" if (a * 100 == b if shares[0] else a == b * 100) else None
        return None

    def _named_in_question(
        self,
        one: str,
        other: str,
        numbers: tuple[Fraction | None, Fraction | None],
        values: tuple[tuple[Quantity, ...], tuple[Quantity, ...]],
    ) -> bool:
        """Whether one is a bare number and the other the same one with a unit or noun that the question names."""
        question = self._question or ""
        for number, text, quantities in ((numbers[0], other, values[1]), (numbers[1], one, values[0])):
            if number is None:
                continue
            if any(quantity.value == number and quantity.unit in units_named(question) for quantity in quantities):
                return True
            counted = _COUNTED.fullmatch(normalised_value(text))
            if counted and number_of(counted[1]) == number and not quantities:
                asked = {_stem(word) for word in _WORD.findall(question.casefold())}
                if all(_stem(word) in asked for word in _WORD.findall(counted[2])):
                    return True
        return False

    def _lists(self, items: Sequence[str], bracket: str, others: Sequence[str], other_bracket: str) -> How | None:
        if len(items) != len(others):
            return None
        if bracket != other_bracket and {bracket, other_bracket} <= {"(", "["} and all(map(number_of, items)):
            return None  # an open interval is no closed one
        tuples = "(" in (bracket, other_bracket) or "<" in (bracket, other_bracket)
        sets = "{" in (bracket, other_bracket)
        ordered = tuples or (not sets and order_matters(self._question))
        hows = self._matched(items, others, ordered)
        if hows is None:
            return None
        return "math" if "math" in hows else "text"

    def _matched(self, items: Sequence[str], others: Sequence[str], ordered: bool) -> list[How] | None:
        left = list(others)
        found: list[How] = []
        for place, item in enumerate(items):
            candidates = [place] if ordered else list(range(len(left)))
            normal = normalised_value(item)
            if not ordered:  # those that are worded alike first: cheap, and it leaves little to compare
                candidates.sort(key=lambda at: normalised_value(left[at]) != normal)
            for at in candidates:
                how = self._items(item, left[at])
                if how:
                    found.append(how)
                    if not ordered:
                        del left[at]
                    break
            else:
                return None
        return found

    def _items(self, one: str, other: str) -> How | None:
        a, b = normalised_value(one), normalised_value(other)
        if not a or not b:
            return None
        if a == b and _same_signs(one, other):
            return "text"
        return self.deep(one, other, listed=True)

    def _expressions(self, one: str, other: str) -> How | None:
        one, other = _unassigned(one, other)
        a, b = number_of(one), number_of(other)
        if a is not None and b is not None:
            return "math" if a == b else None
        first, second = expression_of(one), expression_of(other)
        if not first or not second or not (is_mathematical(first) or is_mathematical(second)):
            return None
        if _unspaced(first) == _unspaced(second):
            return "math"
        return "math" if proved_equal(first, second, self._until - time.monotonic()) else None


def _unassigned(one: str, other: str) -> tuple[str, str]:
    """Two texts, the one that says `x = ...` without that where the other does not."""
    assigned, other_assigned = _ASSIGNED.fullmatch(one), _ASSIGNED.fullmatch(other)
    if assigned and "=" not in other:
        return assigned[1], other
    if other_assigned and "=" not in one:
        return one, other_assigned[1]
    return one, other


def _unspaced(text: str) -> str:
    """An expression without white space but that between two digits, which would become one number."""
    return re.sub(r"(?<!\d)\s+|\s+(?!\d)", "", text)


def _unending(value: Fraction) -> bool:
    """Whether a fraction has no finite decimal."""
    rest = value.denominator
    for factor in (2, 5):
        while rest % factor == 0:
            rest //= factor
    return rest != 1


def _measured(text: str) -> str:
    """A text as `quantities_of` reads it: signs unified, number words as digits."""
    text = unified(text).strip().rstrip(".;, ")
    words = text.casefold().split()
    if words and not NUMBER_WORDS.isdisjoint(words[0].split("-")):
        spelled = spelled_out([part for word in words for part in word.split("-")])
        return " ".join(spelled)
    return _UNIT_ESCAPES.sub("", _THOUSANDS.sub("", text))


def _stem(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") else word


def same_answer(
    kind: str, first: str, second: str, options: Sequence[str], *, question: str | None = None
) -> tuple[bool, Literal["letter", "text", "math"]]:
    """Whether two answers to a question of `kind` agree by rule, and by which; descriptive ones only when they are worded alike."""
    if kind == "MC":
        letter = option_letter(first, options)
        if letter is None and not options:
            return equal_values(first, second) == "text", "letter"
        return letter is not None and letter == option_letter(second, options), "letter"
    if kind == "FIB":
        how = equal_values(first, second, question=question)
        return how is not None, how or "text"
    return equal_values(first, second) == "text", "text"
