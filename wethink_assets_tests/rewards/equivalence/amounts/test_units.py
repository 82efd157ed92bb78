"""Units: names and symbols, products of them, what they are worth, and symbols of two meanings."""

from fractions import Fraction

import pytest

from wethink_assets.rewards.equivalence.amounts.units import in_base, meanings_of, unit_of


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("km/h", "kilometres per hour"),
        ("m/s\u00b2".replace("\u00b2", "^2"), "meters per second squared"),
        ("sq ft", "ft2"),
        ("sqft", "square feet"),
        ("cm^3", "cubic centimeters"),
        ("kg m^2", "kg*m^2"),
        ("m s^-1", "m/s"),
        ("KM", "km"),
        ("mhz", "MHz"),
        ("500 ML"[4:], "mL"),
        ("degrees C", "\u00b0C"),
    ],
)
def test_two_names_of_one_unit(one: str, other: str) -> None:
    first, second = unit_of(one), unit_of(other)
    assert first is not None and second is not None
    assert in_base(first) == in_base(second)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("mW", "MW"),
        ("MHz", "mHz"),
        ("GB", "Gbit"),
        ("kW", "kWh"),
        ("m^2", "m^3"),
        ("m/s", "m/s^2"),
        ("oz", "fl oz"),
        ("N*m", "J"),
        ("rpm", "Hz"),
        ("degrees", "rad"),
        ("lm", "cd"),
        ("K", "\u00b0C"),
        ("gallon", "L"),
    ],
)
def test_two_units_are_worth_different_things(one: str, other: str) -> None:
    first, second = unit_of(one), unit_of(other)
    assert first is not None and second is not None
    assert in_base(first) != in_base(second)


@pytest.mark.parametrize(
    "text", ["hands", "bar", "points", "squares", "dogs", "", "per hour", "5", "m 3", "ft 3 in", "circles", "x"]
)
def test_words_are_no_units(text: str) -> None:
    assert unit_of(text) is None


@pytest.mark.parametrize("symbol", ["mb", "gb", "mw", "C", "F", "kb", "tons", "kt"])
def test_a_symbol_of_two_meanings_has_no_value_of_its_own(symbol: str) -> None:
    assert unit_of(symbol) is None and len(meanings_of(symbol)) > 1


def test_worth_is_exact() -> None:
    assert [in_base(unit) for unit in ("inch", "mile", "pound")] == [
        (Fraction(254, 10000), 0, "meter"), (Fraction("1609.344"), 0, "meter"), (Fraction("0.45359237"), 0, "kilogram"),
    ]  # fmt: skip
    acre, foot = in_base("acre"), in_base("foot**2")
    assert acre is not None and foot is not None and acre[0] == 43560 * foot[0]
