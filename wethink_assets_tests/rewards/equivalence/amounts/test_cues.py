"""Cues of a question for amounts."""

import pytest

from wethink_assets.rewards.equivalence.amounts import cues
from wethink_assets.rewards.equivalence.reading import asked_of


@pytest.mark.parametrize(
    ("question", "nouns"),
    [
        ("How many red circles are there?", {"red", "circle"}),
        ("How many people live here?", {"person", "live", "here"}),
        ("How many dogs or cats are there?", set()),
        ("What is the number of boxes in it?", {"box"}),
        ("Which colour is it?", None),
    ],
)
def test_what_is_counted(question: str, nouns: set[str] | None) -> None:
    assert cues.counted_nouns(asked_of(question)) == nouns


@pytest.mark.parametrize(
    ("question", "code"),
    [
        ("Which time signature is shown?", True),
        ("What date is printed?", True),
        ("What fraction of the cake is left?", False),
        ("What is x?", False),
        ("", False),
    ],
)
def test_a_slash_may_be_of_a_code(question: str, code: bool) -> None:
    assert cues.slash_is_code(asked_of(question)) is code


def test_pounds_are_weighed_or_paid() -> None:
    assert cues.pounds_are_money(asked_of("What does it cost?")) and not cues.pounds_are_money(
        asked_of("How much does it weigh?")
    )


def test_scale() -> None:
    assert [
        cues.asked_scale(asked_of(text))
        for text in ("How many million people?", "Revenue in billions?", "How many people?")
    ] == [10**6, 10**9, 1]
