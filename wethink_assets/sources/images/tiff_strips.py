"""Strips and tiles of a TIFF: whether the data of each leads to its last row, where libtiff fills what is missing and only warns, which Pillow drops.

That is so of JPEG (grey) and of fax (white). Of the other compressions a strip that is short is an error, and of none Pillow asks for more data.
"""

import io
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from PIL import Image

END_OF_JPEG = b"\xff\xd9"
_FAX, _JPEG = (2, 3, 4), 7
COMPRESSION = 259
# Tags of where strips, and tiles, lie, and of how many bytes they have.
STRIP_SIZES = 279
PLACES = ((273, STRIP_SIZES), (324, 325))
MOST_NUMBERS = 2**22
"""Numbers of a tag, at most: more strips than an accepted picture may have."""
_TYPES = {3: "H", 4: "I", 16: "Q"}
# Data that a strip which lacks its own makes rows of, and any other passes over; it holds no marker of JPEG's.
_NOISE = bytes(Random(0).choices(range(255), k=1024))


@dataclass(frozen=True, slots=True)
class Directory:
    """A directory of a TIFF: byte order, whether it is a BigTIFF, and where the type of each tag's entry is."""

    order: str
    big: bool
    entries: dict[int, int]

    def values(self, data: bytes | bytearray, tag: int) -> Sequence[int]:
        """Numbers of a tag; none where it is missing or of no such type."""
        at = self.entries.get(tag)
        if at is None:
            return ()
        kind, count = struct.unpack_from(self.order + ("HQ" if self.big else "HI"), data, at)
        if kind not in _TYPES or count > min(len(data), MOST_NUMBERS):
            return ()
        layout, held = f"{self.order}{count}{_TYPES[kind]}", at + self._head
        if struct.calcsize(layout) > self._room:
            (held,) = struct.unpack_from(self.order + self._number, data, held)
        return struct.unpack_from(layout, data, held)

    def rewrite(self, data: bytearray, tag: int, values: Sequence[int]) -> None:
        """Give a tag other numbers, which are put at the end of the file unless it is a single one."""
        at = self.entries[tag]
        packed = struct.pack(f"{self.order}{len(values)}{self._number}", *values)
        struct.pack_into(self.order + ("HQ" if self.big else "HI"), data, at, 16 if self.big else 4, len(values))
        if len(values) > 1:
            data += bytes(len(data) % 2)
            place = len(data)
            data += packed
            packed = struct.pack(self.order + self._number, place)
        data[at + self._head : at + self._head + self._room] = packed

    @property
    def _number(self) -> str:
        return "Q" if self.big else "I"

    @property
    def _head(self) -> int:
        return 10 if self.big else 6

    @property
    def _room(self) -> int:
        return 8 if self.big else 4


def first_directory(data: bytes | bytearray) -> Directory:
    """The directory of a TIFF's first picture. Raises `struct.error` where it leads beyond the end."""
    order = "<" if data[:2] == b"II" else ">"
    big = 43 in (data[2], data[3])
    (start,) = struct.unpack_from(order + ("Q" if big else "I"), data, 8 if big else 4)
    return directory_at(data, start)


def directory_at(data: bytes | bytearray, start: int) -> Directory:
    """The directory of a TIFF that begins there. Raises `struct.error` where that is beyond the end."""
    order = "<" if data[:2] == b"II" else ">"
    big = 43 in (data[2], data[3])
    (count,) = struct.unpack_from(order + ("Q" if big else "H"), data, start)
    first, size = (start + 8, 20) if big else (start + 2, 12)
    places = range(first, min(first + count * size, len(data) - size + 1), size)
    return Directory(order, big, {struct.unpack_from(order + "H", data, at)[0]: at + 2 for at in places})


def missing_rows(data: bytes, image: Image.Image) -> tuple[str, str] | None:
    """What strips or tiles lack that were decoded without an error, as reason and detail; None where they lack nothing.

    One is told to be short by another picture that comes out once noise follows each. That takes another decoding, of files in JPEG or fax alone.
    """
    directory = first_directory(data)
    compression = next(iter(directory.values(data, COMPRESSION)), 1)
    if compression != _JPEG and compression not in _FAX:
        return None
    for offsets_tag, sizes_tag in PLACES:
        offsets, sizes = directory.values(data, offsets_tag), directory.values(data, sizes_tag)
        if not offsets or len(offsets) != len(sizes) or not all(sizes):
            continue
        longer, places = bytearray(data), []
        for number, (offset, size) in enumerate(zip(offsets, sizes, strict=True)):
            strip = data[offset : offset + size]
            end = b""
            if compression == _JPEG:
                body, end, _ = strip.rpartition(END_OF_JPEG)
                if not end:
                    return "truncated", f"the end-of-image marker of strip {number} is missing"
                strip = body
            places.append(len(longer))
            longer += strip + _NOISE + end
        lengths = [stop - start for start, stop in zip(places, [*places[1:], len(longer)], strict=True)]
        directory.rewrite(longer, offsets_tag, places)
        directory.rewrite(longer, sizes_tag, lengths)
        if _pixels(bytes(longer)) != image.tobytes():
            return "truncated", "a strip ends before its last row"
    return None


def _pixels(data: bytes) -> bytes:
    try:
        with Image.open(io.BytesIO(data), formats=("TIFF",)) as image:
            return image.tobytes()
    except (OSError, ValueError, SyntaxError):  # of noise, which is read only where rows are missing
        return b""
