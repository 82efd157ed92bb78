"""Images of exported rows: the bytes that models were shown, in their own size or scaled.

A JPEG, PNG or WebP that every reader decodes alike goes out as it is. Any other is written as the pipeline shows it to models: first frame, upright,
on white, RGB. A reader that ignores an orientation or picks another frame would train on another picture than the one that was asked about.
"""

import io
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Literal, get_args

from PIL import Image

from wethink_assets.errors import UnknownName, VersionError
from wethink_assets.sources.images.formats import format_of
from wethink_assets.sources.images.view import as_shown, open_image, orientation_of
from wethink_assets.storage.blobs import Blobs
from wethink_assets.storage.store import Store
from wethink_assets.synthesis.calls.images import scaled

ImageMode = Literal["files", "embedded"]
TYPES = ("image/jpeg", "image/png", "image/webp")
"""Media types of images that go out as they are, where these show what models were shown."""
TOGETHER = 64
"""Images that are read at once, at most."""
TOGETHER_PIXELS = 64_000_000
"""Pixels, by the rows' width and height, of images that are read at once: what bounds memory where they are large."""
WORKERS = 2


IMAGE_MODES: tuple[ImageMode, ...] = get_args(ImageMode)


def image_mode(name: str) -> ImageMode | Literal[""]:
    """The form of images that a name stands for, which may be empty. Raises `UnknownName` for another."""
    for mode in IMAGE_MODES:
        if mode == name:
            return mode
    if name:
        raise UnknownName(f"unknown form of images {name!r}; known: {', '.join(IMAGE_MODES)}")
    return ""


@dataclass(frozen=True, slots=True)
class ImageOptions:
    """How images go along: in which form (empty: the format's own), and at most how large, in pixels (0: as large as they are)."""

    mode: ImageMode | Literal[""] = ""
    max_side: int = 0
    max_pixels: int = 0


ORIGINAL_SIZE = ImageOptions()
"""Images as large as they are, in the form that a format chooses."""


@dataclass(frozen=True, slots=True)
class Picture:
    """An image as it is exported. `name` is its path in folders of images: two characters of the id, then the id."""

    name: str
    data: bytes
    width: int
    height: int

    @property
    def extension(self) -> str:
        """Of its name: jpg, png or webp."""
        return self.name.rpartition(".")[2]


def picture_of(image_id: str, data: bytes, options: ImageOptions = ORIGINAL_SIZE) -> Picture:
    """An image of the store as it is exported. Raises `VersionError` for bytes that are no image."""
    try:
        shown = _shown(data, options)
        with Image.open(io.BytesIO(shown)) as opened:
            width, height = opened.size
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise VersionError(
            f"image {image_id} cannot be decoded ({error}): `wethink verify` names what is damaged in the store"
        ) from error
    kind = format_of(shown)
    extension = kind.extension if kind else "png"
    return Picture(str(PurePosixPath(image_id[:2], f"{image_id}.{extension}")), shown, width, height)


def _shown(data: bytes, options: ImageOptions) -> bytes:
    known = format_of(data)
    with open_image(data) as opened:
        width, height = opened.size
        if orientation_of(opened) in (5, 6, 7, 8):
            width, height = height, width
    ratio = 1.0
    if options.max_side:
        ratio = min(ratio, options.max_side / max(width, height))
    if options.max_pixels:
        ratio = min(ratio, (options.max_pixels / (width * height)) ** 0.5)
    if ratio < 1:
        photograph = known is not None and known.sent_as == "image/jpeg"
        return scaled(data, (max(1, int(width * ratio)), max(1, int(height * ratio))), photograph=photograph)
    return as_shown(data, TYPES)[1]


def with_pictures(
    store: Store, rows: Iterator[dict[str, Any]], options: ImageOptions
) -> Iterator[tuple[dict[str, Any], Picture]]:
    """Rows in their order, each with its image; a few images are in memory at once."""
    with ThreadPoolExecutor(WORKERS) as pool:
        for some in _parts(rows):
            paths = list(dict.fromkeys(row["image_path"] for row in some))
            ids = {row["image_path"]: row["image_id"] for row in some}
            contents = Blobs(store).read_many(paths)
            made = pool.map(picture_of, (ids[path] for path in paths), contents, [options] * len(paths))
            pictures = dict(zip(paths, made, strict=True))
            del contents
            for row in some:
                yield row, pictures[row["image_path"]]


def _parts(rows: Iterator[dict[str, Any]]) -> Iterator[Sequence[dict[str, Any]]]:
    part: list[dict[str, Any]] = []
    pixels = 0
    for row in rows:
        part.append(row)
        pixels += (row["width"] or 0) * (row["height"] or 0)
        if len(part) == TOGETHER or pixels >= TOGETHER_PIXELS:
            yield part
            part, pixels = [], 0
    if part:
        yield part
