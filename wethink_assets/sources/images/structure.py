"""What a file's own structure says before any pixel is decoded: its format, and whether its end is missing."""

import struct
import zlib

from wethink_assets.sources.images.frames import gif_frames, tiff_pages

# The accepted formats and the extension of their blobs.
EXTENSIONS = {"JPEG": "jpg", "PNG": "png", "WEBP": "webp", "GIF": "gif", "TIFF": "tif"}
_MAGIC = (
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
    (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"),
    (b"II+\0", "TIFF"),
    (b"MM\0+", "TIFF"),
    (b"BM", "BMP"),
    (b"%PDF", "PDF"),
    (b"\0\0\x01\0", "ICO"),
    (b"\0\0\0\x0cjP  ", "JPEG 2000"),
    (b"8BPS", "PSD"),
    (b"<svg", "SVG"),
)


def recognised(data: bytes) -> str:
    """Format by the first bytes, such as `PNG`; empty when they are those of no format known here."""
    for magic, kind in _MAGIC:
        if data.startswith(magic):
            return kind
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    if data[4:8] == b"ftyp" and data[8:12] in (b"avif", b"heic", b"mif1", b"heix"):
        return "HEIF"
    return ""


def extension_of(data: bytes) -> str:
    """Extension of the blob that holds these bytes; `bin` when they are no accepted image."""
    return EXTENSIONS.get(recognised(data), "bin")


def damage(data: bytes, kind: str) -> tuple[str, str] | None:
    """What a file's structure shows to be wrong, as reason (`truncated` or `corrupt`) and detail; None when nothing is.

    For JPEG, GIF and TIFF, whose readers make do without a proper end, it is worth asking only after decoding failed.
    """
    match kind:
        case "PNG":
            return _png(data)
        case "WEBP":
            announced = struct.unpack_from("<I", data, 4)[0] + 8
            cut = f"{len(data)} of {announced} bytes" if len(data) < announced else ""
        case "JPEG":
            cut = "" if b"\xff\xd9" in data[-65536:] else "the end-of-image marker is missing"
        case "GIF":
            cut = "" if gif_frames(data)[1] else "the trailer is missing"
        case _:
            cut = "" if len(data) > 8 and tiff_pages(data)[1] else "its directories lead beyond its end"
    return ("truncated", cut) if cut else None


def _png(data: bytes) -> tuple[str, str] | None:
    """Walk all chunks, checking the sums of those that carry the picture, which Pillow does not."""
    position = 8
    while position + 12 <= len(data):
        length, name = struct.unpack_from(">I4s", data, position)
        end = position + 12 + length
        if not name.isalpha():
            return "corrupt", f"no chunk starts at byte {position}"
        if end > len(data):
            return "truncated", f"chunk {name.decode()} ends {end - len(data)} bytes after the file"
        if name in (b"IHDR", b"PLTE", b"IDAT"):
            announced = struct.unpack_from(">I", data, end - 4)[0]
            if announced != zlib.crc32(memoryview(data)[position + 4 : end - 4]):
                return "corrupt", f"the checksum of chunk {name.decode()} at byte {position} is wrong"
        if name == b"IEND":
            return None
        position = end
    return "truncated", "the chunk IEND is missing"
