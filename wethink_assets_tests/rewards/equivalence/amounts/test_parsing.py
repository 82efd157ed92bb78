"""Amounts as a whole: kinds, what the question makes of a bare number, and texts that are none."""

from fractions import Fraction

import pytest

from wethink_assets.rewards.equivalence.amounts.parsing import amount_in, number_of
from wethink_assets.rewards.equivalence.reading import Asked, asked_of


@pytest.mark.parametrize(
    ("text", "question", "kind", "key"),
    [
        ("five (5)", None, "number", "5"),
        ("(-5)", None, "number", "-5"),
        ("007", None, "number", "007 as written"),
        ("10/2", "What is 10/2?", "number", "5"),
        ("3 red circles", "How many circles are there?", "number", "3 red"),
        ("no dogs", "How many dogs are there?", "number", "0"),
        ("Floor 3", "Which floor is it on?", "number", "3"),
        ("3 out of 5", "What fraction is red?", "number", "3/5"),
        ("5 million people", "What is the population?", "number", "5000000"),
        ("20", "What percentage is red?", "percentage", "20"),
        ("1/5", "What percentage is red?", "number", "1/5"),
        ("5m", "How many dollars is it?", "money", "5000000 USD"),
        ("20\u00b0", "What is the temperature in Celsius?", "quantity", "5863/20 kelvin"),
        ("90", "How large is angle A?", "quantity", "90 degree"),
    ],
)
def test_kinds(text: str, question: str | None, kind: str, key: str) -> None:
    amount = amount_in(text, asked_of(question))
    assert amount is not None and (amount.kind, amount.key) == (kind, key)


@pytest.mark.parametrize(
    ("text", "question"),
    [
        ("five (6)", None),
        ("3 circles", None),
        ("3 squares", "How many circles are there?"),
        ("5 men", "Are there more men or women, and how many?"),
        ("20% of men", "What percentage of men or women agree?"),
        ("2/4", "Which time signature is shown?"),
        ("3x", None),
        ("no dogs", None),
        ("1,2", None),
        ("($5)", None),
    ],
)
def test_no_amount(text: str, question: str | None) -> None:
    assert amount_in(text, asked_of(question)) is None


def test_the_number_of_a_text() -> None:
    texts = ["2.5 million", "12%", "**$5**", "\\boxed{\\frac{1}{2}}", "third", "5 km", "two dogs"]
    assert [number_of(text) for text in texts] == [2_500_000, Fraction(3, 25), 5, Fraction(1, 2), None, None, None]


def test_long_texts_are_no_amounts() -> None:
    assert amount_in("1" * 400, Asked()) is not None and amount_in("1" * 401, Asked()) is None
