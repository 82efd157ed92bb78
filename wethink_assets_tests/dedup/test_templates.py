"""Templates of questions: what differs in numbers, names and quotations alone is one, whatever else differs is another."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wethink_assets.dedup.templates import question_template, template_keys


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("How many goals did Ada Byron score in 2015?", "How many goals did Zoë score in 1,998?"),
        ('Which is "left", A. red or B. blue?', "Which is “right”, A. green or B. grey?"),
        ("Which colour has the car, red or blue?", "which colour has the car: black, green or white?"),
        ("What is 3 + 4?", "What is 12.5 + -7?"),
        ("What is the angle ABC of the triangle?", "What is the angle PQR of the triangle?"),
    ],
)
def test_one_template(one: str, other: str) -> None:
    assert question_template(one) == question_template(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("How many goals were scored in 2015?", "How many points were scored in 2015?"),
        ("Is the left bar larger?", "Is the left bar not larger?"),
        ("What is 3 + 4?", "What is 3 - 4?"),
        ("What colour is the car?", "What colour was the car?"),
    ],
)
def test_two_templates(one: str, other: str) -> None:
    assert question_template(one) != question_template(other)


def test_a_template_is_of_a_kind_of_question() -> None:
    keys = template_keys(["MC", "FIB", "FIB"], ["How many in 2015?", "How many in 2015?", "How many in 1999?"])
    assert (keys[0] == keys[1], keys[1] == keys[2]) == (False, True)


@given(st.text())
def test_any_text_has_one(text: str) -> None:
    assert "\n" not in question_template(text).strip("\n") or "\n" in text
    assert len(template_keys(["FIB"], [text])) == 1
