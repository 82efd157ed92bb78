"""Pages of a TIFF: whether its chain of directories stays within the file, whether strips lie in it, and what their sums say.

Readers decode the first page alone, and of deflate libtiff looks at no sum. A later page is decoded only where its strips lead beyond the file: some
writers announce more bytes than there are, and their pages are sound.
"""

import io
import struct
import zlib

from PIL import Image

from wethink_assets.sources.images.tiff_strips import COMPRESSION, PLACES, Directory, directory_at

__all__ = ["page_damage", "tiff_pages"]

MAX_PAGES = 100_000
MOST_PAGES, MOST_BYTES = 1_000, 2**29
"""Pages that are looked at, and bytes of strips, packed and unpacked, at most."""
_LEAST = 64  # bytes that a strip counts for beside its own
FARTHEST = 1_000
"""Lengths of a file within which its next page may have been, before it was cut: further off is the chance number of a writer that ends no chain."""
_DEFLATE, _LZW = (8, 32946), 5
HOLE = 512
"""Zero bytes of LZW that are no chance: each string that it repeats is longer than the one before, and whoever makes no strings clears its table."""


def _pages(data: bytes | bytearray) -> tuple[list[int], int]:
    """Where the directory of each page begins, and where one does that is not whole; 0 where all are."""
    order = "<" if data[:2] == b"II" else ">"
    big = 43 in (data[2], data[3])
    length, entry, offset = ("Q", 20, "Q") if big else ("H", 12, "I")
    pages: dict[int, None] = {}
    try:
        (position,) = struct.unpack_from(order + offset, data, 8 if big else 4)
        while position and position not in pages and len(pages) < MAX_PAGES:
            (entries,) = struct.unpack_from(order + length, data, position)
            end = position + struct.calcsize(order + length) + entries * entry
            pages[position] = None
            (position,) = struct.unpack_from(order + offset, data, end)
    except (struct.error, OverflowError):  # an offset of a BigTIFF may be beyond any file
        return list(pages), max(position, len(data) + 1 if position < len(data) else position)
    return list(pages), 0


def tiff_pages(data: bytes) -> tuple[int, bool]:
    """Pages of a TIFF, and whether its chain of directories stays within the file."""
    pages, beyond = _pages(data)
    return len(pages), not beyond


def page_damage(data: bytes) -> tuple[str, str] | None:
    """What is wrong with the pages of a TIFF whose first one was decoded, as reason and detail; None where nothing is."""
    left = MOST_BYTES
    pages, beyond = _pages(data)
    if len(data) < beyond <= FARTHEST * len(data):
        return "truncated", f"page {len(pages) + 1} begins {beyond - len(data)} bytes after its end"
    for number, position in enumerate(pages[:MOST_PAGES], 1):
        try:
            directory = directory_at(data, position)
            strips = _strips(data, directory)
            compression = next(iter(directory.values(data, COMPRESSION)), 1)
        except (struct.error, OverflowError):  # of an entry that leads beyond the end: there may be no such page
            strips, compression = [(len(data), 1)], 0
        if number > 1 and any(first + length > len(data) for first, length in strips) and not _decodes(data, number):
            return "truncated", f"the strips of page {number} lead beyond its end"
        for first, length in strips:
            left -= min(length, len(data)) + _LEAST
            if left < 0:
                return None
            strip = data[first : first + length] if compression == _LZW or compression in _DEFLATE else b""
            if compression == _LZW and (hole := strip.find(bytes(HOLE))) >= 0:
                return "corrupt", f"{HOLE} bytes of page {number} are zeros, from byte {first + hole} on"
            if compression in _DEFLATE:
                unpacked = _unpacked(strip, left)
                if unpacked is None:
                    return "corrupt", f"the checksum of the strip of page {number} at byte {first} is wrong"
                left -= unpacked
    return None


def _strips(data: bytes, directory: Directory) -> list[tuple[int, int]]:
    """Where strips or tiles begin, and their lengths."""
    for offsets_tag, sizes_tag in PLACES:
        offsets, sizes = directory.values(data, offsets_tag), directory.values(data, sizes_tag)
        if offsets and len(offsets) == len(sizes):
            return list(zip(offsets, sizes, strict=True))
    return []


def _decodes(data: bytes, number: int) -> bool:
    try:
        with Image.open(io.BytesIO(data), formats=("TIFF",)) as image:
            image.seek(number - 1)
            image.load()
    except Exception:  # decoders raise a dozen types on bad input
        return False
    return True


def _unpacked(strip: bytes, most: int) -> int | None:
    """Bytes that a strip unpacks to, `most` of them at most; None where its data or its sum is wrong, but not where it lacks the sum."""
    unpacking, size = zlib.decompressobj(), 0
    try:
        while strip and size < most and not unpacking.eof:
            size += len(unpacking.decompress(strip, 2**20))
            strip = unpacking.unconsumed_tail
    except zlib.error:
        return None
    return size
