"""Tile-parts of a JPEG 2000: whether each leads to the next and the last to the end, and no tile lacks. Decoders fill up what does in silence."""

import struct

from wethink_assets.sources.images.item_extents import boxes

__all__ = ["JP2", "tile_damage"]

JP2 = b"\0\0\0\x0cjP  \r\n\x87\n"
END = b"\xff\xd9"
_SIZES, _TILE_PART = 0xFF51, 0xFF90
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
    position, tiles = _main_header(data, position + 2, end)
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
        position += max(whole, 12)
        if position > end:
            return "truncated", f"tile-part of tile {tile} ends {position - end} bytes after the file"
    missing = tiles - len(seen)
    return ("truncated", f"{missing} of {tiles} tiles are missing") if missing > 0 else None


def _main_header(data: bytes, position: int, end: int) -> tuple[int, int]:
    """Where what follows the main header begins, and how many tiles it announces; none where its markers lead nowhere."""
    tiles = 1
    while position + 4 <= end and data[position : position + 2] != END:
        marker, length = struct.unpack_from(">HH", data, position)
        if marker == _TILE_PART:
            break
        if marker < 0xFF00 or length < 2:
            return position, 0
        if marker == _SIZES and position + 40 <= end:
            right, bottom, _, _, across, down, left, top = struct.unpack_from(">8I", data, position + 6)
            tiles = -(-(right - left) // across) * -(-(bottom - top) // down) if across and down else 0
        position += 2 + length
    return position, tiles
