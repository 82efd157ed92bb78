"""Small pictures of coloured blocks, no two alike, for projects in which models only pretend to look."""

import random

from PIL import Image, ImageDraw


def blocks(rng: random.Random, side: int, count: int, most: int) -> Image.Image:
    """A square picture of `side` pixels with so many blocks on it, each of 4 to `most` pixels."""
    image = Image.new("RGB", (side, side), tuple(rng.randrange(256) for _ in range(3)))
    draw = ImageDraw.Draw(image)
    for _ in range(count):
        x, y = rng.randrange(side - 8), rng.randrange(side - 8)
        end = (x + rng.randrange(4, most), y + rng.randrange(4, most))
        draw.rectangle((x, y, *end), fill=rng.randrange(1 << 24))
    return image
