"""Verification of a pair of pictures: `copy`, `altered` (the same picture with a local change) or `other`, down to a digit on a page.

The pictures are registered (`registration`), then what is left of their difference is measured (`residual`). The verdict does not depend on which of
the two is named first, and a picture is a copy of itself. Limits were fixed on pairs of `benchmarks/image_pairs.py`, of other seeds than it reports.
"""

from dataclasses import dataclass, replace
from typing import Literal

import cv2
import numpy as np

from wethink_assets.dedup.copies.pixels import TURNS, Bools, Pixels, grey_of, scaled
from wethink_assets.dedup.copies.registration import Map, by_features, by_thumbnails, refined
from wethink_assets.dedup.copies.residual import Residual, residual

Verdict = Literal["copy", "altered", "other"]
LEAST_ALIKE = 0.65
"""Correlation of thumbnails below which pictures are not registered."""
LEAST_COVER = 0.72
"""Share of the smaller picture that must lie on the other."""
MOST_BESIDE = 0.28
"""Share of a picture that may show structure where the other one shows nothing."""
MOST_TYPICAL = 0.45
EXACT = 0.05
"""Typical residual of pictures that lie on each other exactly: what differs then is not for want of registration."""
GAINS = (0.6, 1.67)
GREY_SHIFT = 14
"""Values that black and white may move by between a picture and its grey copy: black ink and red ink make no copies of each other."""
MOST_LOCAL, MOST_COLOUR = 0.68, 0.5
"""Residual over structure, and of colours, that a copy reaches at most."""
SURE = 0.4
"""Largest residual below which nothing better is looked for."""
MOST_CHANGED = 0.15
"""Share of the places that a local change alters at most, in brightness or in colour."""
_ORDER: dict[Verdict, int] = {"copy": 0, "altered": 1, "other": 2}


@dataclass(frozen=True, slots=True)
class Comparison:
    """Verdict on a pair, with what it rests on.

    alike: correlation of thumbnails; cover: share of the smaller picture that lies on the other; beside: share that shows structure where the other
    shows nothing; residual: None where the pictures were not laid on each other.
    """

    verdict: Verdict
    alike: float
    cover: float = 0.0
    beside: float = 0.0
    residual: Residual | None = None


def compare(first: Pixels, second: Pixels, turn: int = 0) -> Comparison:
    """Compare two RGB pictures (`pixels.compared_pixels`).

    turn: the way to lay the second one down, as `candidates.Candidates` has it.

    >>> page = np.random.default_rng(0).integers(0, 255, (20, 30, 3), np.uint8).repeat(10, 0).repeat(10, 1)
    >>> compare(page, page).verdict, compare(page, TURNS[3].of(page), 1).verdict, compare(page, page[::-1]).verdict
    ('copy', 'copy', 'other')
    """
    second = TURNS[turn].of(second)
    if np.array_equal(first, second):
        return Comparison("copy", 1.0, 1.0)
    if (first.shape, first.tobytes()) > (second.shape, second.tobytes()):
        first, second = second, first
    best = Comparison("other", -1.0)
    for alike, found in by_thumbnails(first, second):
        best = replace(best, alike=max(best.alike, alike))
        if alike >= LEAST_ALIKE:
            best = min(best, _laid(first, second, found, best.alike), key=_rank)
        if best.verdict == "copy" or (best.verdict == "altered" and best.residual and best.residual.typical < EXACT):
            return best
    if best.alike < LEAST_ALIKE:
        return best
    by_corners = by_features(grey_of(first), grey_of(second))
    return best if by_corners is None else min(best, _laid(first, second, by_corners, best.alike), key=_rank)


def _rank(one: Comparison) -> tuple[int, float]:
    return _ORDER[one.verdict], one.residual.largest if one.residual else np.inf


def _laid(first: Pixels, second: Pixels, found: Map, alike: float) -> Comparison:
    """The comparison of two pictures that a map lays on each other, on the grid of the one that shows less detail."""
    scale = float(np.sqrt(abs(np.linalg.det(found[:, :2]))))
    if not np.isfinite(found).all() or scale < 0.2:
        return Comparison("other", alike)
    if scale < 0.95:
        first, second, found, scale = second, first, np.asarray(cv2.invertAffineTransform(found), np.float32), 1 / scale
    if scale > 1.1:
        small = scaled(second, 1 / scale)
        across, down = small.shape[1] / second.shape[1], small.shape[0] / second.shape[0]
        grid = np.array([[across, 0, (across - 1) / 2], [0, down, (down - 1) / 2], [0, 0, 1]])
        found, second = (grid @ np.vstack([found, [0, 0, 1]]))[:2].astype(np.float32), small
    quick = _registered(first, second, refined(found, grey_of(first), grey_of(second)), alike)
    if quick.verdict == "copy" and quick.residual and quick.residual.largest < SURE:
        return quick
    fully = refined(found, grey_of(first), grey_of(second), fully=True)
    return min(quick, _registered(first, second, fully, alike), key=_rank)


def _registered(first: Pixels, second: Pixels, found: Map, alike: float) -> Comparison:
    height, width = first.shape[:2]
    inverse = cv2.WARP_INVERSE_MAP
    moved = cv2.warpAffine(
        second, found, (width, height), flags=cv2.INTER_CUBIC | inverse, borderMode=cv2.BORDER_REPLICATE
    )
    overlap = _covered(second, found, (width, height), cv2.INTER_LINEAR | inverse)
    back = _covered(first, found, (second.shape[1], second.shape[0]), cv2.INTER_LINEAR)
    cover = float(max(overlap.mean(), back.mean()))
    beside = max(_structure(first, ~overlap), _structure(second, ~back))
    if overlap.mean() < 0.05:
        return Comparison("other", alike, cover, beside)
    measured = residual(np.asarray(moved, np.uint8), first, overlap, SURE)
    return Comparison(_verdict(cover, beside, measured), alike, cover, beside, measured)


def _verdict(cover: float, beside: float, measured: Residual) -> Verdict:
    if cover < LEAST_COVER or beside > MOST_BESIDE or measured.typical > MOST_TYPICAL:
        return "other"
    if not GAINS[0] < measured.gain < GAINS[1]:
        return "other"
    white = 255 * measured.gain + measured.offset - 255
    if measured.one_is_grey and max(abs(measured.offset), abs(white)) >= GREY_SHIFT:
        return "other"
    if measured.colour <= MOST_COLOUR and measured.largest <= MOST_LOCAL:
        return "copy"
    return "altered" if max(measured.share, measured.recoloured) < MOST_CHANGED else "other"


def _covered(picture: Pixels, found: Map, size: tuple[int, int], flags: int) -> Bools:
    """Which pixels a picture covers once it is moved."""
    whole = np.full(picture.shape[:2], 255, np.uint8)
    return np.asarray(cv2.warpAffine(whole, found, size, flags=flags) > 250)


def _structure(picture: Pixels, outside: Bools) -> float:
    """Share of a picture that lies outside and shows structure, such as no plain border does."""
    if not outside.any():
        return 0.0
    edges = cv2.morphologyEx(grey_of(picture), cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)) > 24
    inside = cv2.erode(outside.astype(np.uint8), np.ones((7, 7), np.uint8)) > 0
    return float((cv2.blur(edges.astype(np.float32), (9, 9)) > 0.02)[inside].sum()) / outside.size
