"""Rows of a PNG: whether its compressed data holds as many as its header announces. Pillow leaves those that are missing black."""

import struct
import zlib
from collections.abc import Iterator

from PIL import Image

_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
# Adam7: first column and row of each pass, and the steps between its columns and rows.
_PASSES = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
_PIECE = 2**20


def missing_rows(data: bytes, image: Image.Image) -> tuple[str, str] | None:
    """What a PNG lacks that was decoded without an error, as reason and detail; None where it lacks nothing.

    What is missing is black. So rows are counted, which takes another inflation, only where one of the last two, the last of an interlaced picture's
    last passes, is of nothing but zeros.
    """
    width, height = image.size
    if all(any(image.crop((0, row, width, row + 1)).tobytes()) for row in range(max(height - 2, 0), height)):
        return None
    announced, held = announced_bytes(data), 0
    inflate = zlib.decompressobj()
    for body in _bodies(data):
        while body and not inflate.eof and held < announced:
            held += len(inflate.decompress(body, _PIECE))
            body = inflate.unconsumed_tail
    # zlib may hold back what it had no room for.
    while held < announced and not inflate.eof and (more := inflate.decompress(inflate.unconsumed_tail, _PIECE)):
        held += len(more)
    return ("truncated", f"{held} of {announced} bytes of pixels") if held < announced else None


def announced_bytes(data: bytes) -> int:
    """Bytes of all rows of a PNG, each with its filter, as its header (the chunk `IHDR`) announces them."""
    width, height, depth, colours, _, _, interlaced = struct.unpack_from(">IIBBBBB", data, 16)
    bits = depth * _CHANNELS[colours]
    passes = _PASSES if interlaced else ((0, 0, 1, 1),)
    total = 0
    for left, top, across, down in passes:
        columns, rows = -(-max(width - left, 0) // across), -(-max(height - top, 0) // down)
        total += rows * (1 + (columns * bits + 7) // 8) if columns else 0
    return total


def _bodies(data: bytes) -> Iterator[bytes]:
    """Contents of the chunks `IDAT`, whose walk has been found to be sound."""
    position = 8
    while position + 8 <= len(data):
        length, name = struct.unpack_from(">I4s", data, position)
        if name == b"IDAT":
            yield data[position + 8 : position + 8 + length]
        elif name == b"IEND":
            return
        position += 12 + length
