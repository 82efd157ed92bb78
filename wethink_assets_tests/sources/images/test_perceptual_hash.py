"""The reduction before the perceptual hash gives Pillow's bits: on noise, edges, ramps and flat pictures of sizes on both sides of each limit."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image

from wethink_assets.sources.images.perceptual_hash import perceptual_hash, pixels_of, reduced

SIZES = [
    (512, 384),
    (384, 512),
    (256, 256),
    (257, 255),
    (640, 427),
    (427, 640),
    (1024, 1536),
    (1023, 767),
    (2048, 40),
    (8192, 28),
    (8193, 28),
    (300, 451),
    (28, 28),
    (200, 1400),
]


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_it_is_pillows_to_the_bit(width: int, height: int) -> None:
    rng = np.random.default_rng(width * height)
    ramp = np.add.outer(np.arange(height), np.arange(width))
    for values in (
        rng.integers(0, 256, (height, width)),
        rng.integers(0, 2, (height, width)) * 255,
        ramp // 3 % 256,
        np.full((height, width), 255),
        np.zeros((height, width)),
    ):
        grey = Image.fromarray(values.astype(np.uint8))
        assert np.array_equal(reduced(grey), np.asarray(grey.resize((32, 32), Image.Resampling.LANCZOS)))


def test_pixels_are_read_where_pillow_keeps_them_and_copied_where_it_has_them_in_blocks() -> None:
    """Beyond 16 MB Pillow keeps a picture in several blocks."""
    for width, height in ((512, 384), (5000, 4000)):
        drawn = np.random.default_rng(width).integers(0, 256, (height, width), np.uint8)
        grey = Image.frombytes("L", (width, height), drawn.tobytes())
        pixels = pixels_of(grey)
        del grey
        assert np.array_equal(pixels, drawn)


def test_many_threads_hash_as_one_does() -> None:
    """Each has room of its own, which it uses again."""
    rng = np.random.default_rng(0)
    drawn = [Image.fromarray(rng.integers(0, 256, (260 + 7 * n, 300 + 31 * n), np.uint8)) for n in range(16)]
    alone = [perceptual_hash(grey) for grey in drawn]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(perceptual_hash, drawn * 8)) == alone * 8
