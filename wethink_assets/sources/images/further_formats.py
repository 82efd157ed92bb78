"""Image formats that cameras, telephones, browsers and archives write beside the common ones: BMP, AVIF, HEIF (HEIC) and JPEG 2000."""

import struct

from PIL import Image

from wethink_assets.sources.images import deep_colours
from wethink_assets.sources.images.formats import ImageFormat, MissingReader
from wethink_assets.sources.images.item_extents import item_damage
from wethink_assets.sources.images.tile_parts import JP2, tile_damage

CODESTREAM = b"\xff\x4f\xff\x51"
AVIF_BRANDS = {b"avif", b"avis"}
HEIF_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}
"""Brands of files that hold HEVC, and of containers that say no more; AVIF's are asked for before them."""


def box_overrun(data: bytes) -> int:
    """Bytes by which the boxes of an ISO base media file (AVIF, HEIF, JP2) lead beyond its end; 0 where they end with it."""
    position = 0
    while position + 8 <= len(data):
        (length,) = struct.unpack_from(">I", data, position)
        if length == 1 and position + 16 <= len(data):
            (length,) = struct.unpack_from(">Q", data, position + 8)
        if length == 0:  # to the end of the file
            return 0
        if length < 8:
            return 0  # no box: something is wrong, but not at the end
        position += length
    return max(position - len(data), 0) or (8 - (len(data) - position) if position < len(data) else 0)


def brands(data: bytes) -> set[bytes]:
    """Brands of an ISO base media file: the major one and those that it is compatible with."""
    if data[4:8] != b"ftyp":
        return set()
    end = min(struct.unpack_from(">I", data)[0], len(data), 256)
    return {data[8:12], *(data[start : start + 4] for start in range(16, end - 3, 4))}


def _bmp_damage(data: bytes) -> tuple[str, str] | None:
    announced = struct.unpack_from("<I", data, 2)[0] if len(data) >= 6 else 6
    return ("truncated", f"{len(data)} of {announced} bytes") if len(data) < announced else None


def _box_damage(data: bytes) -> tuple[str, str] | None:
    missing = box_overrun(data)
    return ("truncated", f"its boxes end {missing} bytes after the file") if missing else item_damage(data)


def _read_by_pillow_heif() -> None:
    """Make Pillow able to open HEIF. Its embedded thumbnails are left alone: nobody says that they show the picture."""
    try:
        import pillow_heif
    except ImportError as error:
        raise MissingReader(
            "HEIF (HEIC) needs its decoder: pip install 'wethink-assets[heic]', and the next run reads it"
        ) from error
    if "HEIF" not in Image.OPEN:
        pillow_heif.register_heif_opener(thumbnails=False)


def _jpeg_2000_damage(data: bytes) -> tuple[str, str] | None:
    if data.startswith(JP2) and (missing := box_overrun(data)):
        return "truncated", f"its boxes end {missing} bytes after the file"
    return tile_damage(data)


BMP = ImageFormat("BMP", "bmp", (b"BM",), damage=_bmp_damage, damage_shows_first=True)
AVIF = ImageFormat(
    "AVIF",
    "avif",
    (),
    recognise=lambda data: bool(brands(data) & AVIF_BRANDS),
    damage=_box_damage,
    damage_shows_first=True,
    animated=True,
)
HEIF = ImageFormat(
    "HEIF",
    "heic",
    (),
    recognise=lambda data: bool(brands(data) & HEIF_BRANDS),
    damage=_box_damage,
    damage_shows_first=True,
    prepare=_read_by_pillow_heif,
)
JPEG_2000 = ImageFormat(
    "JPEG2000",
    "jp2",
    (JP2, CODESTREAM),
    damage=_jpeg_2000_damage,
    damage_shows_first=True,
    deep=deep_colours.of_jpeg_2000,
)
