"""Intervals and paired tests on units whose answers are known."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wethink_assets.evaluation.grading.binomial import mid_p_interval
from wethink_assets.evaluation.grading.clusters import Clusters
from wethink_assets.evaluation.grading.intervals import averaged, compare, holm, interval, mcnemar, sign_flip


def binary(hits: list[int], names: list[str] | None = None) -> Clusters:
    top = np.array(hits, dtype=float)[:, None]
    return Clusters(tuple(names or map(str, range(len(hits)))), top, np.ones_like(top))


def test_an_interval_holds_the_value_and_shrinks_with_samples() -> None:
    few, many = interval(binary([1, 0] * 10)), interval(binary([1, 0] * 1000))
    assert few.low < 0.5 < few.high and many.low < 0.5 < many.high
    assert many.high - many.low < (few.high - few.low) / 5
    assert many.high - many.low == pytest.approx(2 * 1.96 * 0.5 / math.sqrt(2000), rel=0.1)


def test_equal_samples_are_no_certainty() -> None:
    all_right, none_right = interval(binary([1] * 30)), interval(binary([0] * 6))
    assert all_right.high == 1 and 0.88 < all_right.low < 0.92
    assert none_right.low == 0 and 0.35 < none_right.high < 0.45
    graded = interval(Clusters(tuple("abcdefgh"), np.full((8, 1), 1.0), np.full((8, 1), 3.0)))
    assert graded.low < graded.value < graded.high


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
    assert comparison.low > 0 and comparison.test == "McNemar"
    assert comparison.p == pytest.approx(0.5**10)


def test_equal_models_do_not_differ() -> None:
    comparison = compare(binary([1, 0, 1]), binary([1, 0, 1]))
    assert (
        comparison is not None
        and comparison.difference == 0
        and comparison.p == 1
        and comparison.low < 0 < comparison.high
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
    assert comparison is not None and comparison.test == "permutation" and comparison.difference == pytest.approx(0.25)


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
        assert p > 0.5


@pytest.mark.parametrize("count", [8, 16, 48])
def test_a_share_is_held_as_often_as_the_interval_says(count: int) -> None:
    bounds = [mid_p_interval(right, count) for right in range(count + 1)]
    for share in np.linspace(0.02, 0.98, 97):
        held = sum(
            math.comb(count, right) * share**right * (1 - share) ** (count - right)
            for right, (low, high) in enumerate(bounds)
            if low <= share <= high
        )
        assert held > 0.915


def test_stars_are_rare_where_there_is_no_difference() -> None:
    rng, starred = np.random.default_rng(0), 0
    for _ in range(100):
        pairs = [(binary(list(rng.random(24) < 0.8)), binary(list(rng.random(24) < 0.8))) for _ in range(14)]
        found = [compare(one, other) for one, other in pairs]
        starred += min(holm({str(n): c.p for n, c in enumerate(found) if c is not None}).values()) < 0.05
    assert starred <= 5


def test_the_permutation_of_right_and_wrong_is_mcnemars_test() -> None:
    for better, worse in ((1, 0), (8, 2), (5, 5), (0, 9)):
        gains = np.array([1.0] * better + [-1.0] * worse + [0.0] * 3)
        assert sign_flip(gains) == pytest.approx(mcnemar(better, worse))
    many = np.array([1.0] * 30 + [-1.0] * 12)
    assert sign_flip(many, 20_000) == pytest.approx(mcnemar(30, 12), abs=0.003) and sign_flip(many) == sign_flip(many)


def test_what_could_have_been_seen_follows_from_units_and_looks() -> None:
    few, many = compare(binary([1, 0] * 4), binary([1, 0] * 4)), compare(binary([1, 0] * 200), binary([1, 0] * 200))
    assert few is not None and many is not None
    assert few.detectable(0.05 / 14) is None and 0.6 < (few.detectable() or 0) <= 1
    assert 0 < (many.detectable(0.05 / 14) or 0) < 0.1


@pytest.mark.parametrize("count", [8, 16, 48])
def test_a_difference_is_left_out_exactly_where_the_test_finds_one(count: int) -> None:
    """And among equal models it finds one in .05 of repetitions at most; of clusters half would change were the models independent."""
    false = dict.fromkeys(range(1, count + 1), 0.0)
    for better in range(count + 1):
        for worse in range(count + 1 - better):
            before = [0] * better + [1] * worse + [1] * (count - better - worse)
            comparison = compare(binary(before), binary([1] * better + [0] * worse + [1] * (count - better - worse)))
            assert comparison is not None
            found = comparison.p < 0.05
            assert found == (not comparison.low <= 0 <= comparison.high)
            if better + worse:
                false[better + worse] += found * math.comb(better + worse, better) / 2 ** (better + worse)
    for share in np.linspace(0.05, 0.85, 17):  # of clusters that change
        size = sum(math.comb(count, n) * share**n * (1 - share) ** (count - n) * false[n] for n in false)
        assert size <= 0.05, share


@pytest.mark.parametrize("count", [8, 24])
@pytest.mark.parametrize("alike", [0.05, 0.4])
def test_a_mean_grade_is_held_as_often_as_the_interval_says(count: int, alike: float) -> None:
    """Grades in tenths of a known mean, drawn."""
    rng, draws = np.random.default_rng(3), 250
    for mean in (0.5, 0.9):
        weight = (1 - alike) / alike
        easy = rng.beta(mean * weight, (1 - mean) * weight, (draws, count))
        grades = rng.binomial(10, easy) / 10
        bounds = [
            interval(Clusters(tuple(map(str, range(count))), row[:, None], np.ones((count, 1)))) for row in grades
        ]
        assert sum(one.low <= mean <= one.high for one in bounds) / draws > 0.91
