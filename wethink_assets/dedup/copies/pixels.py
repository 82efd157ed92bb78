"""Pixels that pictures are compared by: the view of an image at a long side of 640, turned or without its plain border."""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from wethink_assets.sources.images.view import view

Pixels = npt.NDArray[np.uint8]
"""RGB of shape (height, width, 3), or grey of shape (height, width)."""
Floats = npt.NDArray[np.float32]
Bools = npt.NDArray[np.bool_]

COMPARED_SIDE = 640
"""Pixels of the longer side at which pictures are compared: text of a page can still be read."""
SIGNED_SIDE = 256
"""Pixels of the longer side at which pictures are signed, and borders found."""
BORDER_TOLERANCE = 20
"""Values by which pixels of a plain border may differ."""
LEAST_INSIDE = 40
"""Pixels a side that must be left inside a border."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One of the eight ways to lay a picture down: mirrored or not, then turned counter-clockwise by quarters."""

    mirrored: bool
    quarters: int

    def of(self, picture: Pixels) -> Pixels:
        """A picture laid down this way.

        >>> Turn(True, 0).of(np.array([[1, 2]], np.uint8)).tolist()
        [[2, 1]]
        """
        return np.ascontiguousarray(np.rot90(picture[:, ::-1] if self.mirrored else picture, self.quarters))


TURNS = tuple(Turn(mirrored, quarters) for mirrored in (False, True) for quarters in range(4))
"""All eight; the first changes nothing."""


def compared_pixels(data: bytes) -> Pixels:
    """RGB of an image file's view at a long side of `COMPARED_SIDE`, or less where it has less.

    Raises what `sources.images.view.view` raises.
    """
    return reduced(np.asarray(view(data, COMPARED_SIDE)), COMPARED_SIDE)


def reduced(picture: Pixels, side: int) -> Pixels:
    """A picture whose longer side is `side` pixels at most."""
    scale = side / max(picture.shape[:2])
    return picture if scale >= 1 else scaled(picture, scale)


def scaled(picture: Pixels, scale: float) -> Pixels:
    """A picture made smaller, each pixel the mean of those that it stands for; no side falls below one pixel."""
    size = (max(1, round(picture.shape[1] * scale)), max(1, round(picture.shape[0] * scale)))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)


def resized(picture: Pixels, width: int, height: int) -> Pixels:
    """A picture of that size, each pixel the mean of those that it stands for."""
    return np.asarray(cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def grey_of(picture: Pixels) -> Pixels:
    """Luminance of RGB."""
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), np.uint8)


def box_inside(picture: Pixels) -> tuple[int, int, int, int]:
    """Left, top, right, bottom of what RGB shows inside its plain border, found at a long side of `SIGNED_SIDE`.

    It is the box of the whole where less than `LEAST_INSIDE` pixels a side would be left.
    """
    small = reduced(picture, SIGNED_SIDE).astype(np.int16)
    ground = np.median(np.concatenate([small[0], small[-1], small[:, 0], small[:, -1]]), axis=0).astype(np.int16)
    apart = np.abs(small - ground) > BORDER_TOLERANCE
    inside = apart[..., 0] | apart[..., 1] | apart[..., 2]  # along so short an axis numpy takes ten times as long
    rows, columns = np.flatnonzero(inside.mean(1) > 0.01), np.flatnonzero(inside.mean(0) > 0.01)
    if len(rows) <= LEAST_INSIDE or len(columns) <= LEAST_INSIDE:
        return 0, 0, picture.shape[1], picture.shape[0]
    across, down = picture.shape[1] / small.shape[1], picture.shape[0] / small.shape[0]
    left, top = round(columns[0] * across), round(rows[0] * down)
    return left, top, round((columns[-1] + 1) * across), round((rows[-1] + 1) * down)


def without_border(picture: Pixels) -> Pixels:
    """RGB without its plain border."""
    left, top, right, bottom = box_inside(picture)
    return picture[top:bottom, left:right]


def without_margin(picture: Pixels, share: float) -> Pixels:
    """A picture less a share of each side."""
    height, width = picture.shape[:2]
    top, left = round(height * share), round(width * share)
    return picture[top : height - top, left : width - left]
