"""Confidence intervals: Wilson's for shares, and how many bootstrap samples are drawn, from which seed and how many at once."""

import math
from collections.abc import Iterator


def wilson(right: int, count: int, z: float = 1.96) -> tuple[float, float]:
    """95% Wilson interval of a share (Wilson 1927); (0, 1) without observations."""
    if not count:
        return 0.0, 1.0
    share = right / count
    middle = share + z * z / (2 * count)
    spread = z * math.sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    return max(0.0, (middle - spread) / (1 + z * z / count)), min(1.0, (middle + spread) / (1 + z * z / count))


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
