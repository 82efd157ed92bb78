"""Search among many images of one perceptual hash: most of them are told from another by a few bytes of a sketch.

A sketch is a row of bytes of which none differs by more than a radius between images that are alike (`methods.ImageMethod`). Of each image the
bytes are kept in which it differs most from the others: whoever is unlike it there need not be compared in full. The result is that of comparing
with all.
"""

from dataclasses import replace
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from wethink_assets.config.data import DedupSettings
from wethink_assets.dedup import perceptual_hash
from wethink_assets.dedup.methods import U8, Comparison
from wethink_assets.dedup.pixels import SIDE

MARKS = 8  # bytes kept of each sketch


class SketchSearch:
    """Images in the order they were added; each takes 16 bytes."""

    FEWEST: ClassVar[int] = 64
    """Images below which comparing with all is quicker."""

    def __init__(self, comparison: Comparison, details: U8) -> None:
        """details: of the first images, shape (n, `detail_bytes`); what they have in common says what is special about an image."""
        sketch = comparison.images.sketch
        assert sketch is not None
        self._sketch = sketch
        self._radius = comparison.images.sketch_radius(comparison.settings)
        sketches = sketch(details)
        self._common = np.median(sketches, axis=0).astype(np.int16)
        self._at = np.empty((MARKS, 2 * self.FEWEST), dtype=np.int16)
        self._value = np.empty((MARKS, 2 * self.FEWEST), dtype=np.int16)
        self._count = 0
        for one in sketches:
            self._append(one)

    def add(self, details: U8) -> None:
        """Append an image by its details, shape (1, `detail_bytes`)."""
        self._append(self._sketch(details)[0])

    def among(self, numbers: npt.NDArray[np.int64], details: U8) -> npt.NDArray[np.int64]:
        """Those of some images, by number, that may be alike to one with these details, shape (1, `detail_bytes`)."""
        own = self._sketch(details)[0].astype(np.int16)
        for at, value in zip(self._at, self._value, strict=True):
            numbers = numbers[np.abs(own[at[numbers]] - value[numbers]) <= self._radius]
            if len(numbers) < self.FEWEST:
                break
        return numbers

    def _append(self, sketch: U8) -> None:
        if self._count == self._at.shape[1]:
            self._at, self._value = (np.concatenate([array, array], axis=1) for array in (self._at, self._value))
        special = np.argpartition(np.abs(sketch - self._common), -MARKS)[-MARKS:]
        self._at[:, self._count] = special
        self._value[:, self._count] = sketch[special]
        self._count += 1


def _grey(details: U8) -> U8:
    """Mean over the channels of each reduced pixel, rounded down: shape (n, 256)."""
    grey: U8 = (details.reshape(-1, SIDE * SIDE, 3).sum(axis=2, dtype=np.uint16) // 3).astype(np.uint8)
    return grey


def _grey_radius(settings: DedupSettings) -> float:
    """Means over channels differ by no more than the channels do on average, and by up to 1 more once rounded down."""
    return perceptual_hash.LOCAL_FACTOR * settings.pixel_difference + 1


PERCEPTUAL_HASH = replace(perceptual_hash.PERCEPTUAL_HASH, sketch=_grey, sketch_radius=_grey_radius)
"""`perceptual_hash`, with a search among images of one hash."""
