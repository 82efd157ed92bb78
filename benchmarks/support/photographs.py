"""Photographs for benchmarks: JPEGs of 512 x 384 pixels, cut from those that scikit-image ships, the same on every machine."""

import io
import statistics
from pathlib import Path

import numpy as np
from PIL import Image, ImageEnhance

SIZE = (512, 384)


def draw_photographs(folder: Path, count: int) -> float:
    """Write `count` different JPEGs cut from scikit-image's photographs, the same on every machine; returns their mean size."""
    from skimage import data

    photographs = [Image.fromarray(take()) for take in (data.astronaut, data.coffee, data.chelsea, data.rocket)]
    rng = np.random.default_rng(0)
    sizes = []
    for number in range(count):
        photograph = photographs[number % len(photographs)]
        left, top = (int(rng.integers(0, side // 4)) for side in photograph.size)
        width, height = (side * 3 // 4 for side in photograph.size)
        cut = photograph.crop((left, top, left + width, top + height)).resize(SIZE, Image.Resampling.BICUBIC)
        cut = ImageEnhance.Brightness(cut).enhance(float(rng.uniform(0.7, 1.3)))
        buffer = io.BytesIO()
        cut.save(buffer, "JPEG", quality=int(rng.integers(82, 93)))
        # A number in a comment makes equal pictures different files.
        (folder / f"{number:06d}.jpg").write_bytes(buffer.getvalue() + number.to_bytes(4, "big"))
        sizes.append(buffer.tell())
    return statistics.mean(sizes)
