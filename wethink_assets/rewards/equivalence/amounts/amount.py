"""An amount as it was read: its kind, key, meanings and the number as written."""

from fractions import Fraction
from typing import Literal as Choice
from typing import NamedTuple

from wethink_assets.rewards.equivalence.amounts.literals import Literal

Kind = Choice["number", "percentage", "money", "quantity"]


_ONE = Fraction(1)
_ZERO = Fraction(0)


class Sense(NamedTuple):
    """One meaning of an amount: its value in `unit`, and what takes it to base units of a dimension (empty: a bare number)."""

    value: Fraction
    unit: str = ""
    dimension: str = ""
    factor: Fraction = _ONE
    summand: Fraction = _ZERO

    @property
    def base(self) -> Fraction:
        """The value in base units of its dimension."""
        if self.factor is _ONE and not self.summand:
            return self.value
        return self.value * self.factor + self.summand


class Amount(NamedTuple):
    """An amount as read.

    kind: which type of answer it is. key: as in `Reading`. senses: the first is the strict one; further ones what people also mean by its
    words, which only a lenient comparison considers. literal: its number as written. note: words that qualify it (`red`, `per month`).
    """

    kind: Kind
    key: str
    senses: tuple[Sense, ...]
    literal: Literal
    note: str = ""


def number(literal: Literal, note: str = "", key: str = "") -> Amount:
    """A bare number; its key is its value with the note, or one of its own."""
    return Amount(
        "number",
        key or (f"{literal.value} {note}" if note else str(literal.value)),
        (Sense(literal.value),),
        literal,
        note,
    )
