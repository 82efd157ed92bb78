"""Pictures for tests: photographs that scikit-image ships, altered copies of them, and quick unlike drawings."""

import io
import random
from functools import cache
from pathlib import Path
from typing import Any

import skimage
from PIL import Image, ImageDraw

PHOTOGRAPHS = (
    "astronaut.png",
    "brick.png",
    "camera.png",
    "cell.png",
    "chelsea.png",
    "coffee.png",
    "coins.png",
    "color.png",
    "grass.png",
    "gravel.png",
    "hubble_deep_field.jpg",
    "ihc.png",
    "logo.png",
    "moon.png",
    "motorcycle_left.png",
    "page.png",
    "retina.jpg",
    "rocket.jpg",
    "text.png",
)


@cache
def photograph(name: str) -> Image.Image:
    """A photograph in RGB, at most 400 pixels wide or high, without the profile that its file may have."""
    image = Image.open(Path(skimage.__file__).parent / "data" / name).convert("RGB")
    image.thumbnail((400, 400))
    image.info = {}
    return image


def encoded(image: Image.Image, form: str = "JPEG", **options: Any) -> bytes:
    """Bytes of an image."""
    out = io.BytesIO()
    image.save(out, form, **options)
    return out.getvalue()


def altered_copies(image: Image.Image) -> dict[str, bytes]:
    """The same picture as other bytes: compressed again, rescaled, in another format."""
    width, height = image.size
    return {
        "quality 30": encoded(image, quality=30),
        "half size": encoded(image.resize((width // 2, height // 2), Image.Resampling.LANCZOS), quality=85),
        "webp": encoded(image, "WEBP", quality=70),
        "png": encoded(image, "PNG"),
    }


def drawing(seed: int, size: int = 64) -> bytes:
    """A picture of random blocks as PNG: any two seeds look unlike."""
    rng = random.Random(seed)
    image = Image.new("RGB", (size, size), tuple(rng.randrange(256) for _ in range(3)))
    draw = ImageDraw.Draw(image)
    for _ in range(12):
        left, top = rng.randrange(size), rng.randrange(size)
        draw.rectangle(
            (left, top, left + rng.randrange(8, 40), top + rng.randrange(8, 40)),
            tuple(rng.randrange(256) for _ in range(3)),
        )
    return encoded(image, "PNG")
