"""Amounts with a currency or unit: rates, parts of a currency, several units, symbols of two meanings."""

import pytest

from wethink_assets.rewards.equivalence.amounts.parsing import amount_in
from wethink_assets.rewards.equivalence.reading import asked_of


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("$5 per hour", "5 USD/hour"),
        ("5 dollars an hour", "5 USD/hour"),
        ("$5/hr", "5 USD/hour"),
        ("$5 CAD", "5 CAD"),
        ("50p", "1/2 GBP"),
        ("\u00a31.2m", "1200000 GBP"),
        ("5k dollars", "5000 USD"),
        ("5'3\"", "8001/5000 meter"),
        ("6'2", "4699/2500 meter"),
        ("3 lb 4 oz", "589670081/400000000 kilogram"),
        ("45\u00b030'15\"", "10921/240 degree"),
        ("5 gb", "5 ?gb"),
        ("5 m long", "5 meter long"),
        ("12 square units", "12 unit 2"),
    ],
)
def test_keys(text: str, key: str) -> None:
    amount = amount_in(text, asked_of(None))
    assert amount is not None and amount.key == key


@pytest.mark.parametrize(
    "text",
    [
        "\u20ac5 USD",
        "5 m 3 kg",
        "5 cm 3 m",
        "3\u00b2x",
        "5 hands",
        "$5-10",
        "$5+",
        "5 km or so",
        "$1/2",
        "5 dollars or 6",
    ],
)
def test_what_contradicts_itself_is_no_amount(text: str) -> None:
    assert amount_in(text, asked_of(None)) is None


def test_what_the_question_says_is_no_part_of_the_key() -> None:
    wage, length = asked_of("What is the wage per hour?"), asked_of("How long is the bar?")
    paid, bar = amount_in("$5 per hour", wage), amount_in("5 m long", length)
    assert paid is not None and bar is not None and (paid.key, bar.key) == ("5 USD", "5 meter")
