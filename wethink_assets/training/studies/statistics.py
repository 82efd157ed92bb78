"""Intervals of a mean over training seeds and over samples that all seeds were asked.

Seeds and samples cross: every policy answers the same samples. Both are drawn anew, each on its own, and the mean is taken over the cells
that were drawn: the pigeonhole bootstrap (Owen 2007, "The pigeonhole bootstrap", Annals of Applied Statistics 1(2), 386-411), whose
variance is at least that of the mean where both are random. Of few seeds any bootstrap knows little: two of them give an interval that is
too narrow for what further seeds would do.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wethink_assets.intervals import RESAMPLES, SEED, blocks

Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean with its 95% interval, in the units of the values."""

    mean: float
    low: float
    high: float

    def rounded(self) -> "Estimate":
        """With four digits."""
        return Estimate(round(self.mean, 4), round(self.low, 4), round(self.high, 4))


def estimate(values: Values, resamples: int = RESAMPLES, seed: int = SEED) -> Estimate:
    """Mean of `values` (seeds x samples), with the 2.5% and 97.5% percentiles of the pigeonhole bootstrap.

    Raises `ValueError` when there is no cell.
    """
    seeds, samples = values.shape
    if not values.size:
        raise ValueError("no value to take a mean of")
    rng = np.random.default_rng(seed)
    means = []
    for count in blocks(resamples, samples):
        of_seeds = rng.multinomial(seeds, np.full(seeds, 1 / seeds), count) / seeds
        of_samples = rng.multinomial(samples, np.full(samples, 1 / samples), count) / samples
        means.append(((of_seeds @ values) * of_samples).sum(1))
    low, high = np.quantile(np.concatenate(means), [0.025, 0.975])
    return Estimate(float(values.mean()), float(low), float(high)).rounded()
