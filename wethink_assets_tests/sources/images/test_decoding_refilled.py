"""AVIF and HEIF files that were filled up with zeros and JPEG 2000 without some of its tiles are refused, and no sound file is."""

import itertools
import struct

import numpy as np
import pillow_heif
import pytest
from PIL import Image

from wethink_assets_tests.support.image_encodings import PHOTO, facts, reason
from wethink_assets_tests.support.images import encoded

pillow_heif.register_heif_opener(thumbnails=False)
BLACK = Image.new("RGB", (200, 150))
SMALL = PHOTO.resize((64, 48))  # the encoders of AVIF and HEIF are slow
BOXED = {
    "avif": lambda: encoded(SMALL, "AVIF", speed=10),
    "avif with alpha": lambda: encoded(SMALL.convert("RGBA"), "AVIF", speed=10),
    "heif": lambda: encoded(SMALL, "HEIF"),
    "heif with alpha": lambda: encoded(SMALL.convert("RGBA"), "HEIF"),
}
SOUND = {
    "avif, black": lambda: encoded(BLACK.resize((64, 48)), "AVIF", speed=10),
    "avif, white and alpha": lambda: encoded(Image.new("RGBA", (64, 64), "white"), "AVIF", quality=100, speed=10),
    "avif, animated": lambda: encoded(SMALL, "AVIF", save_all=True, append_images=[SMALL.rotate(90)], speed=10),
    "avif, exif that ends with zeros": lambda: encoded(SMALL, "AVIF", exif=b"Exif\0\0II*\0" + bytes(200), speed=10),
    "heif, black": lambda: encoded(BLACK.resize((64, 48)), "HEIF"),
    "heif, lossless": lambda: encoded(SMALL, "HEIF", quality=-1),
    "heif, several": lambda: encoded(SMALL, "HEIF", save_all=True, append_images=[SMALL.rotate(90)]),
    "jpeg 2000, layers": lambda: encoded(PHOTO, "JPEG2000", quality_mode="rates", quality_layers=[40, 10, 1]),
    "jpeg 2000, lengths of packets": lambda: encoded(PHOTO, "JPEG2000", plt=True, comment="tiles" * 99),
    "jpeg 2000, offsets": lambda: encoded(
        PHOTO, "JPEG2000", offset=(5, 7), tile_offset=(3, 2), tile_size=(50, 60), no_jp2=True
    ),
    "jpeg 2000, black": lambda: encoded(BLACK, "JPEG2000", tile_size=(64, 64)),
}


def codestream(**options: object) -> bytes:
    return encoded(PHOTO, "JPEG2000", no_jp2=True, tile_size=(64, 64), **options)


def tile_parts(data: bytes) -> list[tuple[int, int]]:
    """Where each tile-part of a bare codestream begins and ends."""
    parts, start = [], data.index(b"\xff\x90\0\x0a")
    while data[start : start + 2] == b"\xff\x90":
        end = start + struct.unpack_from(">I", data, start + 6)[0]
        parts.append((start, end))
        start = end
    return parts


@pytest.mark.parametrize("name", SOUND)
def test_sound_files_are_accepted(name: str) -> None:
    found = facts(SOUND[name]())
    assert found.width in (200, 64)


@pytest.mark.parametrize("name", BOXED)
def test_a_file_of_boxes_that_was_cut_and_filled_up_with_zeros_is_truncated(name: str) -> None:
    data = BOXED[name]()
    assert facts(data).width in (200, 64)
    assert facts(data + bytes(64)).width in (200, 64)  # what follows is no fault
    for kept in np.linspace(data.index(b"mdat") + 64, len(data) - 20, 5).astype(int):
        assert reason(data[:kept] + bytes(len(data) - kept)) == "truncated"


@pytest.mark.parametrize("name", BOXED)
def test_a_file_of_boxes_with_a_hole_is_corrupt(name: str) -> None:
    """As one of which a piece never came: decoders show something in its place."""
    data = BOXED[name]()
    first = data.index(b"mdat") + 4
    middle = first + (len(data) - first) // 2
    assert reason(data[:middle] + bytes(80) + data[middle + 80 :]) == "corrupt"


@pytest.mark.parametrize("boxed", [False, True])
@pytest.mark.parametrize("tile", [(256, 256), (2000, 2000)])
def test_a_jpeg_2000_with_a_hole_is_corrupt(boxed: bool, tile: tuple[int, int]) -> None:
    data = encoded(PHOTO.resize((600, 450)), "JPEG2000", no_jp2=not boxed, tile_size=tile)
    assert facts(data).width == 600
    for share in (0.3, 0.6):
        place = int(len(data) * share)
        assert reason(data[:place] + bytes(4096) + data[place + 4096 :]) == "corrupt"


@pytest.mark.slow
def test_zeros_of_empty_packets_are_no_hole_in_a_jpeg_2000() -> None:
    """Each layer of each precinct of what is black is a byte of zeros."""
    corner = BLACK.resize((480, 360))
    corner.paste(PHOTO.resize((150, 100)), (300, 200))
    layers = {"quality_mode": "rates", "quality_layers": [200, 100, 80, 60, 40, 20, 10]}
    for picture in (BLACK.resize((480, 360)), corner):
        for options in ({}, {"precinct_size": (64, 64), "codeblock_size": (32, 32)}, {"codeblock_size": (4, 4)}):
            for order in ("LRCP", "RPCL", "CPRL"):
                facts(encoded(picture, "JPEG2000", progression=order, **layers, **options))
                facts(encoded(picture, "JPEG2000", progression=order, **options))


def test_a_jpeg_2000_without_some_of_its_tiles_is_truncated() -> None:
    data = codestream()
    parts = tile_parts(data)
    assert facts(data).width == 200 and len(parts) == 12
    for start, end in parts[::4]:
        assert reason(data[:start] + data[end:]) == "truncated"
        assert reason(data[:start] + b"\xff\xd9") == "truncated"
    boxed = encoded(PHOTO, "JPEG2000", tile_size=(64, 64))
    first = boxed.index(b"jp2c") + 4
    short = boxed[: first - 8] + struct.pack(">I4s", 8 + parts[5][0] + 2, b"jp2c") + data[: parts[5][0]] + b"\xff\xd9"
    assert boxed[first:] == data and reason(short) == "truncated"


def test_a_jpeg_2000_whose_tile_parts_lead_astray_is_refused() -> None:
    data = codestream()
    (start, end), *_, (last, _) = tile_parts(data)
    for length, fault in ((end - start - 3, "corrupt"), (len(data) * 2, "truncated")):
        changed = bytearray(data)
        struct.pack_into(">I", changed, start + 6, length)
        assert reason(bytes(changed)) == fault
    to_the_end = bytearray(data)
    struct.pack_into(">I", to_the_end, last + 6, 0)
    assert facts(bytes(to_the_end)).width == 200
    assert facts(data + b"what follows").width == 200


@pytest.mark.parametrize("boxed", [False, True])
def test_a_jpeg_2000_whose_end_mark_is_gone_is_truncated(boxed: bool) -> None:
    data = encoded(PHOTO, "JPEG2000", no_jp2=not boxed, comment="an end \xff\xd9 in a comment")
    assert facts(data).width == 200
    assert reason(data[:-2] + bytes(2)) == "truncated"
    assert reason(data[: len(data) // 2] + bytes(len(data) - len(data) // 2)) == "truncated"


@pytest.mark.slow
@pytest.mark.timeout(60)
def test_no_setting_of_an_encoder_makes_a_file_that_is_refused() -> None:
    flat = [Image.new(mode, (64, 48), value) for mode, value in (("L", 0), ("L", 255), ("RGB", "grey"))]
    for picture in (SMALL, *flat):
        for quality, sampling in itertools.product((0, 100), ("4:2:0", "4:4:4")):
            facts(encoded(picture, "AVIF", quality=quality, subsampling=sampling, speed=9))
            facts(encoded(picture, "HEIF", quality=quality or -1, chroma=sampling.replace(":", "")))
    for picture in (
        PHOTO,
        PHOTO.convert("L"),
        BLACK,
    ):  # at odd sizes of small tiles OpenJPEG's encoder ends the process
        for boxed, tile, lossy in itertools.product((False, True), ((64, 64), (1024, 1024)), (False, True)):
            facts(encoded(picture, "JPEG2000", no_jp2=not boxed, tile_size=tile, irreversible=lossy))
        for order in ("LRCP", "RLCP", "RPCL", "PCRL", "CPRL"):
            facts(encoded(picture, "JPEG2000", progression=order, quality_layers=[40, 10, 1], tile_size=(64, 64)))
