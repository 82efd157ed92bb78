"""Images are nearly the same by reduced pixels where they are altered copies, and not otherwise."""

import numpy as np
import pytest
from PIL import Image

from wethink_assets.dedup.perceptual_hash import images_alike
from wethink_assets.dedup.pixels import reduced_pixels
from wethink_assets_tests.support.images import PHOTOGRAPHS, altered_copies, encoded, photograph


def pixels(data: bytes) -> np.ndarray:
    return np.frombuffer(reduced_pixels(data), np.uint8)[None]


@pytest.mark.parametrize("name", PHOTOGRAPHS)
def test_altered_copies_of_a_photograph_are_alike(name: str) -> None:
    image = photograph(name)
    original = pixels(encoded(image, quality=95))
    for kind, copy in altered_copies(image).items():
        assert images_alike(original, pixels(copy), 6.0).all(), kind


def test_different_photographs_are_not_alike() -> None:
    reduced = [pixels(encoded(photograph(name))) for name in PHOTOGRAPHS]
    for number, one in enumerate(reduced):
        assert sum(images_alike(one, other, 6.0).all() for other in reduced) == 1, PHOTOGRAPHS[number]


def test_one_small_thing_of_another_colour_is_not_alike() -> None:
    first, second = Image.new("RGB", (96, 96), "white"), Image.new("RGB", (96, 96), "white")
    first.paste("red", (10, 10, 25, 25))
    second.paste("yellow", (10, 10, 25, 25))
    one, other = pixels(encoded(first, "PNG")), pixels(encoded(second, "PNG"))
    assert np.abs(one.astype(int) - other.astype(int)).mean() < 6.0
    assert not images_alike(one, other, 6.0).any()
