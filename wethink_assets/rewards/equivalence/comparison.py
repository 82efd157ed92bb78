"""Comparison of two answers: strict, which one key stands for, and lenient, which takes all that strict does and what a type allows beyond it."""

import re
from collections.abc import Callable
from functools import cache, lru_cache

from wethink_assets.rewards.equivalence.normal_form import MAX_VALUE
from wethink_assets.rewards.equivalence.reading import (
    Allowed,
    AnswerType,
    Asked,
    Comparable,
    How,
    Reading,
    Written,
    asked_of,
)
from wethink_assets.rewards.equivalence.wording import said_of

NOTHING = Allowed()
_THOUSANDS = re.compile(r"\d{1,3}(?:,\d{3})+")


@cache
def answer_types() -> dict[str, AnswerType]:
    """The answer types by name, in the order in which they are tried.

    They are loaded when the first answer is read: their patterns take half a second to compile, for which no code location should wait.
    """
    from wethink_assets.rewards.equivalence.answer_types import ANSWER_TYPES

    return {entry.name: entry for entry in ANSWER_TYPES}


@cache
def _plain_reading() -> Callable[[Written, Asked], Reading | None]:
    from wethink_assets.rewards.equivalence.answer_types import plain_reading  # loads with the answer types

    return plain_reading


@lru_cache(maxsize=65536)
def read(text: str, asked: Asked) -> Comparable | None:
    """An answer as a value of the first type that reads it; None for one that says nothing or is longer than answers are."""
    text = text.strip()
    if not text or len(text) > MAX_VALUE:
        return None
    written = Written(text, said_of(text, asked))
    reading = _plain_reading()(written, asked) or first_reading(written, asked)
    return None if reading is None else Comparable(written, reading)


def first_reading(written: Written, asked: Asked) -> Reading | None:
    """The reading by the first type that reads an answer, of all types in turn."""
    for entry in answer_types().values():
        reading = entry.read(written, asked)
        if reading is not None:
            return reading
    return None


def strict(first: str, second: str, question: str | None = None) -> How | None:
    """How two answers are strictly equal; None where they are not. Symmetric and transitive, as keys are."""
    asked = asked_of(question)
    one, other = read(first, asked), read(second, asked)
    if one is None or other is None or one.reading.type != other.reading.type or one.reading.key != other.reading.key:
        return None
    return answer_types()[one.reading.type].how


def lenient(gold: str, candidate: str, question: str | None = None, allowed: Allowed = NOTHING) -> How | None:
    """How a candidate is right beside the true answer, with the latitude that the question allows; None where it is wrong."""
    if not (question or allowed.answers or allowed.tolerance or allowed.edit_distance):
        number = _plain(candidate)
        if number and (true_number := _plain(gold)):
            return "math" if number == true_number else None
    asked = asked_of(question)
    answer = read(candidate, asked)
    if answer is None:
        return None
    for accepted in (gold, *allowed.answers):
        true = read(accepted, asked)
        if true is None:
            continue
        if right(true, answer, asked, allowed):
            return answer_types()[true.reading.type].how
    return None


def _plain(text: str) -> str:
    """The digits of a whole number of at most fifteen, as they count; empty for any other text. Two such are one number or two, however read."""
    if len(text) > 19 or not text[:1].isdigit() or text[0] == "0" or not text.isascii():
        return ""
    if text.isdigit():
        return text if len(text) < 16 else ""
    return text.replace(",", "") if _THOUSANDS.fullmatch(text) else ""


def right(true: Comparable, answer: Comparable, asked: Asked, allowed: Allowed) -> bool:
    """Whether an answer that is read already is right beside a true one."""
    types = answer_types()
    entry = types[true.reading.type]
    if true.reading.type == answer.reading.type:
        return true.reading.key == answer.reading.key or entry.alike(true, answer, asked, allowed)
    return entry.alike(true, answer, asked, allowed) or types[answer.reading.type].beside(true, answer, asked, allowed)
