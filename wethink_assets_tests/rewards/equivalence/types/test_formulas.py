"""Expressions: equal where their values are, at whatever points; no mathematics where nobody says so."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wethink_assets.rewards.equivalence.comparison import lenient, read, strict
from wethink_assets.rewards.equivalence.reading import Allowed, Asked, Written, asked_of
from wethink_assets.rewards.equivalence.types.formulas import read_expression


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("\\sqrt{12}", "2\\sqrt{3}"),
        ("√12", "2√3"),
        ("sqrt(12)", "2 sqrt(3)"),
        ("4!", "24"),
        ("2^3", "8"),
        ("\\frac{6}{4}", "1.5"),
        ("\\frac12", "1/2"),
        ("\\cfrac{1}{2}", "\\dfrac{1}{2}"),
        ("1\\frac12", "1.5"),
        ("14{,}916", "14916"),
        ("12π", "12pi"),
        ("(x-1)(x+1)", "x^2-1"),
        ("\\frac{x+2}{7}", "\\frac{x}{7}+\\frac{2}{7}"),
        ("\\tan^2(y)+1", "\\sec^2(y)"),
        ("2 \\sin b \\cos a", "\\sin(a+b)-\\sin(a-b)"),
        ("\\frac{1}{3\\sqrt[3]{x}^2}", "\\frac{1}{3x^{2/3}}"),
        ("3+4i", "4i+3"),
        ("i(2-i)", "1+2i"),
        ("e^{i\\pi}", "-1"),
        ("\\log_2 8", "3"),
        ("\\log 1", "0"),
        ("\\sin 30^\\circ", "\\frac12"),
        ("x-x+1", "1"),
        ("\\infty", "∞"),
        ("+\\infty", "infinity"),
        ("\\alpha", "α"),
        ("\\overline{AB}", "AB"),
        ("\\angle ABC", "∠ABC"),
        ("angle ABC", "\\angle{ABC}"),
        ("\\triangle ABC", "triangle ABC"),
        ("2\\sqrt{3}\\text{ m}", "200\\sqrt{3} cm"),
        ("5\\pi units", "5π"),
        ("\\binom{5}{2}", "10"),
        ("204_5", "204_{5}"),
        ("x_1", "x_{1}"),
        ("\\sum_{k=1}^{10} k", "55"),
        ("|x|", "\\sqrt{x^2}"),
    ],
)
def test_equal_terms_have_one_key(first: str, second: str) -> None:
    assert strict(first, second) is not None


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("\\frac{1}{2^{80}}", "0"),
        ("\\frac{1}{2^{80}}", "\\frac{1}{2^{81}}"),
        ("\\frac{1}{2004!}", "\\frac{1}{2006!}"),
        ("4!", "4"),
        ("10²", "102"),
        ("3²x", "32x"),
        ("|x|", "x"),
        ("\\sqrt{x^2}", "x"),
        ("x", "y"),
        ("x^{9999}+1", "1"),
        ("\\frac{1}{x^{9999}}+1", "1"),
        ("i", "-i"),
        ("\\infty", "-\\infty"),
        ("\\Delta", "\\delta"),
        ("\\triangle ABC", "\\angle ABC"),
        ("2\\sqrt{3} cm", "2\\sqrt{3} m"),
        ("2\\sqrt{3}", "3.46"),
        ("\\sqrt{3}", "1.733"),
        ("0.999999", "1"),
        ("204_5", "204_6"),
        ("\\pm 3", "3"),
        ("x+2n+1", "x+1"),
        ("2^{1/2^{1000}}", "1"),
    ],
)
def test_different_terms_are_never_right(first: str, second: str) -> None:
    assert lenient(first, second) is None
    assert lenient(second, first) is None


@pytest.mark.parametrize(
    ("first", "second"),
    [("35-44", "25-34"), ("3-1", "2"), ("2/4", "1/2 "), ("800x600", "600x800"), ("3:4", "6:8"), ("2a-3a", "5a-6a"),
    ("12A-12F", "1A-1F"), ("555-0100", "455"),
     ("x-ray", "ray-x"), ("A/B", "B/A"), ("C++", "C"), ("3", "4-1")],
)  # fmt: skip
def test_signs_between_bare_numbers_are_no_arithmetic(first: str, second: str) -> None:
    one, other = (read_expression(Written(text), Asked()) for text in (first, second))
    assert one is None or other is None or one.key != other.key


def test_a_question_that_asks_for_mathematics_has_them_calculated() -> None:
    assert lenient("3", "4-1", "What is 4-1?") is not None
    assert lenient("2", "3-1", "What is the score?") is None


@pytest.mark.parametrize(
    ("gold", "candidate"),
    [
        ("2\\sqrt{3}", "3.464"),
        ("3.464", "2\\sqrt{3}"),
        ("12\\pi", "37.70"),
        ("\\frac{\\sqrt{3}}{2}", "0.8660254037844386"),
        ("\\frac{a}{b}", "a/b"),
        ("\\ln(x^2)", "2\\ln x"),
        ("x+\\sqrt2", "x+1.414"),
        ("3*x", "3x"),
    ],
)
def test_lenient_takes_roundings_and_what_is_so_for_real_numbers(gold: str, candidate: str) -> None:
    assert lenient(gold, candidate) == "math"


def test_a_tolerance_is_relative() -> None:
    allowed = Allowed(tolerance=0.05)
    assert lenient("2\\sqrt{3}", "3.5", allowed=allowed) == "math"
    assert lenient("2\\sqrt{3}", "3.8", allowed=allowed) is None
    assert lenient("\\frac{\\sqrt{2}}{10^{9}}", "0", allowed=allowed) is None


COEFFICIENTS = st.lists(st.integers(-9, 9), min_size=2, max_size=4)


def polynomial(coefficients: list[int]) -> str:
    """A polynomial in x by its coefficients, the constant first."""
    return "+".join(f"({coefficient})x^{power}" for power, coefficient in enumerate(coefficients))


@settings(deadline=None, max_examples=100)
@given(COEFFICIENTS, COEFFICIENTS)
def test_polynomials_are_the_same_exactly_if_their_coefficients_are(one: list[int], other: list[int]) -> None:
    length = max(len(one), len(other))
    padded = [[*item, *[0] * (length - len(item))] for item in (one, other)]
    assert (strict(polynomial(one), polynomial(other)) is not None) == (padded[0] == padded[1])


@settings(deadline=None, max_examples=300)
@given(
    st.text("xyπ\\frac{}sqrt()^_!|0123456789+-*/., i√∞", max_size=40),
    st.sampled_from([None, "Simplify the expression.", "What is 4-3?"]),
)
def test_nothing_raises(text: str, question: str | None) -> None:
    read(text, asked_of(question))


def test_a_unit_is_left_out_only_where_the_question_names_it() -> None:
    area, bare = "12\\pi \\text{ cm}^2", "12\\pi"
    assert lenient("2\\sqrt{3} cm", "2\\sqrt{3}", "How many cm long is AB?") == "math"
    for question in (None, "?", "How large is it?", "How many m long is AB?"):
        assert lenient("2\\sqrt{3} cm", "2\\sqrt{3}", question) is None
        assert lenient(area, bare, question) is None and lenient(bare, area, question) is None


def test_a_decimal_may_be_cut_off_after_five_digits() -> None:
    assert lenient("40\\pi", "125.663") and lenient("40\\pi", "125.664") and lenient("\\frac{2}{3}", "0.66666")
    for wrong in ("125.662", "125.665", "-125.663"):
        assert lenient("40\\pi", wrong) is None
    assert lenient("\\frac{2}{3}", "0.6666") is None and lenient("\\frac{2}{3}", "0.66668") is None
    assert lenient("0.66667", "0.66666") is None
