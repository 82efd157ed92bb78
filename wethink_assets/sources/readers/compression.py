"""Compressed streams, known by their first bytes: gzip, bzip2, xz, zstd and lz4, also of several streams one after the other."""

import bz2
import gzip
import lzma
import zlib
from typing import IO, cast

from wethink_assets.sources.readers.split_archive import ArchiveStream

__all__ = ["FAULTS", "compression_of", "covers_all", "is_fault", "unpacked"]

_MAGIC = (
    (b"\x1f\x8b", "gzip"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"\x04\x22\x4d\x18", "lz4"),
)
_LONGEST = max(len(magic) for magic, _ in _MAGIC)
FAULTS = (EOFError, zlib.error, lzma.LZMAError, OSError)
"""What reading a damaged stream raises; of `OSError`s those that `is_fault` tells."""


def compression_of(stream: ArchiveStream) -> str:
    """Name of the compression of a stream, which stays at its start; empty for none."""
    stream.seek(0)
    start = stream.read(_LONGEST)
    stream.seek(0)
    return next((name for magic, name in _MAGIC if start.startswith(magic)), "")


def unpacked(stream: ArchiveStream, compression: str) -> IO[bytes]:
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


def is_fault(error: Exception) -> bool:
    """Whether the stream is damaged, and not merely out of reach: an error of the system has a number."""
    return not isinstance(error, OSError) or error.errno is None


def covers_all(error: Exception) -> bool:
    """Whether an error is a checksum that covers all that was read: then nothing of it can be trusted."""
    wrong_sum = isinstance(error, gzip.BadGzipFile) and ("CRC" in str(error) or "Incorrect length" in str(error))
    return wrong_sum or isinstance(error, lzma.LZMAError)
