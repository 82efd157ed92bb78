"""Frames of an animated AVIF that have a hole are refused, which decoders fill up from other frames, and sound ones are not."""

import numpy as np
import pytest
from PIL import Image

from wethink_assets.sources.images.decoding import ImageFacts, ImageFault, examine
from wethink_assets.sources.images.item_extents import _frames
from wethink_assets_tests.support.images import encoded


def animation(drawn: list[np.ndarray]) -> bytes:
    images = [Image.fromarray(each.astype(np.uint8)) for each in drawn]
    return encoded(images[0], "AVIF", save_all=True, append_images=images[1:], speed=10)


def test_a_hole_in_any_frame_is_found() -> None:
    rng = np.random.default_rng(0)
    data = animation([rng.integers(0, 255, (64, 96, 3)) for _ in range(3)])
    frames = [(first, end) for first, end in _frames(data) if end - first > 300]
    assert len(frames) >= 2
    for first, end in frames:
        middle = (first + end) // 2
        damaged = examine(data[:middle] + bytes(70) + data[middle + 70 :])
        assert isinstance(damaged, ImageFault) and damaged.reason == "corrupt"


@pytest.mark.parametrize("change", [0, 1, 40])
def test_flat_frames_are_no_holes(change: int) -> None:
    drawn = [np.full((512, 512, 3), 90 + number * change) for number in range(4)]
    facts = examine(animation(drawn))
    assert isinstance(facts, ImageFacts) and facts.frames == 4
