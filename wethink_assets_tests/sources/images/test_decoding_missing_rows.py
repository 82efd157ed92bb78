"""Pictures of which rows are missing, though nothing else is wrong with the file, are refused: decoders fill them with grey or black in silence."""

import struct
import zlib
from random import Random

import pytest
from PIL import Image

from wethink_assets.sources.images.jpeg_scans import scans_of
from wethink_assets.sources.images.tiff_strips import STRIP_SIZES, first_directory
from wethink_assets_tests.support.image_encodings import ACCEPTED, PHOTO, facts, reason
from wethink_assets_tests.support.images import encoded

END = b"\xff\xd9"
SINGLE_SCAN = {
    "colours": encoded(PHOTO, quality=85),
    "colours at full size": encoded(PHOTO, quality=95, subsampling=0),
    "grey": encoded(PHOTO.convert("L")),
    "ink": encoded(PHOTO.convert("CMYK")),
    "tables of its own": encoded(PHOTO, quality=60, optimize=True),
    "restarts each row": encoded(PHOTO, quality=85, restart_marker_rows=1),
    "restarts each 8 blocks": encoded(PHOTO, quality=85, restart_marker_blocks=8),
}
PROGRESSIVE = encoded(PHOTO, quality=85, progressive=True)


def cut_places(data: bytes, count: int) -> list[int]:
    """Places within the scans of a JPEG, not within a stuffed byte or a marker."""
    scans = scans_of(data)
    assert scans
    first = data.index(b"\xff\xda") + 14
    drawn = [Random(0).randrange(first, scans.ends[-1] - 32) for _ in range(count)]
    return [place - (data[place - 1] == 0xFF) for place in drawn]


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png_with(data: bytes, pixels: bytes, junk: bytes = b"") -> bytes:
    """A PNG with other filtered rows than it had, in two chunks whose sums are right."""
    packed, out, position = zlib.compress(pixels) + junk, data[:8], 8
    while position < len(data):
        length, name = struct.unpack_from(">I4s", data, position)
        if name == b"IEND":
            out += chunk(b"IDAT", packed[: len(packed) // 2]) + chunk(b"IDAT", packed[len(packed) // 2 :])
        if name != b"IDAT":
            out += data[position : position + 12 + length]
        position += 12 + length
    return out


def pixels_of(data: bytes) -> bytes:
    """Filtered rows of a PNG."""
    packed, position = b"", 8
    while position < len(data):
        length, name = struct.unpack_from(">I4s", data, position)
        packed += data[position + 8 : position + 8 + length] if name == b"IDAT" else b""
        position += 12 + length
    return zlib.decompress(packed)


def interlaced_png() -> bytes:
    """The photograph in grey, interlaced by hand: Pillow reads such files and does not write them."""
    grey, rows = PHOTO.convert("L"), b""
    for left, top, across, down in (
        (0, 0, 8, 8),
        (4, 0, 8, 8),
        (0, 4, 4, 8),
        (2, 0, 4, 4),
        (0, 2, 2, 4),
        (1, 0, 2, 2),
        (0, 1, 1, 2),
    ):
        for y in range(top, grey.height, down):
            rows += b"\0" + bytes(grey.getpixel((x, y)) for x in range(left, grey.width, across))  # type: ignore[misc]
    header = struct.pack(">IIBBBBB", *grey.size, 8, 0, 0, 0, 1)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


@pytest.mark.parametrize("name", SINGLE_SCAN)
def test_a_jpeg_cut_within_its_scan_is_truncated_also_where_an_end_was_put_behind(name: str) -> None:
    data = SINGLE_SCAN[name]
    assert facts(data).width == 200
    for place in cut_places(data, 12):
        assert reason(data[:place]) == "truncated"
        assert reason(data[:place] + END) == "truncated"
        assert (
            reason(data[:place] + END + data) == "truncated"
        )  # a whole one that follows, as a preview does, is no help
        assert reason(data[:place] + bytes(len(data) - place)) == "truncated"


def test_a_jpeg_of_more_rows_than_its_scan_has_is_truncated() -> None:
    for data in (*SINGLE_SCAN.values(), PROGRESSIVE):
        frame = max(data.find(b"\xff\xc0"), data.find(b"\xff\xc2"))
        for rows in (166, 200, 600):
            taller = bytearray(data)
            struct.pack_into(">H", taller, frame + 5, rows)
            assert reason(bytes(taller)) == "truncated"


def test_a_progressive_jpeg_whose_scan_breaks_off_is_truncated() -> None:
    scans = scans_of(PROGRESSIVE)
    assert scans and not scans.single and scans.whole
    for place in cut_places(PROGRESSIVE[: scans.ends[-2]] + END, 12):
        assert reason(PROGRESSIVE[:place] + END) == "truncated"


def test_a_progressive_jpeg_without_its_last_scans_is_sound() -> None:
    scans = scans_of(PROGRESSIVE)
    assert scans
    coarse = PROGRESSIVE[: scans.ends[-2]] + END  # T.81 does not ask for all bits; viewers show what there is
    assert facts(coarse).height == 150


@pytest.mark.parametrize("grey", [126, 127, 128, 129])
@pytest.mark.parametrize("progressive", [False, True])
def test_a_jpeg_that_is_grey_is_sound(grey: int, progressive: bool) -> None:
    for mode, colour in (("L", grey), ("RGB", (grey,) * 3)):
        assert facts(encoded(Image.new(mode, (61, 45), colour), progressive=progressive)).width == 61


def test_what_follows_the_end_of_a_jpeg_is_no_fault() -> None:
    for data in (*SINGLE_SCAN.values(), PROGRESSIVE):
        assert facts(data + b"a trailer of a camera" + data).width == 200
        assert facts(data.replace(END, b"\xff" * 5 + END)).width == 200


@pytest.mark.parametrize("name", [name for name in ACCEPTED if name.split()[0] == "png" or name.endswith("png")])
def test_a_png_of_fewer_rows_than_it_announces_is_truncated(name: str) -> None:
    pixels = pixels_of(ACCEPTED[name])
    assert facts(png_with(ACCEPTED[name], pixels)) == facts(ACCEPTED[name])
    for kept in (0, 1, len(pixels) // 150 * 75, len(pixels) // 150 * 149, len(pixels) - 1):
        for junk in (b"", bytes(20)):
            assert reason(png_with(ACCEPTED[name], pixels[:kept], junk)) in ("truncated", "corrupt")


def test_an_interlaced_png_of_fewer_rows_than_it_announces_is_refused() -> None:
    whole = interlaced_png()
    pixels = pixels_of(whole)
    assert facts(whole).phash == facts(ACCEPTED["grey png"]).phash
    for kept in (len(pixels) // 4, len(pixels) // 2, len(pixels) - 201, len(pixels) - 1):
        assert reason(png_with(whole, pixels[:kept])) == "truncated"


def test_a_png_that_is_black_or_clear_is_sound() -> None:
    for mode in ("L", "1", "RGB", "RGBA", "P", "I;16"):
        assert facts(encoded(Image.new(mode, (61, 45)), "PNG")).height == 45
    assert facts(encoded(Image.new("RGB", (3000, 2000)), "PNG")).height == 2000


@pytest.mark.parametrize("compression", ["jpeg", "group3", "group4", "tiff_lzw", "tiff_adobe_deflate", "packbits"])
@pytest.mark.parametrize(("strip", "big"), [(1024, False), (2**20, False), (1024, True)])
def test_a_tiff_with_a_strip_that_ends_before_its_last_row_is_refused(compression: str, strip: int, big: bool) -> None:
    picture = PHOTO.convert("1") if compression.startswith("group") else PHOTO
    data = encoded(picture, "TIFF", compression=compression, strip_size=strip, big_tiff=big)
    assert facts(data).width == 200
    directory = first_directory(data)
    sizes = list(directory.values(data, STRIP_SIZES))
    for number in {0, len(sizes) // 2, len(sizes) - 1}:
        for part in (0.2, 0.5, 0.9):
            short = bytearray(data)
            directory.rewrite(short, STRIP_SIZES, [*sizes[:number], int(sizes[number] * part), *sizes[number + 1 :]])
            assert reason(bytes(short)) in ("truncated", "corrupt")


def test_a_tiff_in_tiles_of_jpeg_is_sound_until_one_of_them_is_short() -> None:
    tile = encoded(PHOTO.resize((64, 64)), quality=90, subsampling=0)
    data = tiff_of_tile(tile)
    assert facts(data).width == 64
    assert reason(tiff_of_tile(tile[: len(tile) // 2])) == "truncated"
    assert reason(tiff_of_tile(tile[: len(tile) // 2] + END)) == "truncated"


@pytest.mark.parametrize("shade", [0, 127, 128, 255])
def test_a_tiff_of_one_shade_is_sound(shade: int) -> None:
    for compression, mode in (("jpeg", "L"), ("jpeg", "RGB"), ("group3", "1"), ("group4", "1")):
        picture = Image.new("L", (61, 45), shade).convert(mode)
        assert facts(encoded(picture, "TIFF", compression=compression)).width == 61


def tiff_of_tile(tile: bytes) -> bytes:
    """A TIFF of one tile, 64 pixels square, in JPEG."""
    entries = ((256, 64), (257, 64), (258, 8), (259, 7), (262, 6), (277, 3), (322, 64), (323, 64), (324, 0), (325, 0))
    start = 8 + 2 + 12 * len(entries) + 4
    values = {**dict(entries), 324: start, 325: len(tile)}
    packed = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in values.items())
    return b"II*\0" + struct.pack("<IH", 8, len(entries)) + packed + bytes(4) + tile
