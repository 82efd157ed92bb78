"""Equality of two short texts whose normal forms differ: as numbers, dates, quantities, lists or expressions.

Two texts of one normal form may differ still, in the signs that it drops (`same_signs`).
"""

import re
import time
from collections.abc import Sequence
from fractions import Fraction
from typing import Literal

from wethink_assets.rewards.equivalence.algebra import expression_of, is_mathematical, proved_equal
from wethink_assets.rewards.equivalence.amounts.units import units_named
from wethink_assets.rewards.equivalence.dates import moment_of
from wethink_assets.rewards.equivalence.lists import items_of, order_matters
from wethink_assets.rewards.equivalence.normal_form import normalised_value, number_of, plain_answer, unified
from wethink_assets.rewards.equivalence.numbers import rounds_to
from wethink_assets.rewards.equivalence.quantities import Quantity, equal_quantities, measured, quantities_of

_SIGNED = re.compile(r"[-([{|!\u2010-\u2015\u2212]")
_WORDY = re.compile(r"(?<![\\a-zA-Z])(?!(?:sqrt|sin|cos|tan|ln|log|exp|pi)\b)[^\W\d_]{2}")


def same_signs(first: str, second: str) -> bool:
    """Whether two texts of one normal form also agree in the signs that it drops, where there are no words to tell what they mean."""
    if first == second or (_SIGNED.search(first) is None and _SIGNED.search(second) is None):
        return True
    if _WORDY.search(first) or _WORDY.search(second) or moment_of(plain_answer(first)):
        return True
    (one, inner), (other, other_inner) = _signs(first), _signs(second)
    return inner == other_inner and (one == other or not one or not other)


def _signs(text: str) -> tuple[str, str]:
    """The bracket around a text, and the signs inside it."""
    text = unified(plain_answer(text)).strip(" .,;:?")
    outer = text[:1] if text[:1] in ("(", "[", "{") and text[-1:] in (")", "]", "}") else ""
    inner = text[1:-1] if outer else text
    return outer, "".join("(" if char in "([{" else char for char in inner if char in "-([{|!")


How = Literal["text", "math"]

_PERCENT = re.compile(r"\b(?:percent(?:age)?|per cent)\b|%", re.IGNORECASE)
_COUNTED = re.compile(r"([+-]?[\d.,/]*\d)\s+(\D{1,60})")
_WORD = re.compile(r"[^\W\d_]+")
_ASSIGNED = re.compile(r"\s*(?:[a-z]|[a-z]\([a-z]\))\s*=\s*([^=]+)", re.IGNORECASE)


class Comparison:
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
        values = quantities_of(measured(one)), quantities_of(measured(other))
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
        for exact, rounded, written in ((a, b, other), (b, a, one)):
            if exact.denominator % 3 and not _unending(exact):
                continue
            if rounded.denominator != exact.denominator and rounds_to(exact, written.replace(" ", "")):
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
        hows: list[How] = []
        for position, item in enumerate(items):
            candidates = [position] if ordered else list(range(len(left)))
            normal = normalised_value(item)
            if not ordered:  # those that are worded alike first: cheap, and it leaves little to compare
                candidates.sort(key=lambda at: normalised_value(left[at]) != normal)
            for at in candidates:
                how = self._items(item, left[at])
                if how:
                    hows.append(how)
                    if not ordered:
                        del left[at]
                    break
            else:
                return None
        return hows

    def _items(self, one: str, other: str) -> How | None:
        a, b = normalised_value(one), normalised_value(other)
        if not a or not b:
            return None
        if a == b and same_signs(one, other):
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


def _stem(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") else word
