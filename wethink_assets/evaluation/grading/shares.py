"""Interval of a share that holds the truth as nearly as often as it says, at every share: no interval of whole counts can do better by much.

Few samples have few outcomes, so the coverage of any interval jumps with the share: of eight samples at .98 it is .85 or .99 and nothing between.
Here the counts with which a share goes are chosen for each share, rising with it, so that their probability is within the confidence's band
wherever that is possible, else nearest to it, what is missing counting threefold. The interval of a count then is the shares that go with it.
Sets of counts chosen by their probability are those of Sterne (1954) and of Blyth and Still (1983), who ask for at least the confidence.
"""

import math
from functools import lru_cache

import numpy as np

from wethink_assets.evaluation.grading.binomial import mid_p_interval
from wethink_assets.evaluation.grading.clusters import Floats

LARGEST = 500
"""Samples up to which counts are chosen; of more the mid-p interval differs from it by less than is shown."""
SHARES = 1500
"""Shares from one half to 1 for which counts are chosen, denser towards 1; the others mirror them."""
BAND = 0.4
"""Of what the confidence leaves out: .95 is to be .93 to .97."""
FAR, NEAR = 2.4, 0.002
"""Probability below the least count, or above the greatest, at most and at least: as shares of what the confidence leaves out."""
NEVER = 1e6
IndexArray = np.ndarray[tuple[int, ...], np.dtype[np.int64]]


def share_interval(right: int, count: int, confidence: float = 0.95) -> tuple[float, float]:
    """Bounds of a share of which `right` of `count` were seen; (0, 1) without observations.

    >>> [round(bound, 2) for bound in share_interval(8, 8)], [round(bound, 2) for bound in share_interval(12, 24)]
    ([0.7, 1.0], [0.3, 0.7])
    """
    if not 0 < count <= LARGEST:
        return mid_p_interval(right, count, confidence)
    return _intervals(count, confidence)[right]


@lru_cache(maxsize=256)
def _intervals(count: int, confidence: float) -> tuple[tuple[float, float], ...]:
    """The interval of each count, 0 to `count`."""
    angles = np.linspace(np.pi / 4, np.pi / 2, SHARES + 1)
    edges = np.sin(angles) ** 2
    least, greatest = _counts(count, confidence, np.sin((angles[1:] + angles[:-1]) / 2) ** 2)
    edges = np.concatenate([1 - edges[::-1], edges[1:]])
    least, greatest = np.concatenate([count - greatest[::-1], least]), np.concatenate([count - least[::-1], greatest])
    first = np.searchsorted(greatest, np.arange(count + 1), side="left")
    last = np.searchsorted(least, np.arange(count + 1), side="right")
    return tuple((float(edges[one]), float(edges[other])) for one, other in zip(first, last, strict=True))


def _counts(count: int, confidence: float, shares: Floats) -> tuple[IndexArray, IndexArray]:
    """Least and greatest count that goes with each share; both never fall. The best way through all shares, by dynamic programming."""
    below = _below(count, shares)
    outside = 1 - confidence
    lows, width_low = _window((below < NEAR * outside).sum(1) - 1, (below <= FAR * outside).sum(1) - 1)
    above = 1 - below[:, 1:]
    highs, width_high = _window((above > FAR * outside).sum(1), np.minimum((above >= NEAR * outside).sum(1), count))
    total = np.zeros((width_low, width_high))
    came: list[IndexArray] = []
    for number in range(len(shares)):
        low, high = (
            np.minimum(start[number] + np.arange(width), count)
            for start, width in ((lows, width_low), (highs, width_high))
        )
        cost = _cost(below[number, low][:, None], 1 - below[number, high + 1][None, :], confidence)
        if number == 0:  # mirrored about one half, neither may fall there
            total = cost + NEVER * (low[:, None] + high[None, :] < count)
            continue
        best, where = _best_before(total)
        before = np.ix_(
            np.minimum(low - lows[number - 1], width_low - 1), np.minimum(high - highs[number - 1], width_high - 1)
        )
        total = cost + best[before]
        came.append(where[before])
    least, greatest = np.zeros(len(shares), np.int64), np.zeros(len(shares), np.int64)
    state = int(total.argmin())
    for number in range(len(shares) - 1, -1, -1):
        least[number] = min(lows[number] + state // width_high, count)
        greatest[number] = min(highs[number] + state % width_high, count)
        if number:
            state = int(came[number - 1].flat[state])
    return least, greatest


def _below(count: int, shares: Floats) -> Floats:
    """Probability of fewer than 0, 1, ... `count` + 1 at each share."""
    counts = np.arange(count + 1)
    ways = np.array(
        [math.lgamma(count + 1) - math.lgamma(one + 1) - math.lgamma(count - one + 1) for one in range(count + 1)]
    )
    logs = np.log(shares)[:, None] * counts + np.log1p(-shares)[:, None] * (count - counts) + ways
    return np.concatenate([np.zeros((len(shares), 1)), np.exp(logs).cumsum(1)], axis=1)


def _window(first: IndexArray, last: IndexArray) -> tuple[IndexArray, int]:
    """Where the counts that come into question begin at each share, and how many they are at most."""
    first = np.maximum(first, 0)
    return first, int((last - first).max()) + 1


def _cost(low: Floats, high: Floats, confidence: float) -> Floats:
    """How far a share's counts are from the confidence, by the probability below and above them; even tails are liked a little."""
    held, band = 1 - low - high, BAND * (1 - confidence)
    missing, surplus = np.maximum(confidence - band - held, 0), np.maximum(held - confidence - band, 0)
    liked = 0.02 * (np.abs(held - confidence) + np.abs(low - high))
    unlikely = np.maximum(low, high) > (FAR + 1) * (1 - confidence)
    return np.asarray(3 * missing + surplus + liked + NEVER / 1000 * unlikely)


def _best_before(total: Floats) -> tuple[Floats, IndexArray]:
    """The least of all entries that are in no later row and column, and where it is in the flattened array."""
    best, where = total.copy(), np.arange(total.size).reshape(total.shape)
    for axis in (0, 1):
        rows, sources = (best, where) if axis == 0 else (best.T, where.T)
        for row in range(1, len(rows)):
            earlier = rows[row - 1] < rows[row]
            rows[row] = np.where(earlier, rows[row - 1], rows[row])
            sources[row] = np.where(earlier, sources[row - 1], sources[row])
    return best, where
