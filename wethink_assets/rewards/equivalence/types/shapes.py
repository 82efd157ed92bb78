"""Shapes of answers: what a glance at the characters tells, so that a plain word or number passes most types unread."""

import re
from dataclasses import dataclass
from functools import lru_cache

from wethink_assets.rewards.equivalence.numbers import NUMBER_WORDS

_FIGURES = re.compile(r"\d+(?:[.,]\d+)*")
_NUMBER = re.compile(r"[-+]?\s?[$\u20ac\u00a3\u00a5]?\s?(?:\d+|\d{1,3}(?:,\d{3})+)(?:\.\d+)?\s?%?\.?")
SPOKEN = NUMBER_WORDS | frozenset([
    "half", "quarter", "noon", "midnight", "midday", "hour", "week", "day", "month", "year", "fortnight", "negative", "positive", "neg", "pos",
    "plus", "minus", "clock", "past",
])  # fmt: skip
"""Words that say numbers, parts of a day or signs."""
NAMED = frozenset([
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december", "jan", "feb",
    "mar", "apr", "jun", "jul", "aug", "sep", "sept", "oct", "nov", "dec", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday",
    "sunday", "mon", "tue", "tues", "wed", "thu", "thur", "thurs", "fri", "sat", "sun", "century", "millennium", "quarter",
])  # fmt: skip
"""Words that name a month, weekday, century or quarter."""
_BREAKS = re.compile(r"[\s,.'\u2019/\u2010-\u2015-]+")


@dataclass(frozen=True, slots=True)
class Shape:
    """What a glance at an answer tells.

    figures: groups of digits. number: whether it is one plain number, with a currency or percent sign at most. spoken: whether words without
    figures have some that say numbers, parts of a day or signs. named: whether they name a month, weekday, century or quarter. signed: whether it
    ends with a sign.
    """

    figures: int
    number: bool
    spoken: bool
    named: bool
    signed: bool

    @property
    def words(self) -> bool:
        """Whether it has no figures, no words for them and no sign at its end."""
        return not (self.figures or self.spoken or self.named or self.signed)


@lru_cache(maxsize=65536)
def shape_of(text: str) -> Shape:
    """The shape of an answer's text.

    Example:
        >>> shape_of("The Eiffel Tower").words, shape_of("$1,234.50").number, shape_of("3-1").figures, shape_of("half past three").spoken
        (True, True, 2, True)
    """
    signed = text[-1:] in ("+", "-", "\u2212", "\u207a", "\u207b", ")", "}")
    figures = len(_FIGURES.findall(text)) if not text.isalpha() else 0
    if figures:
        return Shape(figures, figures == 1 and _NUMBER.fullmatch(text) is not None, False, False, signed)
    words = [text.casefold()] if text.isalpha() else _BREAKS.split(text.casefold())
    return Shape(0, False, not SPOKEN.isdisjoint(words), not NAMED.isdisjoint(words), signed)
