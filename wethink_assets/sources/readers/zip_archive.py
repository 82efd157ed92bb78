"""Reader of zip archives: listed by their central directory, read member by member at their offsets."""

import bz2
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from typing import Any

from wethink_assets.sources.readers.entries import (
    MAX_FILE_BYTES,
    SUPERSEDED,
    Entry,
    Fetch,
    IgnoredEntries,
    Index,
    ReadFailure,
    Refusal,
    ignored_kind,
    printable,
    unsafe_name,
    unsafe_size,
)
from wethink_assets.sources.readers.formats import OffsetFormat
from wethink_assets.sources.readers.split_archive import ArchiveStream
from wethink_assets.storage.store import Store

STORED, DEFLATED, BZIP2 = zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2
_HEADER = struct.Struct("<4s5H3I2H")
_ENCRYPTED = 0x1 | 0x40
_SIZES_FOLLOW = 0x8
_UTF8 = 0x800
_BLOCK = 2**16


class ZipFormat(OffsetFormat):
    """Zip archives, whole or split. A member is known by its CRC and size."""

    name = "zip"
    ending = ".zip"

    def index(self, stream: ArchiveStream, path: str, etag: str, store: Store, include: str) -> Index:
        """Members by the central directory; nothing of their data is read."""
        try:
            with zipfile.ZipFile(stream) as archive:
                members, directory = archive.infolist(), archive.start_dir
        # NotImplementedError: a member that needs a newer version of zip than `ZipFile` knows ("zip file version 6.4").
        except (zipfile.BadZipFile, NotImplementedError, ValueError, struct.error) as error:
            raise ReadFailure("damaged_archive", f"{path}: {error}") from error
        latest = {member.orig_filename: number for number, member in enumerate(members)}
        ends = _next_offsets(members, directory)
        entries, refusals, ignored = [], [], IgnoredEntries()
        for number, member in enumerate(members):
            name = member.orig_filename
            if name.endswith("/"):
                ignored.add(f"{path}::{name}", "directory")
                continue
            refused = _refused(member, ends[number], latest[name] != number)
            if refused:
                refusals.append(Refusal(f"{path}::{printable(name)}", *refused))
            elif kind := ignored_kind(name, nested=True):
                ignored.add(f"{path}::{name}", kind)
            else:
                entries.append(Entry(path, name, member.header_offset, member.file_size, f"crc:{member.CRC:08x}"))
        return Index(sorted(entries, key=lambda entry: entry.offset), refusals, ignored)

    def at_offset(self, stream: ArchiveStream, entry: Entry) -> Fetch | None:
        """The member at the entry's offset; what is packed is unpacked by the fetch, in whatever thread that runs."""
        return _fetch(stream, entry)


ZIP = ZipFormat()


def _refused(member: zipfile.ZipInfo, end: int, superseded: bool) -> tuple[str, str] | None:
    """Reason and detail when a member must not be read."""
    kind = stat.S_IFMT(member.external_attr >> 16) if member.create_system == 3 else 0
    fault = unsafe_name(member.orig_filename)
    bomb = unsafe_size(member.compress_size, member.file_size)
    if fault:
        return "unsafe_path", fault
    if superseded:
        return SUPERSEDED
    if kind == stat.S_IFLNK:
        return "link", "it is a symbolic link"
    if kind not in (0, stat.S_IFREG):
        return "special_file", "it is a device, pipe or socket"
    if member.flag_bits & _ENCRYPTED:
        return "encrypted", "it is encrypted"
    if bomb:
        return "bomb", bomb
    if member.header_offset + _HEADER.size + len(member.orig_filename) + member.compress_size > end:
        return "bomb", "its data overlaps another member's"
    if member.compress_type not in (STORED, DEFLATED, BZIP2):
        return "compression", f"compression method {member.compress_type} is not supported"
    return None


def _next_offsets(members: list[zipfile.ZipInfo], directory: int) -> list[int]:
    """For each member, where the next one (or the central directory) starts."""
    order = sorted(range(len(members)), key=lambda number: members[number].header_offset)
    starts = [members[number].header_offset for number in order] + [directory]
    ends = [0] * len(members)
    for rank, number in enumerate(order):
        ends[number] = starts[rank + 1]
    return ends


def _header(stream: ArchiveStream, entry: Entry) -> tuple[Any, ...] | None:
    """The local header at an entry's offset, the stream left behind it; None when that member is not there."""
    stream.seek(entry.offset)
    data = stream.read(_HEADER.size)
    if len(data) < _HEADER.size or data[:4] != b"PK\3\4":
        return None
    header = _HEADER.unpack(data)
    flags, crc, name_length, extra_length = header[2], header[6], header[9], header[10]
    name = stream.read(name_length)
    stream.seek(extra_length, 1)
    if entry.member not in (_text(name, "utf-8" if flags & _UTF8 else "cp437"), _text(name, "utf-8")):
        return None
    if not flags & _SIZES_FOLLOW and f"crc:{crc:08x}" != entry.etag:
        return None
    return header


def _text(name: bytes, encoding: str) -> str:
    return name.decode(encoding, "replace")


def _fetch(stream: ArchiveStream, entry: Entry) -> Fetch | None:
    """Read what is packed now; unpack and check it when called. None when the member is not at the entry's offset."""
    header = _header(stream, entry)
    if header is None:
        return None
    flags, method, packed, size = header[2], header[3], header[7], entry.size or 0
    if flags & _ENCRYPTED:
        raise ReadFailure("unreadable", f"{entry.item} is encrypted")
    if method not in (STORED, DEFLATED, BZIP2):
        raise ReadFailure("unreadable", f"{entry.item} is packed by method {method}, which is not supported")
    if size > MAX_FILE_BYTES:
        raise ReadFailure("too_large", f"{size} bytes, more than {MAX_FILE_BYTES}")
    if method == STORED:
        packed = size
    elif flags & _SIZES_FOLLOW or packed == 0xFFFFFFFF:
        data = b"".join(_unpacked_blocks(stream, method, size, entry))
        return lambda: _checked(data, entry)
    elif packed > MAX_FILE_BYTES:
        raise ReadFailure("too_large", f"{packed} bytes packed, more than {MAX_FILE_BYTES}")
    raw = stream.read(packed)
    if len(raw) < packed:
        raise ReadFailure("unreadable", f"{entry.item}: the archive ends within it")
    if method == STORED:
        return lambda: _checked(raw, entry)
    return lambda: _checked(_unpacked(raw, method, size, entry), entry)


def _decompressor(method: int) -> Any:
    return zlib.decompressobj(-15) if method == DEFLATED else bz2.BZ2Decompressor()


def _unpacked(raw: bytes, method: int, size: int, entry: Entry) -> bytes:
    try:
        return bytes(_decompressor(method).decompress(raw, size + 1))  # one byte more than declared tells a bomb
    except (zlib.error, OSError, ValueError) as error:
        raise ReadFailure("corrupt", f"{entry.item} cannot be unpacked: {error}") from error


def _unpacked_blocks(stream: ArchiveStream, method: int, size: int, entry: Entry) -> Iterator[bytes]:
    """Unpack from the stream where only the data itself says how long it is."""
    decompressor = _decompressor(method)
    pending, done = b"", 0
    try:
        while not decompressor.eof and done <= size:
            if not pending and getattr(decompressor, "needs_input", True):
                pending = stream.read(_BLOCK)
                if not pending:
                    raise ReadFailure("unreadable", f"{entry.item}: the archive ends within it")
            block = decompressor.decompress(pending, size + 1 - done)
            pending = getattr(decompressor, "unconsumed_tail", b"")
            done += len(block)
            yield block
    except (zlib.error, OSError, ValueError) as error:
        raise ReadFailure("corrupt", f"{entry.item} cannot be unpacked: {error}") from error


def _checked(data: bytes, entry: Entry) -> bytes:
    if len(data) != entry.size:
        more = "more" if len(data) > (entry.size or 0) else "fewer"
        raise ReadFailure("corrupt", f"{entry.item} unpacks to {more} than the declared {entry.size} bytes")
    if f"crc:{zlib.crc32(data):08x}" != entry.etag:
        raise ReadFailure("corrupt", f"{entry.item} does not match its checksum in the archive")
    return data
