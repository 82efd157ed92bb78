"""Points and intervals: which brackets are which, and what never equals what."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wethink_assets.rewards.equivalence.comparison import lenient, read, strict
from wethink_assets.rewards.equivalence.reading import Asked, asked_of

INTERVAL = "On which interval is f increasing?"
POINT = "At which point do the lines meet?"
DOMAIN = "What is the domain of f?"
NUMBERS = st.fractions(min_value=-50, max_value=50, max_denominator=12)


@pytest.mark.parametrize(
    ("first", "second", "question"),
    [
        ("(0, 3)", "\\left(0,3\\right)", POINT),
        ("(0;3)", "(0,3)", None),
        ("(1/2, 3)", "(0.5, 3.0)", POINT),
        ("(x,y)=(3,2)", "(3,2)", None),
        ("\\langle 1, 2, 3\\rangle", "(1, 2, 3)", None),
        ("A(1,2)", "(1,2)", "What are the coordinates of A?"),
        ("]0,3[", "(0,3)", INTERVAL),
        ("1<x<3", "(1,3)", INTERVAL),
        ("x \\in (1,3)", "(1,3)", INTERVAL),
        ("(-\\infty,0)\\cup(2,\\infty)", "(2,\\infty)\\cup(-\\infty,0)", None),
        ("x<0 or x>2", "(-∞,0) ∪ (2,∞)", "What is the solution set of the inequality?"),
        ("all real numbers", "\\mathbb{R}", DOMAIN),
        ("x ≠ 2", "(-\\infty,2)\\cup(2,\\infty)", DOMAIN),
        ("(0,2) \\cup (1,3)", "(0,3)", INTERVAL),
        ("|x| < 2", "(-2, 2)", INTERVAL),
        ("{x : x > 3}", "(3, ∞)", "What is the solution set of the inequality?"),
    ],
)
def test_one_value_in_two_forms_has_one_key(first: str, second: str, question: str | None) -> None:
    assert strict(first, second, question) == "math"


@pytest.mark.parametrize("question", [None, INTERVAL, POINT, DOMAIN])
@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("(0,3)", "[0,3]"),
        ("(0,3)", "(0,3]"),
        ("(0,3)", "(3,0)"),
        ("(-\\infty,1]", "(-\\infty,1)"),
        ("(0,3)", "(0,-3)"),
        ("[0,1] \\cup [2,3]", "[0,3]"),
        ("(1,2,3)", "(1,2)"),
        ("A(1,2)", "B(1,2)"),
        ("x<3", "x>3"),
    ],
)
def test_different_values_are_never_right(first: str, second: str, question: str | None) -> None:
    assert lenient(first, second, question) is None
    assert lenient(second, first, question) is None


def test_the_question_tells_a_point_from_an_interval() -> None:
    kinds = [read("(0,3)", asked_of(question)) for question in (None, POINT, INTERVAL)]
    assert [kind.reading.type for kind in kinds if kind] == ["point", "point", "interval"]


@pytest.mark.parametrize(
    ("gold", "candidate", "question"),
    [
        ("(3,5)", "3, 5", "What are the coordinates of the vertex?"),
        ("(3,5)", "x = 3, y = 5", "What are the coordinates of the vertex?"),
        ("(1/3, 2)", "(0.3333, 2)", POINT),
        ("1<x<3", "(1,3)", None),
        ("(1,3)", "1<x<3", None),
        ("(\\frac{3}{5},\\frac{8}{3}]", "(0.6,2.6667]", None),
        ("(1,2)", "A(1,2)", None),
    ],
)
def test_lenient_takes_roundings_and_other_ways_to_say_it(gold: str, candidate: str, question: str | None) -> None:
    assert lenient(gold, candidate, question) == "math"


@settings(deadline=None, max_examples=150)
@given(NUMBERS, NUMBERS, NUMBERS, NUMBERS)
def test_points_are_the_same_exactly_if_their_coordinates_are(
    a: Fraction, b: Fraction, c: Fraction, d: Fraction
) -> None:
    same = strict(f"({a}, {b})", f"({c},{d})", POINT) is not None
    assert same == ((a, b) == (c, d))


@settings(deadline=None, max_examples=150)
@given(NUMBERS, NUMBERS, st.sampled_from("(["), st.sampled_from(")]"), st.sampled_from("(["), st.sampled_from(")]"))
def test_the_brackets_of_an_interval_count(
    a: Fraction, b: Fraction, left: str, right: str, other: str, end: str
) -> None:
    low, high = min(a, b), max(a, b) + 1
    same = strict(f"{left}{low},{high}{right}", f"{other}{low}, {high}{end}", INTERVAL) is not None
    assert same == ((left, right) == (other, end))


@settings(deadline=None, max_examples=300)
@given(st.text("()[]{}<>,;0123456789xy.-+/\\ ∞∪=≤", max_size=40))
def test_nothing_raises(text: str) -> None:
    for question in (None, INTERVAL, POINT):
        read(text, asked_of(question) if question else Asked())
