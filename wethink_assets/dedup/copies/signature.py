"""Signature of a picture: low frequencies in which a copy lies near, however it is coded, sized, lit, turned, mirrored, framed or cropped a little.

Of the whole picture, of it without its plain border, and of that less 4% on each side, 12 x 12 low frequencies of the discrete cosine transform are
kept as int8, scaled to one length without the mean, so that light and contrast drop out. A mirror image negates the odd columns and a quarter turn
transposes, so one signature answers for all eight ways to lay a picture down. The transform as a perceptual signature: Zauner, *Implementation and
benchmarking of perceptual image hash functions*, 2010; frequencies that are permuted and negated by turns: PDQ (Facebook, *The TMK+PDQF
video-hashing algorithm and the PDQ image-hashing algorithm*, 2019), whose eight dihedral hashes follow from one transform alike.
"""

from functools import cache

import cv2
import numpy as np
import numpy.typing as npt

from wethink_assets.dedup.copies.pixels import (
    SIGNED_SIDE,
    TURNS,
    Floats,
    Pixels,
    grey_of,
    reduced,
    without_border,
    without_margin,
)
from wethink_assets.sources.images.view import VIEW

VERSION = 1
"""Version of the signature: one of another version, or of another view of images, is refused, and made anew by who keeps it."""
PARTS = 3
SIDE = 12
FREQUENCIES = SIDE * SIDE
HEADER = bytes((VERSION, VIEW))
BYTES = len(HEADER) + PARTS * FREQUENCIES
"""434: version of the method, version of the view, then 3 x 144 frequencies."""
MARGIN = 0.04
CROP = 0.07
"""Share of width and height that is cut away in `cropped`: a crop of 10% is that and a little."""
FAINTEST = 40.0
"""Length below which frequencies are noise: plain pictures are not blown up to be like others."""
STEP = 254.0
ODD = np.where(np.arange(SIDE) % 2, -1, 1).astype(np.int8)
Signatures = npt.NDArray[np.int8]
"""Frequencies of n pictures, shape (n, `PARTS`, `SIDE`, `SIDE`): rows, then columns."""


def _weights() -> Floats:
    across, down = np.meshgrid(np.arange(SIDE), np.arange(SIDE))
    weights = (across + down + 1.0) ** 0.5 * np.exp(-(across**2 + down**2) / (SIDE * SIDE * 0.8))
    weights[0, 0] = 0
    return weights.astype(np.float32)


_WEIGHTS = _weights()


def sign_picture(picture: Pixels) -> bytes:
    """Signature of RGB pixels (`pixels.compared_pixels`), `BYTES` long."""
    small = reduced(picture, SIGNED_SIDE)
    inside = without_border(small)
    parts = [_frequencies(part) for part in (small, inside, without_margin(inside, MARGIN))]
    return HEADER + np.stack(parts).tobytes()


def read_signatures(signatures: list[bytes]) -> Signatures:
    """Frequencies of signatures.

    Raises `ValueError` naming the place of one that is short or damaged, or made by another version.

    >>> read_signatures([b"old"])
    Traceback (most recent call last):
        ...
    ValueError: signature 0 has 3 bytes, and 434 belong there: it is damaged
    """
    for place, signature in enumerate(signatures):
        if len(signature) != BYTES:
            raise ValueError(f"signature {place} has {len(signature)} bytes, and {BYTES} belong there: it is damaged")
        if signature[: len(HEADER)] != HEADER:
            method, seen = signature[0], signature[1]
            raise ValueError(
                f"signature {place} is of version {method} and view {seen}, not of {VERSION} and {VIEW}: sign it anew"
            )
    joined = b"".join(signature[len(HEADER) :] for signature in signatures)
    return np.frombuffer(joined, np.int8).reshape(-1, PARTS, SIDE, SIDE)


def turned(signatures: Signatures, turn: int) -> Signatures:
    """Signatures of pictures laid down as `TURNS[turn]` says, from those of the pictures."""
    way = TURNS[turn]
    laid = signatures * ODD if way.mirrored else signatures
    for _ in range(way.quarters):
        laid = np.swapaxes(laid, -1, -2) * ODD[:, None]
    return laid


def cropped(signatures: Signatures, shift: tuple[float, float]) -> Floats:
    """About the first parts, shape (n, `FREQUENCIES`), of pictures of which `CROP` of width and height is cut away.

    shift: the shares of what is cut away that lie at the left and at the top.
    Cropping is linear, so it follows from the frequencies of the whole; what finer structure would add is lost.
    """
    across, down = (_crop_of_line(share) for share in shift)
    whole = signatures[:, 0].astype(np.float32) / np.where(_WEIGHTS > 0, _WEIGHTS, 1)
    kept = down @ whole @ across.T * _WEIGHTS
    return np.asarray(kept.reshape(-1, FREQUENCIES), np.float32)


@cache
def _crop_of_line(share: float) -> Floats:
    """Frequencies of a line, shape (`SIDE`, `SIDE`), to those of it cropped."""
    frequency, points = np.arange(SIDE), (np.arange(64) + 0.5) / 64
    scale = np.sqrt(np.where(frequency, 2, 1) / 64)
    full = scale.reshape(-1, 1) * np.cos(np.pi * np.outer(frequency, points))
    seen = scale.reshape(-1, 1) * np.cos(np.pi * np.outer(frequency, CROP * share + (1 - CROP) * points))
    return np.asarray(full @ seen.T, np.float32)


def _frequencies(picture: Pixels) -> Signatures:
    small = cv2.resize(grey_of(picture), (64, 64), interpolation=cv2.INTER_AREA).astype(np.float32)
    low = cv2.dct(small)[:SIDE, :SIDE] * _WEIGHTS
    return np.round(low / max(float(np.linalg.norm(low)), FAINTEST) * STEP).clip(-127, 127).astype(np.int8)
