"""Pixels that near-duplicate images are compared on."""

import io

import numpy as np
import pytest
from PIL import Image

from wethink_assets.dedup.perceptual_hash import images_alike
from wethink_assets.dedup.pixels import BYTES, reduced_pixels
from wethink_assets_tests.support.images import encoded, photograph


def pixels(data: bytes) -> np.ndarray:
    return np.frombuffer(reduced_pixels(data), np.uint8)[None]


def test_transparency_shows_white() -> None:
    clear = Image.new("RGBA", (40, 40), (255, 0, 0, 0))
    assert reduced_pixels(encoded(clear, "PNG")) == b"\xff" * BYTES
    palette = Image.new("P", (40, 40), 3)
    palette.putpalette([0] * 768)
    assert reduced_pixels(encoded(palette, "PNG", transparency=3)) == b"\xff" * BYTES


def test_orientation_is_honoured() -> None:
    image = photograph("chelsea.png")
    turned = image.transpose(Image.Transpose.ROTATE_90)
    exif = Image.Exif()
    exif[0x0112] = 6  # shown after a turn by 270 degrees
    told = encoded(turned, "JPEG", exif=exif, quality=95)
    assert images_alike(pixels(told), pixels(encoded(image, quality=95)), 6.0).all()


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "CMYK", "I;16", "F"])
def test_every_mode_is_reduced(mode: str) -> None:
    grey = photograph("camera.png").convert("L")
    wide = Image.fromarray(np.asarray(grey).astype(np.uint16) * 257)
    image = wide if mode == "I;16" else grey.convert(mode)
    data = encoded(image, "TIFF")
    tolerance = 25.0 if mode == "1" else 6.0
    assert images_alike(pixels(data), pixels(encoded(grey, "PNG")), tolerance).all()


def test_an_animation_is_its_first_frame() -> None:
    frames = [Image.new("RGB", (40, 40), colour) for colour in ("red", "blue")]
    out = io.BytesIO()
    frames[0].save(out, "GIF", save_all=True, append_images=frames[1:], duration=100)
    assert reduced_pixels(out.getvalue())[:3] == b"\xff\x00\x00"


@pytest.mark.parametrize("data", [b"", b"not an image", encoded(Image.new("RGB", (90, 90)), "PNG")[:60]])
def test_broken_bytes_raise(data: bytes) -> None:
    with pytest.raises((OSError, ValueError, SyntaxError)):
        reduced_pixels(data)
