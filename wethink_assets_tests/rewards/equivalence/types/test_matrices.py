"""Matrices: their environments, entries and shapes."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wethink_assets.rewards.equivalence.comparison import lenient, read, strict
from wethink_assets.rewards.equivalence.reading import Asked


def latex(rows: list[list[int]], kind: str = "pmatrix") -> str:
    """A matrix in LaTeX."""
    body = " \\\\ ".join(" & ".join(map(str, row)) for row in rows)
    return f"\\begin{{{kind}}} {body} \\end{{{kind}}}"


SQUARE = "\\begin{pmatrix}1&2\\\\3&4\\end{pmatrix}"


@pytest.mark.parametrize(
    "other",
    [
        "\\begin{bmatrix} 1 & 2 \\\\ 3 & 4 \\end{bmatrix}",
        "\\left[\\begin{array}{cc}1 & 2 \\\\3 & 4\\end{array}\\right]",
        "[[1, 2], [3, 4]]",
        "\\begin{pmatrix}1&2\\\\3&4\\\\\\end{pmatrix}",
        "\\begin{pmatrix}1&\\sqrt{4}\\\\3&2^2\\end{pmatrix}",
        "2\\begin{pmatrix}0.5&1\\\\1.5&2\\end{pmatrix}",
        "\\begin{pmatrix}1&0\\\\0&4\\end{pmatrix} + \\begin{pmatrix}0&2\\\\3&0\\end{pmatrix}",
        "\\begin{pmatrix}1&2\\\\3&4\\end{pmatrix}\\begin{pmatrix}1&0\\\\0&1\\end{pmatrix}",
        "A = \\begin{pmatrix}1&2\\\\3&4\\end{pmatrix}",
    ],
)
def test_forms_of_one_matrix_have_one_key(other: str) -> None:
    assert strict(SQUARE, other) == "math"


@pytest.mark.parametrize(
    "other",
    [
        "\\begin{pmatrix}1&3\\\\2&4\\end{pmatrix}",
        "\\begin{pmatrix}1&2\\\\3&5\\end{pmatrix}",
        "\\begin{pmatrix}1&2&3&4\\end{pmatrix}",
        "\\begin{vmatrix}1&2\\\\3&4\\end{vmatrix}",
        "(1,2,3,4)",
        "-2",
    ],
)
def test_other_matrices_are_never_right(other: str) -> None:
    assert lenient(SQUARE, other) is None
    assert lenient(other, SQUARE) is None


def test_a_vector_may_be_a_row_or_coordinates_where_a_vector_is_asked_for() -> None:
    column, row = "\\begin{pmatrix}1\\\\2\\end{pmatrix}", "\\begin{pmatrix}1&2\\end{pmatrix}"
    assert lenient(column, row) is None
    assert lenient(column, row, "What is the vector AB?") == "math"
    assert lenient(column, "(1, 2)", "What is the vector AB?") == "math"
    assert lenient(column, "(2, 1)", "What is the vector AB?") is None


def test_entries_may_be_rounded() -> None:
    assert lenient("\\begin{pmatrix}\\frac13\\\\2\\end{pmatrix}", "\\begin{pmatrix}0.3333\\\\2\\end{pmatrix}") == "math"
    assert lenient("\\begin{pmatrix}\\frac13\\\\2\\end{pmatrix}", "\\begin{pmatrix}0.3334\\\\2\\end{pmatrix}") is None


ROWS = st.lists(st.lists(st.integers(-9, 9), min_size=2, max_size=2), min_size=1, max_size=3)


@settings(deadline=None, max_examples=100)
@given(ROWS, ROWS)
def test_matrices_are_the_same_exactly_if_their_entries_are(one: list[list[int]], other: list[list[int]]) -> None:
    assert (strict(latex(one), latex(other, "bmatrix")) is not None) == (one == other)


@settings(deadline=None, max_examples=200)
@given(st.text("\\{}[]&,12+ \n", max_size=30))
def test_nothing_raises(text: str) -> None:
    read(f"\\begin{{pmatrix}}{text}\\end{{pmatrix}}", Asked())
    read(f"[[{text}]]", Asked())
