"""Scores, ratios and dimensions: order counts, nothing is calculated."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wethink_assets.rewards.equivalence.comparison import lenient, strict
from wethink_assets_tests.support.answer_readings import kind_and_key

SCORE, RATIO, SIZE = "What was the final score?", "What is the ratio of cats to dogs?", "What is the resolution?"
PAIR = st.tuples(st.integers(0, 120), st.integers(0, 120))
SIDES = st.lists(st.integers(1, 4000), min_size=2, max_size=3).map(tuple)


@settings(deadline=None)
@given(
    PAIR,
    PAIR,
    st.sampled_from(["{}-{}", "{}:{}", "{} to {}", "{}\u2013{}", "{} : {}", "won {}-{}"]),
    st.sampled_from(["{}-{}", "{} - {}"]),
)
def test_scores(one: tuple[int, int], other: tuple[int, int], form: str, second: str) -> None:
    assert (lenient(form.format(*one), second.format(*other), SCORE) is not None) == (one == other)
    assert (strict(second.format(*one), form.format(*other), SCORE) is not None) == (one == other)


@settings(deadline=None)
@given(PAIR, PAIR)
def test_scores_without_a_question(one: tuple[int, int], other: tuple[int, int]) -> None:
    assert (lenient("{}-{}".format(*one), "{}\u2013{}".format(*other)) is not None) == (one == other)


@pytest.mark.parametrize(("one", "other"), [("4-3", "1"), ("3-1", "1-3"), ("3-1", "2-0"), ("3-1", "3:1"), ("2-2", "0")])
def test_a_score_is_no_difference(one: str, other: str) -> None:
    assert lenient(one, other) is None
    assert lenient(other, one) is None


def test_sets_and_records() -> None:
    assert strict("6-4, 7-5", "6\u20134 7\u20135", "What was the score of the match?")
    assert strict("6-4, 7-5", "7-5, 6-4", "What was the score of the match?") is None
    assert kind_and_key("10-6-2", "What is the team's record?") == ("score", "10-6-2")
    assert strict("8/10", "8 out of 10", "What was the score?")
    assert strict("8/10", "4/5", "What was the score?") is None


@settings(deadline=None)
@given(PAIR, PAIR, st.sampled_from(["{}:{}", "{} : {}", "{} to {}", "{}-to-{}"]))
def test_ratios(one: tuple[int, int], other: tuple[int, int], form: str) -> None:
    assert (lenient(form.format(*one), "{}:{}".format(*other), RATIO) is not None) == (one == other)


def test_a_ratio_may_be_written_as_a_fraction_of_its_numbers_where_it_is_asked_for() -> None:
    assert lenient("3:4", "3/4", RATIO)
    assert lenient("3:4", "3/4") is None
    assert lenient("6:8", "3/4", RATIO) is None
    assert strict("5/2", "5 to 2", "What are the odds?")


def test_a_ratio_is_not_reduced() -> None:
    assert strict("3:4", "6:8", RATIO) is None
    assert lenient("3:4", "4:3", RATIO) is None
    assert strict("1:50,000", "1 : 50000", "What is the scale of the map?")


@settings(deadline=None)
@given(
    SIDES,
    SIDES,
    st.sampled_from(["x", "\u00d7", " x ", " by ", " X ", " \\times "]),
    st.sampled_from(["x", " \u00d7 "]),
)
def test_dimensions(one: tuple[int, ...], other: tuple[int, ...], sign: str, second: str) -> None:
    first, last = sign.join(map(str, one)), second.join(map(str, other))
    assert (lenient(first, last, SIZE) is not None) == (one == other)
    assert (strict(first, last) is not None) == (one == other)


@pytest.mark.parametrize(
    "forms",
    [
        ["3 m x 4 m", "3x4 m", "3 m by 4 m", "3m \u00d7 4m"],
        ['2" x 4"', "2\u2033\u00d74\u2033", "2 x 4 inches"],
        ["800x600 pixels", "800 x 600 px", "800\u00d7600"],
    ],
)
def test_dimensions_with_units(forms: list[str]) -> None:
    assert len({kind_and_key(form) for form in forms}) == 1
    assert kind_and_key(forms[0])[0] == "dimensions"


def test_units_of_dimensions_count() -> None:
    assert strict("3 x 4 m", "3 x 4 cm") is None
    assert lenient("3 x 4", "3 x 4 m") is None
    assert lenient("3 x 4", "3 x 4 metres", "What are the dimensions of the room, in metres?")
    assert lenient("3x4", "12") is None


@pytest.mark.parametrize("text", ["2x", "3 \u00d7 10^8", "2\u00d73=6", "10x zoom"])
def test_what_is_no_dimension(text: str) -> None:
    assert kind_and_key(text)[0] != "dimensions"
