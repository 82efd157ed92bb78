"""Scans of a JPEG: whether the data of each leads to its last row. libjpeg fills what is missing with grey, and Pillow drops its warnings."""

import io
import re
from dataclasses import dataclass
from random import Random

from PIL import Image

END = b"\xff\xd9"
# Within a scan 0xFF is followed by 0 (a byte of data), by another 0xFF, or by a restart marker; whatever else follows ends the scan.
_MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
_SEQUENTIAL = {0xC0, 0xC1}
_PROGRESSIVE = 0xC2
_FRAMES = {*_SEQUENTIAL, _PROGRESSIVE, 0xC3, *range(0xC5, 0xC8), *range(0xC9, 0xCC), *range(0xCD, 0xD0)}
_START_OF_SCAN = 0xDA
# Bits that a decoder reads ahead, 57 at most. They are ones, which begin no code of Huffman's, so that less than a block is made of them.
_READ_AHEAD = b"\xff\0" * 8
# Data that a scan which lacks its own makes blocks of, and any other passes over.
_NOISE = bytes(Random(0).choices(range(255), k=1024))
_GREY = (127, 128)


@dataclass(frozen=True, slots=True)
class Scans:
    """Where the scans of a JPEG lie.

    ends: where the data of each ends; single: whether one scan of Huffman codes holds all components, which is then decoded as it is read;
    whole: whether the scans have all bits of all coefficients; ended: whether the last is followed by the end of the image.
    """

    ends: tuple[int, ...]
    single: bool
    whole: bool
    ended: bool


def scans_of(data: bytes) -> Scans | None:
    """The scans of the first picture of a JPEG by Huffman codes; None for one that codes otherwise, or whose headers lead nowhere."""
    ends: list[int] = []
    frame, components, position = 0, 0, 2
    bits: dict[tuple[int, int], int] = {}
    while (found := _MARKER.search(data, position)) is not None:
        marker, position = data[found.start() + 1], found.end()
        if marker == 0xD9:
            break
        if marker == 0x01 or marker == 0xD8:
            continue
        if position + 2 > len(data):
            return None
        length = int.from_bytes(data[position : position + 2], "big")
        segment = data[position + 2 : position + length] if marker == _START_OF_SCAN or marker in _FRAMES else b""
        position += max(length, 2)
        if marker in _FRAMES:
            if frame or marker not in (*_SEQUENTIAL, _PROGRESSIVE) or len(segment) < 6:
                return None
            frame, components = marker, segment[5]
        elif marker == _START_OF_SCAN:
            if not frame or len(segment) < 4 or len(segment) < 2 * segment[0] + 4:
                return None
            end = _MARKER.search(data, position)
            ends.append(position := end.start() if end else len(data))
            if frame in _SEQUENTIAL and segment[0] == components:
                return Scans((position,), True, True, data.startswith(END, position))
            first, last, low = *segment[-3:-1], segment[-1] & 15
            for component in segment[1 : 2 * segment[0] : 2]:
                bits.update(((component, place), low) for place in range(first, min(last, 63) + 1))
    if not ends:
        return None
    whole = frame in _SEQUENTIAL or (len(bits) == 64 * components and not any(bits.values()))
    return Scans(tuple(ends), False, whole, found is not None)


def strict(data: bytes) -> bytes:
    """What is decoded in place of a JPEG of a single scan: without a marker after it, at which libjpeg would end a scan that lacks rows.

    Where the scan has all rows, Pillow is done with the last; else it asks for more data, and raises `OSError`.
    """
    scans = scans_of(data)
    return data[: scans.ends[0]] + _READ_AHEAD if scans and scans.single and scans.ended else data


def missing_rows(data: bytes, image: Image.Image) -> tuple[str, str] | None:
    """What scans lack that were decoded without an error, as reason and detail; None where they lack nothing.

    Of several scans each is told to be short by another picture that comes out once noise follows it. That takes another decoding, so it is asked
    only where something points to it: bits that no scan has, a last scan that isn't filled up with ones, or a last pixel that is grey. A hole
    within an earlier scan is not found.
    """
    scans = scans_of(data)
    if scans is None:
        return None
    if not scans.ended:
        return "truncated", "the end-of-image marker is missing"
    if scans.whole and data[scans.ends[-1] - 1] & 1 and not _grey_end(image):
        return None
    longer, start = bytearray(), 0
    for end in scans.ends:
        longer += data[start:end] + _NOISE
        start = end
    longer += data[start:]
    return ("truncated", "a scan ends before its last row") if _pixels(longer) != _pixels(data) else None


def _grey_end(image: Image.Image) -> bool:
    """Whether the last pixel of a decoded picture is of the grey that stands for missing data."""
    last = image.getpixel((image.width - 1, image.height - 1))
    return all(value in _GREY for value in (last if isinstance(last, tuple) else (last,)))


def _pixels(data: bytes | bytearray) -> bytes:
    with Image.open(io.BytesIO(data), formats=("JPEG",)) as image:
        return image.tobytes()
