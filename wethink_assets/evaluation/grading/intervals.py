"""Bootstrap intervals of a score, and paired tests of two models on the same samples.

Intervals are percentiles of bootstrap samples over clusters (groups of samples that belong together). Two models are compared on the clusters
that both have, drawn together (paired bootstrap); where each cluster is right or wrong, McNemar's exact test says how likely as uneven a split
of the clusters that changed would be by chance (McNemar 1947).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from wethink_assets.evaluation.grading.clusters import Clusters, Floats, headlines
from wethink_assets.intervals import RESAMPLES, SEED, blocks


@dataclass(frozen=True, slots=True)
class Interval:
    """A value, 0 to 1, between its lower and upper bound."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """The second model less the first, on the clusters that both have.

    p_bootstrap: two-sided, from the paired bootstrap; units: how many clusters; better, worse: clusters right in the second only, in the first
    only; p_mcnemar: exact, None where clusters are more than right or wrong.
    """

    difference: float
    low: float
    high: float
    p_bootstrap: float
    units: int
    better: int
    worse: int
    p_mcnemar: float | None


def averaged(runs: Sequence[Clusters]) -> Clusters:
    """The mean over runs of one benchmark (sampling seeds): each cluster keeps what it gave on average."""
    first = runs[0]
    if any(run.names != first.names for run in runs):
        raise ValueError("the runs are not over the same clusters")
    return Clusters(first.names, np.mean([run.top for run in runs], axis=0), first.bottom)


def _resampled(models: Sequence[Clusters], resamples: int, seed: int) -> list[Floats]:
    """Headlines of bootstrap samples, the same clusters drawn for each of `models`."""
    rng = np.random.default_rng(seed)
    count = len(models[0].names)
    drawn: list[list[Floats]] = [[] for _ in models]
    for samples in blocks(resamples, count):
        weights = rng.multinomial(count, np.full(count, 1 / count), size=samples).astype(float)
        for number, clusters in enumerate(models):
            drawn[number].append(headlines(weights @ clusters.top, weights @ clusters.bottom))
    return [np.concatenate(parts) for parts in drawn]


def _bounds(values: Floats, confidence: float) -> tuple[float, float]:
    finite = values[np.isfinite(values)]
    if not len(finite):
        return math.nan, math.nan
    low, high = np.quantile(finite, [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(low), float(high)


def interval(clusters: Clusters, resamples: int = RESAMPLES, confidence: float = 0.95, seed: int = SEED) -> Interval:
    """Headline with its percentile bootstrap interval; nan throughout without clusters."""
    if not clusters.names:
        return Interval(math.nan, math.nan, math.nan)
    low, high = _bounds(_resampled([clusters], resamples, seed)[0], confidence)
    return Interval(clusters.headline(), low, high)


def compare(
    first: Clusters, second: Clusters, resamples: int = RESAMPLES, confidence: float = 0.95, seed: int = SEED
) -> Comparison | None:
    """The second model against the first on the clusters that both have; None when there is none."""
    one, other = _common(first, second)
    if not one.names:
        return None
    before, after = _resampled([one, other], resamples, seed)
    differences = after - before
    low, high = _bounds(differences, confidence)
    finite = differences[np.isfinite(differences)]
    tail = min(float((finite <= 0).mean()), float((finite >= 0).mean())) if len(finite) else math.nan
    binary = one.top.shape[1] == 1 and all(
        set(np.unique(model.top)) <= {0.0, 1.0} and (model.bottom == 1).all() for model in (one, other)
    )
    changed = other.top.sum(1) / other.bottom.sum(1) - one.top.sum(1) / one.bottom.sum(1)
    better, worse = int((changed > 0).sum()), int((changed < 0).sum())
    return Comparison(
        other.headline() - one.headline(), low, high, min(1.0, max(2 * tail, 1 / resamples)), len(one.names),
        better, worse, mcnemar(better, worse) if binary else None,
    )  # fmt: skip


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
    """Exact two-sided p of McNemar's test: a split at least as uneven among the clusters that changed, were both ways as likely.

    >>> mcnemar(0, 0), round(mcnemar(8, 2), 4)
    (1.0, 0.1094)
    """
    changed = better + worse
    if changed == 0:
        return 1.0
    tail = sum(math.exp(_log_choose(changed, few) - changed * math.log(2)) for few in range(min(better, worse) + 1))
    return min(1.0, 2 * tail)


def _log_choose(count: int, chosen: int) -> float:
    return math.lgamma(count + 1) - math.lgamma(chosen + 1) - math.lgamma(count - chosen + 1)
