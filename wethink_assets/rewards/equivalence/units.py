"""Units that short texts name.

Text is taken apart by a small grammar of its own into names of the table below, and only those are handed to pint, which knows what they are
worth. So no text reaches a parser of pint, and names that are words first (`bar`, `point`, `hand`, `are`) are never taken for units.
"""

import re
from functools import lru_cache

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
_POWERED = re.compile(r"(.*?[^\d^\s])\s?\^?\s?(-?[1-4])")
_SQUARE = re.compile(r"(square|sq\.?|cubic|cu\.?)\s+(.+)", re.IGNORECASE)


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
    units = set()
    words = re.findall(r"[^\s,;:?!()\[\]]+", text[:2000])
    for first, second in zip(words, [*words[1:], ""], strict=True):
        for name in (first.rstrip("."), f"{first} {second}".rstrip(".")):
            unit = unit_of(name) if len(name) > 1 and name not in ("in", "st", "us", "ha", "ms", "min") else None
            if unit:
                units.add(unit)
    return units
