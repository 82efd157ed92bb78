"""Mid-p and Jeffreys intervals of a share, also of one whose observations are no whole number: no scipy, a continued fraction.

The mid-p interval (Lancaster 1961; Agresti and Gottard 2007) holds the shares under which half the probability of what was seen, and all of what is
more extreme, is not too small: Clopper and Pearson's without most of its surplus, and right where all samples are right, which a bootstrap takes
for certainty. Jeffreys' (Brown, Cai and DasGupta 2001) fits what takes many values, of which one has no probability worth halving. All bounds come
from the regularized incomplete beta function, which takes counts that are no whole numbers.
"""

import math
from collections.abc import Callable
from functools import lru_cache

STEPS = 44
"""Halvings of a bound: to 1e-13."""
TERMS = 400
TINY = 1e-300


def beta_share(first: float, second: float, x: float) -> float:
    """Regularized incomplete beta function I_x(first, second), by its continued fraction (DLMF 8.17.22, method of Lentz).

    >>> round(beta_share(2, 3, 0.4), 4)
    0.5248
    """
    if x <= 0 or second <= 0:
        return 0.0
    if x >= 1 or first <= 0:
        return 1.0
    if x > (first + 1) / (first + second + 2):
        return 1 - beta_share(second, first, 1 - x)
    log_front = math.lgamma(first + second) - math.lgamma(first) - math.lgamma(second)
    front = math.exp(log_front + first * math.log(x) + second * math.log1p(-x)) / first
    value = c = 1.0
    d = 0.0
    for term in range(TERMS):
        half = term // 2
        if term == 0:
            part = 1.0
        elif term % 2 == 0:
            part = half * (second - half) * x / ((first + term - 1) * (first + term))
        else:
            part = -(first + half) * (first + second + half) * x / ((first + term - 1) * (first + term))
        d = 1 / ((1 + part * d) or TINY)
        c = (1 + part / c) or TINY
        value *= c * d
        if abs(1 - c * d) < 1e-13:
            break
    return front * (value - 1)


@lru_cache(maxsize=4096)
def mid_p_interval(right: float, count: float, confidence: float = 0.95) -> tuple[float, float]:
    """Bounds of a share of which `right` of `count` were seen; (0, 1) without observations.

    >>> [round(bound, 3) for bound in mid_p_interval(8, 8)], [round(bound, 3) for bound in mid_p_interval(7, 8)]
    ([0.688, 1.0], [0.52, 0.994])
    """
    if count <= 0:
        return 0.0, 1.0
    outside = (1 - confidence) / 2

    def above(share: float) -> float:
        """Probability of more than was seen, and half of as much."""
        at_least = beta_share(right, count - right + 1, share) if right > 0 else 1.0
        more = beta_share(right + 1, count - right, share) if right < count else 0.0
        return (at_least + more) / 2

    return (
        0.0 if right <= 0 else _where(above, outside),
        1.0 if right >= count else _where(above, 1 - outside),
    )


@lru_cache(maxsize=4096)
def jeffreys_interval(right: float, count: float, confidence: float = 0.95) -> tuple[float, float]:
    """Bounds of a share of which `right` of `count` observations were seen, neither a whole number; the mid-p ones where that is none or all.

    >>> [round(bound, 3) for bound in jeffreys_interval(5.6, 8)]
    [0.361, 0.921]
    """
    if right <= 0 or right >= count:
        return mid_p_interval(right, count, confidence)
    outside = (1 - confidence) / 2

    def below(share: float) -> float:
        return beta_share(right + 0.5, count - right + 0.5, share)

    return _where(below, outside), _where(below, 1 - outside)


def _where(rising: Callable[[float], float], target: float) -> float:
    """The share at which a rising function of it reaches the target."""
    low, high = 0.0, 1.0
    for _ in range(STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if rising(middle) < target else (low, middle)
    return (low + high) / 2
