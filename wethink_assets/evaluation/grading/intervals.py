"""Intervals of a score, and the paired test of two models on the same samples.

All go by clusters (groups of samples that belong together). Where each is right or wrong the interval is that of a share (`shares`). A headline that
is more (grades, HallusionBench's mean of three, the mean over sampling seeds) gets Jeffreys' one of a share with as many observations as give the
variance between its clusters (Korn and Graubard 1998), which is drawn towards half of that of right-or-wrong clusters where few of them differ.

Two models are compared by one test: how likely is a difference as large, were it chance in each cluster which model gave what (sign-flip
permutation; of clusters that are right or wrong McNemar's test, 1947), what is just as large counting half: mid-p, since the exact test calls a tenth
of .05 a difference where few clusters changed (Fagerland, Lydersen and Laake 2013). The difference's interval adds a third of a cluster for each
model (after Agresti and Min 2005), and leaves out 0 exactly where the test does. Many comparisons on a board are corrected by Holm's method (1979).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from wethink_assets.evaluation.grading.binomial import jeffreys_interval
from wethink_assets.evaluation.grading.clusters import Clusters, Floats, right_or_wrong
from wethink_assets.evaluation.grading.shares import share_interval
from wethink_assets.intervals import RESAMPLES, SEED, blocks

PRIOR, PRIOR_SHARE = 6.0, 0.5
"""Clusters that are added to those from which the variance is known, fewer the more these are, and their share of right-or-wrong variance."""
KNOWN = 4.0
"""Clusters that the prior counts for in how well the variance is known."""
ADDED = 0.35
"""Clusters of the largest gain, and as many of the largest loss, that are added to a difference."""
MOST_FLIPS = 14
"""Clusters that changed up to which all ways to flip them are counted; of more some are drawn."""
MOST_PER_CLUSTER = 10.0
POWER = 0.8
EQUAL = 1e-9


@dataclass(frozen=True, slots=True)
class Interval:
    """A value, 0 to 1, between its lower and upper bound."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """The second model less the first, on the clusters that both have.

    p: two-sided, of `test`; units: how many clusters; better, worse: those in which the second gave more, and less; spread: standard deviation of
    the difference between clusters, from which follows what could have been seen.
    """

    difference: float
    low: float
    high: float
    p: float
    test: str
    units: int
    better: int
    worse: int
    spread: float

    def detectable(self, alpha: float = 0.05) -> float | None:
        """The smallest true difference that the test would find in four of five repetitions; None where there are too few clusters for any.

        By the normal approximation, and at least what the fewest clusters that can be significant make.
        """
        fewest = math.ceil(math.log2(1 / alpha))
        if self.units < fewest:
            return None
        normal = NormalDist()
        reach = normal.inv_cdf(1 - alpha / 2) + normal.inv_cdf(POWER)
        found = max(reach * self.spread / math.sqrt(self.units), fewest / self.units)
        return found if found <= 1 else None


def averaged(runs: Sequence[Clusters]) -> Clusters:
    """The mean over runs of one benchmark (sampling seeds): each cluster keeps what it gave on average."""
    first = runs[0]
    if any(run.names != first.names for run in runs):
        raise ValueError("the runs are not over the same clusters")
    return Clusters(first.names, np.mean([run.top for run in runs], axis=0), first.bottom)


def interval(clusters: Clusters, confidence: float = 0.95) -> Interval:
    """Headline with its interval; nan throughout without clusters."""
    count = len(clusters.names)
    if not count:
        return Interval(math.nan, math.nan, math.nan)
    value = clusters.headline()
    if not math.isfinite(value):
        return Interval(value, math.nan, math.nan)
    if right_or_wrong(clusters):
        return Interval(value, *share_interval(round(float(clusters.top.sum())), count, confidence))
    share = min(1.0, max(0.0, value))
    effective = _observations(clusters, share)
    low, high = jeffreys_interval(round(share * effective, 9), round(effective, 9), confidence)
    return Interval(value, min(low, value), max(high, value))


def _observations(clusters: Clusters, share: float) -> float:
    """How many independent right-or-wrong observations know a share as well as these clusters do."""
    count = len(clusters.names)
    if count < 2 or not 0 < share < 1:
        return float(count)
    ratios = clusters.top.sum(0) / clusters.bottom.sum(0)
    influence = ((clusters.top - ratios * clusters.bottom) / clusters.bottom.mean(0)).mean(1)
    _, members = np.unique(np.round(influence, 9), return_counts=True)
    differing = float(count - members.max())  # what is known of the variance is known from those
    smoothed = (share * count + 1) / (count + 2)
    variance = float((influence**2).sum() / (count - 1))
    prior = PRIOR / math.sqrt(1 + differing)
    pooled = (differing * variance + prior * PRIOR_SHARE * smoothed * (1 - smoothed)) / (differing + prior)
    # t for z: the variance is an estimate; its quantile by Cornish and Fisher's first term
    widened = (1 + (1.96**2 + 1) / (4 * (differing + KNOWN))) ** 2
    return min(max(count * smoothed * (1 - smoothed) / pooled / widened, 1.0), MOST_PER_CLUSTER * count)


def compare(
    first: Clusters, second: Clusters, resamples: int = RESAMPLES, confidence: float = 0.95, seed: int = SEED
) -> Comparison | None:
    """The second model against the first on the clusters that both have; None when there is none. The same arguments give the same numbers.

    resamples: permutations that are drawn where there are too many to count.
    """
    one, other = _common(first, second)
    count = len(one.names)
    if not count:
        return None
    bottom = (one.bottom.sum(0) + other.bottom.sum(0)) / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        gains = count * ((other.top - one.top) / bottom).mean(1)  # their mean is the difference
    gains = np.where(np.isfinite(gains), gains, 0.0)
    difference = other.headline() - one.headline()
    better, worse = int((gains > EQUAL).sum()), int((gains < -EQUAL).sum())
    binary = right_or_wrong(one) and right_or_wrong(other)
    p = mcnemar(better, worse) if binary else sign_flip(gains, resamples, seed)
    low, high, spread = _bounds(gains, confidence)
    low, high = min(low, difference), max(high, difference)
    if p >= 1 - confidence:
        low, high = min(low, 0.0), max(high, 0.0)
    elif difference > 0:
        low = max(low, EQUAL)
    elif difference < 0:
        high = min(high, -EQUAL)
    return Comparison(
        difference, low, high, p, "McNemar" if binary else "permutation", count, better, worse, spread
    )  # fmt: skip


def _bounds(gains: Floats, confidence: float) -> tuple[float, float, float]:
    """Interval of the mean gain, and the gains' standard deviation, both with `ADDED` clusters of the largest gain and of its loss."""
    count = len(gains) + 2 * ADDED
    mean = float(gains.sum()) / count
    largest = float(np.abs(gains).max()) or 1.0  # where nothing changed, a whole cluster could have
    spread = math.sqrt(max(0.0, (float((gains**2).sum()) + 2 * ADDED * largest**2) / count - mean**2))
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    reach = z * (1 + (z * z + 1) / (4 * count)) * spread / math.sqrt(count)
    return max(-1.0, mean - reach), min(1.0, mean + reach), spread


def sign_flip(gains: Floats, resamples: int = RESAMPLES, seed: int = SEED) -> float:
    """Two-sided mid-p of the sign-flip permutation test: a sum further from 0, and half of those just as far, were each gain as likely a loss.

    >>> sign_flip(np.array([0.5, 0.5, 1.0, 0.0]))
    0.125
    """
    changed = gains[np.abs(gains) > EQUAL]
    if not len(changed):
        return 1.0
    seen = abs(float(changed.sum()))
    if len(changed) <= MOST_FLIPS:
        signs = 1 - 2 * ((np.arange(2 ** len(changed))[:, None] >> np.arange(len(changed))) & 1)
        return _as_far(signs @ changed, seen) / 2 ** len(changed)
    rng, extreme = np.random.default_rng(seed), 0.0
    for block in blocks(resamples, len(changed)):
        drawn = 1.0 - 2 * rng.integers(0, 2, (block, len(changed)), dtype=np.int8)
        extreme += _as_far(drawn @ changed, seen)
    return (1 + extreme) / (1 + resamples)


def _as_far(sums: Floats, seen: float) -> float:
    """How many sums are further from 0 than what was seen, and half of how many are as far."""
    distances = np.abs(sums)
    return (float((distances > seen + EQUAL).sum()) + float((distances >= seen - EQUAL).sum())) / 2


def holm(p_values: Mapping[str, float]) -> dict[str, float]:
    """Each p as it counts among all of a board (Holm 1979): a board without a difference has one below 0.05 in about 5% of cases at most.

    >>> holm({"a": 0.01, "b": 0.04, "c": 0.03})
    {'a': 0.03, 'c': 0.06, 'b': 0.06}
    """
    corrected: dict[str, float] = {}
    least = 0.0
    for rank, name in enumerate(sorted(p_values, key=lambda key: p_values[key])):
        least = max(least, min(1.0, (len(p_values) - rank) * p_values[name]))
        corrected[name] = round(least, 12)
    return corrected


def _common(first: Clusters, second: Clusters) -> tuple[Clusters, Clusters]:
    numbers = {name: number for number, name in enumerate(second.names)}
    pairs = [(number, numbers[name]) for number, name in enumerate(first.names) if name in numbers]
    ones, others = [one for one, _ in pairs], [other for _, other in pairs]
    names = tuple(first.names[one] for one in ones)
    return (
        Clusters(names, first.top[ones], first.bottom[ones]),
        Clusters(names, second.top[others], second.bottom[others]),
    )


def mcnemar(better: int, worse: int) -> float:
    """Two-sided mid-p of McNemar's test: a more uneven split among the clusters that changed, and half of one as uneven, were both ways as likely.

    >>> mcnemar(0, 0), round(mcnemar(8, 2), 4)
    (1.0, 0.0654)
    """
    changed, fewer = better + worse, min(better, worse)
    if changed == 0:
        return 1.0
    ways = [math.exp(_log_choose(changed, few) - changed * math.log(2)) for few in range(fewer + 1)]
    return 1 - ways[-1] / 2 if better == worse else min(1.0, 2 * sum(ways) - ways[-1])


def _log_choose(count: int, chosen: int) -> float:
    return math.lgamma(count + 1) - math.lgamma(chosen + 1) - math.lgamma(count - chosen + 1)
