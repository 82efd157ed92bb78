"""Packed data of zip members: found by the local header, unpacked within the announced size and held against the checksum."""

import bz2
import lzma
import struct
import zlib
from collections.abc import Iterator
from typing import Any

from wethink_assets.sources.readers.entries import MAX_FILE_BYTES, Entry, Fetch, ReadFailure
from wethink_assets.sources.readers.members.names import may_be_name
from wethink_assets.sources.readers.split_archive import ArchiveStream
from wethink_assets.sources.readers.zips.directory import LOCAL, UNKNOWN_32, extra_fields, name_that_is_told
from wethink_assets.sources.readers.zips.rescue import ENCRYPTED, HEADER, SIZES_FOLLOW

__all__ = ["CRC", "STORED", "data_start", "fetch_member", "method_fault", "unpacked_blocks"]

CRC = "crc:"
"""What begins the mark by which a zip's members are known; see `RESCUED` for those that no directory has."""
STORED, DEFLATED, BZIP2, LZMA, OLD_ZSTD, ZSTD, XZ = 0, 8, 12, 14, 20, 93, 95
READ = frozenset({STORED, DEFLATED, BZIP2, LZMA, OLD_ZSTD, ZSTD, XZ})
_METHODS = {
    1: "Shrink", 2: "Reduce", 3: "Reduce", 4: "Reduce", 5: "Reduce", 6: "Implode", 9: "Deflate64", 10: "PKWARE Implode", 94: "MP3",
    96: "JPEG recompressed", 97: "WavPack", 98: "PPMd", 99: "AES encryption",
}  # fmt: skip
_BLOCK = 2**16
_MEMORY = 2**28


def method_fault(method: int) -> str | None:
    """Why a compression method is not read, or None when it is."""
    if method in READ:
        return None
    name = f" ({_METHODS[method]})" if method in _METHODS else ""
    return f"compression method {method}{name} is not supported: pack the archive anew with Deflate"


def fetch_member(stream: ArchiveStream, entry: Entry, base: int = 0) -> Fetch | None:
    """Read what is packed now; unpack and check it when called. None when the member is not at the entry's offset."""
    header = _header(stream, entry)
    if header is None:
        return None
    flags, method, packed, size = header[2], header[3], header[7], entry.size or 0
    if flags & ENCRYPTED:
        raise ReadFailure("unreadable", f"{entry.item} is encrypted")
    if fault := method_fault(method):
        raise ReadFailure("unreadable", f"{entry.item}: {fault}")
    if size > MAX_FILE_BYTES:
        raise ReadFailure("too_large", f"{size} bytes, more than {MAX_FILE_BYTES}")
    if method == STORED:
        packed = size
    elif flags & SIZES_FOLLOW or packed == UNKNOWN_32:
        data = b"".join(unpacked_blocks(stream, method, size, entry.item))
        return lambda: _checked(data, entry)
    elif packed > MAX_FILE_BYTES:
        raise ReadFailure("too_large", f"{packed} bytes packed, more than {MAX_FILE_BYTES}")
    raw = stream.read(packed)
    if len(raw) < packed:
        raise ReadFailure("unreadable", f"{entry.item}: the archive ends within it")
    if method == STORED:
        return lambda: _checked(raw, entry)
    return lambda: _checked(_unpacked(raw, method, size, entry), entry)


def data_start(stream: ArchiveStream, offset: int) -> int | None:
    """Where the data of the member begins whose local header is at an offset; None when none is there."""
    stream.seek(offset)
    data = stream.read(HEADER.size)
    if len(data) < HEADER.size or not data.startswith(LOCAL):
        return None
    *_, name_length, extra_length = HEADER.unpack(data)
    return offset + HEADER.size + int(name_length) + int(extra_length)


def unpacked_blocks(stream: Any, method: int, size: int, item: str) -> Iterator[bytes]:
    """Unpack from a stream, one byte more than announced at most: that tells a bomb, and where only the data says how long it is, ends it."""
    try:
        if method in (OLD_ZSTD, ZSTD):
            yield from _zstd_blocks(stream, size)
            return
        decompressor = _decompressor(stream, method, size)
        pending, done = b"", 0
        while not decompressor.eof and done <= size:
            if not pending and getattr(decompressor, "needs_input", True):
                pending = stream.read(_BLOCK)
                if not pending:
                    raise ReadFailure("unreadable", f"{item}: the archive ends within it")
            block = decompressor.decompress(pending, min(size + 1 - done, _BLOCK * 16))
            pending = getattr(decompressor, "unconsumed_tail", b"")
            done += len(block)
            yield block
            if done == size and method == LZMA:
                return  # such data may have no mark at its end
    except (zlib.error, lzma.LZMAError, OSError, ValueError, struct.error) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise ReadFailure("corrupt", f"{item} cannot be unpacked: {error}") from error


def _header(stream: ArchiveStream, entry: Entry) -> tuple[Any, ...] | None:
    """The local header at an entry's offset, the stream left behind it; None when that member is not there."""
    stream.seek(entry.offset)
    data = stream.read(HEADER.size)
    if len(data) < HEADER.size or not data.startswith(LOCAL):
        return None
    header = HEADER.unpack(data)
    flags, crc, name_length, extra_length = header[2], header[6], header[9], header[10]
    raw, extra = stream.read(name_length), stream.read(extra_length)
    # The directory's name counts, as with unzip: writers have others in the headers, so that the sum says more, where it stands there.
    if flags & SIZES_FOLLOW:
        if not _is_named(entry.member, raw, flags, extra):
            return None
    elif f"{crc:08x}" != entry.etag.rpartition(":")[2]:
        return None
    size = header[8]
    field = extra_fields(extra).get(1, b"")
    if UNKNOWN_32 in (header[7], size) and len(field) >= 16:
        size, packed = struct.unpack_from("<2Q", field)
        header = (*header[:7], packed, size, *header[9:])
    return header


def _is_named(member: str, raw: bytes, flags: int, extra: bytes) -> bool:
    """Whether a member has a name, or is of this name in an archive that has it: `inner.zip/a.png`."""
    told = name_that_is_told(raw, flags, extra)
    parts = member.split("/")
    names = (("/".join(parts[start:])) for start in range(len(parts)))
    return any(name in (told, (told or "").replace("\\", "/")) or may_be_name(raw, name) for name in names)


def _decompressor(stream: Any, method: int, size: int) -> Any:
    if method == DEFLATED:
        return zlib.decompressobj(-15)
    if method == BZIP2:
        return bz2.BZ2Decompressor()
    if method == XZ:
        return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_MEMORY)
    _, length = struct.unpack("<2H", stream.read(4))
    properties = stream.read(length)
    settings, dictionary = struct.unpack_from("<BI", properties)
    # A dictionary that is larger than what it packs is of no use, but of much memory.
    dictionary = max(min(dictionary, size + 1), 4096)
    rest, literal = divmod(settings, 9)
    position, low = divmod(rest, 5)
    return lzma.LZMADecompressor(
        lzma.FORMAT_RAW,
        filters=[{"id": lzma.FILTER_LZMA1, "dict_size": dictionary, "lc": literal, "lp": low, "pb": position}],
    )


def _zstd_blocks(stream: Any, size: int) -> Iterator[bytes]:
    import pyarrow

    try:
        with pyarrow.CompressedInputStream(pyarrow.PythonFile(stream, mode="r"), "zstd") as plain:
            left = size
            while left and (block := plain.read(min(left, _BLOCK * 16))):
                left -= len(block)
                yield block
    except pyarrow.ArrowException as error:
        raise ValueError(str(error)) from error


def _unpacked(raw: bytes, method: int, size: int, entry: Entry) -> bytes:
    import io

    return b"".join(unpacked_blocks(io.BytesIO(raw), method, size, entry.item))


def _checked(data: bytes, entry: Entry) -> bytes:
    if len(data) != entry.size:
        more = "more" if len(data) > (entry.size or 0) else "fewer"
        raise ReadFailure("corrupt", f"{entry.item} unpacks to {more} than the declared {entry.size} bytes")
    if f"{zlib.crc32(data):08x}" != entry.etag.rpartition(":")[2]:
        raise ReadFailure("corrupt", f"{entry.item} does not match its checksum in the archive")
    return data
