"""How sure is a score, and is one model better than another on the same samples?

Intervals are percentiles of bootstrap samples over units (groups of samples that belong together). Two models are compared on the units
that both have, drawn together (paired bootstrap); where each unit is right or wrong, McNemar's exact test says how likely as uneven a split
of the units that changed would be by chance (McNemar 1947).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from wethink_assets.evaluation.grading.headline import Floats, Units, headlines
from wethink_assets.intervals import RESAMPLES, SEED, blocks


@dataclass(frozen=True, slots=True)
class Interval:
    """A value, 0 to 1, between its lower and upper bound."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """The second model less the first, on the units that both have.

    p_bootstrap: two-sided, from the paired bootstrap; better, worse: units right in the second only, in the first only; p_mcnemar: exact, None
    where units are more than right or wrong.
    """

    difference: float
    low: float
    high: float
    p_bootstrap: float
    units: int
    better: int
    worse: int
    p_mcnemar: float | None


def averaged(runs: Sequence[Units]) -> Units:
    """The mean over runs of one benchmark (sampling seeds): each unit keeps what it gave on average."""
    first = runs[0]
    if any(run.names != first.names for run in runs):
        raise ValueError("the runs are not over the same units")
    return Units(first.names, np.mean([run.top for run in runs], axis=0), first.bottom)


def _resampled(parts: Sequence[Units], resamples: int, seed: int) -> list[Floats]:
    """Headlines of bootstrap samples, the same units drawn for each of `parts`."""
    rng = np.random.default_rng(seed)
    count = len(parts[0].names)
    found: list[list[Floats]] = [[] for _ in parts]
    for samples in blocks(resamples, count):
        weights = rng.multinomial(count, np.full(count, 1 / count), size=samples).astype(float)
        for place, units in enumerate(parts):
            found[place].append(headlines(weights @ units.top, weights @ units.bottom))
    return [np.concatenate(blocks) for blocks in found]


def _bounds(values: Floats, confidence: float) -> tuple[float, float]:
    whole = values[np.isfinite(values)]
    if not len(whole):
        return math.nan, math.nan
    low, high = np.quantile(whole, [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(low), float(high)


def interval(units: Units, resamples: int = RESAMPLES, confidence: float = 0.95, seed: int = SEED) -> Interval:
    """Headline with its percentile bootstrap interval; nan throughout without units."""
    if not units.names:
        return Interval(math.nan, math.nan, math.nan)
    low, high = _bounds(_resampled([units], resamples, seed)[0], confidence)
    return Interval(units.headline(), low, high)


def compare(
    first: Units, second: Units, resamples: int = RESAMPLES, confidence: float = 0.95, seed: int = SEED
) -> Comparison | None:
    """The second model against the first on the units that both have; None when there is none."""
    one, other = _common(first, second)
    if not one.names:
        return None
    before, after = _resampled([one, other], resamples, seed)
    differences = after - before
    low, high = _bounds(differences, confidence)
    whole = differences[np.isfinite(differences)]
    tail = min(float((whole <= 0).mean()), float((whole >= 0).mean())) if len(whole) else math.nan
    binary = one.top.shape[1] == 1 and all(
        set(np.unique(part.top)) <= {0.0, 1.0} and (part.bottom == 1).all() for part in (one, other)
    )
    changed = other.top.sum(1) / other.bottom.sum(1) - one.top.sum(1) / one.bottom.sum(1)
    better, worse = int((changed > 0).sum()), int((changed < 0).sum())
    return Comparison(
        other.headline() - one.headline(), low, high, min(1.0, max(2 * tail, 1 / resamples)), len(one.names),
        better, worse, mcnemar(better, worse) if binary else None,
    )  # fmt: skip


def _common(first: Units, second: Units) -> tuple[Units, Units]:
    places = {name: place for place, name in enumerate(second.names)}
    pairs = [(place, places[name]) for place, name in enumerate(first.names) if name in places]
    ones, others = [one for one, _ in pairs], [other for _, other in pairs]
    names = tuple(first.names[one] for one in ones)
    return Units(names, first.top[ones], first.bottom[ones]), Units(names, second.top[others], second.bottom[others])


def mcnemar(better: int, worse: int) -> float:
    """Exact two-sided p of McNemar's test: a split at least as uneven among the units that changed, were both ways as likely.

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
