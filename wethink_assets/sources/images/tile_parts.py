"""Tile-parts of a JPEG 2000: whether each leads to the next and the last to the end, no tile lacks, and none has a hole of zeros.

Decoders fill up what is missing in silence. A packet without anything new is one byte of zeros (ISO 15444-1, B.10.3), and others have zero bits for
code-blocks without, so that as many zeros as a tile has packets and code-blocks are no hole.
"""

import struct
from typing import NamedTuple

from wethink_assets.sources.images.item_extents import boxes

__all__ = ["JP2", "tile_damage"]

JP2 = b"\0\0\0\x0cjP  \r\n\x87\n"
END = b"\xff\xd9"
_SIZES, _TILE_PART, _STYLE, _OF_COMPONENT, _DATA = 0xFF51, 0xFF90, 0xFF52, 0xFF53, 0xFF93
HOLE = 64
"""Zero bytes of coded data that are no chance: more than those of empty packets and code-blocks."""
_NO_END = "truncated", "the end of its codestream is missing"
_NEAR = (
    64  # bytes before the end within which the mark of it is looked for where a last tile-part does not tell its length
)


def tile_damage(data: bytes) -> tuple[str, str] | None:
    """What is wrong with the codestream of a file, boxed or bare, as reason and detail; None where nothing is (ISO 15444-1, annex A)."""
    position, end = 0, len(data)
    if data.startswith(JP2):
        stream = next(((first, last) for name, first, last in boxes(data) if name == b"jp2c"), None)
        if stream is None:
            return _NO_END
        position, end = stream
    position, tiles, empty = _main_header(data, position + 2, end)
    if not tiles:
        return None  # a damaged header, of which the decoder says more
    seen: set[int] = set()
    while data[position : position + 2] != END:
        if position + 12 > end:
            return _NO_END
        marker, length, tile, whole = struct.unpack_from(">HHHI", data, position)
        if marker != _TILE_PART or length != 10:
            filled_up = not any(data[position:end])
            return _NO_END if filled_up else ("corrupt", f"no tile-part begins at byte {position}")
        seen.add(tile)
        if whole == 0:  # to the end
            if END not in data[max(end - _NEAR, position) : end]:
                return _NO_END
            break
        if empty and (zeros := _hole(data, position + 12, min(position + whole, end), empty + HOLE)):
            return "corrupt", f"{zeros} bytes of tile {tile} are zeros"
        position += max(whole, 12)
        if position > end:
            return "truncated", f"tile-part of tile {tile} ends {position - end} bytes after the file"
    missing = tiles - len(seen)
    return ("truncated", f"{missing} of {tiles} tiles are missing") if missing > 0 else None


def _main_header(data: bytes, position: int, end: int) -> tuple[int, int, int]:
    """Where what follows the main header begins, how many tiles it announces, and how many zero bytes the empty ones of a tile's packets and
    code-blocks may make, at most.

    No tiles where its markers lead nowhere; no bytes where that depends on more than is looked at.
    """
    tiles, size, style, plain = 1, None, None, True
    while position + 4 <= end and data[position : position + 2] != END:
        marker, length = struct.unpack_from(">HH", data, position)
        if marker == _TILE_PART:
            break
        if marker < 0xFF00 or length < 2:
            return position, 0, 0
        if marker == _SIZES and position + 40 <= end:
            right, bottom, _, _, across, down, left, top = struct.unpack_from(">8I", data, position + 6)
            tiles = -(-(right - left) // across) * -(-(bottom - top) // down) if across and down else 0
            size = _Size(min(across, right), min(down, bottom), *struct.unpack_from(">H", data, position + 38))
        if marker == _STYLE:
            style = data[position + 4 : position + 2 + length]
        plain = plain and marker != _OF_COMPONENT
        position += 2 + length
    return position, tiles, _empty(size, style) if plain and size and style else 0


class _Size(NamedTuple):
    """Of a tile, in samples, and how many components it has."""

    width: int
    height: int
    components: int


def _empty(size: _Size, style: bytes) -> int:
    """Packets and code-blocks that a tile of this coding style may have, at most (ISO 15444-1, A.6.1, B.6 and B.7); 0 where the style is cut."""
    if len(style) < 10:
        return 0
    layers, levels = int.from_bytes(style[2:4], "big"), style[5]
    precincts = 0
    for level in range(levels + 1):
        exponents = 0xFF
        if style[0] & 1:
            if len(style) < 11 + level:
                return 0
            exponents = style[10 + level]
        shift = levels - level
        across = (size.width >> shift + (exponents & 15)) + 2
        down = (size.height >> shift + (exponents >> 4)) + 2
        precincts += across * down
    blocks = ((size.width >> style[6] + 2) + 2) * ((size.height >> style[7] + 2) + 2)
    return (layers * precincts + blocks) * size.components


def _hole(data: bytes, position: int, end: int, least: int) -> int:
    """So many zeros at least in the coded data of a tile-part, with more behind them; 0 where there are none, or its header says more of packets."""
    while position + 4 <= end:
        marker, length = struct.unpack_from(">HH", data, position)
        if marker == _DATA:
            hole = data.find(bytes(least), position + 2, end)
            rest = data[hole:end].lstrip(b"\0") if hole >= 0 else b""
            return end - hole - len(rest) if rest else 0
        if marker in (_STYLE, _OF_COMPONENT) or length < 2:
            return 0
        position += 2 + length
    return 0
