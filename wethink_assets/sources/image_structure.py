"""What a file's own structure says before any pixel is decoded: its format, and whether its end is missing."""

import struct
import zlib

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


def cut_short(data: bytes, kind: str) -> str:
    """How a file of format `kind` shows that its end is missing; empty when it does not.

    For PNG it also means that a chunk's checksum fails, which Pillow does not look at: this raises `ValueError`.
    """
    match kind:
        case "PNG":
            return _png(data)
        case "WEBP":
            announced = struct.unpack_from("<I", data, 4)[0] + 8 if len(data) >= 8 else 0
            return f"{len(data)} of {announced} bytes" if len(data) < announced else ""
        case "JPEG":
            return "" if b"\xff\xd9" in data[-65536:] else "the end-of-image marker is missing"
        case "GIF":
            return "" if b";" in data[-1024:] else "the trailer is missing"
        case "TIFF":
            return _tiff(data)
    return ""


def _png(data: bytes) -> str:
    """Walk all chunks, checking the sums of those that carry the picture."""
    position = 8
    while position + 12 <= len(data):
        length, name = struct.unpack_from(">I4s", data, position)
        end = position + 12 + length
        if end > len(data):
            return f"chunk {name.decode('latin-1')!r} ends {end - len(data)} bytes after the file"
        if name in (b"IHDR", b"PLTE", b"IDAT") and struct.unpack_from(">I", data, end - 4)[0] != zlib.crc32(
            memoryview(data)[position + 4 : end - 4]
        ):
            raise ValueError(f"checksum of chunk {name.decode('latin-1')} at byte {position} is wrong")
        if name == b"IEND":
            return ""
        position = end
    return "the chunk IEND is missing"


def _tiff(data: bytes) -> str:
    order = "<" if data[:2] == b"II" else ">"
    if len(data) < 8 or data[2:4] in (b"+\0", b"\0+"):
        return ""
    first = struct.unpack_from(order + "I", data, 4)[0]
    return "" if first + 2 <= len(data) else f"its directory is at byte {first} of {len(data)}"
