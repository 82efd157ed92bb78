"""Which bytes are images: real photographs in every accepted format and mode, and everything that is wrong with files."""

import io
import struct
from pathlib import Path

import imagehash
import numpy as np
import pytest
import sklearn.datasets
from PIL import Image, ImageOps

from wethink_assets.sources.images.view import grey_view
from wethink_assets_tests.support.image_encodings import ACCEPTED, PHOTO, facts, reason
from wethink_assets_tests.support.images import PHOTOGRAPHS, encoded, photograph

MODES = {
    "grey jpeg": "L",
    "cmyk jpeg": "CMYK",
    "palette png": "P",
    "bilevel png": "1",
    "16-bit png": "I;16",
    "png with alpha": "RGBA",
    "grey png with alpha": "LA",
    "float tiff": "F",
    "16-bit tiff": "I;16",
}


def distance(one: str, other: str) -> int:
    return (int(one, 16) ^ int(other, 16)).bit_count()


@pytest.mark.parametrize("name", ACCEPTED)
def test_formats_and_modes_are_accepted(name: str) -> None:
    found = facts(ACCEPTED[name])
    assert (found.width, found.height, found.frames, found.orientation) == (200, 150, 1, 1)
    assert found.format == name.split()[-1] or found.format in name
    assert found.mode == MODES.get(name, "P" if name == "gif" else found.mode)
    # One picture has one hash whatever it is stored as; two values of black have less to tell it by.
    allowed = 24 if name == "bilevel png" else 8
    assert distance(found.phash, facts(ACCEPTED["png"]).phash) <= allowed


@pytest.mark.parametrize("name", PHOTOGRAPHS)
def test_the_hash_is_that_of_imagehash(name: str) -> None:
    image = photograph(name)
    for data in (encoded(image, quality=90), encoded(image, "PNG"), encoded(image.convert("L"), "PNG")):
        opened = Image.open(io.BytesIO(data))
        if opened.format == "JPEG":
            opened.draft("L", opened.size)
        assert facts(data).phash == str(imagehash.phash(opened))


def test_the_fast_path_is_within_two_bits_of_pillows_colours() -> None:
    for name in PHOTOGRAPHS:
        data = encoded(photograph(name), quality=90)
        assert distance(facts(data).phash, str(imagehash.phash(Image.open(io.BytesIO(data)).convert("RGB")))) <= 2


def test_photographs_as_shipped_are_accepted() -> None:
    folder = Path(sklearn.datasets.__file__).parent / "images"
    for path in (folder / "china.jpg", folder / "flower.jpg"):
        found = facts(path.read_bytes())
        assert (found.width, found.height, found.format, found.extension) == (640, 427, "jpeg", "jpg")


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_honoured(form: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    lossless = {"WEBP": {"lossless": True}}.get(form, {})
    data = encoded(PHOTO, form, exif=exif, **lossless)
    upright = ImageOps.exif_transpose(Image.open(io.BytesIO(data)))
    found = facts(data)
    assert found.orientation == orientation
    assert (found.width, found.height) == upright.size == ((150, 200) if orientation > 4 else (200, 150))
    assert distance(found.phash, str(imagehash.phash(upright))) <= (2 if form == "JPEG" else 0)


@pytest.mark.parametrize("value", [0, 9, 255, 65535])
def test_senseless_orientations_are_upright(value: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = value
    assert facts(encoded(PHOTO, exif=exif)).orientation == 1


@pytest.mark.parametrize("form", ["GIF", "WEBP", "PNG", "TIFF"])
def test_the_first_frame_of_an_animation_is_the_image(form: str) -> None:
    frames = [PHOTO, ImageOps.mirror(PHOTO), ImageOps.flip(PHOTO)]
    if form == "GIF":
        frames = [frame.quantize(64) for frame in frames]
    data = encoded(frames[0], form, save_all=True, append_images=frames[1:], duration=50)
    found = facts(data)
    assert found.frames == 3
    assert distance(found.phash, facts(encoded(frames[0], "PNG")).phash) <= 4


def test_transparency_is_laid_on_white() -> None:
    hidden = np.zeros((100, 100, 4), np.uint8)
    hidden[20:60, 30:80, :3] = 255  # white on black, all of it transparent
    assert set(grey_view(Image.fromarray(hidden)).tobytes()) == {255}
    palette = Image.new("P", (64, 64), 0)
    palette.putpalette([0, 0, 0, 200, 10, 10])
    data = encoded(palette, "PNG", transparency=0)
    assert set(grey_view(data).tobytes()) == {255}


@pytest.mark.parametrize("name", ACCEPTED)
def test_large_pictures_are_converted_in_strips_to_the_same(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = facts(ACCEPTED[name])
    # Bounds at which a small picture is a large one: the real one takes 8 million pixels in each format.
    monkeypatch.setattr("wethink_assets.sources.images.view.LARGE_PIXELS", 100)
    monkeypatch.setattr("wethink_assets.sources.images.view.STRIP", 32)
    assert facts(ACCEPTED[name]) == whole


def test_flat_pictures_have_one_hash_everywhere() -> None:
    for shade in (0, 1, 127, 255):
        assert facts(encoded(Image.new("L", (100, 80), shade), "PNG")).phash in ("0" * 16, "8" + "0" * 15)


def test_pages_are_counted_as_pillow_counts_them() -> None:
    for form, count in (("GIF", 5), ("TIFF", 4)):
        frames = [ImageOps.posterize(PHOTO, bits).quantize(32) for bits in range(1, count + 1)]
        data = encoded(frames[0], form, save_all=True, append_images=frames[1:])
        assert facts(data).frames == Image.open(io.BytesIO(data)).n_frames == count


def test_a_million_pages_cost_no_minutes() -> None:
    page = struct.pack("<H", 0)
    pages = b"".join(page + struct.pack("<I", 8 + 6 * (number + 1)) for number in range(400_000))
    assert reason(b"II*\0" + struct.pack("<I", 8) + pages) in ("corrupt", "truncated")
    still = encoded(Image.new("P", (64, 64)), "GIF")
    frame = b"\x2c" + struct.pack("<4H", 0, 0, 1, 1) + b"\0\2\2\x4c\1\0"
    assert facts(still[:-1] + frame * 300_000 + b";").frames == 300_001
