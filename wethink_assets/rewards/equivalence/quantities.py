"""Quantities in short texts: values with their units, and amounts of money."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, lru_cache
from typing import Any

from wethink_assets.rewards.equivalence.amounts.units import unit_of
from wethink_assets.rewards.equivalence.normal_form import number_of, unified
from wethink_assets.rewards.equivalence.numbers import NUMBER_WORDS, rounds_to, spelled_out

_MONEY = {
    "$": "USD", "€": "EUR", "£": "GBP", "¥": "JPY", "₹": "INR", "us$": "USD", "usd": "USD", "dollar": "USD", "eur": "EUR", "euro": "EUR",
    "gbp": "GBP", "pound": "GBP", "jpy": "JPY", "yen": "JPY", "inr": "INR", "rupee": "INR", "cny": "CNY", "yuan": "CNY", "cent": "USD/100",
    "¢": "USD/100", "pence": "GBP/100", "us dollar": "USD", "buck": "USD",
}  # fmt: skip
_ADDS = {"degC": Fraction("273.15"), "degF": Fraction("459.67") * 5 / 9}
_LEADING = re.compile(
    r"([$€£¥₹]|US\$|USD|EUR|GBP|JPY|INR|CNY)\s*([+-]?[\d.][^a-zA-Z]*?(?:\s*(?:thousand|million|billion|trillion))?)"
)
_TRAILING = re.compile(
    r"([+-]?(?:\d|\.\d)[\d.,]*(?:\s?/\s?\d+|\s\d+/\d+|\s?(?:e|[*x]\s?10\^)[+-]?\d+)?(?:\s(?:dozen|hundred|thousand|million|billion|trillion))?)\s*-?"
    r"(?!\d)(\S.*)"
)
_UNIT_ESCAPES = re.compile(r"\\(?:[ ,;]|mathrm|text)|[{}~]")
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")


@dataclass(frozen=True, slots=True)
class Quantity:
    """A value with its unit: `said` is the number's text, `unit` a term of pint's names, or a currency's code in capitals."""

    value: Fraction
    written: str
    unit: str


def measured(text: str) -> str:
    """A text as `quantities_of` reads it: signs unified, number words as digits."""
    text = unified(text).strip().rstrip(".;, ")
    words = text.casefold().split()
    if words and not NUMBER_WORDS.isdisjoint(words[0].split("-")):
        spelled = spelled_out([part for word in words for part in word.split("-")])
        return " ".join(spelled)
    return _UNIT_ESCAPES.sub("", _THOUSANDS.sub("", text))


@lru_cache(maxsize=8192)
def quantities_of(text: str) -> tuple[Quantity, ...]:
    """The readings of a text as value with unit, most often one or none; `5 pounds` has two.

    Args:
        text: plain text as `measured` gives it: case kept, number words as digits.

    Example:
        >>> quantities_of("9.8 m/s^2")[0].unit, [q.unit for q in quantities_of("5 pounds")], quantities_of("5 dogs")
        ('meter/second**2', ['pound', 'GBP'], ())
    """
    if not 2 <= len(text) <= 80:
        return ()
    leading = _LEADING.fullmatch(text)
    if leading:
        value = number_of(leading[2])
        return () if value is None else (Quantity(value, leading[2], _MONEY[leading[1].casefold()]),)
    trailing = _TRAILING.fullmatch(text)
    if not trailing:
        return ()
    value = number_of(trailing[1])
    if value is None:
        return ()
    named = trailing[2].strip()
    readings = []
    if unit := unit_of(named):
        readings.append(Quantity(value, trailing[1], unit))
    money = _MONEY.get(named.casefold().rstrip(".")) or _MONEY.get(named.casefold().rstrip(".s"))
    if money:
        code, _, part = money.partition("/")
        readings.append(Quantity(value / int(part or 1), trailing[1], code))
    return tuple(readings)


@cache
def _registry() -> Any:
    import pint

    return pint.UnitRegistry(non_int_type=Fraction, cache_folder=None)


@lru_cache(maxsize=4096)
def _in_base(unit: str) -> tuple[Fraction, object] | None:
    """Factor to base units, and those; of a temperature on its own scale the factor of its degree."""
    if unit.isupper():  # a currency
        return Fraction(1), unit
    if unit in _ADDS:
        return (Fraction(1) if unit == "degC" else Fraction(5, 9)), (("kelvin", 1),)
    try:
        base = (
            _registry()
            .Quantity(Fraction(1), unit.replace("degC", "delta_degC").replace("degF", "delta_degF"))
            .to_base_units()
        )
        return Fraction(base.magnitude), tuple(sorted(base.unit_items()))
    except Exception:  # a product that pint cannot make sense of is no unit
        return None


def equal_quantities(first: Iterable[Quantity], second: Iterable[Quantity]) -> bool:
    """Whether two texts can be read as the same value: converted exactly, or as a rounding to three digits or more where units differ.

    Example:
        >>> equal_quantities(quantities_of("5 km"), quantities_of("5000 m")), equal_quantities(quantities_of("5 km"), quantities_of("5 m"))
        (True, False)
    """
    seconds = list(second)
    return any(_equal(one, other) for one in first for other in seconds)


def _equal(one: Quantity, other: Quantity) -> bool:
    if one.unit == other.unit:
        return one.value == other.value
    base, other_base = _in_base(one.unit), _in_base(other.unit)
    if base is None or other_base is None or base[1] != other_base[1]:
        return False
    factor, other_factor = base[0], other_base[0]
    adds, other_adds = _ADDS.get(one.unit, Fraction(0)), _ADDS.get(other.unit, Fraction(0))
    here, there = one.value * factor + adds, other.value * other_factor + other_adds
    if here == there:
        return True
    return rounds_to((there - adds) / factor, one.written, 3, whole=True) or rounds_to(
        (here - other_adds) / other_factor, other.written, 3, whole=True
    )
