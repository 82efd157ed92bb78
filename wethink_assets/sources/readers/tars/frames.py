"""Frames of zstd and lz4, one after the other: where each ends, so that what stands behind the last one is told and not taken for part of it.

Frames are walked by the lengths of their blocks and not unpacked (RFC 8878, section 3.1; LZ4 frame format 1.6). Zeros between and after them are
passed over, which some programs fill blocks up with.
"""

import struct
from collections.abc import Callable, Iterator
from typing import IO

__all__ = ["FRAMED", "Frames"]

PIECE = 2**16
_SKIPPABLE = b"\x2a\x4d\x18"


class Frames:
    """The frames of a stream as a file that ends with the last of them.

    error: what stands behind it, once all was read; None where nothing does.
    """

    def __init__(self, stream: IO[bytes], compression: str) -> None:
        self.closed = False
        self.error: OSError | None = None
        self._pieces = self._frames(stream, *FRAMED[compression])
        self._left = b""

    def read(self, size: int) -> bytes:
        """So many bytes at most; none at the end."""
        while not self._left:
            piece = next(self._pieces, None)
            if piece is None:
                return b""
            self._left = piece
        data, self._left = self._left[:size], self._left[size:]
        return data

    def close(self) -> None:
        """Leave the stream open: pyarrow closes what it has read, and an archive's checksum is of what follows, too."""
        self.closed = True

    def _frames(
        self, stream: IO[bytes], magic: bytes, blocks: Callable[["_Source"], Iterator[bytes]]
    ) -> Iterator[bytes]:
        source = _Source(stream)
        while True:
            head = source.take(4)
            while head and len(stripped := head.lstrip(b"\0")) < len(head):
                head = stripped + source.take(4 - len(stripped))
            if not head:
                return
            if head[1:] == _SKIPPABLE and head[0] & 0xF0 == 0x50:
                length = source.take(4)
                yield head + length
                yield from source.pieces(int.from_bytes(length, "little"))
            elif head == magic[: len(head)]:  # one that was cut is told by the decoder
                yield head
                yield from blocks(source)
            else:
                self.error = OSError("what stands behind the end of a frame is none")
                return


class _Source:
    """A stream of which so many bytes are taken, fewer at its end."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self.ended = False

    def take(self, size: int) -> bytes:
        return b"".join(self.pieces(size))

    def pieces(self, size: int) -> Iterator[bytes]:
        while size and not self.ended:
            data = self._stream.read(min(size, PIECE))
            self.ended = not data
            size -= len(data)
            if data:
                yield data


def _zstd_blocks(source: _Source) -> Iterator[bytes]:
    descriptor = source.take(1)
    yield descriptor
    if not descriptor:
        return
    single = descriptor[0] >> 5 & 1
    content_size = (single, 2, 4, 8)[descriptor[0] >> 6]
    yield source.take((not single) + (0, 1, 2, 4)[descriptor[0] & 3] + content_size)
    last = 0
    while not last and not source.ended:
        header = source.take(3)
        yield header
        block = int.from_bytes(header, "little")
        last = block & 1
        yield from source.pieces(1 if block >> 1 & 3 == 1 else block >> 3)
    yield source.take(4 if descriptor[0] & 4 else 0)


def _lz4_blocks(source: _Source) -> Iterator[bytes]:
    flags = source.take(2)
    yield flags
    if len(flags) < 2:
        return
    has_checksums, has_size, has_checksum, has_dictionary = (flags[0] >> bit & 1 for bit in (4, 3, 2, 0))
    yield source.take(8 * has_size + 4 * has_dictionary + 1)
    while not source.ended:
        length = source.take(4)
        yield length
        if len(length) < 4 or length == bytes(4):
            break
        yield from source.pieces((struct.unpack("<I", length)[0] & 0x7FFFFFFF) + 4 * has_checksums)
    yield source.take(4 * has_checksum)


FRAMED: dict[str, tuple[bytes, Callable[[_Source], Iterator[bytes]]]] = {
    "zstd": (b"\x28\xb5\x2f\xfd", _zstd_blocks),
    "lz4": (b"\x04\x22\x4d\x18", _lz4_blocks),
}
"""What a frame begins with, and what gives the rest of it, for compressions that come in frames."""
