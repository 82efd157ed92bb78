"""Checks by rule on a reasoning path: what it gives away, and what it concludes."""

import pytest

from wethink_assets.synthesis.stages.path_filters import contradiction_in, leak_in

OPTIONS = ["blue", "red", "green"]


@pytest.mark.parametrize(
    ("path", "kind", "answer", "other"),
    [
        ("Option A is too small. So it is red, option B.", "MC", "B", None),
        ("It is red, so option B is right and option A is wrong.", "MC", "B", None),
        ("First A seemed right. The answer is B.", "MC", "B", None),
        ("The circle is red. So it is green.", "MC", "B", "option C"),
        ("The answer is (A).", "MC", "B", "option A"),
        ("The answer is A tall tree.", "MC", "B", None),
        ("The only choice: blue", "MC", "B", "option A"),
        ("3 + 4 = 7. So the answer is 7.", "FIB", "seven", None),
        ("The answer is 7.5.", "FIB", "7.5", None),
        ("The answer is 7.5.", "FIB", "7", "7.5"),
        ("The answer is the red one.", "FIB", "red", None),
        ("The answer is 3.", "DES", "It is four.", None),
    ],
)
def test_contradictions(path: str, kind: str, answer: str, other: str | None) -> None:
    assert contradiction_in(path, kind, OPTIONS, answer) == other


@pytest.mark.parametrize(
    "path", ["The sign gives a description of the route.", "The answer follows.", "I notice that he notes the time."]
)
def test_harmless_words_are_no_leak(path: str) -> None:
    assert leak_in(path) is None


@pytest.mark.parametrize(
    "path",
    ["According to the description, it is red.", "The notes say so.", "As given, the provided answer is B.", "The image description lists it.",
     "In the original reasoning it was two.", "As mentioned in the text above, no."],
)  # fmt: skip
def test_leaks_are_seen(path: str) -> None:
    assert leak_in(path)
