"""Chemical formulas: one form for each, none for what is no formula."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wethink_assets.rewards.equivalence.types.chemistry import formula_of

TERMS = st.lists(
    st.tuples(st.sampled_from(["C", "H", "O", "Na", "Cl", "Fe", "S", "Co"]), st.integers(1, 30)), min_size=1, max_size=5
)


def _text(terms: list[tuple[str, int]], below: str) -> str:
    return "".join(f"{symbol}{below.format(count) if count > 1 else ''}" for symbol, count in terms)


@settings(deadline=None)
@given(TERMS, st.sampled_from(["_{}", "_{{{}}}", "<sub>{}</sub>"]))
def test_subscripts_are_figures(terms: list[tuple[str, int]], below: str) -> None:
    assert formula_of(_text(terms, below)) == formula_of(_text(terms, "{}")) == _text(terms, "{}")


@pytest.mark.parametrize(
    ("text", "formula"),
    [("Ca2+", "Ca^2+"), ("Ca^{2+}", "Ca^2+"), ("Ca++", "Ca^2+"), ("Ca+2", "Ca^2+"), ("NO3-", "NO3-"), ("NO_3^-", "NO3-"), ("SO42-", "SO4^2-"),
     ("Fe(OH)3", "Fe(OH)3"), ("\\ce{H2O}", "H2O"), ("CuSO4\u00b75H2O", "CuSO4*5H2O"), ("2H2O", "2H2O")],
)  # fmt: skip
def test_one_form(text: str, formula: str) -> None:
    assert formula_of(text) == formula


@pytest.mark.parametrize(
    "text", ["", "Xy2", "water", "f(2)", "P(2)", "N+1", "C++", "Fe(OH3", "A-", "(" * 60, "C2" * 40]
)
def test_no_formula(text: str) -> None:
    assert formula_of(text) is None
