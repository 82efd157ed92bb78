"""Items of an AVIF or HEIF, and frames of an AVIF: whether they lie within the file, and whether zeros stand for their ends, or within them.

Decoders fill up what is missing in silence. A file that was cut and filled up to its length with zeros, as an interrupted download is, or that has
a hole where a piece never came, has sound boxes. The coded data of AV1 (AV1 specification, 8.2.4) and of HEVC (ISO 23008-2, 7.4.2) ends with a bit
that is set, and no encoder pads it. Within that of HEVC no three bytes are zero (7.4.2: each such place is broken by a 3).
"""

import struct
from collections.abc import Iterator

__all__ = ["boxes", "item_damage"]

_HOLES = {b"av01": 64, b"hvc1": 16, b"hev1": 16}
"""Zero bytes within coded pictures that are no chance, by kind: of AV1 no more than 4 were seen, in large and flat pictures."""
ZEROS = 16
"""Zero bytes at the end of a coded picture that are no chance."""


def boxes(data: bytes, start: int = 0, end: int | None = None) -> Iterator[tuple[bytes, int, int]]:
    """Boxes of an ISO base media file between two places: name, and where the content of each begins and ends (ISO 14496-12, 4.2)."""
    end = len(data) if end is None else end
    while start + 8 <= end:
        length, name = struct.unpack_from(">I4s", data, start)
        header = 8
        if length == 1:
            header = 16
            (length,) = struct.unpack_from(">Q", data, start + 8)
        elif length == 0:  # to the end of the file
            length = end - start
        if length < header:
            return
        yield name, start + header, min(start + length, end)
        start += length


def item_damage(data: bytes) -> tuple[str, str] | None:
    """What is wrong with the coded pictures of a file, as reason and detail; None where nothing is, or its boxes cannot be walked."""
    try:
        for item, kind, extents in _coded(data):
            first, end = extents[-1]
            if end > len(data):
                return "truncated", f"picture {item} ends {end - len(data)} bytes after the file"
            coded = data[first:end]
            zeros = len(coded) - len(coded.rstrip(b"\0"))
            if zeros >= ZEROS:
                return "truncated", f"the last {zeros} of {len(coded)} bytes of picture {item} are zeros"
            for first, end in extents:
                if (hole := data.find(bytes(_HOLES[kind]), first, end)) >= 0:
                    zeros = end - hole - len(data[hole:end].lstrip(b"\0"))
                    return "corrupt", f"{zeros} bytes of picture {item} are zeros, from byte {hole} on"
        for number, (first, end) in enumerate(_frames(data), 1):
            if end > len(data):
                return "truncated", f"frame {number} ends {end - len(data)} bytes after the file"
            if (hole := data.find(bytes(_HOLES[b"av01"]), first, end)) >= 0:
                zeros = end - hole - len(data[hole:end].lstrip(b"\0"))
                return "corrupt", f"{zeros} bytes of frame {number} are zeros, from byte {hole} on"
    except (struct.error, IndexError, KeyError):  # damaged boxes, of which the decoder says more
        return None
    return None


def _frames(data: bytes) -> Iterator[tuple[int, int]]:
    """Where each frame of an AVIF's tracks begins and ends (ISO 14496-12, 8.7)."""
    for movie in _inside(data, (0, len(data)), b"moov"):
        for track in _inside(data, movie, b"trak"):
            for table in _inside(data, track, b"mdia", b"minf", b"stbl"):
                inside = {name: (first + 4, end) for name, first, end in boxes(data, *table)}
                if data[inside[b"stsd"][0] + 8 : inside[b"stsd"][0] + 12] == b"av01":
                    yield from _samples(data, inside)


def _inside(data: bytes, extent: tuple[int, int], wanted: bytes, *further: bytes) -> Iterator[tuple[int, int]]:
    for name, first, end in boxes(data, *extent):
        if name == wanted:
            yield from _inside(data, (first, end), *further) if further else [(first, end)]


def _samples(data: bytes, inside: dict[bytes, tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Samples of a track by its tables of sizes (`stsz`), of chunks (`stco`, `co64`) and of samples in each chunk (`stsc`)."""
    same, count = struct.unpack_from(">II", data, inside[b"stsz"][0])
    count = min(count, len(data))
    sizes = iter([same] * count if same else struct.unpack_from(f">{count}I", data, inside[b"stsz"][0] + 8))
    wide = b"co64" in inside
    place = inside[b"co64" if wide else b"stco"][0]
    (chunks,) = struct.unpack_from(">I", data, place)
    offsets = struct.unpack_from(f">{min(chunks, len(data))}{'Q' if wide else 'I'}", data, place + 4)
    (runs,) = struct.unpack_from(">I", data, inside[b"stsc"][0])
    starts = list(struct.iter_unpack(">III", data[inside[b"stsc"][0] + 4 :][: 12 * min(runs, len(data))]))
    run = 0
    for number, offset in enumerate(offsets, 1):
        while run + 1 < len(starts) and starts[run + 1][0] <= number:
            run += 1
        for _ in range(starts[run][1]):
            size = next(sizes, None)
            if size is None:
                return
            yield offset, offset + size
            offset += size


def _coded(data: bytes) -> Iterator[tuple[int, bytes, list[tuple[int, int]]]]:
    """All coded pictures: item, kind, and the extents (begin and end within the file), in order."""
    meta = next(((first + 4, end) for name, first, end in boxes(data) if name == b"meta"), None)
    if meta is None:
        return
    inside = {name: (first, end) for name, first, end in boxes(data, *meta)}
    if not {b"iloc", b"iinf"} <= set(inside):
        return
    coded = {item: kind for item, kind in _kinds(data, *inside[b"iinf"]) if kind in _HOLES}
    for item, method, extents in _located(data, inside[b"iloc"][0]):
        if item in coded and extents and method in (0, 1):
            base = inside[b"idat"][0] if method == 1 else 0
            yield item, coded[item], [(base + first, base + first + length) for first, length in sorted(extents)]


def _kinds(data: bytes, first: int, end: int) -> Iterator[tuple[int, bytes]]:
    """Number and kind of each item (`iinf`; ISO 14496-12, 8.11.6)."""
    entries = first + (6 if data[first] == 0 else 8)
    for name, start, _ in boxes(data, entries, end):
        if name == b"infe" and data[start] >= 2:
            number, kind = struct.unpack_from(">HH4s" if data[start] == 2 else ">IH4s", data, start + 4)[::2]
            yield number, kind


def _located(data: bytes, first: int) -> Iterator[tuple[int, int, list[tuple[int, int]]]]:
    """Number, method and extents (begin, length) of each item (`iloc`; ISO 14496-12, 8.11.3)."""
    version, position = data[first], first + 4
    sizes = [half for byte in data[position : position + 2] for half in (byte >> 4, byte & 15)]
    of_offset, of_length, of_base, of_index = sizes[0], sizes[1], sizes[2], sizes[3] if version else 0
    position += 2

    def number(size: int) -> int:
        nonlocal position
        if position + size > len(data):
            raise IndexError
        position += size
        return int.from_bytes(data[position - size : position], "big")

    wide = 4 if version == 2 else 2
    for _ in range(number(wide)):
        item = number(wide)
        method = number(2) & 15 if version else 0
        number(2)  # another file, which no image has
        base = number(of_base)
        extents = []
        for _ in range(number(2)):
            number(of_index)
            start = base + number(of_offset)
            extents.append((start, number(of_length)))
        yield item, method, extents
