"""Intervals of means over seeds and samples."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wethink_assets.training.studies.statistics import estimate


@settings(max_examples=30, deadline=None)
@given(seeds=st.integers(1, 5), samples=st.integers(1, 40), number=st.integers(0, 99))
def test_the_mean_lies_in_its_interval(seeds: int, samples: int, number: int) -> None:
    values = np.random.default_rng(number).integers(0, 2, (seeds, samples)).astype(float)
    interval = estimate(values, resamples=400)
    assert 0 <= interval.low <= interval.mean + 1e-4 and interval.mean <= interval.high + 1e-4 <= 1 + 2e-4
    assert interval.mean == pytest.approx(values.mean(), abs=1e-4)


def test_equal_values_leave_no_doubt() -> None:
    interval = estimate(np.full((3, 50), 0.25))
    assert (interval.mean, interval.low, interval.high) == (0.25, 0.25, 0.25)


def test_one_seed_gives_the_interval_of_the_samples() -> None:
    values = np.random.default_rng(0).integers(0, 2, (1, 400)).astype(float)
    interval = estimate(values)
    spread = 1.96 * values.std() / 20
    assert interval.high - interval.low == pytest.approx(2 * spread, rel=0.1)


def test_seeds_that_differ_widen_the_interval() -> None:
    rng = np.random.default_rng(0)
    alike = rng.random((4, 500)) < 0.5
    apart = rng.random((4, 500)) < np.array([[0.2], [0.4], [0.6], [0.8]])
    widths = [
        interval.high - interval.low for interval in (estimate(alike.astype(float)), estimate(apart.astype(float)))
    ]
    assert widths[1] > 2 * widths[0]


def test_the_interval_holds_the_truth_about_as_often_as_it_says() -> None:
    rng, held = np.random.default_rng(1), 0
    for _ in range(200):
        seeds, samples = rng.normal(0, 0.1, (5, 1)), rng.normal(0, 0.3, (1, 60))
        interval = estimate(seeds + samples + rng.normal(0, 0.3, (5, 60)), resamples=300)
        held += interval.low <= 0 <= interval.high
    assert 170 <= held <= 200


def test_no_value_has_no_mean() -> None:
    with pytest.raises(ValueError, match="no value"):
        estimate(np.zeros((2, 0)))
