"""Values with units, and amounts of money."""

import random
from collections.abc import Iterator
from fractions import Fraction

from equivalence_families.case import Case
from wethink_assets_tests.support.answer_pools.amounts import decimal

SCALE = {
    "length": [("mm", "millimetres", 1), ("cm", "centimeters", 10), ("m", "metres", 1000), ("km", "kilometers", 1_000_000)],
    "mass": [("mg", "milligrams", 1), ("g", "grams", 1000), ("kg", "kilograms", 1_000_000)],
    "time": [("s", "seconds", 1), ("min", "minutes", 60), ("h", "hours", 3600)],
    "volume": [("mL", "millilitres", 1), ("L", "liters", 1000)],
    "power": [("W", "watts", 1), ("kW", "kilowatts", 1000)],
}  # fmt: skip


def units(rng: random.Random) -> Iterator[Case]:
    """One value in two units; the number kept under another unit; a dimension changed; the unit left out."""
    names = list(SCALE)
    for position, (dimension, scale) in enumerate(SCALE.items()):
        for _ in range(9):
            (small, small_word, little), (large, large_word, big) = sorted(
                rng.sample(scale, 2), key=lambda entry: entry[2]
            )
            value = Fraction(rng.choice([1, 2, 3, 5, 12, 25, 40]), rng.choice([1, 2, 4]))
            if dimension == "time":
                value = Fraction(rng.randint(1, 9))
            many = value * big / little
            wrong = SCALE[names[(position + 1) % len(names)]][0][0]
            yield f"{decimal(value)} {large}", f"{decimal(many)} {small}", True
            yield f"{decimal(value)} {large}", f"{decimal(value)} {large_word}", True
            yield f"{decimal(many)} {small_word}", f"{decimal(value)}{large}", True
            yield f"{decimal(value)} {large}", f"{decimal(value)} {small}", False
            yield f"{decimal(value)} {large}", f"{decimal(value)} {wrong}", False
            yield f"{decimal(value)} {large}", f"{decimal(many * 10)} {small}", False
            yield f"{decimal(value)} {large}", decimal(value), False
    for celsius in (-40, 0, 20, 37, 100):
        fahrenheit = Fraction(celsius) * 9 / 5 + 32
        yield f"{celsius} \u00b0C", f"{decimal(fahrenheit)} degrees Fahrenheit", True
        yield f"{celsius} \u00b0C", f"{celsius}^\\circ C", True
        if celsius != -40:
            yield f"{celsius} \u00b0C", f"{celsius} \u00b0F", False
    for speed in (36, 72, 90, 108):
        yield f"{speed} km/h", f"{decimal(Fraction(speed * 10, 36))} m/s", True
        yield f"{speed} km/h", f"{speed} kilometers per hour", True
        yield f"{speed} km/h", f"{speed} mph", False
        yield f"{speed} km/h", f"{speed} km", False
    for side in (2, 3, 12):
        yield f"{side} m^2", f"{side} square metres", True
        yield f"{side} m\u00b2", f"{side * 10000} cm^2", True
        yield f"{side} m^2", f"{side} m", False
        yield f"{side} m^2", f"{side * 100} cm^2", False
        yield f"{side} m/s^2", f"{side} m/s", False
    for feet in (1, 3, 6, 10):
        yield f"{feet} ft", f"{feet * 12} inches", True
        yield f"{feet} feet", f"{decimal(Fraction(3048, 10000) * feet)} m", True
        yield f"{feet} ft", f"{feet * 10} inches", False


def unit_asked(rng: random.Random) -> Iterator[Case]:
    """Where the question names the unit it may be left out; another one may not be put in its place."""
    for _ in range(10):
        length = rng.randint(2, 200)
        yield f"{length} cm", str(length), True
        yield str(length), f"{length} centimetres", True
        yield str(length), f"{length} km", False
        yield f"{length} cm", str(length * 10), False


def money(rng: random.Random) -> Iterator[Case]:
    """Amounts by sign, code and word; another currency, another amount."""
    for _ in range(12):
        amount = rng.randint(1, 5000)
        yield f"${amount}", f"{amount} dollars", True
        yield f"${amount:,}.00", f"${amount}", True
        yield f"\u20ac{amount}", f"{amount} euros", True
        yield f"${amount}", f"\u20ac{amount}", False
        yield f"\u00a3{amount}", f"${amount}", False
        yield f"${amount}", f"${amount + 1}", False
