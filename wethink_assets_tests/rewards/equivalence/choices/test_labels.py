"""Labels in a text: letters that stand for options, and those that do not."""

import pytest

from wethink_assets.rewards.equivalence.choices.labels import bare, labels, mentions


@pytest.mark.parametrize(
    ("text", "letters"),
    [
        ("B", "B"), ("(b) blue", "B"), ("the answer is b.", "B"), ("A or B", "AB"), ("I think B", "B"), ("option I", "I"), ("a dog", ""),
        ("T-x", ""),
        ("A/B", ""), ("AB", ""), ("B2", ""), ("C++", ""), ("C#", ""), ("A+", ""), ("B's", ""), ("U.S.A.", ""), ("[C]", "C"), ("B: blue", "B"),
    ],
)  # fmt: skip
def test_letters_that_are_labels(text: str, letters: str) -> None:
    assert "".join(label.letter for label in labels(text)) == letters


def test_an_article_is_marked_as_one() -> None:
    assert labels("A dog")[0].article
    assert not labels("A is correct")[0].article


@pytest.mark.parametrize(
    ("text", "apart"),
    [("B. blue", True), ("(B) blue", True), ("B blue", False), ("B-blue", False), ("B - blue", True), ("B", True)],
)
def test_a_sign_parts_a_letter_from_what_follows(text: str, apart: bool) -> None:
    assert labels(text)[0].set_apart(text) == apart


def test_other_letters_that_a_text_mentions() -> None:
    assert mentions("blue, or C", "B", "ABCD")
    assert mentions("(c)", "B", "ABCD")
    assert not mentions("B is right", "B", "ABCD")
    assert not mentions("vitamin K", "B", "ABCD")


@pytest.mark.parametrize(
    ("text", "inner"), [(". (blue).", "blue"), (" \\sqrt{3}.", "\\sqrt{3}"), (") f(x)", "f(x)"), ("]", ""), (" - ", "")]
)
def test_what_follows_a_label_without_its_signs(text: str, inner: str) -> None:
    assert bare(text) == inner
