"""Cues of mathematics in answers and questions."""

import pytest

from wethink_assets.rewards.equivalence.mathematics.cues import (
    asks_for_equation,
    asks_for_interval,
    asks_for_mathematics,
    asks_for_point,
    is_clear,
    names,
)
from wethink_assets.rewards.equivalence.reading import asked_of


@pytest.mark.parametrize(
    "text",
    [
        "2\\sqrt{3}",
        "2x + 1",
        "x^2",
        "x+y",
        "2x-3",
        "3(x+1)",
        "(x-2)(x+2)",
        "x/2",
        "4!",
        "1+2i",
        "√3",
        "3π",
        "12pi",
        "sqrt(3)",
        "x<3",
        "|x|",
    ],
)
def test_signs_that_nothing_else_has_are_mathematics(text: str) -> None:
    assert is_clear(text)


@pytest.mark.parametrize(
    "text",
    [
        "3-1",
        "2/4",
        "t-shirt",
        "A-12",
        "2a-3a",
        "a-b",
        "n/a",
        "A+",
        "C++",
        "Wow!",
        "12A-12F",
        "x-ray",
        "B-52",
        "AC/DC",
        "24/7",
        "red (dark)",
        "5 x 3",
        "H2O",
    ],
)
def test_hyphens_slashes_and_crosses_are_none(text: str) -> None:
    assert not is_clear(text)


@pytest.mark.parametrize(
    ("question", "asks"),
    [
        ("What is 4-3?", True),
        ("Evaluate the sum.", True),
        ("Simplify the expression.", True),
        ("What is the score?", False),
        ("Calculate the ratio of cats to dogs.", False),
        ("What is the facial expression of the man?", False),
        ("What is the expression on her face?", False),
        (None, False),
    ],
)
def test_a_question_asks_for_mathematics_by_its_verbs_or_its_own_arithmetic(question: str | None, asks: bool) -> None:
    assert asks_for_mathematics(asked_of(question)) is asks


def test_points_intervals_and_equations_are_told_by_nouns() -> None:
    assert asks_for_interval(asked_of("On which interval is f increasing?"))
    assert asks_for_point(asked_of("At which point do they meet?"))
    assert not asks_for_interval(asked_of("What are the coordinates of A?"))
    assert asks_for_equation(asked_of("What is the equation of the line?"))
    assert not asks_for_equation(asked_of("Solve the equation for x."))


def test_a_name_is_a_word_of_its_own() -> None:
    asked = asked_of("How long is AB if \\angle A is x?")
    assert [names(asked, name) for name in ("AB", "x", "\u2220A", "B", "f")] == [True, True, True, False, False]
