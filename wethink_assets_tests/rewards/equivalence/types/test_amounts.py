"""Numbers, percentages, money and quantities: one value has one key, two values have two, and what a lenient comparison takes beyond."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wethink_assets.rewards.equivalence.comparison import lenient, read, strict
from wethink_assets.rewards.equivalence.reading import Allowed, Asked, Comparable, Written, asked_of
from wethink_assets.rewards.equivalence.types.amounts import (
    NUMBER,
    alike,
    read_money,
    read_number,
    read_percentage,
    read_quantity,
)

NOTHING = Asked()
ANGLE, PRICE = "How large is angle A?", "What is the price in euros?"


@pytest.mark.parametrize(
    ("one", "other", "question"),
    [
        ("20%", "twenty percent", None),
        ("20\\%", "20 per cent", None),
        ("5\u2030", "0.5%", None),
        ("$0.50", "50 cents", None),
        ("$1.2M", "$1,200,000", None),
        ("5 dollars and 50 cents", "$5.50", None),
        ("\u20ac3,50", "3.50 euros", None),
        ("-$5", "$-5", None),
        ("US$5", "5 USD", None),
        ("5 km", "5,000 m", None),
        ("5'3\"", "63 inches", None),
        ("5 ft 3 in", "5 feet 3 inches", None),
        ("45\u00b030'", "45.5\u00b0", None),
        ("0 \u00b0C", "32 \u00b0F", None),
        ("9.8 m/s^2", "980 cm/s\u00b2", None),
        ("2\\text{ cm}^2", "2 sq cm", None),
        ("half a mile", "0.5 miles", None),
        ("5 KM", "5 km", None),
        ("10k", "10,000", None),
        ("2.5M", "2,500,000", None),
        ("five (5)", "5", None),
        ("third", "3rd", None),
        ("5 units", "5", None),
        ("90", "90\u00b0", ANGLE),
        ("2.10", "\u20ac2.1", PRICE),
        ("11.8", "11.8 in", "How many inches are 30 cm?"),
        ("3 circles", "three", "How many circles?"),
        ("none", "0", "How many dogs are there?"),
        ("3rd floor", "3", "Which floor is it on?"),
        ("20 C", "20\u00b0", "What is the temperature in Celsius?"),
        ("20% of the shapes", "20", "What percentage of the shapes is red?"),
        ("3x", "3 times", "How many times larger is it?"),
        ("twice", "2", "How many times?"),
    ],
)
def test_one_value_has_one_key(one: str, other: str, question: str | None) -> None:
    assert strict(one, other, question) == "math"


@pytest.mark.parametrize(
    ("one", "other", "question"),
    [
        ("\\frac{1}{2^{80}}", "0", None),
        ("1e-9", "0", None),
        ("10\u00b2", "102", None),
        ("01234", "1234", None),
        ("007", "7", None),
        ("3rd", "3", None),
        ("$0.20", "20%", None),
        ("$5", "5", None),
        ("A$5", "$5", None),
        ("$5", "\u20ac5", None),
        ("$5 per hour", "$5 per day", None),
        ("5 mW", "5 MW", None),
        ("90\u00b0", "90 cm", ANGLE),
        ("90\u00b0", "90", None),
        ("11.8", "11.8 cm", "How many inches are 30 cm?"),
        ("5 N\u00b7m", "5 J", None),
        ("5 km", "5", None),
        ("12 units", "12 square units", None),
        ("-5", "5", None),
        ("1.234", "1,234", None),
        ("4!", "4", None),
        ("5", "about 5", None),
        ("5", "5+", None),
        ("5", ">5", None),
        ("1/3", "0.33", None),
        ("1 mile", "1.7 km", None),
        ("7", "7 pears", "How many apples are there?"),
        ("2/4", "3/6", "Which time signature is shown?"),
        ("120/80", "3/2", "What is the blood pressure?"),
        ("20%", "0.2", "What percentage is red?"),
        ("20 \u00b0C", "68\u00b0", "What is the temperature?"),
        ("5", "$5", "How heavy is it?"),
        ("1234.5", "1234.52", None),
        ("5 mb", "5 Gbit", None),
    ],
)
def test_two_values_are_never_the_same(one: str, other: str, question: str | None) -> None:
    assert strict(one, other, question) is None
    assert lenient(one, other, question) is None and lenient(other, one, question) is None


@pytest.mark.parametrize(
    ("gold", "candidate", "question"),
    [
        ("1/3", "0.3333", None),
        ("3.14159265", "3.1416", None),
        ("1 mile", "1.609 km", None),
        ("5 pounds", "\u00a35", None),
        ("12 oz", "12 fl oz", None),
        ("512 mb", "512 MB", None),
        ("5 tons", "5 tonnes", None),
        ("5 m", "5 m long", None),
        ("12", "12 square units", None),
        ("10/2", "5", None),
        ("3", "3 red circles", "How many circles are there?"),
        ("$5", "5", "What is the price?"),
        ("$5 per hour", "$5", "What is the wage per hour?"),
        ("20%", "0.2", "What proportion of people agree?"),
        ("20%", "1/5", "What percentage is red?"),
        ("20 \u00b0C", "20\u00b0", "What is the temperature?"),
        ("5 million", "5", "How many million people live there?"),
        ("90\u00b0", "90", "The angle at A is 90\u00b0 less than a turn. Which is it?"),
        ("3.14", "3,14", None),
    ],
)
def test_lenient_takes_more(gold: str, candidate: str, question: str | None) -> None:
    assert lenient(gold, candidate, question) == "math"


@pytest.mark.parametrize(
    ("gold", "candidate", "question", "right"),
    [
        ("100", "104", "What is the value of the bar?", True),
        ("100", "106", "What is the value of the bar?", False),
        ("2014", "2015", "In which year?", False),
        ("2014", "2015", None, False),
        ("100", "101", "How many dogs are there?", False),
        ("0", "0.01", "What is the value?", False),
        ("-100", "-104", None, True),
        ("100", "-100", None, False),
        ("20%", "20.5%", None, True),
        ("20 \u00b0C", "24 \u00b0C", None, False),
        ("$100", "$104", None, True),
        ("5 km", "5.1 km", None, True),
        ("5 km", "5.1 kg", None, False),
        ("$100", "\u20ac100", None, False),
    ],
)
def test_a_tolerance_is_relative_to_the_true_value(
    gold: str, candidate: str, question: str | None, *, right: bool
) -> None:
    assert (lenient(gold, candidate, question, Allowed(tolerance=0.05)) is not None) is right


@pytest.mark.parametrize(
    "text",
    ["dogs", "A-", "Na+", "no one", "No. 1", "3-1", "4!", "5 or 6", "~5", "12:30", "x+1", "", "1.2.3", "$", "%", "-"],
)
def test_what_is_no_amount(text: str) -> None:
    written = Written(text)
    for reader in (read_percentage, read_money, read_quantity, read_number):
        assert reader(written, NOTHING) is None


def forms_of_number(value: Fraction) -> list[str]:
    """Ways to write a decimal of two digits or less behind the point."""
    plain = format(Decimal(value.numerator) / Decimal(value.denominator), "f")
    forms = [
        plain,
        f"{plain} ",
        f"${plain}$",
        f"\\boxed{{{plain}}}",
        f"\\frac{{{value.numerator}}}{{{value.denominator}}}",
    ]
    if value >= 1000:
        forms.append(f"{value.numerator // value.denominator:,}{plain[plain.index('.') :] if '.' in plain else ''}")
    if value < 0:
        forms.append(f"\u2212{plain[1:]}")
    return forms


values = st.integers(-10_000_000, 10_000_000).map(lambda cents: Fraction(cents, 100))
units = st.sampled_from(
    [
        "%",
        " percent",
        " km",
        " kg",
        " USD",
        " \u20ac",
        " mW",
        " MW",
        "\u00b0",
        " \u00b0C",
        " GB",
        " ft",
        " m/s",
        " cm^2",
    ]
)


@given(values, values, st.data())
def test_numbers_have_one_key_exactly_if_they_are_equal(one: Fraction, other: Fraction, data: st.DataObject) -> None:
    first, second = (data.draw(st.sampled_from(forms_of_number(value))) for value in (one, other))
    assert (strict(first, second) is not None) is (one == other)
    assert strict(first, data.draw(st.sampled_from(forms_of_number(one)))) == "math"


@given(values.filter(lambda value: value != 0), values, units, units, st.data())
def test_values_with_unit_have_one_key_exactly_if_they_are_equal(
    one: Fraction, other: Fraction, unit: str, another: str, data: st.DataObject
) -> None:
    first, again = (
        f"{forms_of_number(one)[0]}{unit}",
        f"{data.draw(st.sampled_from(forms_of_number(one)[-1:]))}{unit}",
    )
    second = f"{forms_of_number(other)[0]}{unit}"
    assert strict(first, second) == ("math" if one == other else None)
    assert strict(first, again) == "math"
    if unit.replace(" percent", "%") != another.replace(" percent", "%"):
        same = {unit, another} == {" mW", " MW"} and one == 0
        assert (strict(first, f"{forms_of_number(one)[0]}{another}") is not None) is same


@given(st.integers(1, 10**9), st.integers(1, 10**9))
def test_leniency_is_none_between_whole_numbers(one: int, other: int) -> None:
    gold, candidate = read(str(one), NOTHING), read(f"{other:,}", NOTHING)
    assert gold is not None and candidate is not None
    assert alike(gold, candidate, NOTHING, Allowed()) is (one == other)


@given(
    st.text(max_size=80),
    st.sampled_from(["", ANGLE, PRICE, "How many red dogs are there?", "What percentage?", "Which floor?"]),
)
def test_nothing_raises(text: str, question: str) -> None:
    written, asked = Written(text), asked_of(question)
    for reader in (read_percentage, read_money, read_quantity, read_number):
        reading = reader(written, asked)
        if reading is not None:
            assert (
                reading.key
                and alike(Comparable(written, reading), Comparable(written, reading), asked, Allowed(tolerance=0.05))
                is True
            )


def test_an_amount_beside_what_is_none() -> None:
    gold, text = read("5 km", NOTHING), read("a dog", NOTHING)
    assert gold is not None and text is not None
    assert not NUMBER.alike(gold, text, NOTHING, Allowed(tolerance=0.5)) and not NUMBER.alike(
        text, gold, NOTHING, Allowed()
    )
