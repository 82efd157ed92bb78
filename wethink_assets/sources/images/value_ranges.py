"""Ranges of values: which values of a picture of more than 8 bits become black and white."""

from collections.abc import Iterable

import numpy as np
from PIL import Image

DEPTHS = (255, 1023, 4095, 16383, 65535)
"""Largest values of the depths in which pictures are taken: 8, 10, 12, 14 and 16 bits."""
STRIP = 256
"""Rows that are looked at, or converted, together."""


def value_range(image: Image.Image) -> tuple[float, float]:
    """Values of an image of more than 8 bits that become black and white.

    They are 0 and the largest value of the least depth that holds all values (1 for floats; 8, 10, 12, 14 or 16 bits): a picture keeps its
    brightness in whatever container it lies. Where that would leave it dark, or values are negative or larger, they are the least and the largest.
    """
    tops = range(0, image.height, STRIP)
    return range_of(np.asarray(image.crop((0, top, image.width, min(top + STRIP, image.height)))) for top in tops)


def range_of(strips: Iterable[np.ndarray]) -> tuple[float, float]:
    """The same of values that come in parts."""
    low, high, floats = np.inf, -np.inf, False
    for values in strips:
        if values.dtype.kind == "f":
            floats, values = True, values[np.isfinite(values)]
        if values.size:
            low, high = min(low, float(values.min())), max(high, float(values.max()))
    if low > high:  # nothing but NaN
        return 0.0, 1.0
    depths = (1, *DEPTHS) if floats else DEPTHS
    depth = next((depth for depth in depths if high <= depth), 0)
    if low >= 0 and depth and (high > depth / 4 or low == high):
        return 0.0, float(depth)
    return low, high


def scaled(values: np.ndarray, low: float, high: float) -> np.ndarray:
    """Values as 0 to 255, whatever is beyond the bounds at them, and what is no number at the lower one."""
    with np.errstate(invalid="ignore"):  # a signalling NaN is one too
        finite = np.nan_to_num(values.astype(np.float64), nan=low, posinf=high, neginf=low)
    scaled = (np.clip(finite, low, high) - low) * (255 / ((high - low) or 1))
    return np.round(scaled).astype(np.uint8)
