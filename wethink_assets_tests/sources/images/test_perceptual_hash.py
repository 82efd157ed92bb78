"""The reduction before the perceptual hash gives Pillow's bits: on noise, edges, ramps and flat pictures of sizes on both sides of each limit."""

import numpy as np
import pytest
from PIL import Image

from wethink_assets.sources.images.perceptual_hash import reduced

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
