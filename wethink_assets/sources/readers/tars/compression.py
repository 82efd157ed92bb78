"""Compressed streams, known by their first bytes: gzip, bzip2, xz, zstd and lz4, also of several streams one after the other."""

import bz2
import gzip
import lzma
import zlib
from collections.abc import Iterator
from typing import IO, cast

__all__ = ["COMPRESSIONS", "FAULTS", "compression_of", "covers_all", "is_fault", "unpacked", "unpacked_pieces"]

_MAGIC = (
    (b"\x1f\x8b", "gzip"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"\x04\x22\x4d\x18", "lz4"),
)
COMPRESSIONS = tuple(name for _, name in _MAGIC)
PIECE, SMALL_PIECE = 2**18, 2**13
FAULTS = (EOFError, zlib.error, lzma.LZMAError, OSError)
"""What reading a damaged stream raises; of `OSError`s those that `is_fault` tells."""


def compression_of(head: bytes) -> str:
    """Name of the compression of what begins so; empty for none."""
    return next((name for magic, name in _MAGIC if head.startswith(magic)), "")


def unpacked(stream: IO[bytes], compression: str) -> IO[bytes]:
    """A stream of what a stream holds; checksums are compared where the format has them."""
    if compression == "gzip":
        return cast(IO[bytes], gzip.GzipFile(fileobj=stream))
    if compression == "bzip2":
        return cast(IO[bytes], bz2.BZ2File(stream))
    if compression == "xz":
        return cast(IO[bytes], lzma.LZMAFile(stream))
    if compression in ("zstd", "lz4"):
        import pyarrow

        return cast(IO[bytes], pyarrow.CompressedInputStream(pyarrow.PythonFile(stream, mode="r"), compression))
    return stream


def unpacked_pieces(stream: IO[bytes], compression: str) -> Iterator[bytes]:
    """What a stream holds in pieces; all that can be unpacked comes before an error is raised."""
    plain = unpacked(stream, compression)
    read = getattr(plain, "read1", plain.read)
    size = PIECE if hasattr(plain, "read1") else SMALL_PIECE
    while piece := read(size):
        yield piece


def is_fault(error: Exception) -> bool:
    """Whether the stream is damaged, and not merely out of reach: an error of the system has a number."""
    return not isinstance(error, OSError) or error.errno is None


def covers_all(error: Exception) -> bool:
    """Whether an error is a checksum that covers all that was read: then nothing of it can be trusted."""
    wrong_sum = isinstance(error, gzip.BadGzipFile) and ("CRC" in str(error) or "Incorrect length" in str(error))
    return wrong_sum or isinstance(error, lzma.LZMAError)
