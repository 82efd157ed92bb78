"""Mathematics out of its sentence."""

import pytest

from wethink_assets.rewards.equivalence.mathematics.wording import mathematics_in


@pytest.mark.parametrize(
    ("text", "inner"),
    [
        ("Therefore $x \\geq 5$ is the solution.", "x \\geq 5"),
        ("So the answer is \\boxed{\\frac{1}{2}}.", "\\frac{1}{2}"),
        ("\\boxed{5}", "5"),
        ("\\boxed{1}\\boxed{2}", "1, 2"),
        ("$\\boxed{28}$ pct", "28 pct"),
        ("\\[ x = 3 \\]", " x = 3 "),
        ("$125$ miles", "125 miles"),
        ("Thus \\( x = 2 \\)", "x = 2"),
    ],
)
def test_words_that_say_nothing_are_taken_off(text: str, inner: str) -> None:
    assert mathematics_in(text) == inner


@pytest.mark.parametrize(
    "text",
    [
        "$5 and $6",
        "It is not $5$.",
        "It is not \\boxed{5}.",
        "between $3$ and 4",
        "$20",
        "\\boxed{",
        "Either $x$ or not",
    ],
)
def test_what_says_something_is_kept(text: str) -> None:
    assert mathematics_in(text) == text
