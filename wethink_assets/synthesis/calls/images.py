"""Images as models are sent them: upright, still, opaque, in a format that every endpoint reads, no larger than their role allows."""

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import polars as pl
from PIL import Image as Pixels

from wethink_assets.extensions.builtin import IMAGE_FORMATS
from wethink_assets.identity import digest_of
from wethink_assets.models.chat import Image
from wethink_assets.sources.images.view import PLAIN_MODES, VIEW, as_shown, view
from wethink_assets.storage.blobs import Blobs

RANGED_MODES = {"I", "F", "LAB", "I;16", "I;16L", "I;16B", "I;16N"}
"""Modes whose values are scaled by their range, and one that could not be read: they were sent otherwise before."""
QUALITIES = (90, 80, 70)
"""Qualities of a JPEG that is tried to fit; below the last one, pixels go."""
SMALLEST = 32
"""Pixels of a side below which no bound of bytes makes an image."""


@dataclass(frozen=True, slots=True)
class SizedImage(Image):
    """An image whose size is known before it is read; `most_bytes` is that of the form sent, or what it can't exceed."""

    width: int = field(default=0, compare=False)
    height: int = field(default=0, compare=False)
    most_bytes: int = field(default=0, compare=False)
    original: Callable[[], bytes] = field(default=bytes, compare=False, repr=False)


def within(image: Image, pixels: int, size: int) -> Image:
    """An image as it is sent where at most so many pixels and bytes are (0: as many as it has); itself where it is no larger.

    One that is scaled is another image to a model, so its digest is of the original's and the bounds.
    """
    if not isinstance(image, SizedImage):
        return image
    larger = bool(pixels) and image.width * image.height > pixels
    if not larger and not (size and image.most_bytes > size):
        return image
    bounds = {"image": image.sha256, "pixels": pixels if larger else 0, "bytes": size}
    ratio = min(1.0, (pixels / (image.width * image.height)) ** 0.5) if larger else 1.0
    shape = max(1, int(image.width * ratio)), max(1, int(image.height * ratio))
    photograph = image.media_type == "image/jpeg" or bool(size and 3 * shape[0] * shape[1] > size)
    return Image(
        digest_of(bounds),
        "image/jpeg" if photograph else "image/png",
        lambda: scaled(image.original(), shape, size, photograph),
    )


def scaled(data: bytes, shape: tuple[int, int], size: int = 0, photograph: bool = True) -> bytes:
    """An image within a width and height, its proportions kept: JPEG of at most `size` bytes (0: any), or PNG where it is no `photograph`."""
    image = view(data, max(shape))
    image.thumbnail(shape, Pixels.Resampling.LANCZOS, reducing_gap=3.0)
    if not photograph:
        return _encoded(image, "PNG", compress_level=6)
    while True:
        for quality in QUALITIES:
            found = _encoded(image, "JPEG", quality=quality)
            if not size or len(found) <= size:
                return found
        if min(image.size) * 0.8 < SMALLEST:
            return found
        image.thumbnail((int(image.width * 0.8), int(image.height * 0.8)), Pixels.Resampling.LANCZOS)


def _encoded(image: Pixels.Image, form: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


def is_plain(row: Mapping[str, Any]) -> bool:
    """Whether an image of the images table is sent as it is: no turning, no first frame to pick, no alpha or odd mode."""
    return (
        _sent_as(row) != ""
        and row["mode"] in PLAIN_MODES
        and (row["orientation"] or 1) == 1
        and (row["frames"] or 1) == 1
    )


def _sent_as(row: Mapping[str, Any]) -> str:
    """Media type under which every endpoint reads the image's own bytes; empty where none does."""
    name = str(row["format"]).upper()
    return IMAGE_FORMATS[name].sent_as if name in IMAGE_FORMATS else ""


def picture(row: Mapping[str, Any], blobs: Blobs) -> Image:
    """The image of a row of the images table (schema `IMAGES`), read only when a call is made.

    What does not show its view to every reader is sent as a PNG of it. The digest is that of the original bytes, from which the form sent follows;
    of modes that were once sent otherwise, it is one of their own, so that no reply about what was sent then counts.
    """
    blob = row["blob"]

    def read() -> bytes:
        return blobs.read(blob)

    digest = row["image_id"]
    if row["mode"] in RANGED_MODES:
        digest = digest_of({"image": digest, "view": VIEW})
    sides = row.get("width") or 0, row.get("height") or 0
    if is_plain(row):
        media_type = _sent_as(row)
        return SizedImage(
            digest, media_type, lambda: as_shown(read(), (media_type,))[1], *sides, row.get("bytes") or 0, read
        )
    most_bytes = 3 * sides[0] * sides[1]
    return SizedImage(digest, "image/png", lambda: as_shown(read(), ())[1], *sides, most_bytes, read)


def pictures_by_id(images: pl.DataFrame, blobs: Blobs) -> dict[str, Image]:
    """Images of a batch by id."""
    columns = ("image_id", "blob", "format", "mode", "orientation", "frames", "width", "height", "bytes")
    return {row["image_id"]: picture(row, blobs) for row in images.select(columns).iter_rows(named=True)}
