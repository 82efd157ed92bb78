"""Confidence intervals: Wilson's for shares, an exact one for samples; how many bootstrap samples are drawn, from which seed and how many at once."""

import math
from collections.abc import Callable, Iterator


def wilson(right: float, count: int, z: float = 1.96) -> tuple[float, float]:
    """95% Wilson interval of a share (Wilson 1927); (0, 1) without observations.

    right: how many are right, or the sum of grades from 0 to 1, whose interval is then rather too wide.
    """
    if not count:
        return 0.0, 1.0
    share = right / count
    middle = share + z * z / (2 * count)
    spread = z * math.sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    return max(0.0, (middle - spread) / (1 + z * z / count)), min(1.0, (middle + spread) / (1 + z * z / count))


def sampled_share(found: int, read: int, files: int) -> tuple[float, float]:
    """Exact 95% interval of a share among so many, of which some were read without putting back: it holds the truth in 95% of all draws or more.

    A number of altered files is in it where neither so many found, or more, nor so many, or fewer, come with less than 2.5% (Buonaccorsi 1987, after
    Clopper and Pearson 1934). Wilson's holds a rare fault in 86% of the draws only.

    >>> [round(bound, 4) for bound in sampled_share(0, 100, 405)], sampled_share(3, 10, 10), sampled_share(0, 0, 10)
    ([0.0, 0.0296], (0.3, 0.3), (0.0, 1.0))
    """
    if not read:
        return 0.0, 1.0
    most = files - (read - found)
    low = _first(found, most, lambda altered: _tail(found, altered, read, files, upwards=True) > HALF)
    high = _first(low, most + 1, lambda altered: _tail(found, altered, read, files, upwards=False) <= HALF) - 1
    return low / files, max(low, high) / files


HALF = 0.025


def _first(start: int, end: int, holds: Callable[[int], bool]) -> int:
    """The first number from `start` on that something holds of, as of all after it; `end` where of none before."""
    while start < end:
        middle = (start + end) // 2
        start, end = (start, middle) if holds(middle) else (middle + 1, end)
    return start


def _tail(found: int, altered: int, read: int, files: int, upwards: bool) -> float:
    """Chance that of the files read so many are altered, or more (`upwards`), or fewer."""
    if not max(0, read - files + altered) <= found <= min(altered, read):
        return float((found < read - files + altered) is upwards)
    chance = math.exp(
        _ln_choices(altered, found) + _ln_choices(files - altered, read - found) - _ln_choices(files, read)
    )
    if not chance:  # so far from what is likely that it is no number any more
        return float((found * files < read * altered) is upwards)
    total, number = 0.0, found
    while chance > total * 1e-12:
        total += chance
        rest = files - altered - read + number
        if upwards:
            chance *= (altered - number) * (read - number) / ((number + 1) * (rest + 1))
            number += 1
        else:
            chance *= number * rest / ((altered - number + 1) * (read - number + 1))
            number -= 1
    return min(total, 1.0)


def _ln_choices(files: int, chosen: int) -> float:
    return math.lgamma(files + 1) - math.lgamma(chosen + 1) - math.lgamma(files - chosen + 1)


RESAMPLES = 2000
SEED = 20_250_607
CELLS = 4_000_000
"""Weights in memory at once: 32 MB."""


def blocks(resamples: int, units: int) -> Iterator[int]:
    """How many samples of so many units to draw at a time, until there are all of them.

    >>> list(blocks(2000, 3_000)), list(blocks(3, 9_000_000))
    ([1333, 667], [1, 1, 1])
    """
    block = max(1, CELLS // max(1, units))
    for start in range(0, resamples, block):
        yield min(block, resamples - start)
