"""Units in short texts: names and symbols of a table, products and powers of them, and what they are worth in base units.

Text is taken apart by a small grammar of its own into names of the table, and only those are handed to pint, which knows what they are worth.
So no text reaches a parser of pint, and names that are words first (`bar`, `point`, `hand`, `are`) are never taken for units.

Case matters in symbols (mW is no MW), but for spellings that leave no doubt: `KM`, `500 ML`, `mhz`. A symbol of two meanings (`mb`: megabytes or
millibars) has no value of its own; `meanings_of` tells what it may be.
"""

import re
from fractions import Fraction
from functools import cache, lru_cache
from itertools import pairwise
from typing import Any

# pint's name: symbols (as they are written), then words (any case, with or without a plural s).
_TABLE: dict[str, tuple[str, str]] = {
    "meter": ("m mtr mtrs", "meter metre"),
    "kilometer": ("km Km KM kms KMS", "kilometer kilometre"),
    "centimeter": ("cm CM Cm cms CMS", "centimeter centimetre"),
    "megameter": ("Mm", "megameter megametre"),
    "millimeter": ("mm MM mms", "millimeter millimetre"),
    "decimeter": ("dm", "decimeter decimetre"),
    "micrometer": ("um µm μm", "micrometer micrometre micron"),
    "nanometer": ("nm", "nanometer nanometre"),
    "angstrom": ("Å", "angstrom ångström"),
    "inch": ('in in. " ″ IN IN.', "inch inches"),
    "foot": ("ft ft. ' ′ FT FT. Ft", "foot feet"),
    "yard": ("yd yd. yds YD YDS", "yard"),
    "mile": ("mi mi. MI", "mile"),
    "nautical_mile": ("nmi NM", "nautical_mile"),
    "light_year": ("ly", "light_year lightyear"),
    "astronomical_unit": ("au AU", "astronomical_unit"),
    "gram": ("g gr gm gms gm.", "gram gramme"),
    "kilogram": ("kg Kg KG kgs Kgs KGS kg.", "kilogram kilo kilogramme"),
    "milligram": ("mg MG mgs mg.", "milligram"),
    "microgram": ("ug µg μg mcg MCG", "microgram"),
    "metric_ton": ("t", "tonne metric_ton"),
    "kilotonne": ("", "kilotonne"),
    "megatonne": ("Mt", "megatonne"),
    "gigatonne": ("Gt", "gigatonne"),
    "pound": ("lb lbs lb. lbs. LB LBS LB. LBS. Lb Lbs", "pound"),
    "ounce": ("oz oz. OZ OZ. Oz", "ounce"),
    "stone": ("st", ""),
    "second": ("s sec sec. secs", "second"),
    "millisecond": ("ms msec", "millisecond"),
    "microsecond": ("us µs μs", "microsecond"),
    "nanosecond": ("ns", "nanosecond"),
    "minute": ("min min. mins", "minute"),
    "hour": ("h hr hrs hr. hrs.", "hour"),
    "day": ("", "day"),
    "week": ("wk", "week"),
    "month": ("", "month"),
    "year": ("yr yrs", "year"),
    "century": ("", "century centuries"),
    "decade": ("", "decade"),
    "liter": ("l L ℓ ltr ltrs Ltr LTR", "liter litre"),
    "milliliter": ("ml mL ML Ml cc ml. ML.", "milliliter millilitre"),
    "centiliter": ("cl cL CL", "centiliter centilitre"),
    "deciliter": ("dl dL", "deciliter decilitre"),
    "gallon": ("gal gal. gals GAL", "gallon us_gallon"),
    "quart": ("qt qt. qts QT", "quart"),
    "pint": ("", "pint"),
    "fluid_ounce": ("floz", "fluid_ounce fl_oz fl._oz"),
    "tablespoon": ("tbsp tbsp. Tbsp tbs", "tablespoon"),
    "teaspoon": ("tsp tsp.", "teaspoon"),
    "cup": ("", "cup"),
    "barrel": ("bbl bbls", "barrel"),
    "hectare": ("ha", "hectare"),
    "acre": ("ac", "acre"),
    "kilometer/hour": ("kph kmh km/hr kmph KPH KMH Kmh", "kilometer_an_hour kilometre_an_hour"),
    "mile/hour": ("mph MPH Mph m.p.h.", "mile_an_hour miles_an_hour"),
    "mile/gallon": ("mpg MPG", ""),
    "knot": ("kn kts", "knot"),
    "degC": ("°C ℃ °c ºC", "celsius degree_celsius degree_centigrade degree_c centigrade deg_c °_c"),
    "degF": ("°F ℉ °f ºF", "fahrenheit degree_fahrenheit degree_f deg_f °_f"),
    "kelvin": ("K", "kelvin"),
    "degree": ("° deg deg. º", "degree"),
    "arcminute": ("arcmin", "arcminute"),
    "arcsecond": ("arcsec", "arcsecond"),
    "radian": ("rad rads", "radian"),
    "newton": ("N", "newton"),
    "kilonewton": ("kN", "kilonewton"),
    "joule": ("J", "joule"),
    "millijoule": ("mJ", "millijoule"),
    "kilojoule": ("kJ KJ kj", "kilojoule"),
    "megajoule": ("MJ", "megajoule"),
    "calorie": ("cal cals", "calorie"),
    "kilocalorie": ("kcal Cal Kcal KCAL kcals", "kilocalorie"),
    "electron_volt": ("eV", "electronvolt electron_volt"),
    "megaelectron_volt": ("MeV", ""),
    "watt_hour": ("Wh", "watt_hour"),
    "kilowatt_hour": ("kWh kwh KWH KWh Kwh", "kilowatt_hour"),
    "megawatt_hour": ("MWh", "megawatt_hour"),
    "gigawatt_hour": ("GWh gwh", "gigawatt_hour"),
    "terawatt_hour": ("TWh twh", "terawatt_hour"),
    "watt": ("W w", "watt"),
    "kilowatt": ("kW KW kw Kw", "kilowatt"),
    "megawatt": ("MW", "megawatt"),
    "milliwatt": ("mW", "milliwatt"),
    "gigawatt": ("GW gw", "gigawatt"),
    "terawatt": ("TW", "terawatt"),
    "horsepower": ("hp HP Hp bhp BHP", "horsepower"),
    "pascal": ("Pa", "pascal"),
    "hectopascal": ("hPa hpa", "hectopascal"),
    "kilopascal": ("kPa KPa kpa", "kilopascal"),
    "megapascal": ("MPa", "megapascal"),
    "standard_atmosphere": ("atm", "atmosphere"),
    "millibar": ("mbar", "millibar"),
    "psi": ("psi PSI", ""),
    "mmHg": ("mmHg mmhg", "mm_hg"),
    "hertz": ("Hz hz HZ", "hertz"),
    "kilohertz": ("kHz KHz khz KHZ Khz", "kilohertz"),
    "megahertz": ("MHz mhz MHZ Mhz", "megahertz"),
    "gigahertz": ("GHz ghz GHZ Ghz", "gigahertz"),
    "millihertz": ("mHz", "millihertz"),
    "ampere": ("A", "ampere amp"),
    "milliampere": ("mA", "milliampere milliamp"),
    "megaampere": ("MA", "megaampere"),
    "ampere*hour": ("Ah", ""),
    "milliampere*hour": ("mAh mah MAH", ""),
    "volt": ("V v", "volt"),
    "millivolt": ("mV", "millivolt"),
    "kilovolt": ("kV KV kv", "kilovolt"),
    "megavolt": ("MV", "megavolt"),
    "ohm": ("Ω Ω", "ohm"),
    "kiloohm": ("kΩ kΩ KΩ", "kiloohm kilohm"),
    "megaohm": ("MΩ MΩ", "megaohm megohm"),
    "farad": ("", "farad"),
    "microfarad": ("µF μF uF", "microfarad"),
    "nanofarad": ("nF", "nanofarad"),
    "picofarad": ("pF", "picofarad"),
    "coulomb": ("", "coulomb"),
    "tesla": ("", "tesla"),
    "mole": ("mol mols", "mole"),
    "millimole": ("mmol", "millimole"),
    "molar": ("mol/L mol/l", "molar"),
    "bit": ("", "bit"),
    "byte": ("B", "byte"),
    "kilobyte": ("kB KB", "kilobyte"),
    "megabyte": ("MB", "megabyte"),
    "gigabyte": ("GB", "gigabyte"),
    "terabyte": ("TB tb", "terabyte"),
    "kibibyte": ("KiB", "kibibyte"),
    "mebibyte": ("MiB", "mebibyte"),
    "gibibyte": ("GiB", "gibibyte"),
    "kilobit": ("kbit Kbit", "kilobit"),
    "megabit": ("Mb Mbit", "megabit"),
    "gigabit": ("Gb Gbit", "gigabit"),
    "kilobit/second": ("kbps Kbps kbit/s", ""),
    "megabit/second": ("Mbps Mb/s Mbit/s", ""),
    "gigabit/second": ("Gbps Gb/s Gbit/s", ""),
    "revolution/minute": ("rpm RPM r/min", ""),
    "decibel": ("dB db DB", "decibel"),
    "pixel": ("px PX", "pixel"),
    "megapixel": ("MP Mpx", "megapixel"),
    "lumen": ("lm", "lumen"),
    "candela": ("cd", "candela"),
    "lux": ("lx", "lux"),
    "bpm": ("bpm BPM", "beat_per_minute beats_per_minute"),
    "ppm": ("ppm PPM", ""),
    "ppb": ("ppb PPB", ""),
    "dpi": ("dpi DPI", ""),
    "diopter": ("", "diopter dioptre"),
}
_SYMBOLS = {symbol: unit for unit, (symbols, _) in _TABLE.items() for symbol in symbols.split()}
_WORDS = {
    form: unit
    for unit, (_, words) in _TABLE.items()
    for word in words.split()
    for form in (word, f"{word}s", word.replace("degree", "degrees"))
}
_MEANINGS: dict[str, tuple[str, ...]] = {
    "C": ("degC", "coulomb"), "F": ("degF", "farad"), "T": ("tesla",), "M": ("molar",),
    "mb": ("megabyte", "millibar", "megabit"), "gb": ("gigabyte", "gigabit"), "kb": ("kilobit", "kilobyte"),
    "Kb": ("kilobit", "kilobyte"), "Gb": ("gigabit", "gigabyte"), "Mb": ("megabit", "megabyte"),
    "mbps": ("megabit/second", "megabyte/second"), "MBPS": ("megabit/second", "megabyte/second"), "gbps": ("gigabit/second", "gigabyte/second"),
    "mw": ("milliwatt", "megawatt"), "mwh": ("megawatt_hour",), "mpa": ("megapascal",), "MPA": ("megapascal",), "pa": ("pascal",), "PA": ("pascal",),
    "ma": ("milliampere",), "mv": ("millivolt",), "KN": ("kilonewton", "knot"),
    "kt": ("knot", "kilotonne"), "mt": ("metric_ton", "megatonne"), "MT": ("metric_ton", "megatonne"),
    "ton": ("metric_ton", "ton", "long_ton"), "tons": ("metric_ton", "ton", "long_ton"),
}  # fmt: skip
"""Symbols with no value of their own: what each may stand for."""
_ALSO = {
    "oz": ("fluid_ounce",), "oz.": ("fluid_ounce",), "OZ": ("fluid_ounce",), "ounce": ("fluid_ounce",), "ounces": ("fluid_ounce",),
    "pound": ("GBP",), "pounds": ("GBP",),
}  # fmt: skip
"""What people write for another unit beside the one that it names: `12 oz` of a liquid, `5 pounds` of money."""
_POWERED = re.compile(r"(.*?[^\d^\s-])(?:\s?\^\s?\{?(-?[1-4])\}?|(?<=[a-zA-Z])(-?[1-4]))")
_SQUARE = re.compile(r"(square[\s-]|sq\.?|cubic[\s-]|cu\.?)[\s-]*(.+)|(.+?)[\s-](squared|cubed)", re.IGNORECASE)
_PRODUCT = re.compile(
    r"\s*[·⋅*]\s*|(?<=[a-zA-Z\d])\s(?=[a-zA-Z]+\s?(?:\^\s?\{?-?|-)\d)|(?<=N) (?=m\b)|(?<=\d) (?=[a-zA-Z]+\b)"
)
_QUOTIENT = re.compile(r"\s*/\s*|\s+per\s+|\bper\s+", re.IGNORECASE)
OWN = {
    "degree": ("degree", Fraction(1)), "arcminute": ("degree", Fraction(1, 60)), "arcsecond": ("degree", Fraction(1, 3600)),
    "radian": ("radian", Fraction(1)), "revolution/minute": ("rpm", Fraction(1)), "decibel": ("decibel", Fraction(1)),
    "pixel": ("pixel", Fraction(1)), "megapixel": ("pixel", Fraction(10**6)), "lumen": ("lumen", Fraction(1)), "candela": ("candela", Fraction(1)),
    "lux": ("lux", Fraction(1)), "bpm": ("bpm", Fraction(1)), "ppm": ("ppm", Fraction(1)), "ppb": ("ppm", Fraction(1, 1000)),
    "dpi": ("dpi", Fraction(1)), "newton*meter": ("torque", Fraction(1)), "mile/gallon": ("mpg", Fraction(1)), "diopter": ("diopter", Fraction(1)),
}  # fmt: skip
"""Units of a dimension of their own, which base units would mix up with others: a torque is no energy, a revolution no radian."""
_ADDS = {"degC": Fraction("273.15"), "degF": Fraction("459.67") * 5 / 9}
_MULTIPLES = {
    "kilotonne": (1000, "metric_ton"), "megatonne": (10**6, "metric_ton"), "gigatonne": (10**9, "metric_ton"), "acre": (43560, "foot**2"),
    "decade": (10, "year"),
}  # fmt: skip
"""Units that pint does not know, or measures in feet of the survey of 1893."""


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
    parts = _QUOTIENT.split(text)
    if len(parts) > 2 or not parts[0]:
        return None
    terms = []
    for part in parts:
        factors = [_factor(factor) for factor in _PRODUCT.split(part.strip(" ()"))]
        if not all(factors) or len(factors) > 3:
            return None
        terms.append(factors)
    above, below = terms[0], (terms[1] if len(terms) == 2 else [])
    return "*".join(filter(None, above)) + "".join(f"/{factor}" for factor in below)


def _factor(text: str) -> str | None:
    plain = _single(text)
    if plain:
        return _grouped(plain)
    squared = _SQUARE.fullmatch(text)
    if squared:
        unit = _single(squared[2] or squared[3])
        power = 2 if (squared[1] or squared[4]).casefold().startswith("sq") else 3
        return unit and f"{_grouped(unit)}**{power}"
    powered = _POWERED.fullmatch(text)
    unit = _single(powered[1]) if powered else None
    return f"{_grouped(unit)}**{powered[2] or powered[3]}" if unit and powered else None


def _grouped(unit: str) -> str:
    return f"({unit})" if "/" in unit or "*" in unit else unit


def _single(text: str) -> str | None:
    text = text.strip()
    if text in _MEANINGS:
        return None
    return _SYMBOLS.get(text) or _WORDS.get(text.casefold().rstrip(".").replace(" ", "_").replace("-", "_"))


def meanings_of(symbol: str) -> tuple[str, ...]:
    """Units that a symbol of no certain value may stand for.

    Example:
        >>> meanings_of("gb"), meanings_of("GB")
        (('gigabyte', 'gigabit'), ())
    """
    return _MEANINGS.get(symbol, ())


def further_meanings(name: str) -> tuple[str, ...]:
    """Units that people also mean by a name that has a value: fluid ounces by ounces, money (GBP) by pounds."""
    return _ALSO.get(name, ())


@cache
def _registry() -> Any:
    import pint

    return pint.UnitRegistry(non_int_type=Fraction, cache_folder=None)


@lru_cache(maxsize=4096)
def in_base(unit: str) -> tuple[Fraction, Fraction, str] | None:
    """Factor and summand that take a value of a unit to base units, and the name of those; None for a term that makes no sense.

    Example:
        >>> in_base("kilometer/hour")[::2], in_base("degC")
        ((Fraction(5, 18), 'meter second**-1'), (Fraction(1, 1), Fraction(5463, 20), 'kelvin'))
    """
    if unit in OWN:
        dimension, factor = OWN[unit]
        return factor, Fraction(0), dimension
    if unit in _MULTIPLES:
        many, single = _MULTIPLES[unit]
        worth = in_base(single)
        return worth and (worth[0] * many, Fraction(0), worth[2])
    term = unit.replace("degC", "delta_degC").replace("degF", "delta_degF")
    try:
        base = _registry().Quantity(Fraction(1), term).to_base_units()
        powers = sorted((str(name), Fraction(power)) for name, power in base.unit_items() if power)
        names = " ".join(name if power == 1 else f"{name}**{power}" for name, power in powers)
        return Fraction(base.magnitude), _ADDS.get(unit, Fraction(0)), names
    except Exception:  # a product that pint cannot make sense of is no unit
        return None


def units_named(text: str) -> set[str]:
    """Units that a question names with a whole word or symbol of two letters or more (`in cm`, `How many metres`)."""
    units = set()
    words = re.findall(r"[^\s,;:?!()\[\]]+", text[:2000])
    for first, second in pairwise([*words, ""]):
        for name in (first.rstrip("."), f"{first} {second}".rstrip(".")):
            unit = unit_of(name) if len(name) > 1 and name not in ("in", "st", "us", "ha", "ms", "min") else None
            if unit:
                units.add(unit)
    return units
