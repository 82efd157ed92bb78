"""Fields of the structure of image files and archives: where lengths, counts, offsets and sizes stand, for mutations that know the format."""

import re
import struct
import zlib
from collections.abc import Callable, Iterator
from typing import NamedTuple

__all__ = ["Field", "fields_of", "with_checksums"]

MOST = 400


class Field(NamedTuple):
    """An integer: where, of how many bytes, and in which order (`<`, `>` or `octal`)."""

    position: int
    size: int
    order: str = ">"


def _png(data: bytes) -> Iterator[Field]:
    position = 8
    while position + 12 <= len(data):
        length, name = struct.unpack_from(">I4s", data, position)
        yield Field(position, 4)
        yield Field(position + 4, 4)
        inner = {b"IHDR": ((0, 4), (4, 4), (8, 1), (9, 1), (10, 1), (11, 1), (12, 1)), b"acTL": ((0, 4), (4, 4))}
        inner[b"fcTL"] = ((0, 4), (4, 4), (8, 4), (12, 4), (16, 4), (24, 1), (25, 1))
        for offset, size in inner.get(name, ((0, min(length, 4)),)):
            yield Field(position + 8 + offset, max(size, 1))
        position += 12 + length


def _jpeg(data: bytes) -> Iterator[Field]:
    position = 2
    while position + 4 <= len(data) and data[position] == 0xFF:
        marker, length = data[position + 1], struct.unpack_from(">H", data, position + 2)[0]
        yield Field(position + 1, 1)
        yield Field(position + 2, 2)
        if 0xC0 <= marker <= 0xC2:
            yield from (Field(position + offset, size) for offset, size in ((4, 1), (5, 2), (7, 2), (9, 1)))
            yield from (Field(offset, 1) for offset in range(position + 10, position + 2 + length))
        elif marker in (0xE1, 0xE2, 0xDD, 0xDB, 0xC4):
            ends = range(position + 4, min(position + 2 + length, position + 80), 2)
            yield from (Field(offset, 2, order) for offset in ends for order in "<>")
        if marker == 0xDA:
            return
        position += 2 + length


def _riff(data: bytes) -> Iterator[Field]:
    yield Field(4, 4, "<")
    position = 12
    while position + 8 <= len(data):
        yield Field(position, 4, "<")
        yield Field(position + 4, 4, "<")
        yield from (Field(position + 8 + offset, 3, "<") for offset in (0, 3, 4, 6, 7, 9, 12))
        length = struct.unpack_from("<I", data, position + 4)[0]
        position += 8 + length + length % 2


_CONTAINERS = {
    b"meta": 12,
    b"iprp": 8,
    b"ipco": 8,
    b"jp2h": 8,
    b"moov": 8,
    b"trak": 8,
    b"mdia": 8,
    b"minf": 8,
    b"stbl": 8,
}


def _boxes(data: bytes, start: int = 0, end: int | None = None) -> Iterator[Field]:
    end = len(data) if end is None else min(end, len(data))
    while start + 8 <= end:
        length, name = struct.unpack_from(">I4s", data, start)
        yield Field(start, 4)
        yield Field(start + 4, 4)
        if name in _CONTAINERS:
            yield from _boxes(data, start + _CONTAINERS[name], start + length)
        elif name != b"mdat":
            yield from (Field(offset, 4) for offset in range(start + 8, min(start + length, start + 64, end), 2))
        start += length if length >= 8 else end


def _jpeg2000(data: bytes) -> Iterator[Field]:
    start = data.find(b"\xff\x4f\xff\x51")
    if start:
        yield from _boxes(data)
    position = start + 2
    while 0 < position + 4 <= len(data) and data[position] == 0xFF:
        length = struct.unpack_from(">H", data, position + 2)[0]
        yield Field(position + 1, 1)
        yield Field(position + 2, 2)
        yield from (Field(offset, size) for offset in range(position + 4, position + 2 + length) for size in (1, 2, 4))
        if data[position + 1] == 0x93:
            return
        position += 2 + length


def _gif(data: bytes) -> Iterator[Field]:
    yield from (Field(6, 2, "<"), Field(8, 2, "<"), Field(10, 1), Field(11, 1))
    try:
        position = 13 + (3 * 2 ** ((data[10] & 7) + 1) if data[10] & 0x80 else 0)
        while data[position] != 0x3B:
            yield Field(position, 1)
            if data[position] == 0x2C:
                yield from (Field(position + offset, 2, "<") for offset in (1, 3, 5, 7))
                yield from (Field(position + 9, 1), Field(position + 10 + bool(data[position + 9] & 0x80), 1))
                position += 11 + (3 * 2 ** ((data[position + 9] & 7) + 1) if data[position + 9] & 0x80 else 0)
            else:
                yield Field(position + 1, 1)
                position += 2
            while data[position]:
                yield Field(position, 1)
                position += data[position] + 1
            position += 1
    except IndexError:
        return


def _tiff(data: bytes) -> Iterator[Field]:
    order = ">" if data[:2] == b"MM" else "<"
    big = 43 in data[2:4]
    yield Field(2, 2, order)
    yield Field(8 if big else 4, 8 if big else 4, order)
    count_size, entry_size, word = (8, 20, 8) if big else (2, 12, 4)
    seen: set[int] = set()
    try:
        position = int.from_bytes(data[8:16] if big else data[4:8], "big" if order == ">" else "little")
        while position and position not in seen:
            seen.add(position)
            yield Field(position, count_size, order)
            count = struct.unpack_from(order + ("Q" if big else "H"), data, position)[0]
            for number in range(min(count, 40)):
                entry = position + count_size + number * entry_size
                yield from (Field(entry, 2, order), Field(entry + 2, 2, order))
                yield from (Field(entry + 4, word, order), Field(entry + 4 + word, word, order))
            end = position + count_size + count * entry_size
            yield Field(end, word, order)
            position = struct.unpack_from(order + ("Q" if big else "I"), data, end)[0]
    except (struct.error, OverflowError):
        return


def _bmp(data: bytes) -> Iterator[Field]:
    for position, size in (
        (2, 4),
        (10, 4),
        (14, 4),
        (18, 4),
        (22, 4),
        (26, 2),
        (28, 2),
        (30, 4),
        (34, 4),
        (46, 4),
        (50, 4),
    ):
        yield Field(position, size, "<")
    yield from (Field(position, 4, "<") for position in range(54, 70, 4))


def _tar_headers(data: bytes) -> list[int]:
    return [match.start() - 257 for match in re.finditer(b"ustar", data) if (match.start() - 257) % 512 == 0]


def _tar(data: bytes) -> Iterator[Field]:
    for header in _tar_headers(data):
        yield from (Field(header + start, 8, "octal") for start in (100, 108, 116, 148, 329, 337))
        yield from (Field(header + start, 12, "octal") for start in (124, 124, 136))
        yield from (Field(header + start, 1) for start in (0, 1, 156, 156, 157, 263, 345))
        if data[header + 156 : header + 157] in (b"x", b"L", b"g"):
            yield from (Field(header + 512 + start, 1) for start in range(0, 40, 3))


_ZIP = {
    b"PK\3\4": ((4, 2), (6, 2), (8, 2), (14, 4), (18, 4), (22, 4), (26, 2), (28, 2), (30, 1)),
    b"PK\1\2": ((4, 2), (6, 2), (8, 2), (10, 2), (12, 4), (16, 4), (20, 4), (24, 4), (28, 2), (30, 2), (32, 2), (34, 2),
                (36, 2), (38, 4), (42, 4), (46, 1)),
    b"PK\5\6": ((4, 2), (6, 2), (8, 2), (10, 2), (12, 4), (16, 4), (20, 2)),
    b"PK\7\x08": ((4, 4), (8, 4), (12, 4)),
}  # fmt: skip


def _zip(data: bytes) -> Iterator[Field]:
    for match in re.finditer(rb"PK(?:\x03\x04|\x01\x02|\x05\x06|\x07\x08)", data):
        yield from (Field(match.start() + offset, size, "<") for offset, size in _ZIP[match[0]])
        yield Field(match.start(), 4)


def _parquet(data: bytes) -> Iterator[Field]:
    yield Field(len(data) - 8, 4, "<")
    footer = max(len(data) - 8 - int.from_bytes(data[-8:-4], "little"), 0)
    yield from (Field(position, 1) for position in range(footer, min(len(data) - 8, footer + MOST)))
    yield from (Field(position, 1) for position in range(4, min(len(data), 80)))


def _arrow(data: bytes) -> Iterator[Field]:
    yield Field(len(data) - 10, 4, "<")
    for start in (0, max(len(data) - MOST, 0)):
        yield from (Field(position, 4, "<") for position in range(start, min(start + MOST, len(data)), 4))


_WALKS: dict[str, Callable[[bytes], Iterator[Field]]] = {
    "": lambda data: iter(()),
    "png": _png,
    "jpeg": _jpeg,
    "riff": _riff,
    "boxes": _boxes,
    "jpeg2000": _jpeg2000,
    "gif": _gif,
    "tiff": _tiff,
    "bmp": _bmp,
    "tar": _tar,
    "zip": _zip,
    "parquet": _parquet,
    "arrow": _arrow,
}


def fields_of(data: bytes, structure: str) -> list[Field]:
    """The first fields of a file of a structure (`png`, `boxes`, ...), however damaged it is; none for an empty name."""
    fields: list[Field] = []
    try:
        for field in _WALKS[structure](data):
            if field.position >= 0 and field.position + field.size <= len(data):
                fields.append(field)
            if len(fields) == MOST:
                break
    except (struct.error, IndexError):  # a walk that was led beyond the end
        pass
    return fields


def with_checksums(data: bytes, structure: str) -> bytes:
    """The same with the checksums of PNG chunks and tar headers made right, so that what was changed is looked at."""
    fixed = bytearray(data)
    if structure == "png":
        position = 8
        while position + 12 <= len(data):
            end = position + 8 + struct.unpack_from(">I", data, position)[0]
            if end + 4 > len(data):
                break
            struct.pack_into(">I", fixed, end, zlib.crc32(data[position + 4 : end]))
            position = end + 4
    elif structure == "tar":
        for header in _tar_headers(data):
            if header >= 0:
                block = data[header : header + 512]
                total = sum(block) - sum(block[148:156]) + 8 * 32
                fixed[header + 148 : header + 156] = b"%06o\0 " % total
    return bytes(fixed)
