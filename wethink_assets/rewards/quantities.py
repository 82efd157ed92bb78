"""Which value with its unit, or amount of money, does a short text say?

Text is taken apart by a small grammar of its own into names of the table below, and only those are handed to pint, which knows what they are
worth. So no text reaches a parser of pint, and names that are words first (`bar`, `point`, `hand`, `are`) are never taken for units.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, lru_cache
from typing import Any

from wethink_assets.rewards.numbers import parsed_number, rounds_to

# pint's name: symbols (as they are written), then words (any case, with or without a plural s).
_TABLE: dict[str, tuple[str, str]] = {
    "meter": ("m", "meter metre"),
    "kilometer": ("km Km KM", "kilometer kilometre"),
    "centimeter": ("cm CM Cm", "centimeter centimetre"),
    "millimeter": ("mm MM", "millimeter millimetre"),
    "decimeter": ("dm", "decimeter decimetre"),
    "micrometer": ("um µm μm", "micrometer micrometre micron"),
    "nanometer": ("nm", "nanometer nanometre"),
    "inch": ('in in. " ″', "inch inches"),
    "foot": ("ft ft. ' ′", "foot feet"),
    "yard": ("yd", "yard"),
    "mile": ("mi", "mile"),
    "nautical_mile": ("nmi", "nautical_mile"),
    "light_year": ("ly", "light_year lightyear"),
    "gram": ("g gr", "gram gramme"),
    "kilogram": ("kg Kg KG", "kilogram kilo kilogramme"),
    "milligram": ("mg", "milligram"),
    "microgram": ("ug µg μg mcg", "microgram"),
    "metric_ton": ("t", "tonne metric_ton"),
    "pound": ("lb lbs lb. lbs.", "pound"),
    "ounce": ("oz oz.", "ounce"),
    "stone": ("st", ""),
    "second": ("s sec sec. secs", "second"),
    "millisecond": ("ms msec", "millisecond"),
    "microsecond": ("us µs μs", "microsecond"),
    "nanosecond": ("ns", "nanosecond"),
    "minute": ("min min. mins", "minute"),
    "hour": ("h hr hrs hr. hrs.", "hour"),
    "day": ("d", "day"),
    "week": ("wk", "week"),
    "month": ("", "month"),
    "year": ("yr yrs", "year"),
    "century": ("", "century centuries"),
    "decade": ("", "decade"),
    "liter": ("l L ℓ", "liter litre"),
    "milliliter": ("ml mL cc", "milliliter millilitre"),
    "centiliter": ("cl cL", "centiliter centilitre"),
    "deciliter": ("dl dL", "deciliter decilitre"),
    "gallon": ("gal", "gallon"),
    "hectare": ("ha", "hectare"),
    "acre": ("ac", "acre"),
    "kilometer/hour": ("kph kmh km/hr", ""),
    "mile/hour": ("mph", ""),
    "knot": ("kn kt", "knot"),
    "degC": ("°C ℃ °c C", "celsius degree_celsius degree_centigrade degree_c"),
    "degF": ("°F ℉ °f F", "fahrenheit degree_fahrenheit degree_f"),
    "kelvin": ("K", "kelvin"),
    "degree": ("° deg", "degree"),
    "radian": ("rad", "radian"),
    "newton": ("N", "newton"),
    "kilonewton": ("kN", "kilonewton"),
    "joule": ("J", "joule"),
    "kilojoule": ("kJ KJ", "kilojoule"),
    "megajoule": ("MJ", "megajoule"),
    "calorie": ("cal", "calorie"),
    "kilocalorie": ("kcal Cal", "kilocalorie"),
    "electron_volt": ("eV", "electronvolt"),
    "watt_hour": ("Wh", ""),
    "kilowatt_hour": ("kWh kwh KWH", "kilowatt_hour"),
    "watt": ("W", "watt"),
    "kilowatt": ("kW KW", "kilowatt"),
    "megawatt": ("MW", "megawatt"),
    "milliwatt": ("mW", "milliwatt"),
    "gigawatt": ("GW", "gigawatt"),
    "horsepower": ("hp", "horsepower"),
    "pascal": ("Pa", "pascal"),
    "hectopascal": ("hPa", "hectopascal"),
    "kilopascal": ("kPa", "kilopascal"),
    "megapascal": ("MPa", "megapascal"),
    "standard_atmosphere": ("atm", "atmosphere"),
    "millibar": ("mbar mb", "millibar"),
    "psi": ("psi", ""),
    "mmHg": ("mmHg", ""),
    "hertz": ("Hz hz", "hertz"),
    "kilohertz": ("kHz", "kilohertz"),
    "megahertz": ("MHz", "megahertz"),
    "gigahertz": ("GHz", "gigahertz"),
    "ampere": ("A", "ampere amp"),
    "milliampere": ("mA", "milliampere milliamp"),
    "volt": ("V", "volt"),
    "millivolt": ("mV", "millivolt"),
    "kilovolt": ("kV", "kilovolt"),
    "ohm": ("Ω Ω", "ohm"),
    "kiloohm": ("kΩ kΩ", "kiloohm kilohm"),
    "farad": ("", "farad"),
    "coulomb": ("", "coulomb"),
    "tesla": ("", "tesla"),
    "mole": ("mol", "mole"),
    "bit": ("", "bit"),
    "byte": ("B", "byte"),
    "kilobyte": ("kB KB", "kilobyte"),
    "megabyte": ("MB", "megabyte"),
    "gigabyte": ("GB", "gigabyte"),
    "terabyte": ("TB", "terabyte"),
    "megabit": ("Mb Mbit", "megabit"),
    "gigabit": ("Gb Gbit", "gigabit"),
    "revolution/minute": ("rpm", ""),
}
_SYMBOLS = {symbol: unit for unit, (symbols, _) in _TABLE.items() for symbol in symbols.split()}
_WORDS = {
    form: unit
    for unit, (_, words) in _TABLE.items()
    for word in words.split()
    for form in (word, f"{word}s", word.replace("degree", "degrees"))
}
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
_POWERED = re.compile(r"(.*?[^\d^\s])\s?\^?\s?(-?[1-4])")
_SQUARE = re.compile(r"(square|sq\.?|cubic|cu\.?)\s+(.+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Quantity:
    """A value with its unit: `said` is the number's text, `unit` a term of pint's names, or a currency's code in capitals."""

    value: Fraction
    said: str
    unit: str


@lru_cache(maxsize=8192)
def quantities_of(text: str) -> tuple[Quantity, ...]:
    """The readings of a text as value with unit, most often one or none; `5 pounds` has two.

    Args:
        text: plain text, case kept, number words as digits.

    Example:
        >>> quantities_of("9.8 m/s^2")[0].unit, [q.unit for q in quantities_of("5 pounds")], quantities_of("5 dogs")
        ('meter/second**2', ['pound', 'GBP'], ())
    """
    if not 2 <= len(text) <= 80:
        return ()
    leading = _LEADING.fullmatch(text)
    if leading:
        value = _number(leading[2])
        return () if value is None else (Quantity(value, leading[2], _MONEY[leading[1].casefold()]),)
    trailing = _TRAILING.fullmatch(text)
    if not trailing:
        return ()
    value = _number(trailing[1])
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


def _number(text: str) -> Fraction | None:
    from wethink_assets.rewards.normal import normalised_value

    return parsed_number(normalised_value(text))


@lru_cache(maxsize=8192)
def unit_of(text: str) -> str | None:
    """A unit as a term of pint's names, or None; products and quotients with small powers are understood.

    Example:
        >>> unit_of("km per hour"), unit_of("square metres"), unit_of("kg·m^2/s"), unit_of("hands") is None
        ('kilometer/hour', 'meter**2', 'kilogram*meter**2/second', True)
    """
    text = text.strip().rstrip(",;")
    if not 0 < len(text) <= 50:
        return None
    whole = _single(text)
    if whole:
        return whole
    parts = re.split(r"\s*/\s*|\s+per\s+", text)
    if len(parts) > 2:
        return None
    terms = []
    for part in parts:
        factors = [_factor(factor) for factor in re.split(r"\s*[·⋅*]\s*", part)]
        if not all(factors) or len(factors) > 3:
            return None
        terms.append(factors)
    above, below = terms[0], (terms[1] if len(terms) == 2 else [])
    return "*".join(filter(None, above)) + "".join(f"/{factor}" for factor in below)


def _factor(text: str) -> str | None:
    squared = _SQUARE.fullmatch(text)
    if squared:
        unit = _single(squared[2])
        return unit and f"{_grouped(unit)}**{2 if squared[1].casefold().startswith('sq') else 3}"
    plain = _single(text)
    if plain:
        return _grouped(plain)
    powered = _POWERED.fullmatch(text)
    unit = _single(powered[1]) if powered else None
    return f"{_grouped(unit)}**{powered[2]}" if unit and powered else None


def _grouped(unit: str) -> str:
    return f"({unit})" if "/" in unit else unit


def _single(text: str) -> str | None:
    text = text.strip()
    return _SYMBOLS.get(text) or _WORDS.get(text.casefold().rstrip(".").replace(" ", "_").replace("-", "_"))


def units_named(text: str) -> set[str]:
    """Units that a question names with a whole word or symbol of two letters or more (`in cm`, `How many metres`)."""
    found = set()
    words = re.findall(r"[^\s,;:?!()\[\]]+", text[:2000])
    for first, second in zip(words, [*words[1:], ""], strict=True):
        for name in (first.rstrip("."), f"{first} {second}".rstrip(".")):
            unit = unit_of(name) if len(name) > 1 and name not in ("in", "st", "us", "ha", "ms", "min") else None
            if unit:
                found.add(unit)
    return found


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
    return rounds_to((there - adds) / factor, one.said, 3, whole=True) or rounds_to(
        (here - other_adds) / other_factor, other.said, 3, whole=True
    )
