"""Central directories of zip archives: of several that were joined, at the end of a program that unpacks itself, over several disks.

Python's reader takes the last directory for the only one, refuses disks and lets one odd record end all. Here a directory is walked once before it is
trusted; where none holds, the members are looked for by their local headers.
"""

import struct
import zlib
from collections.abc import Iterator
from typing import NamedTuple

from wethink_assets.sources.readers.entries import ReadFailure
from wethink_assets.sources.readers.split_archive import ArchiveStream

__all__ = [
    "LOCAL",
    "Directory",
    "ZipMember",
    "directory_before",
    "directory_members",
    "extra_fields",
    "name_that_is_told",
]

LOCAL, CENTRAL, END, END_64, LOCATOR, SPANNED = b"PK\3\4", b"PK\1\2", b"PK\5\6", b"PK\6\6", b"PK\6\7", b"PK\7\b"
_END = struct.Struct("<4s4H2IH")
_END_64 = struct.Struct("<4sQ2H2I4Q")
_LOCATOR = struct.Struct("<4sIQI")
_RECORD = struct.Struct("<4s6H3I5H2I")
LONGEST_COMMENT = 2**16
PIECE = 2**20
UNKNOWN_16, UNKNOWN_32 = 0xFFFF, 0xFFFFFFFF
UTF8 = 0x800


class ZipMember(NamedTuple):
    """What a directory, or a local header, says of a member.

    raw: its name as it stands there; text: the name where the archive says how it is encoded; offset: of its local header;
    attributes: of the file system, and `system` which one wrote them; rescued: whether no directory has it.
    """

    raw: bytes
    text: str | None
    offset: int
    packed: int
    size: int
    crc: int
    method: int
    flags: int
    system: int = 0
    attributes: int = 0
    rescued: bool = False


class Directory(NamedTuple):
    """Place of a central directory; `archive` is where its archive begins, and offsets count from there (or from their disk)."""

    start: int
    size: int
    archive: int
    disks: bool = False
    wraps: bool = False  # larger than 4 GiB and written by a tool that knows no zip64


def directory_before(stream: ArchiveStream, path: str, end: int) -> Directory | None:
    """The last whole directory that ends before a position, or None.

    Raises `ReadFailure` (`incomplete_archive`) where it lies on a disk that is not there.
    """
    start = max(0, end - LONGEST_COMMENT - _END.size)
    tail = _at(stream, start, end - start)
    empty = None
    position = tail.rfind(END)
    while position >= 0:
        found = _directory(stream, path, start + position, tail[position:])
        if found and found.size:
            return found
        empty = empty or found
        position = tail.rfind(END, 0, position + len(END) - 1)
    return empty


def directory_members(stream: ArchiveStream, directory: Directory) -> Iterator[ZipMember]:
    """Members of a directory in its order."""
    before, turns = 0, 0
    for record, raw, extra in _records(stream, directory):
        _, made, _, flags, method, _, _, crc, packed, size, *_, disk, _, attributes, offset = record
        size, packed, offset, disk = _of_64_bits(extra, size, packed, offset, disk)
        if directory.wraps:
            turns += offset < before
            before = offset
            offset += turns * 2**32
        base = stream.starts[min(disk, len(stream.starts) - 1)] if directory.disks else directory.archive
        text = name_that_is_told(raw, flags, extra)
        yield ZipMember(raw, text, base + offset, packed, size, crc, method, flags, made >> 8, attributes)


def extra_fields(extra: bytes) -> dict[int, bytes]:
    """Extra fields of a record by their number; what is cut off is left out."""
    fields: dict[int, bytes] = {}
    position = 0
    while position + 4 <= len(extra):
        number, length = struct.unpack_from("<2H", extra, position)
        fields.setdefault(number, extra[position + 4 : position + 4 + length])
        position += 4 + length
    return fields


def name_that_is_told(raw: bytes, flags: int, extra: bytes) -> str | None:
    """A name where its archive says how it is encoded: by the flag for UTF-8, or by Info-ZIP's field with the name in UTF-8."""
    if raw.isascii():
        return raw.decode()
    unicode_path = extra_fields(extra).get(0x7075, b"")
    if len(unicode_path) > 5 and unicode_path[0] == 1 and unicode_path[1:5] == struct.pack("<I", zlib.crc32(raw)):
        return _utf_8(unicode_path[5:])
    return _utf_8(raw) if flags & UTF8 else None


def _utf_8(raw: bytes) -> str | None:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return None


def _at(stream: ArchiveStream, position: int, size: int) -> bytes:
    if position < 0:
        return b""
    stream.seek(position)
    return stream.read(size)


def _directory(stream: ArchiveStream, path: str, at: int, data: bytes) -> Directory | None:
    """The directory that the record at a position tells of, if it is whole."""
    if len(data) < _END.size:
        return None
    _, disk, first_disk, _, total, size, offset, comment = _END.unpack_from(data)
    if data[_END.size + comment :].startswith((CENTRAL, LOCAL)):
        return None  # of an archive within one whose own end is lost
    ends = at
    locator = _at(stream, at - _LOCATOR.size, _LOCATOR.size)
    if locator.startswith(LOCATOR) and len(locator) == _LOCATOR.size:
        _, record_disk, record_offset, _ = _LOCATOR.unpack(locator)
        bases = {stream.starts[record_disk] if record_disk < len(stream.starts) else 0, 0}
        for place in (*(base + record_offset for base in bases), at - _LOCATOR.size - _END_64.size):
            record = _at(stream, place, _END_64.size) if place + _END_64.size <= at else b""
            if record.startswith(END_64) and len(record) == _END_64.size:
                *_, disk, first_disk, _, total, size, offset = _END_64.unpack(record)
                ends = place
                break
    if not total and not size:
        return Directory(at, 0, max(at - offset, 0))
    if disk and disk != UNKNOWN_16:
        return _on_disks(stream, path, disk, first_disk, size, offset)
    for start, archive in ((ends - size, ends - size - offset), (offset, 0)):
        if archive >= 0 and _is_whole(stream, found := Directory(start, size, archive)):
            if archive and archive % 2**32 == 0 and _at(stream, 0, 4) == LOCAL:
                return found._replace(archive=0, wraps=True)
            return found
    return None


def _on_disks(stream: ArchiveStream, path: str, disk: int, first_disk: int, size: int, offset: int) -> Directory | None:
    if len(stream.starts) <= disk or len(stream.starts) <= first_disk:
        stem = path.rpartition(".")[0]
        there = len(stream.starts) - 1
        names = [f"{stem}.z{number:02d}" for number in (there + 1, disk)]
        missing = names[0] if there + 1 == disk else f"{names[0]} to {names[1]}"
        raise ReadFailure("incomplete_archive", f"{path} is part {disk + 1} of {disk + 1}: {missing} missing")
    found = Directory(stream.starts[first_disk] + offset, size, 0, disks=True)
    return found if _is_whole(stream, found) else None


def _is_whole(stream: ArchiveStream, directory: Directory) -> bool:
    if directory.start + directory.size > stream.size:
        return False
    try:
        for _ in _records(stream, directory):
            pass
    except (struct.error, ValueError):
        return False
    return True


def _records(stream: ArchiveStream, directory: Directory) -> Iterator[tuple[tuple[int, ...], bytes, bytes]]:
    """Records, names and extra fields. Raises `ValueError` where none is though one should be."""
    position, read, data, at = directory.start, 0, b"", 0
    left = directory.size
    while left or at < len(data):
        if len(data) - at < _RECORD.size + 3 * UNKNOWN_16 and left:
            piece = _at(stream, position + read, min(PIECE, left))
            if not piece:
                raise ValueError("the directory is cut off")
            data, at = data[at:] + piece, 0
            read += len(piece)
            left -= len(piece)
        record = _RECORD.unpack_from(data, at)
        if record[0] != CENTRAL:
            if data.startswith(b"PK\5\5", at):  # a signature of the directory, which ends it
                return
            raise ValueError("no record of a directory")
        name, extra = at + _RECORD.size, at + _RECORD.size + record[10]
        ends = extra + record[11] + record[12]
        if ends > len(data):
            raise ValueError("the directory is cut off")
        yield record, data[name:extra], data[extra : extra + record[11]]
        at = ends


def _of_64_bits(extra: bytes, size: int, packed: int, offset: int, disk: int) -> tuple[int, int, int, int]:
    """Sizes, offset and disk, those that are too large for the record taken from its extra field."""
    if UNKNOWN_32 not in (size, packed, offset) and disk != UNKNOWN_16:
        return size, packed, offset, disk
    field = extra_fields(extra).get(1, b"")
    values = [size, packed, offset]
    for number, value in enumerate(values):
        if value == UNKNOWN_32 and len(field) >= 8:
            values[number] = int.from_bytes(field[:8], "little")
            field = field[8:]
    if disk == UNKNOWN_16 and len(field) >= 4:
        disk = int.from_bytes(field[:4], "little")
    return values[0], values[1], values[2], disk
