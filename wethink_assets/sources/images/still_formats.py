"""Image formats of one picture: JPEG, PNG and WebP, with what the structure of a file says before any pixel is decoded."""

import struct
import zlib

from PIL import Image

from wethink_assets.sources.images import deep_colours, jpeg_scans, png_rows
from wethink_assets.sources.images.formats import ImageFormat


def _jpeg_damage(data: bytes) -> tuple[str, str] | None:
    return None if b"\xff\xd9" in data[-65536:] else ("truncated", "the end-of-image marker is missing")


def _webp_damage(data: bytes) -> tuple[str, str] | None:
    announced = struct.unpack_from("<I", data, 4)[0] + 8
    return ("truncated", f"{len(data)} of {announced} bytes") if len(data) < announced else None


def _webp_missing(data: bytes, image: Image.Image) -> tuple[str, str] | None:
    """Frames that the decoder passes over in silence: it has fewer than there are chunks of them."""
    frames, position = 0, 12
    while position + 8 <= len(data):
        name, length = struct.unpack_from("<4sI", data, position)
        frames += name == b"ANMF"
        position += 8 + length + length % 2
    read = int(getattr(image, "n_frames", 1))
    return ("corrupt", f"{frames - read} of {frames} frames cannot be read") if frames > read else None


def _png_damage(data: bytes) -> tuple[str, str] | None:
    """Walk all chunks, checking the sums of those that carry the picture, which Pillow does not."""
    position = 8
    while position + 12 <= len(data):
        length, name = struct.unpack_from(">I4s", data, position)
        end = position + 12 + length
        if not name.isalpha():
            return "corrupt", f"no chunk starts at byte {position}"
        if end > len(data):
            return "truncated", f"chunk {name.decode()} ends {end - len(data)} bytes after the file"
        if name in (b"IHDR", b"PLTE", b"IDAT", b"acTL", b"fcTL", b"fdAT"):
            announced = struct.unpack_from(">I", data, end - 4)[0]
            if announced != zlib.crc32(memoryview(data)[position + 4 : end - 4]):
                return "corrupt", f"the checksum of chunk {name.decode()} at byte {position} is wrong"
        if name == b"IEND":
            return None
        position = end
    return "truncated", "the chunk IEND is missing"


JPEG = ImageFormat(
    "JPEG",
    "jpg",
    (b"\xff\xd8\xff",),
    damage=_jpeg_damage,
    strict=jpeg_scans.strict,
    missing=jpeg_scans.missing_rows,
    opened_as=("JPEG", "MPO"),
    sent_as="image/jpeg",
)
PNG = ImageFormat(
    "PNG",
    "png",
    (b"\x89PNG\r\n\x1a\n",),
    damage=_png_damage,
    damage_shows_first=True,
    missing=png_rows.missing_rows,
    animated=True,
    deep=deep_colours.of_png,
    sent_as="image/png",
)
WEBP = ImageFormat(
    "WEBP",
    "webp",
    (),
    recognise=lambda data: data[:4] == b"RIFF" and data[8:12] == b"WEBP",
    damage=_webp_damage,
    missing=_webp_missing,
    animated=True,
    damage_shows_first=True,
    max_pixels=2**25,  # its decoder holds a picture four times over
    sent_as="image/webp",
)
