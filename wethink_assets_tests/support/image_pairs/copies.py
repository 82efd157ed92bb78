"""Copies of a picture as other files: coded, sized, cropped, framed, mirrored, turned or lit in another way."""

import io
import random
from collections.abc import Callable

import numpy as np
from PIL import Image, ImageEnhance, ImageOps

Encoded = Callable[[Image.Image, random.Random], bytes]


def encoded(picture: Image.Image, form: str, **options: object) -> bytes:
    """Bytes of a picture."""
    file = io.BytesIO()
    picture.save(file, form, **options)
    return file.getvalue()


def as_jpeg(picture: Image.Image, rng: random.Random) -> bytes:
    """JPEG of a quality as the web has it."""
    return encoded(picture, "JPEG", quality=rng.randrange(60, 95))


def _resized(picture: Image.Image, rng: random.Random, least: float = 0.5, most: float = 1.6) -> Image.Image:
    scale = rng.uniform(least, most)
    return picture.resize((round(picture.width * scale), round(picture.height * scale)), Image.Resampling.LANCZOS)


def _cropped(picture: Image.Image, rng: random.Random, share: float) -> Image.Image:
    width, height = round(picture.width * (1 - share)), round(picture.height * (1 - share))
    left, top = rng.randint(0, picture.width - width), rng.randint(0, picture.height - height)
    return picture.crop((left, top, left + width, top + height))


def _padded(picture: Image.Image, rng: random.Random) -> Image.Image:
    across, down = (round(side * rng.uniform(0.02, 0.12)) for side in picture.size)
    return ImageOps.expand(picture, (across, down), rng.choice(("white", "black", "#808080", "#30508a")))


def _exif_turned(picture: Image.Image, rng: random.Random) -> bytes:
    """Stored on its side, with the orientation that says so."""
    exif = Image.Exif()
    exif[0x0112] = 6
    return encoded(picture.transpose(Image.Transpose.ROTATE_90), "JPEG", quality=92, exif=exif)


def _sixteen_bits(picture: Image.Image, rng: random.Random) -> bytes:
    return encoded(Image.fromarray(np.asarray(picture.convert("L")).astype(np.uint16) * 257), "PNG")


COPIES: dict[str, Encoded] = {
    "jpeg": lambda picture, rng: encoded(picture, "JPEG", quality=rng.randrange(40, 60)),
    "webp": lambda picture, rng: encoded(picture, "WEBP", quality=rng.randrange(60, 90)),
    "resized": lambda picture, rng: as_jpeg(_resized(picture, rng), rng),
    "cropped 5%": lambda picture, rng: as_jpeg(_cropped(picture, rng, rng.uniform(0.02, 0.05)), rng),
    "cropped 10%": lambda picture, rng: as_jpeg(_cropped(picture, rng, rng.uniform(0.05, 0.1)), rng),
    "padded": lambda picture, rng: as_jpeg(_padded(picture, rng), rng),
    "mirrored": lambda picture, rng: as_jpeg(ImageOps.mirror(picture), rng),
    "turned": lambda picture, rng: as_jpeg(picture.rotate(rng.choice((90, 180, 270)), expand=True), rng),
    "brightened": lambda picture, rng: as_jpeg(ImageEnhance.Brightness(picture).enhance(rng.uniform(0.75, 1.3)), rng),
    "grey": lambda picture, rng: as_jpeg(picture.convert("L"), rng),
    "EXIF-turned": _exif_turned,
    "16-bit": _sixteen_bits,
}
