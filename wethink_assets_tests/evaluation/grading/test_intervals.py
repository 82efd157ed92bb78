"""Intervals and paired tests on units whose answers are known."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wethink_assets.evaluation.grading.clusters import Clusters
from wethink_assets.evaluation.grading.intervals import averaged, compare, interval, mcnemar


def binary(hits: list[int], names: list[str] | None = None) -> Clusters:
    top = np.array(hits, dtype=float)[:, None]
    return Clusters(tuple(names or map(str, range(len(hits)))), top, np.ones_like(top))


def test_an_interval_holds_the_value_and_shrinks_with_samples() -> None:
    few, many = interval(binary([1, 0] * 10)), interval(binary([1, 0] * 1000))
    assert few.low < 0.5 < few.high and many.low < 0.5 < many.high
    assert many.high - many.low < (few.high - few.low) / 5
    assert many.high - many.low == pytest.approx(2 * 1.96 * 0.5 / math.sqrt(2000), rel=0.1)


def test_an_interval_of_equal_samples_is_a_point() -> None:
    bounds = interval(binary([1] * 30))
    assert (bounds.value, bounds.low, bounds.high) == (1, 1, 1)


def test_no_units_give_no_number() -> None:
    assert math.isnan(interval(binary([])).value)
    assert compare(binary([1], ["a"]), binary([1], ["b"])) is None


def test_the_same_seed_gives_the_same_interval() -> None:
    assert interval(binary([1, 0, 1, 1])) == interval(binary([1, 0, 1, 1]))


def test_pairs_find_a_difference_that_two_intervals_hide() -> None:
    before = [1, 0] * 50
    after = [1, 0] * 40 + [1, 1] * 10
    one, other = interval(binary(before)), interval(binary(after))
    assert one.high > other.low  # side by side they overlap
    comparison = compare(binary(before), binary(after))
    assert comparison is not None
    assert (comparison.difference, comparison.better, comparison.worse) == (pytest.approx(0.1), 10, 0)
    assert comparison.low > 0 and comparison.p_bootstrap < 0.05
    assert comparison.p_mcnemar == pytest.approx(2 * 0.5**10)


def test_equal_models_do_not_differ() -> None:
    comparison = compare(binary([1, 0, 1]), binary([1, 0, 1]))
    assert (
        comparison is not None
        and comparison.difference == 0
        and comparison.p_bootstrap == 1
        and comparison.p_mcnemar == 1
    )


def test_units_are_paired_by_name_not_by_place() -> None:
    comparison = compare(binary([1, 0], ["a", "b"]), binary([0, 1, 1], ["b", "a", "c"]))
    assert (
        comparison is not None
        and comparison.units == 2
        and comparison.difference == 0
        and comparison.better == comparison.worse == 0
    )


def test_grades_have_no_mcnemar() -> None:
    comparison = compare(Clusters(("a", "b"), np.array([[0.5], [1.0]]), np.ones((2, 1))), binary([1, 1], ["a", "b"]))
    assert comparison is not None and comparison.p_mcnemar is None and comparison.difference == pytest.approx(0.25)


def test_seeds_are_averaged_by_unit() -> None:
    both = averaged([binary([1, 0]), binary([0, 0])])
    assert both.headline() == 0.25
    with pytest.raises(ValueError, match="not over the same clusters"):
        averaged([binary([1], ["a"]), binary([1], ["b"])])


@given(st.integers(0, 400), st.integers(0, 400))
def test_mcnemar_is_a_probability_and_even_handed(better: int, worse: int) -> None:
    p = mcnemar(better, worse)
    assert 0 <= p <= 1 and p == mcnemar(worse, better)
    if better == worse:
        assert p == 1


def test_coverage_of_the_interval_is_near_its_name() -> None:
    rng = np.random.default_rng(0)
    held = 0
    for _ in range(200):
        hits = (rng.random(80) < 0.6).astype(int).tolist()
        bounds = interval(binary(hits), resamples=400)
        held += bounds.low <= 0.6 <= bounds.high
    assert 0.88 <= held / 200 <= 0.99
