"""Extraction rules on replies as models write them, and on anything at all."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from wethink_assets.evaluation.grading.rules import (
    contains_answer,
    letters_of,
    list_of,
    option_of,
    short_answer,
    yes_or_no,
)

OPTIONS = {"A": "red circle", "B": "blue square", "C": "green"}


@pytest.mark.parametrize(
    ("reply", "letter"),
    [
        ("B", "B"),
        ("(B)", "B"),
        ("B.", "B"),
        ("The answer is B", "B"),
        ("The correct answer is **C**. Here is why: A was moved and so on and on and on", "C"),
        ("blue square", "B"),
        ("It is the Blue Square", "B"),
        ("A or B", None),
        ("red circle and green", None),
        ("D", None),
        ("Z", "Z"),
        ("Cannot determine the answer", "Z"),
        ("b", None),
        ("", None),
    ],
)
def test_option(reply: str, letter: str | None) -> None:
    assert option_of(reply, OPTIONS) == letter


def test_a_letter_early_in_a_long_reply_does_not_decide() -> None:
    assert option_of("B is what one may think at first sight of the picture", {"A": "left", "B": "right"}) is None


@pytest.mark.parametrize(
    ("reply", "word"),
    [
        ("Yes", "Yes"), ("yes.", "Yes"), ("No, it does not", "No"), ("Yes/No", None), ("maybe", None), ("I know.", None),
        ("The answer is: yes!", "Yes"), ("", None), ("(no)", "No"), ("1,000 times no", "No"),
    ],
)  # fmt: skip
def test_yes_or_no(reply: str, word: str | None) -> None:
    assert yes_or_no(reply) == word


@pytest.mark.parametrize(
    ("reply", "letters"),
    [("B", "b"), ("C, A", "ac"), ("A and D.", "ad"), ("BD", "bd"), ("the B one", None), ("", None)],
)
def test_letters(reply: str, letters: str | None) -> None:
    assert letters_of(reply) == letters


def test_ocr_counts_an_answer_that_occurs_in_the_reply() -> None:
    assert contains_answer("It says HELLO\nWorld.", ["hello world"], formula=False)
    assert not contains_answer("hell", ["hello"], formula=False)
    assert contains_answer("x ^ {2} + 1", ["x^{2}+1"], formula=True) and not contains_answer(
        "X^{2}+1", ["x^{2}+1"], formula=True
    )


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("3.250", "float", 3.25), ("3.25 metres", "float", 3.25), ("about 3", "float", None), ("nan", "float", None), ("inf", "float", None),
        ("b", "multiple choice", "B"), ("(C)", "multiple choice", "C"), ("none", "multiple choice", "E"), ("A or B", "multiple choice", None),
        ("even", "text", "even"), ("", "text", None),
    ],
)  # fmt: skip
def test_short_answer(text: str, kind: str, value: object) -> None:
    # `none` counts as E because it holds that letter and no other: so VLMEvalKit counts it, and the score must be the same.
    assert short_answer(text, kind) == value


def test_short_answer_reads_multiples_of_pi() -> None:
    assert short_answer("2π", "float") == pytest.approx(6.283185307)


def test_lists_are_read_and_never_run() -> None:
    assert (
        list_of("['a', 'b']") == ["a", "b"]
        and list_of("plain") == ["plain"]
        and list_of(None) == []
        and list_of("[]") == []
    )
    assert list_of("__import__('os').getcwd()") == ["__import__('os').getcwd()"]


@given(st.text(max_size=300) | st.text("[]{}(),:'1a-+*. ", max_size=60))
@example("{{{}}}")
@example("{[]: 1}")
@example("[" * 5000)
def test_no_reply_breaks_a_rule(reply: str) -> None:
    assert option_of(reply, OPTIONS) in {"A", "B", "C", "Z", None}
    assert yes_or_no(reply) in {"Yes", "No", None}
    letters_of(reply)
    list_of(reply)
    for kind in ("float", "multiple choice", "text"):
        short_answer(reply, kind)
