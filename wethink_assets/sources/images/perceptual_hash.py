"""The 64-bit perceptual hash of a picture: as `imagehash.phash` computes it, without its overhead."""

import threading
from functools import lru_cache

import numpy as np
import polars as pl
from PIL import Image

SIDE = 32
KEPT = 8
# Pillow's filter: how far it reaches, in pixels of the result, and the bits of its coefficients behind the point.
_REACH = 3
_BITS = 22
# Columns of the result that are made by one product: the filter reaches over few pixels, and a product over all would take zeros times zeros.
_TOGETHER = 8
_CELLS = 2**16
# Multiplications of one product, at most: OpenBLAS shares out larger ones (from 2**18 on) among threads of its own, which spin beside ours.
_PRODUCT = 2**17
_WORTH_IT = 2**16
_LONGEST = 2**13
_TALL = 1.5
_room = threading.local()


def _cosines() -> np.ndarray:
    pixel = np.arange(SIDE)
    return 2 * np.cos(np.pi * np.outer(np.arange(KEPT), 2 * pixel + 1) / (2 * SIDE))


_DCT = _cosines()


def perceptual_hash(grey: Image.Image) -> str:
    """16 hex digits: which of the 8 x 8 lowest frequencies of the picture lie above their median.

    Args:
        grey: picture of mode `L`, upright, at full size.
    """
    pixels = reduced(grey)
    # Rounding makes bits of flat pictures, where all frequencies are zero but for noise, the same on every machine.
    frequencies = np.round(_DCT @ pixels @ _DCT.T, 6) + 0.0
    # As `np.median`, which takes ten times as long.
    lower, upper = np.sort(frequencies, axis=None)[KEPT * KEPT // 2 - 1 :][:2]
    above = frequencies > (lower + upper) / 2
    return np.packbits(above).tobytes().hex()


def reduced(grey: Image.Image) -> np.ndarray:
    """A picture of mode `L` at 32 x 32 pixels, as whole numbers in floats: to the bit what Pillow's `resize` by `LANCZOS` gives.

    Pillow's took half the time of an ingestion. Its sums are of whole numbers below 2**53, so that products of matrices of floats are the same in
    any order, and take a third. With pictures much taller than wide it begins with the columns, from a ratio on that its releases may change:
    these are left to it.
    """
    width, height = grey.size
    if width * height < _WORTH_IT or max(width, height) > _LONGEST or height > _TALL * width:
        return np.asarray(grey.resize((SIDE, SIDE), Image.Resampling.LANCZOS), dtype=np.float64)
    return _rows_reduced(_rows_reduced(pixels_of(grey)).T).T


def pixels_of(grey: Image.Image) -> np.ndarray:
    """Pixels of a picture of mode `L`, which are read where they lie; of one that Pillow keeps in several blocks (16 MB each), a copy."""
    grey.load()
    try:
        return pl.Series(grey).to_numpy().reshape(grey.height, grey.width)
    except ValueError:
        return np.asarray(grey)


def _rows_reduced(values: np.ndarray) -> np.ndarray:
    """Each row of an array of whole numbers from 0 to 255 filtered down to 32 of them."""
    rows, length = values.shape
    filters = _filters(length)
    widest = max(len(coefficients) for _, coefficients in filters)
    step = max(min(_CELLS // length, _PRODUCT // (widest * _TOGETHER)), 1)
    sums, part = np.empty((rows, SIDE)), _scratch(step * length).reshape(step, length)
    for top in range(0, rows, step):
        some = part[: min(step, rows - top)]
        some[:] = values[top : top + step]
        for number, (first, coefficients) in enumerate(filters):
            target = sums[top : top + step, number * _TOGETHER : (number + 1) * _TOGETHER]
            np.matmul(some[:, first : first + len(coefficients)], coefficients, out=target)
    sums += 2 ** (_BITS - 1)
    sums /= 2**_BITS
    return np.clip(np.floor(sums, out=sums), 0, 255, out=sums)


def _scratch(cells: int) -> np.ndarray:
    """Room for so many numbers, which each thread keeps: memory that is new for each picture comes page by page, and took a tenth of an ingestion."""
    room: np.ndarray | None = getattr(_room, "cells", None)
    if room is None or len(room) < cells:
        room = _room.cells = np.empty(max(cells, _CELLS))
    return room[:cells]


@lru_cache(maxsize=32)
def _filters(length: int) -> list[tuple[int, np.ndarray]]:
    """Coefficients by which so many pixels become 32, a matrix for each few of these, with the pixel that its first row is for."""
    scale = length / SIDE
    stretch = max(scale, 1.0)
    centres = (np.arange(SIDE) + 0.5) * scale
    firsts = np.maximum(np.trunc(centres - _REACH * stretch + 0.5), 0).astype(int)
    ends = np.minimum(np.trunc(centres + _REACH * stretch + 0.5), length).astype(int)
    pixels = firsts[:, None] + np.arange((ends - firsts).max())
    places = (pixels - centres[:, None] + 0.5) / stretch
    weights = np.sinc(places) * np.sinc(places / _REACH)
    weights[(pixels >= ends[:, None]) | (places < -_REACH) | (places >= _REACH)] = 0.0
    weights /= weights.sum(axis=1, keepdims=True)
    whole = np.trunc(weights * 2**_BITS + np.copysign(0.5, weights))
    filters = []
    for start in range(0, SIDE, _TOGETHER):
        some = range(start, start + _TOGETHER)
        first = int(firsts[start])
        coefficients = np.zeros((int(ends[some[-1]]) - first, _TOGETHER))
        for column, row in enumerate(some):
            reach = ends[row] - firsts[row]
            coefficients[firsts[row] - first : ends[row] - first, column] = whole[row, :reach]
        filters.append((first, coefficients))
    return filters
