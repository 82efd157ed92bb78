"""Equations and inequalities: what they say of their letters, and when a value alone says it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wethink_assets.rewards.equivalence.comparison import lenient, read, strict
from wethink_assets.rewards.equivalence.reading import Asked, asked_of

LINE = "What is the equation of the line?"


@pytest.mark.parametrize(
    ("first", "second", "question"),
    [
        ("2x-3y+6=0", "4x-6y+12=0", None),
        ("y = 2x+1", "2x-y+1=0", LINE),
        ("x^2/4 + y^2/3 = 1", "x^2/16 + y^2/12 = 1/4", None),
        ("-34x-45y+20z-100=0", "34x+45y-20z+100=0", None),
        ("y=mx+b", "y=b+mx", None),
        ("x<3", "3>x", None),
        ("x < 1", "-x > -1", None),
        ("x>=5", "x\\geq 5", None),
        ("x \\in [-2,7]", "-2 \\le x \\le 7", None),
        ("x != 3", "x \\neq 3", None),
        ("x=5", "5", "What is x?"),
        ("y=2x+1", "2x+1", "What is y as a function of x?"),
        ("AB = 5 cm", "50 mm", "How long is AB?"),
        ("\\angle A = 60^\\circ", "60°", "How large is \\angle A?"),
        ("x=\\pm 3", "x=3 or x=-3", None),
        ("\\{x | x > 3\\}", "x > 3", None),
        ("x = 5+5+1 = 11", "x=11", None),
    ],
)
def test_one_relation_in_two_forms_has_one_key(first: str, second: str, question: str | None) -> None:
    assert strict(first, second, question) is not None


@pytest.mark.parametrize(
    ("first", "second", "question"),
    [
        ("x^2+2y^2=8", "8", None),
        ("x+z=1", "1", None),
        ("y=2x+1", "2x+1", None),
        ("y=2x+1", "2x+1", LINE),
        ("x=5", "y=5", None),
        ("x=5", "5", LINE),
        ("x<3", "x\\le 3", None),
        ("x<3", "y<3", None),
        ("x<3", "x>3", None),
        ("2x-3y+6=0", "2x-3y-6=0", None),
        ("\\sin(x)=\\frac{42}{59}", "\\cos(x)=\\frac{42}{59}", None),
        ("x=5", "x=-5", None),
        ("f(2) < f(1)", "f(1) < f(2)", None),
        ("F=ma", "ma", None),
        ("a^2+b^2=c^2", "c^2", None),
    ],
)
def test_different_relations_are_never_right(first: str, second: str, question: str | None) -> None:
    assert lenient(first, second, question) is None
    assert lenient(second, first, question) is None


@pytest.mark.parametrize(
    ("gold", "candidate", "question"),
    [
        ("x=5", "5", None),
        ("5", "x = 5", None),
        ("11", "x \\approx 11", None),
        ("f(x)=2x+3", "2x+3", None),
        ("f'(x)=2x", "2x", None),
        ("\\frac{dy}{dx}=2x", "2x", None),
        ("f(x)=2x+3", "y=2x+3", None),
        ("(p,q)=(3,2)", "(3,2)", None),
        ("\\frac{NO}{BO}=\\frac{1}{\\sqrt{6}}", "\\frac{1}{\\sqrt{6}}", None),
        ("|AB|=1", "1", None),
        ("x = 1/3", "x = 0.3333", None),
    ],
)
def test_lenient_takes_the_value_of_a_name_alone(gold: str, candidate: str, question: str | None) -> None:
    assert lenient(gold, candidate, question) is not None


SMALL = st.integers(-9, 9)


@settings(deadline=None, max_examples=100)
@given(st.tuples(SMALL, SMALL, SMALL), st.tuples(SMALL, SMALL, SMALL), st.integers(1, 7))
def test_lines_are_the_same_exactly_if_their_coefficients_are_in_proportion(
    one: tuple[int, int, int], other: tuple[int, int, int], factor: int
) -> None:
    def line(a: int, b: int, c: int) -> str:
        return f"{a}x + {b}y = {c}"

    (a, b, c), (d, e, f) = one, other
    if not (a or b) or not (d or e):
        return
    assert strict(line(a, b, c), line(a * factor, b * factor, c * factor)) is not None
    proportional = a * e == b * d and a * f == c * d and b * f == c * e
    assert (strict(line(*one), line(*other)) is not None) == proportional


@settings(deadline=None, max_examples=300)
@given(st.text("xyfk=<>≤()\\frac{}123+-/^ |≈±,or", max_size=40))
def test_nothing_raises(text: str) -> None:
    read(text, Asked())
    read(text, asked_of("What is x?"))
