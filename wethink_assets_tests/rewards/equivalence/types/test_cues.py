"""Cues of questions: what is asked for comes first."""

import pytest

from wethink_assets.rewards.equivalence.reading import asked_of
from wethink_assets.rewards.equivalence.types.cues import cues_of


@pytest.mark.parametrize(
    ("question", "head"),
    [
        ("What is the date on the invoice number 12?", "date"),
        ("What is the invoice number dated May 5?", "number"),
        ("Which number can be called?", "digits"),
        ("How many phone numbers are listed?", "amount"),
        ("What is the total on invoice number 12?", "amount"),
        ("At what time does flight BA 12 leave?", "time"),
        ("Which flight leaves at 3:30 pm?", "number"),
        ("Which time signature is shown?", "signature"),
        ("What was the final score?", "score"),
        ("What is the result of the match?", "score"),
        ("What is the ratio of the number of cats to that of dogs?", "ratio"),
        ("How long does the film last?", "duration"),
        ("In which year was version 2.10 released?", "date"),
        ("Which version was released in 2020?", "version"),
        ("What colour is the car?", ""),
        ("", ""),
    ],
)
def test_the_thing_asked_for(question: str, head: str) -> None:
    assert cues_of(asked_of(question)).head == head


@pytest.mark.parametrize(
    ("question", "unit"),
    [
        ("How many minutes does it take?", "minute"),
        ("How long does it take, in hours?", "hour"),
        ("What is the duration (in days)?", "day"),
        ("How old is he?", "year"),
        ("How many people lived there in years?", ""),
        ("How many year-end reports are there?", ""),
        ("How long does it take?", ""),
    ],
)
def test_the_unit_of_a_bare_number(question: str, unit: str) -> None:
    assert cues_of(asked_of(question)).unit == unit


@pytest.mark.parametrize(
    ("question", "arithmetic"),
    [
        ("What is 4-3?", True),
        ("Simplify the expression.", True),
        ("3 x 4 = ?", True),
        ("What was the score in 1990-1995?", False),
        ("Who won 3-1?", False),
    ],
)
def test_arithmetic(question: str, arithmetic: bool) -> None:
    assert cues_of(asked_of(question)).arithmetic is arithmetic
