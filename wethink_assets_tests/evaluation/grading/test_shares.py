"""Intervals of a share: how often they hold it, by the binomial distribution itself."""

import numpy as np
import pytest
from numpy.typing import NDArray

from wethink_assets.evaluation.grading.shares import LARGEST, share_interval

SHARES = np.arange(0.004, 1, 0.004)


def probabilities(count: int) -> NDArray[np.float64]:
    """Of each number of hits at each share: by repeated convolution, not by the formula under test."""
    rows = np.zeros((len(SHARES), count + 1))
    rows[:, 0] = 1
    for _ in range(count):
        rows[:, 1:] = rows[:, 1:] * (1 - SHARES)[:, None] + rows[:, :-1] * SHARES[:, None]
        rows[:, 0] *= 1 - SHARES
    return rows


def possible(chances: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Shares for which there are counts in a row whose probability is .93 to .97."""
    sums = np.concatenate([np.zeros((len(SHARES), 1)), chances.cumsum(1)], axis=1)
    held = sums[:, None, :] - sums[:, :, None]
    return np.asarray(((held >= 0.93) & (held <= 0.97)).any((1, 2)))


@pytest.mark.parametrize("count", [8, 10, 24, 100])
def test_a_share_is_held_as_nearly_as_often_as_is_possible(count: int) -> None:
    bounds = np.array([share_interval(right, count) for right in range(count + 1)])
    chances = probabilities(count)
    holds = (bounds[:, 0] <= SHARES[:, None]) & (SHARES[:, None] <= bounds[:, 1])
    coverage = (chances * holds).sum(1)
    within = (coverage >= 0.93) & (coverage <= 0.97)
    assert coverage.min() > 0.915
    assert 0.945 < coverage.mean() < 0.966
    assert within.sum() >= (0.8 if count == 8 else 0.95) * possible(chances).sum()


@pytest.mark.parametrize("confidence", [0.8, 0.95, 0.99])
def test_intervals_rise_with_what_was_seen_and_hold_it(confidence: float) -> None:
    for count in (1, 3, 8):
        bounds = np.array([share_interval(right, count, confidence) for right in range(count + 1)])
        assert (np.diff(bounds, axis=0) >= 0).all()
        seen = np.arange(count + 1) / count
        assert (bounds[:, 0] <= seen).all()
        assert (seen <= bounds[:, 1]).all()
        assert bounds == pytest.approx(1 - bounds[::-1, ::-1])


def test_of_nothing_nothing_is_known_and_many_samples_take_no_table() -> None:
    assert share_interval(0, 0) == (0.0, 1.0)
    low, high = share_interval(3 * LARGEST, 4 * LARGEST)
    assert 0.72 < low < 0.74 < 0.76 < high < 0.78
