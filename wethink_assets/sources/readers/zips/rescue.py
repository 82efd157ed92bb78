"""Rescue of zip archives without a directory: members are looked for by their local headers, as `zip -FF` does.

What lost its end, or has a hole, is read as far as it goes. A member whose sizes follow its data is unpacked to find where it ends, within bounds;
what is packed otherwise ends where a descriptor stands whose size is right.
"""

import bz2
import struct
import zlib
from collections.abc import Iterator
from typing import Any, NamedTuple

from wethink_assets.sources.readers.entries import MAX_FILE_BYTES
from wethink_assets.sources.readers.split_archive import ArchiveStream
from wethink_assets.sources.readers.zips.directory import (
    CENTRAL,
    END,
    END_64,
    LOCAL,
    LOCATOR,
    SPANNED,
    UNKNOWN_32,
    ZipMember,
    extra_fields,
    name_that_is_told,
)

__all__ = ["HEADER", "Hole", "Lost", "rescued"]

HEADER = struct.Struct("<4s5H3I2H")
SIZES_FOLLOW = 0x8
ENCRYPTED = 0x1 | 0x40
PIECE = 2**16
_METHODS = frozenset({*range(15), 16, 18, 19, 20, *range(93, 100)})
_NEWEST = 100  # "version needed": 6.3 is the newest there is
_LENGTHS = {CENTRAL: (46, (28, 30, 32)), END: (22, (20,)), b"PK\5\5": (6, (4,))}


class Lost(NamedTuple):
    """A member that cannot be read whole."""

    raw: bytes
    text: str | None
    detail: str


class Hole(NamedTuple):
    """Bytes that are no member and no directory."""

    start: int
    size: int


def rescued(stream: ArchiveStream, start: int, end: int) -> Iterator[ZipMember | Lost | Hole]:
    """Members between two positions, and what is there that is none."""
    position = start
    budget = [2**28 + 16 * (end - start)]
    lost = False  # what follows is the rest of a member that was named already
    while position < end:
        position = _after_directory(stream, position, end)
        found = _next_header(stream, position, end)
        if found is None:
            if (
                position < end
                and not lost
                and not _at(stream, position, 4).startswith((b"PK\1\2"[: end - position], b"PK\5\6"))
            ):
                yield Hole(position, end - position)
            return
        if found > position and not lost:
            yield Hole(position, found - position)
        position, member = _member(stream, found, end, budget)
        lost = isinstance(member, Lost)
        yield member
        if budget[0] < 0:
            yield Hole(position, end - position)
            return


def _at(stream: ArchiveStream, position: int, size: int) -> bytes:
    stream.seek(position)
    return stream.read(size)


def _after_directory(stream: ArchiveStream, position: int, end: int) -> int:
    """Position after the records of a directory that stand at a position."""
    while position < end:
        data = _at(stream, position, 46)
        if data.startswith(SPANNED):  # the mark of an archive in parts
            position += 4
        elif data.startswith(LOCATOR):
            position += 20
        elif data.startswith(END_64) and len(data) >= 12:
            position += 12 + int.from_bytes(data[4:12], "little")
        elif data[:4] in _LENGTHS and len(data) >= _LENGTHS[data[:4]][0]:
            size, lengths = _LENGTHS[data[:4]]
            position += size + sum(int.from_bytes(data[at : at + 2], "little") for at in lengths)
        else:
            break
    return min(position, end)


def _is_header(data: bytes) -> bool:
    if len(data) < HEADER.size or not data.startswith(LOCAL):
        return False
    header = HEADER.unpack_from(data)
    return header[1] & 0xFF <= _NEWEST and header[3] in _METHODS and 0 < header[9] <= 4096


def _next_header(stream: ArchiveStream, position: int, end: int) -> int | None:
    """Position of the next local header from a position on."""
    size = HEADER.size
    while position + HEADER.size <= end:
        data = _at(stream, position, min(size + HEADER.size, end - position))
        found = data.find(LOCAL)
        while found >= 0 and found + HEADER.size <= len(data):
            if _is_header(data[found : found + HEADER.size]):
                return position + found
            found = data.find(LOCAL, found + 1)
        if len(data) < HEADER.size:
            return None
        position += len(data) - HEADER.size + 1
        size = min(2 * size, PIECE)
    return None


def _member(stream: ArchiveStream, position: int, end: int, budget: list[int]) -> tuple[int, ZipMember | Lost]:
    """The member at a position, and where to go on."""
    _, _, flags, method, _, _, crc, packed, size, name_length, extra_length = HEADER.unpack(
        _at(stream, position, HEADER.size)
    )
    raw, extra = stream.read(name_length), stream.read(extra_length)
    start = position + HEADER.size + name_length + extra_length
    text = name_that_is_told(raw, flags, extra)
    if start > end or len(raw) < name_length:
        return end, Lost(raw, text, "the archive ends within its header")
    field = extra_fields(extra).get(1, b"")
    if UNKNOWN_32 in (packed, size) and len(field) >= 16:
        size, packed = struct.unpack_from("<2Q", field)
    member = ZipMember(raw, text, position, packed, size, crc, method, flags, rescued=True)
    unknown = flags & SIZES_FOLLOW and (not packed or packed == UNKNOWN_32 or not _goes_on(stream, start + packed, end))
    if not unknown:
        if start + packed > end:
            return end, Lost(
                raw, text, f"the archive ends within it: {max(end - start, 0)} of {packed} bytes are there"
            )
        return (start + packed if _goes_on(stream, start + packed, end) else start), member
    by_unpacking = method in (8, 12) and not flags & ENCRYPTED
    found = _unpacked(stream, start, end, method, budget) if by_unpacking else _by_descriptor(stream, start, end)
    if found is None:
        return start, Lost(
            raw, text, "its sizes and its checksum follow its data, and the archive ends within it or is damaged there"
        )
    after, crc, packed, size = found
    return after, member._replace(crc=crc, packed=packed, size=size)


def _goes_on(stream: ArchiveStream, position: int, end: int) -> bool:
    """Whether a position is where a member may end."""
    if position >= end:
        return position == end
    data = _at(stream, position, 4)
    return data in (LOCAL, CENTRAL, SPANNED, END, END_64) or any(
        _at(stream, position + length, 4) in (LOCAL, CENTRAL) for length in (12, 20)
    )


def _unpacked(
    stream: ArchiveStream, start: int, end: int, method: int, budget: list[int]
) -> tuple[int, int, int, int] | None:
    """End of a member that is unpacked, with its checksum and sizes, if the descriptor behind it agrees."""
    decompressor: Any = zlib.decompressobj(-15) if method == 8 else bz2.BZ2Decompressor()
    position, crc, size = start, 0, 0
    stream.seek(start)
    pending = b""
    try:
        while not decompressor.eof and size <= MAX_FILE_BYTES and budget[0] >= 0:
            if not pending and getattr(decompressor, "needs_input", True):
                pending = stream.read(min(PIECE, end - position))
                position += len(pending)
                budget[0] -= len(pending)
                if not pending:
                    return None
            block = decompressor.decompress(pending, PIECE * 16)
            pending = getattr(decompressor, "unconsumed_tail", b"")
            crc, size = zlib.crc32(block, crc), size + len(block)
            budget[0] -= len(block)
    except (zlib.error, OSError, ValueError):
        return None
    if not decompressor.eof:
        return None
    after = position - len(decompressor.unused_data)
    packed = after - start
    data = _at(stream, after, min(24, end - after))
    shift = 4 if data.startswith(SPANNED) else 0
    for layout in ("<3I", "<I2Q"):
        length = struct.calcsize(layout)
        if len(data) >= shift + length and struct.unpack_from(layout, data, shift) == (crc, packed, size):
            return after + shift + length, crc, packed, size
    return None


def _by_descriptor(stream: ArchiveStream, start: int, end: int) -> tuple[int, int, int, int] | None:
    """End of a member that cannot be unpacked: the next place where a descriptor stands that gives the bytes up to it."""
    position = start
    while position < end:
        data = _at(stream, position, min(PIECE + 24, end - position))
        found = data.find(SPANNED)
        while found >= 0:
            at = position + found
            for layout in ("<3I", "<I2Q"):
                length = struct.calcsize(layout)
                if found + 4 + length <= len(data):
                    crc, packed, size = struct.unpack_from(layout, data, found + 4)
                    if packed == at - start:
                        return at + 4 + length, crc, packed, size
            found = data.find(SPANNED, found + 1)
        if len(data) <= 24:
            return None
        position += len(data) - 24
    return None
