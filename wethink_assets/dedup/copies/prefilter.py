"""Pre-filter of a pair of pictures: whether thumbnails, laid on each other, show the same fine structure, before the pictures are compared in full.

Look-alike pages share their layout, so that low frequencies are equal; their lines are not. Thumbnails are registered at 96 x 96 by their grey
values, then their high frequencies are correlated at both sizes, where the one is small enough to bear the noise of coding, the other fine enough
to tell lines of text apart.

Limits were fixed on seeds 2,000 to 2,011 of `benchmarks/image_pairs.py`, where all copies but one of 576 reach .78 and .54. Of unrelated candidates
(12 pictures beside 100) none of 139 documents passes, and 29 of 353 drawings, which are of one template.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from wethink_assets.dedup.copies.pixels import TURNS, Floats, Pixels, box_inside, grey_of, resized
from wethink_assets.dedup.copies.registration import IDENTITY, THUMBNAIL, Map, correlation, ecc
from wethink_assets.dedup.copies.verification import LEAST_ALIKE

FINE = 2 * THUMBNAIL
LEAST_COARSE, LEAST_FINE = 0.7, 0.5
"""Correlations of high frequencies, at 96 and 192 pixels a side, that pictures reach which are compared in full."""
BLUR = 2.0
"""Standard deviation in pixels of what is taken for low."""
LEAST_OVERLAP = 0.1
PLACES = ((0, 0), (1, 1), (0, 1), (1, 0))


@dataclass(frozen=True, slots=True)
class Thumbnails:
    """Grey thumbnails of a picture's frame and of what lies inside its plain border, each of 96 x 96 and 192 x 192 pixels: 92 kB."""

    coarse: tuple[Pixels, Pixels]
    fine: tuple[Pixels, Pixels]

    @classmethod
    def of(cls, picture: Pixels) -> "Thumbnails":
        """Thumbnails of RGB pixels (`pixels.compared_pixels`)."""
        grey = grey_of(picture)
        parts = [grey[b:d, a:c] for a, b, c, d in ((0, 0, grey.shape[1], grey.shape[0]), box_inside(picture))]
        coarse, fine = (tuple(resized(part, side, side) for part in parts) for side in (THUMBNAIL, FINE))
        return cls((coarse[0], coarse[1]), (fine[0], fine[1]))

    def turned(self, turn: int) -> "Thumbnails":
        """Those of the picture laid down as `TURNS[turn]` says."""
        way = TURNS[turn]
        coarse, fine = ([way.of(each) for each in size] for size in (self.coarse, self.fine))
        return Thumbnails((coarse[0], coarse[1]), (fine[0], fine[1]))


def may_be_same(first: Thumbnails, second: Thumbnails, turn: int = 0) -> bool:
    """Whether two pictures are worth a full comparison, the second one laid down as `TURNS[turn]` says; about 10 ms.

    >>> page = np.random.default_rng(0).integers(0, 255, (20, 30, 3), np.uint8).repeat(10, 0).repeat(10, 1)
    >>> may_be_same(Thumbnails.of(page), Thumbnails.of(page)), may_be_same(Thumbnails.of(page), Thumbnails.of(page[::-1]))
    (True, False)
    """
    second = second.turned(turn)
    seen: list[tuple[Pixels, Pixels]] = []
    for one, other in PLACES:
        own, its = first.coarse[one], second.coarse[other]
        if any(np.array_equal(own, before) and np.array_equal(its, after) for before, after in seen):
            continue
        seen.append((own, its))
        reached, found = ecc(own, its, IDENTITY, steps=40, blur=3, within=1e-4)
        if reached < 0:
            reached, found = correlation(own, its), IDENTITY
        if reached < LEAST_ALIKE or _structure(own, its, found) < LEAST_COARSE:
            continue
        if _structure(first.fine[one], second.fine[other], _finer(first, second, one, other, found)) >= LEAST_FINE:
            return True
    return False


def _finer(first: Thumbnails, second: Thumbnails, one: int, other: int, found: Map) -> Map:
    """A map between coarse thumbnails as one between fine ones, followed further by these."""
    scaling = np.array([[2, 0, 0.5], [0, 2, 0.5], [0, 0, 1]])
    start = (scaling @ np.vstack([found, [0, 0, 1]]) @ np.linalg.inv(scaling))[:2].astype(np.float32)
    return ecc(first.fine[one], second.fine[other], start, steps=20, blur=3)[1]


def _structure(one: Pixels, other: Pixels, found: Map) -> float:
    """Correlation of the high frequencies of two thumbnails where a map lays one on the other."""
    size = (one.shape[1], one.shape[0])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    moved = np.asarray(cv2.warpAffine(other, found, size, flags=flags, borderMode=cv2.BORDER_REPLICATE), np.uint8)
    there = cv2.warpAffine(np.full(other.shape, 255, np.uint8), found, size, flags=flags) > 250
    if there.mean() < LEAST_OVERLAP:
        return -1.0
    high, its = (_high(picture)[there] for picture in (one, moved))
    strength = float((high * high).mean() * (its * its).mean())
    if strength < 1:  # plain pictures have no structure that could differ
        return 1.0
    return float((high * its).mean() / np.sqrt(strength))


def _high(picture: Pixels) -> Floats:
    values = picture.astype(np.float32)
    return np.asarray(values - cv2.GaussianBlur(values, (0, 0), BLUR), np.float32)
