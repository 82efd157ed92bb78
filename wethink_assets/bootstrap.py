"""How many bootstrap samples are drawn, from which seed, and how many of them at once?"""

from collections.abc import Iterator

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
