"""Quantities with their units."""

import random
from fractions import Fraction

from wethink_assets_tests.support.answer_pools.amounts import decimal
from wethink_assets_tests.support.answer_pools.pool import Group, Value, group

SYSTEMS: list[tuple[str, str, list[tuple[str, tuple[str, ...], Fraction]]]] = [
    ("length", "How long is the bridge?", [
        ("mm", ("millimetres", "millimeters"), Fraction(1)), ("cm", ("centimeters", "centimetres"), Fraction(10)),
        ("m", ("metres", "meters"), Fraction(1000)), ("km", ("kilometers", "kilometres"), Fraction(1_000_000)),
        ("in", ("inches",), Fraction(254, 10)), ("ft", ("feet",), Fraction(3048, 10)), ("mi", ("miles",), Fraction(1_609_344)),
    ]),
    ("mass", "How heavy is it?", [
        ("mg", ("milligrams",), Fraction(1)), ("g", ("grams",), Fraction(1000)), ("kg", ("kilograms", "kgs"), Fraction(1_000_000)),
        ("lb", ("lbs",), Fraction(45_359_237, 100)), ("oz", ("ounces",), Fraction(45_359_237, 1600)),
    ]),
    ("volume", "What is the volume of the bottle?", [
        ("mL", ("ml", "millilitres", "milliliters"), Fraction(1)), ("cl", ("cL",), Fraction(10)), ("L", ("l", "liters", "litres"), Fraction(1000)),
    ]),
    ("power", "What is the power of the plant?", [
        ("mW", ("milliwatts",), Fraction(1)), ("W", ("watts",), Fraction(1000)), ("kW", ("kilowatts",), Fraction(10**6)),
        ("MW", ("megawatts",), Fraction(10**9)), ("GW", ("gigawatts",), Fraction(10**12)),
    ]),
    ("data", "How large is the file?", [
        ("kB", ("kilobytes",), Fraction(8000)), ("MB", ("megabytes",), Fraction(8 * 10**6)), ("GB", ("gigabytes",), Fraction(8 * 10**9)),
        ("Mbit", ("megabits",), Fraction(10**6)), ("Gbit", ("gigabits",), Fraction(10**9)),
    ]),
    ("speed", "How fast does it go?", [
        ("km/h", ("kilometers per hour", "kph"), Fraction(10, 36)), ("m/s", ("meters per second",), Fraction(1)),
        ("mph", ("miles per hour",), Fraction(44704, 100000)),
    ]),
    ("area", "What is the area of the room?", [
        ("cm\u00b2", ("cm^2", "square centimeters"), Fraction(1)), ("m\u00b2", ("m^2", "square meters", "sq m"), Fraction(10**4)),
        ("km\u00b2", ("km^2", "square kilometers"), Fraction(10**10)), ("ft\u00b2", ("ft^2", "square feet", "sq ft"), Fraction(92903, 100)),
    ]),
    ("voltage", "What voltage does it need?", [
        ("mV", ("millivolts",), Fraction(1)), ("V", ("volts",), Fraction(1000)), ("kV", ("kilovolts",), Fraction(10**6)),
    ]),
    ("frequency", "At which frequency does it send?", [
        ("Hz", ("hertz",), Fraction(1)), ("kHz", ("kilohertz",), Fraction(1000)), ("MHz", ("megahertz",), Fraction(10**6)),
        ("GHz", ("gigahertz",), Fraction(10**9)),
    ]),
    ("energy", "How much energy is in it?", [
        ("J", ("joules",), Fraction(1)), ("kJ", ("kilojoules",), Fraction(1000)), ("MJ", ("megajoules",), Fraction(10**6)),
    ]),
]  # fmt: skip
FIGURES = [
    *range(1, 13),
    15,
    18,
    20,
    24,
    25,
    30,
    35,
    40,
    45,
    50,
    60,
    64,
    75,
    80,
    90,
    100,
    110,
    120,
    150,
    180,
    200,
    220,
    240,
    250,
    300,
    350,
    400,
    500,
]
BROKEN = [
    Fraction(n, 10)
    for n in (3, 7, 12, 14, 16, 18, 21, 23, 26, 27, 34, 38, 46, 53, 57, 64, 72, 78, 85, 92, 117, 135, 162, 226, 375)
]
APART = 0.02
"""Two values in different units are taken only where they lie so far apart, so that neither is a rounding of the other."""


def quantities() -> list[Group]:
    """Values of ten dimensions, angles and temperatures; one value in two units is one value."""
    rng = random.Random("quantities")
    groups = [_measured(rng, *system) for system in SYSTEMS]
    angles = [
        Value((f"{n}\u00b0", f"{n} degrees", f"{n}^\\circ", f"${n}^{{\\circ}}$"), (str(n),)) for n in range(1, 360)
    ]
    heat = []
    for n in range(-40, 121):
        heat.append(Value((f"{n} \u00b0C", f"{n}\u00b0C", f"{n} degrees Celsius")))
        celsius = (n - 32) * 5 / 9
        if abs(celsius - round(celsius)) > 0.3:  # so that it rounds to no whole number of degrees Celsius
            heat.append(Value((f"{n} \u00b0F", f"{n}\u00b0F", f"{n} degrees Fahrenheit")))
    return [
        *groups,
        group("angle", "How large is angle ABC?", angles, apart=False),
        group("temperature", "What is the temperature outside?", heat),
    ]


def _measured(
    rng: random.Random, name: str, question: str, units: list[tuple[str, tuple[str, ...], Fraction]]
) -> Group:
    taken: list[tuple[float, str]] = []
    values = []
    for unit, words, factor in units:
        figures = rng.sample([*map(Fraction, FIGURES), *BROKEN], 48)
        for figure in figures:
            size = figure * factor
            around = float(size)
            if any(unit != of and abs(around - other) <= APART * max(around, other) for other, of in taken):
                continue
            taken.append((around, unit))
            text = decimal(figure)
            short = f"{text}{unit}"  # 5m alone may be five million
            forms = [
                f"{text} {unit}",
                *([short] if unit != "m" else []),
                *(f"{text} {word}" for word in words if figure != 1),
            ]
            for other, _, scale in units:
                exact = size / scale
                if other != unit and Fraction(1, 100) <= exact <= 10_000 and (exact * 100).denominator == 1:
                    forms.append(f"{decimal(exact)} {other}")
                    break
            values.append(Value(tuple(dict.fromkeys(forms)), (short,) if unit == "m" else ()))
    return group(name, question, values)
