"""Image formats of several pictures: GIF and TIFF. Pictures are counted by blocks: Pillow's count takes minutes on files made to have millions."""

import ctypes
import logging
import re
import sys
from pathlib import Path

from PIL import (
    Image,
    _imaging,  # noqa: F401 # loads libtiff
)

from wethink_assets.sources.images import deep_colours, tiff_strips
from wethink_assets.sources.images.formats import ImageFormat
from wethink_assets.sources.images.tiff_pages import page_damage, tiff_pages


def gif_frames(data: bytes) -> tuple[int, bool]:
    """Frames of a GIF, and whether its blocks lead to the trailer."""

    def colours(flags: int) -> int:
        return 3 * 2 ** ((flags & 7) + 1) if flags & 0x80 else 0

    frames = 0
    try:
        position = 13 + colours(data[10])
        while data[position] != 0x3B:
            if data[position] == 0x2C:
                frames += 1
                position += 11 + colours(data[position + 9])
            elif data[position] == 0x21:
                position += 2
            else:
                return frames, True  # no block: something is wrong, but not at the end
            while data[position]:
                position += data[position] + 1
            position += 1
    except IndexError:
        return frames, False
    return frames, True


def _silence_libtiff() -> None:
    """Keep libtiff, and Pillow's logger, from printing what they think of damaged files onto the terminal: it becomes a rejection.

    Pillow silences libtiff's warnings alone. The library is looked up among those that are loaded, which Linux tells.
    """
    logging.getLogger("PIL.TiffImagePlugin").setLevel(logging.CRITICAL)
    maps = Path("/proc/self/maps")
    if sys.platform != "linux" or not maps.exists():
        return
    for path in set(re.findall(r"/\S*/libtiff[^/\s]*\.so[^/\s]*", maps.read_text())):
        ctypes.CDLL(path).TIFFSetErrorHandler(None)


_silence_libtiff()


def _gif_damage(data: bytes) -> tuple[str, str] | None:
    return None if gif_frames(data)[1] else ("truncated", "the trailer is missing")


def _tiff_damage(data: bytes) -> tuple[str, str] | None:
    if len(data) <= 8 or not tiff_pages(data)[1]:
        return "truncated", "its directories lead beyond its end"
    unread = deep_colours.unread_tiff(data)
    return ("not_an_image", f"TIFF: {unread} are not read") if unread else None


def _tiff_missing(data: bytes, image: Image.Image) -> tuple[str, str] | None:
    return tiff_strips.missing_rows(data, image) or page_damage(data)


GIF = ImageFormat(
    "GIF", "gif", (b"GIF87a", b"GIF89a"), damage=_gif_damage, count=lambda data: gif_frames(data)[0], animated=True
)
TIFF = ImageFormat(
    "TIFF",
    "tif",
    (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"),
    damage=_tiff_damage,
    missing=_tiff_missing,
    deep=deep_colours.of_tiff,
    count=lambda data: tiff_pages(data)[0],
)
