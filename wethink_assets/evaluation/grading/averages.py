"""Interval of an average over benchmarks, from the intervals of what it averages."""

import math
from collections.abc import Sequence

from wethink_assets.evaluation.grading.intervals import Interval


def average(parts: Sequence[Interval]) -> Interval:
    """The plain mean of independent values with its interval; nan throughout without any, nan as bounds where a part has none.

    The bounds lie as far from the mean as the parts' own bounds lie from their values, in squares (MOVER: Zou and Donner 2008, the recovery of
    variances from intervals), so that parts near 0 or 1 keep their crooked intervals.

    >>> average([Interval(0.5, 0.4, 0.6), Interval(0.9, 0.7, 0.95)])
    Interval(value=0.7, low=0.5881966011250105, high=0.7559016994374948)
    """
    if not parts:
        return Interval(math.nan, math.nan, math.nan)
    value = sum(part.value for part in parts) / len(parts)
    below, above = (math.hypot(*distances) / len(parts) for distances in (
        [part.value - part.low for part in parts], [part.high - part.value for part in parts]))  # fmt: skip
    return Interval(value, value - below, value + above)
