"""Shapes of answers."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wethink_assets.rewards.equivalence.types.shapes import shape_of


@settings(deadline=None)
@given(st.integers(0, 10**9), st.sampled_from(["{}", "{:,}", "${}", "{}%", "-{}", "{}.", "{}.5"]))
def test_a_plain_number(value: int, form: str) -> None:
    assert shape_of(form.format(value)).number


@pytest.mark.parametrize(("text", "figures"), [("3-1", 2), ("1,234.5", 1), ("10:10:10", 3), ("red", 0), ("H2O", 1)])
def test_groups_of_figures(text: str, figures: int) -> None:
    assert shape_of(text).figures == figures


@pytest.mark.parametrize("text", ["red", "a red car", "The Eiffel Tower"])
def test_plain_words(text: str) -> None:
    assert shape_of(text).words


@pytest.mark.parametrize("text", ["half past three", "May", "A-", "O negative", "five", "3", "nineteenth century"])
def test_words_that_say_more(text: str) -> None:
    assert not shape_of(text).words
