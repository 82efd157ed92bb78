"""Currencies before and after an amount."""

import pytest

from wethink_assets.rewards.equivalence.amounts.currencies import currency_named, joint_currency, leading_currency


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("$5", "USD"),
        ("US$5", "USD"),
        ("A$5", "AUD"),
        ("USD 5", "USD"),
        ("EUR5", "EUR"),
        ("Rs. 500", "INR"),
        ("\u20b9500", "INR"),
        ("-$5", "USD"),
        ("CHF 5", "CHF"),
    ],
)
def test_before(text: str, code: str) -> None:
    before = leading_currency(text)
    assert before is not None and before[0] == code


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("dollars", "USD"),
        ("EUR", "EUR"),
        ("\u20ac", "EUR"),
        ("yen", "JPY"),
        ("\u00a2", "USD"),
        ("pence", "GBP"),
        ("Canadian dollars", "CAD"),
    ],
)
def test_after(text: str, code: str) -> None:
    after = currency_named(text)
    assert after is not None and after[0] == code


@pytest.mark.parametrize("text", ["", "dogs", "won", "try", "all", "pounds", "c", "Cad"])
def test_words_are_no_currencies(text: str) -> None:
    assert currency_named(text) is None


def test_a_dollar_sign_takes_the_country_from_the_code_behind() -> None:
    assert (joint_currency("USD", "CAD"), joint_currency("EUR", "EUR"), joint_currency("EUR", "USD")) == (
        "CAD",
        "EUR",
        None,
    )
