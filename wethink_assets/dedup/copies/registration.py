"""Registration of two pictures: the affine map that lays one on the other, by thumbnails or by features, refined by their grey values.

Maps are arrays of shape (2, 3) from pixels (x, y, 1) of the first picture to those of the second. Sources: the enhanced correlation coefficient,
Evangelidis and Psarakis, *Parametric image alignment using enhanced correlation coefficient maximization*, 2008; SIFT, Lowe 2004, with the Hellinger
kernel of RootSIFT, Arandjelovic and Zisserman, *Three things everyone should know to improve object retrieval*, 2012.
"""

from collections.abc import Iterator
from functools import cache

import cv2
import numpy as np
import numpy.typing as npt

from wethink_assets.dedup.copies.pixels import Floats, Pixels, box_inside, grey_of, resized, scaled

Map = npt.NDArray[np.float32]
THUMBNAIL = 96
FEATURE_SIDE = 420
FEATURES = 700
RING = 8
"""Pixels by which a picture is continued before features are looked for, so that corners near its edge count."""
LEAST_MATCHES = 6
RATIO = 0.85
LARGEST_STRETCH = 1.35
"""Sides of a copy may be squeezed this much against each other."""
SCALES = (0.2, 5.0)
REFINED_SIDE = 360
IDENTITY = np.eye(2, 3, dtype=np.float32)


def by_thumbnails(first: Pixels, second: Pixels) -> Iterator[tuple[float, Map]]:
    """Correlations of two RGB pictures reduced to 96 x 96, each with its map: of the whole frames first, then of what lies inside plain borders.

    Which of the two pictures has a border is not known, and a drawing has one of its own, so each is taken with and without.
    """
    parts = [_thumbnails(picture) for picture in (first, second)]
    seen = set()
    for one, other in ((0, 0), (1, 1), (0, 1), (1, 0)):
        (box, small), (other_box, other_small) = parts[0][one], parts[1][other]
        if (box, other_box) in seen:
            continue
        seen.add((box, other_box))
        reached, found = ecc(small, other_small, IDENTITY, steps=40, blur=3, within=1e-4)
        if reached < 0:
            reached, found = correlation(small, other_small), IDENTITY
        yield reached, np.asarray((np.linalg.inv(_into(other_box)) @ _square(found) @ _into(box))[:2], np.float32)


def by_features(first: Pixels, second: Pixels) -> Map | None:
    """The map on which most features of two grey pictures agree; None where too few do, or where it bends pictures as no copy is bent."""
    (points, words), (others, other_words) = _features(first), _features(second)
    if min(len(points), len(others)) < LEAST_MATCHES:
        return None
    alike = words @ other_words.T
    nearest = alike.argmax(1)
    best = alike[np.arange(len(nearest)), nearest]
    across, down = (others[None, :, axis] - others[nearest][:, None, axis] for axis in (0, 1))
    beside = across**2 + down**2 < 36
    rival = np.where(beside, -1, alike).max(1)
    matched = (2 - 2 * best) < RATIO**2 * (2 - 2 * rival)
    if matched.sum() < 5 * LEAST_MATCHES:
        matched |= alike.argmax(0)[nearest] == np.arange(len(nearest))
    if matched.sum() < LEAST_MATCHES:
        return None
    cv2.setRNGSeed(1)  # RANSAC draws: the same pair gets the same verdict
    found, agreed = cv2.estimateAffine2D(
        points[matched],
        others[nearest[matched]],
        method=cv2.RANSAC,
        ransacReprojThreshold=3,
        maxIters=2000,
        confidence=0.999,
    )
    if found is None or agreed.sum() < LEAST_MATCHES:
        return None
    long, short = np.linalg.svd(found[:, :2])[1]
    whole = SCALES[0] < short and long < SCALES[1] and long / short < LARGEST_STRETCH
    return found.astype(np.float32) if whole else None


def refined(found: Map, first: Pixels, second: Pixels, *, fully: bool = False) -> Map:
    """A map followed further by the grey values of two pictures: of large ones at half their size first, then, if wanted, at full size."""
    half = max(first.shape) > REFINED_SIDE
    if half:
        scaling = _scaling(0.5, 0.5)
        start = (scaling @ _square(found) @ np.linalg.inv(scaling))[:2].astype(np.float32)
        reached, followed = ecc(scaled(first, 0.5), scaled(second, 0.5), start, steps=30, blur=5)
        if reached >= 0:
            found = np.asarray((np.linalg.inv(scaling) @ _square(followed) @ scaling)[:2], np.float32)
    if half and not fully:
        return found
    return ecc(first, second, found, steps=60 if fully else 30, blur=5, within=1e-7 if fully else 1e-5)[1]


def ecc(first: Pixels, second: Pixels, start: Map, *, steps: int, blur: int, within: float = 1e-5) -> tuple[float, Map]:
    """Correlation of two grey pictures at the best map near `start`, and that map; -1 and `start` where the search does not converge."""
    criteria = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, steps, within)
    try:
        reached, found = cv2.findTransformECC(first, second, start.copy(), cv2.MOTION_AFFINE, criteria, None, blur)
    except cv2.error:  # plain pictures, or ones that share nothing
        return -1.0, start
    return float(reached), np.asarray(found, np.float32)


@cache
def _detector() -> cv2.SIFT:
    return cv2.SIFT.create(nfeatures=FEATURES, contrastThreshold=0.02)


def _features(grey: Pixels) -> tuple[Floats, Floats]:
    scale = min(1.0, FEATURE_SIDE / max(grey.shape))
    small = scaled(grey, scale) if scale < 1 else grey
    ringed = cv2.copyMakeBorder(small, RING, RING, RING, RING, cv2.BORDER_REPLICATE)
    points, words = _detector().detectAndCompute(ringed, None)
    if words is None or not len(points):
        return np.zeros((0, 2), np.float32), np.zeros((0, 128), np.float32)
    places = (np.array([point.pt for point in points], np.float32) - RING) / np.float32(scale)
    return places, np.sqrt(words / (words.sum(1, keepdims=True) + 1e-9))


def _thumbnails(picture: Pixels) -> list[tuple[tuple[int, int, int, int], Pixels]]:
    """A picture's frame and what lies inside its plain border, each as a box of its pixels with the grey thumbnail of it."""
    boxes = [(0, 0, picture.shape[1], picture.shape[0]), box_inside(picture)]
    grey = grey_of(picture)
    return [(box, resized(grey[box[1] : box[3], box[0] : box[2]], THUMBNAIL, THUMBNAIL)) for box in boxes]


def correlation(one: Pixels, other: Pixels) -> float:
    """Correlation of two grey thumbnails as they are; of plain ones 1 where they have one shade, else 0."""
    if min(one.std(), other.std()) < 1:  # plain pictures have no correlation
        return float(np.abs(one.astype(np.int16) - other).max() < 16)
    return float(np.corrcoef(one.ravel(), other.ravel())[0, 1])


def _into(box: tuple[int, int, int, int]) -> npt.NDArray[np.float64]:
    """Pixels of a picture to those of the thumbnail of a box."""
    left, top, right, bottom = box
    return _scaling(THUMBNAIL / (right - left), THUMBNAIL / (bottom - top)) @ _shift(-left, -top)


def _scaling(across: float, down: float) -> npt.NDArray[np.float64]:
    """Pixels of a picture to those of it resized: their centres lie at whole numbers."""
    return np.array([[across, 0, (across - 1) / 2], [0, down, (down - 1) / 2], [0, 0, 1]])


def _shift(right: float, down: float) -> npt.NDArray[np.float64]:
    return np.array([[1, 0, right], [0, 1, down], [0, 0, 1.0]])


def _square(found: Map) -> npt.NDArray[np.float64]:
    return np.vstack([found, [0, 0, 1]])
