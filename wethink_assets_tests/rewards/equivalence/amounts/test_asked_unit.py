"""The unit that a question asks for, and units that it only mentions."""

import pytest

from wethink_assets.rewards.equivalence.amounts.asked_unit import asked_unit
from wethink_assets.rewards.equivalence.reading import asked_of


@pytest.mark.parametrize(
    ("question", "unit"),
    [
        ("How many inches are 30 cm?", "inch"),
        ("How long is the bar in cm?", "centimeter"),
        ("Convert 3 m in feet, then give it in inches.", "inch"),
        ("How many kilometers per hour?", "kilometer/hour"),
        ("Find the area in cm\u00b2.", "centimeter**2"),
        ("What is the weight (in kg)?", "kilogram"),
        ("What is the length (cm)?", "centimeter"),
        ("What is the length in m?", "meter"),
        ("How many liters of water are in the tank?", "liter"),
        ("How large is angle A?", "degree"),
        ("Find m\u2220ABC.", "degree"),
        ("If \u2220A=50\u00b0, then \u2220B is ( )", "degree"),
        ("What is angle B in radians?", "radian"),
        ("What is the temperature in Celsius?", "degC"),
        ("What percentage of people like tea?", "%"),
        ("How many percent?", "%"),
        ("What share in %?", "%"),
        ("What is the price in euros?", "EUR"),
        ("How many cents?", "USD"),
        ("To the nearest dollar, how much is it?", "USD"),
        ("What is the price in pounds?", "GBP"),
        ("How heavy is it in pounds?", "pound"),
        ("What is the revenue in million dollars?", "USD"),
    ],
)
def test_a_unit_is_asked_for(question: str, unit: str) -> None:
    asked = asked_unit(asked_of(question))
    assert asked is not None and asked.unit == unit


@pytest.mark.parametrize(
    "question",
    [
        "How many dogs are 30 cm high?",
        "Who is in the US?",
        "If 20% of 50 people left, how many people remain?",
        "What is the value in 2010?",
        "How many children play in yard 5?",
        "How many right angles are there?",
        "Which year had the highest percentage?",
        "A 5 cm line is shown. What is it?",
        "How many minutes?",
        "",
        "How many degrees of freedom and how many in cups?",
    ],
)
def test_no_unit_is_asked_for(question: str) -> None:
    assert asked_unit(asked_of(question)) is None


def test_cents_are_parts_of_a_currency() -> None:
    cents, dollars = asked_unit(asked_of("How many cents is it?")), asked_unit(asked_of("How many dollars is it?"))
    assert cents is not None and dollars is not None and cents.part * 100 == dollars.part
