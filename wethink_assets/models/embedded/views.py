"""What the model sees of a picture: a square view of 48 x 48 pixels, cut into patches as Qwen2.5-VL's own processor does."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

SIDE = 48
"""Pixels of the model's square view."""
PATCH = 8
MEAN = np.array([0.48145466, 0.4578275, 0.40821073], np.float32)
STD = np.array([0.26862954, 0.26130258, 0.27577711], np.float32)
GRID = SIDE // PATCH
CELLS = (GRID // 2) ** 2


def square_view(image: Image.Image) -> Image.Image:
    """The picture as the model sees it: RGB, 48 x 48, whatever its shape was."""
    rgb = image.convert("RGB")
    return rgb if rgb.size == (SIDE, SIDE) else rgb.resize((SIDE, SIDE), Image.Resampling.BICUBIC)


def patches(image: Image.Image) -> NDArray[np.float32]:
    """Normalised patches of a 48 x 48 view, shape (36, 384), in the order of Qwen2.5-VL (2 x 2 patches of a cell together)."""
    pixels = ((np.asarray(image, np.float32) / 255 - MEAN) / STD).transpose(2, 0, 1)
    half = GRID // 2
    split = pixels.reshape(3, half, 2, PATCH, half, 2, PATCH).transpose(1, 4, 2, 5, 0, 3, 6)
    twice = np.broadcast_to(split[:, :, :, :, :, None], (*split.shape[:5], 2, PATCH, PATCH))
    return twice.reshape(GRID * GRID, 3 * 2 * PATCH * PATCH).astype(np.float32, copy=False)
