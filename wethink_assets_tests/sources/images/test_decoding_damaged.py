"""What is no image, or no whole one, is told apart and never raises."""

import re
import struct
import zlib
from collections.abc import Callable
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from wethink_assets.sources.images.decoding import ImageFacts, ImageFault, examine
from wethink_assets_tests.support.image_encodings import ACCEPTED, PHOTO, facts, reason
from wethink_assets_tests.support.images import encoded


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png_of(width: int, height: int, pixels: bytes = b"") -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(pixels)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", "empty"),
        (b"<html>404 not found</html>", "not_an_image"),
        (b"\0" * 5000, "not_an_image"),
        (b'{"question": "?"}', "not_an_image"),
        (encoded(PHOTO, "PPM"), "not_an_image"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n", "not_an_image"),
        (b"%PDF-1.7 ...", "not_an_image"),
        (encoded(PHOTO.resize((27, 200)), "PNG"), "too_small"),
        (encoded(PHOTO.resize((200, 27))), "too_small"),
        (encoded(Image.new("L", (1, 1)), "GIF"), "too_small"),
        (png_of(200_000, 200_000), "too_large"),
        (png_of(2**31 - 1, 2**31 - 1), "too_large"),
        (png_of(9000, 9000), "too_large"),
        (png_of(64, 64), "truncated"),
        (png_of(0, 64), "corrupt"),
        (b"\xff\xd8\xff\xe0 no jpeg follows", "truncated"),
        (ACCEPTED["png"].replace(b"IDAT", b"IDAT\1", 1), "corrupt"),
    ],
)
def test_files_that_are_no_use_are_told_apart(data: bytes, expected: str) -> None:
    assert reason(data) == expected


def test_28_pixels_are_enough() -> None:
    assert facts(encoded(PHOTO.resize((28, 28)), "PNG")).width == 28


def test_a_file_beyond_the_bound_is_not_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wethink_assets.sources.images.decoding.MAX_FILE_BYTES", 1000)  # of 128 MiB
    assert reason(ACCEPTED["png"]) == "too_large"


@pytest.mark.parametrize("name", ACCEPTED)
@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_a_file_that_was_cut_is_truncated(name: str, share: float) -> None:
    data = ACCEPTED[name]
    assert reason(data[: int(len(data) * share)]) in ("truncated", "corrupt")
    if name.split()[-1] in ("jpeg", "png", "webp", "gif"):
        assert reason(data[: int(len(data) * share)]) == "truncated"


def test_one_wrong_bit_in_a_png_is_found() -> None:
    data = bytearray(ACCEPTED["png"])
    data[len(data) // 2] ^= 1
    assert reason(bytes(data)) == "corrupt"


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(sorted(ACCEPTED)), st.data())
def test_damage_never_raises(name: str, data: st.DataObject) -> None:
    damaged = bytearray(ACCEPTED[name])
    kind = data.draw(st.sampled_from(["cut", "bits", "block", "insert"]))
    place = data.draw(st.integers(0, len(damaged) - 1))
    if kind == "cut":
        del damaged[place:]
    elif kind == "bits":
        for _ in range(data.draw(st.integers(1, 8))):
            damaged[data.draw(st.integers(0, len(damaged) - 1))] ^= data.draw(st.integers(1, 255))
    elif kind == "block":
        del damaged[place : place + data.draw(st.integers(1, 500))]
    else:
        damaged[place:place] = data.draw(st.binary(min_size=1, max_size=64))
    found = examine(bytes(damaged))
    assert isinstance(found, ImageFacts | ImageFault)
    assert examine(bytes(damaged)) == found


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from([b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"II*\0", b"RIFF"]), st.binary(max_size=300)
)
def test_noise_never_raises(magic: bytes, noise: bytes) -> None:
    assert isinstance(examine(magic + noise), ImageFault)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("offset", [2**63 - 1, 2**63, 2**64 - 1])
def test_a_directory_beyond_any_file_is_damage_of_that_file(order: str, offset: int) -> None:
    mark = b"II" if order == "<" else b"MM"
    data = mark + struct.pack(f"{order}HHHQ", 43, 8, 0, offset)
    assert len(data) == 16
    assert isinstance(examine(data), ImageFault)


@pytest.mark.parametrize("name", sorted(ACCEPTED))
def test_no_change_of_the_first_bytes_raises(name: str) -> None:
    whole = ACCEPTED[name]
    random = Random(name)
    for _ in range(150):
        data = bytearray(whole)
        for _ in range(random.randint(1, 6)):
            data[random.randrange(min(len(data), 200))] = random.choice(
                (0, 1, 0x7F, 0x80, 0xFE, 0xFF, random.randrange(256))
            )
        examine(bytes(data[: random.choice((len(data), len(data), random.randint(8, len(data))))]))


SMALL = PHOTO.resize((96, 72))
TURNED = [SMALL.rotate(angle) for angle in range(10, 60, 10)]


def animation(form: str, **options: object) -> bytes:
    """Six frames."""
    return encoded(SMALL, form, save_all=True, append_images=TURNED, **options)


FRAMES = {
    "gif": lambda: animation("GIF", loop=0),
    "webp": lambda: animation("WEBP", quality=80),
    "lossless webp": lambda: animation("WEBP", lossless=True),
    "png": lambda: animation("PNG"),
    "avif": lambda: animation("AVIF", speed=10),
}


@pytest.mark.parametrize("name", FRAMES)
def test_an_animation_of_which_a_later_frame_is_damaged_is_refused(name: str) -> None:
    """The first frame is sound, and the picture that is shown."""
    data = FRAMES[name]()
    assert facts(data).frames == 6
    cut = data[: int(len(data) * 0.6)]
    assert reason(cut) == "truncated"
    assert reason(cut + bytes(len(data) - len(cut))) in ("truncated", "corrupt")
    if "webp" in name:  # its coded data has no sum, and noise is decoded as noise; but each frame has a header
        place = [found.start() for found in re.finditer(rb"VP8[ L]", data)][3]
        assert reason(data[:place] + b"none" + data[place + 4 :]) == "corrupt"
    elif name != "avif":
        noise = Random(1).randbytes(200)
        assert reason(data[: len(cut)] + noise + data[len(cut) + len(noise) :]) == "corrupt"


@pytest.mark.parametrize(
    "data",
    [
        lambda: animation("GIF", disposal=2, optimize=True),
        lambda: encoded(SMALL.convert("P"), "GIF", save_all=True, append_images=[SMALL.crop((3, 5, 40, 30)), SMALL]),
        lambda: encoded(
            Image.new("L", (64, 64)),
            "GIF",
            save_all=True,
            append_images=[Image.new("L", (64, 64), n) for n in range(1, 40)],
        ),
        lambda: animation("WEBP", minimize_size=True, allow_mixed=True),
        lambda: animation("PNG", default_image=True),
        lambda: animation("PNG", disposal=1, blend=1),
        lambda: encoded(
            SMALL.convert("RGBA"), "AVIF", save_all=True, append_images=[SMALL.convert("RGBA").rotate(9)], speed=10
        ),
        lambda: animation("GIF")[:-1],
        lambda: animation("GIF") + b"what follows",
    ],
    ids=[
        "gif, disposed",
        "gif, parts",
        "gif, greys",
        "webp, mixed",
        "png, apart",
        "png, blended",
        "avif, alpha",
        "gif, no trailer",
        "gif, more",
    ],
)
def test_an_animation_that_is_whole_is_accepted(data: Callable[[], bytes]) -> None:
    assert facts(data()).frames > 1


def test_an_animation_of_very_many_frames_is_decoded_in_part(monkeypatch: pytest.MonkeyPatch) -> None:
    data = FRAMES["gif"]()
    cut = data[: int(len(data) * 0.9)] + b"\0;"
    assert reason(cut) in ("truncated", "corrupt")
    monkeypatch.setattr("wethink_assets.sources.images.decoding.MOST_FRAMES", 3)
    assert facts(cut).frames > 3
