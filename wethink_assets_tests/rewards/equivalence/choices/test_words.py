"""Words around a choice."""

import pytest

from wethink_assets.rewards.equivalence.choices.words import denied, ends, leads, only_signs


@pytest.mark.parametrize(
    "text",
    [
        "",
        "So the answer is ",
        "I'd go with option ",
        "\u6b63\u786e\u7b54\u6848\u662f",
        "La respuesta correcta es ",
        "It's ",
    ],
)
def test_words_that_lead_to_a_choice(text: str) -> None:
    assert leads(text)


@pytest.mark.parametrize(
    "text",
    ["not ", "The answer is not ", "I don't choose ", "anything but ", "The car is ", "2 ", "\u4e0d\u9009", "maybe "],
)
def test_words_that_do_not(text: str) -> None:
    assert not leads(text)


@pytest.mark.parametrize(
    ("text", "confirms"),
    [(" is correct.", True), (" it is", True), (" is wrong", False), (" is the second best", False), (" or C", False)],
)
def test_words_that_confirm_a_choice(text: str, confirms: bool) -> None:
    assert ends(text) == confirms


def test_denials_and_signs() -> None:
    assert denied("is wrong")
    assert denied("isn't it")
    assert not denied("is the one")
    assert only_signs("\u9879")
    assert not only_signs("\u72d7")
