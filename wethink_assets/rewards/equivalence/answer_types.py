"""Answer types in the order in which an answer is tried as one: the first that reads it is its type.

The order goes from what is told by its form alone to what would take anything: a text is what nothing else is.

Most answers of a dataset are plain: a word, words or one number that a single type can read. Those are read by that type at once; whatever might be
more (words for numbers, days or yes and no, a question that asks for a code or a time) is left to all types in turn.
"""

from functools import lru_cache
from typing import NamedTuple

from wethink_assets.rewards.equivalence.amounts.parsing import amount_in
from wethink_assets.rewards.equivalence.mathematics.cues import asks_for_mathematics
from wethink_assets.rewards.equivalence.numbers import NUMBER_WORDS, PARTS
from wethink_assets.rewards.equivalence.reading import AnswerType, Asked, Reading, Written
from wethink_assets.rewards.equivalence.types import (
    amounts,
    codes,
    equations,
    formulas,
    geometry,
    lists,
    matrices,
    spans,
    texts,
)
from wethink_assets.rewards.equivalence.types.cues import cues_of
from wethink_assets.rewards.equivalence.types.moments import dates, durations, times
from wethink_assets.rewards.equivalence.types.shapes import NAMED, SPOKEN, shape_of
from wethink_assets.rewards.equivalence.types.texts import asks_yes_no, read_text

ANSWER_TYPES: tuple[AnswerType, ...] = (
    texts.YES_NO,
    codes.CODE,
    dates.DATE,
    times.TIME,
    durations.DURATION,
    spans.SCORE,
    spans.RATIO,
    spans.DIMENSIONS,
    spans.RANGE,
    amounts.PERCENTAGE,
    amounts.MONEY,
    amounts.QUANTITY,
    amounts.NUMBER,
    geometry.POINT,
    geometry.INTERVAL,
    matrices.MATRIX,
    equations.EQUATION,
    lists.LIST,
    formulas.EXPRESSION,
    texts.TEXT,
)
_LONGEST = 60
_LONGEST_NUMBER = 20
_DATE_LENGTH = 8
"""Figures of a date that is written without separators."""
_TELLING = frozenset({
    *SPOKEN, *NAMED, *NUMBER_WORDS, *PARTS, "yes", "no", "none", "and", "or", "to", "infinity", "once", "twice", "thrice",
})  # fmt: skip
"""Words that may make something else than a text of an answer."""
_INTRODUCING = frozenset({"a", "an", "the", "all", "angle", "triangle", "line", "segment", "side", "m"})
"""Words with which a number, the name of a figure or "all real numbers" may begin."""


class _Plain(NamedTuple):
    """Whether a question leaves it to the form alone that one word, words and one number are a text and an amount."""

    word: bool
    words: bool
    number: bool


@lru_cache(maxsize=4096)
def _plain(asked: Asked) -> _Plain:
    cues = cues_of(asked)
    word = not cues.code and cues.head not in ("date", "time", "range") and not asks_yes_no(asked)
    return _Plain(
        word, word and not asks_for_mathematics(asked), not cues.code and not cues.unit and cues.head != "time"
    )


def plain_reading(written: Written, asked: Asked) -> Reading | None:
    """The reading of a plain answer; None for one that all types have to look at.

    Example:
        >>> [reading and reading.type for reading in (plain_reading(Written(text), Asked()) for text in ("red", "1,200", "noon", "3-1"))]
        ['text', 'number', None, None]
    """
    said = written.said
    if not said.isascii():
        return None
    if said[:1].isalpha():
        if said.isalpha():
            plain = 1 < len(said) <= _LONGEST and said.casefold() not in _TELLING and _plain(asked).word
        else:
            plain = len(said) <= _LONGEST and _are_words(said) and _plain(asked).words
        return read_text(written, asked) if plain else None
    if said[:1] == "0" or not said or len(said) > _LONGEST_NUMBER or len(said) == _DATE_LENGTH:
        return None
    if (said.isdecimal() or shape_of(said).number) and _plain(asked).number:
        amount = amount_in(said, asked)
        return None if amount is None else Reading(amount.kind, amount.key, amount)
    return None


def _are_words(said: str) -> bool:
    """Whether a text is words of letters alone, none of which may make something else of it."""
    if (
        said[1:2] == " "
        or said[2:3] == " "
        or said[-1].isupper()
        or "pi" in said
        or not said.replace(" ", "").isalpha()
    ):
        return False
    words = said.casefold().split(" ")
    return words[0] not in _INTRODUCING and "" not in words and _TELLING.isdisjoint(words)
