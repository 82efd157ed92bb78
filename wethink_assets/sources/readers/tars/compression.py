"""Compressed streams, known by their first bytes: gzip, bzip2, xz, zstd and lz4, also of several streams one after the other."""

import bz2
import gzip
import lzma
import struct
import zlib
from collections.abc import Callable, Iterator
from typing import IO, Any, cast

from wethink_assets.sources.readers.tars.frames import FRAMED, Frames

__all__ = [
    "COMPRESSIONS",
    "FAULTS",
    "compression_of",
    "covers_all",
    "end_of_skippable",
    "is_fault",
    "unpacked",
    "unpacked_pieces",
    "unread_form",
]

_MAGIC = (
    (b"\x1f\x8b", "gzip"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"\x04\x22\x4d\x18", "lz4"),
)
COMPRESSIONS = tuple(name for _, name in _MAGIC)
_SKIPPABLE = b"\x2a\x4d\x18"
_LEGACY_LZ4 = b"\x02\x21\x4c\x18"
LARGEST_WINDOW = 27
"""Binary logarithm of the largest window that a decoder of zstd takes unless told otherwise."""
PIECE, SMALL_PIECE = 2**18, 2**13
_DECODERS: dict[str, tuple[Callable[[], Any], bytes]] = {
    "bzip2": (bz2.BZ2Decompressor, b"BZh"),
    "xz": (lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ), b"\xfd7zXZ\x00"),
}
"""Decoders of one stream each, and what the next one begins with."""
FAULTS = (EOFError, zlib.error, lzma.LZMAError, OSError)
"""What reading a damaged stream raises; of `OSError`s those that `is_fault` tells."""


def compression_of(head: bytes) -> str:
    """Name of the compression of what begins so, frames that are to be skipped among it; empty for none."""
    while (end := end_of_skippable(head)) and end < len(head):
        head = head[end:]
    return next((name for magic, name in _MAGIC if head.startswith(magic)), "")


def end_of_skippable(head: bytes) -> int:
    """Where a frame ends that says nothing of what is compressed, as pzstd writes one before each of its own; 0 for no such frame.

    Both zstd and lz4 have such frames, with the same first bytes, so that only what follows tells which it is (RFC 8878, 3.1.2).
    """
    if len(head) < 8 or head[1:4] != _SKIPPABLE or head[0] & 0xF0 != 0x50:
        return 0
    return 8 + int(struct.unpack_from("<I", head, 4)[0])


def unread_form(head: bytes) -> str:
    """Why what begins so cannot be unpacked here though it is sound; empty where it can be."""
    if head.startswith(_LEGACY_LZ4):
        return "it is lz4 in its legacy form, which is not read: pack it anew without `-l`"
    while (end := end_of_skippable(head)) and end < len(head):
        head = head[end:]
    # The frame's descriptor says whether a window is given; its upper five bits are the exponent (RFC 8878, 3.1.1.1.2).
    if compression_of(head) == "zstd" and len(head) > 5 and not head[4] & 0x20 and 10 + (head[5] >> 3) > LARGEST_WINDOW:
        return f"its window is larger than {2 ** (LARGEST_WINDOW - 20)} MiB: pack it anew without `zstd --long` or `--ultra`"
    return ""


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

        shared = pyarrow.PythonFile(_Shared(stream), mode="r")
        return cast(IO[bytes], pyarrow.CompressedInputStream(shared, compression))
    return stream


class _Shared:
    """A stream that stays open: pyarrow closes what it has read, and an archive's checksum is of what follows, too."""

    def __init__(self, stream: IO[bytes]) -> None:
        self.read = stream.read
        self.closed = False

    def close(self) -> None:
        self.closed = True


def unpacked_pieces(stream: IO[bytes], compression: str) -> Iterator[bytes]:
    """What a stream holds in pieces; all that can be unpacked comes before an error is raised.

    Zeros between and after streams are passed over, as `xz` does and `gzip`; what else stands there is an error, of which `BZ2File` and
    `LZMAFile` say nothing.
    """
    if compression in _DECODERS:
        yield from _unpacked_streams(stream, *_DECODERS[compression])
        return
    if compression not in FRAMED:
        plain = cast(Any, unpacked(stream, compression))
        while piece := plain.read1(PIECE):
            yield piece
        return
    import pyarrow

    frames = Frames(stream, compression)
    plain = pyarrow.CompressedInputStream(pyarrow.PythonFile(frames, mode="r"), compression)
    while piece := plain.read(SMALL_PIECE):  # what an error comes with is lost
        yield piece
    if frames.error:
        raise frames.error


def _unpacked_streams(stream: IO[bytes], decoder_of: Callable[[], Any], magic: bytes) -> Iterator[bytes]:
    rest = b""
    while True:
        decoder = decoder_of()
        while not decoder.eof:
            if decoder.needs_input and not rest:
                rest = stream.read(PIECE)
                if not rest:
                    raise EOFError("it ends before the mark of its end")
            piece = decoder.decompress(rest, PIECE)
            rest = b""
            if piece:
                yield piece
        rest = decoder.unused_data.lstrip(b"\0")
        while len(rest) < len(magic) and (more := stream.read(PIECE)):
            rest = (rest + more).lstrip(b"\0")
        if not rest:
            return
        if not rest.startswith(magic):
            raise OSError("what stands behind the end of a stream is none")


def is_fault(error: Exception) -> bool:
    """Whether the stream is damaged, and not merely out of reach: an error of the system has a number."""
    return not isinstance(error, OSError) or error.errno is None


def covers_all(error: Exception) -> bool:
    """Whether an error is a checksum that covers all that was read: then nothing of it can be trusted."""
    wrong_sum = isinstance(error, gzip.BadGzipFile) and ("CRC" in str(error) or "Incorrect length" in str(error))
    return wrong_sum or isinstance(error, lzma.LZMAError)
