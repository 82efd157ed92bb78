"""An image reduced to 16 x 16 RGB pixels: what a match of perceptual hashes is confirmed on."""

import io

import numpy as np
from PIL import Image, ImageOps

SIDE = 16
BYTES = SIDE * SIDE * 3
DECODED_SIDE = 4 * SIDE  # a JPEG is decoded no larger than needed to average it down
WIDE_MODES = ("I;16", "I;16L", "I;16B", "I;16N")


def reduced_pixels(data: bytes) -> bytes:
    """First frame of an encoded image, turned upright, on white where it is transparent, as 768 bytes of RGB.

    Raises `OSError`, `ValueError` or `SyntaxError` when the image cannot be decoded.
    """
    with Image.open(io.BytesIO(data)) as image:
        image.draft("RGB", (DECODED_SIDE, DECODED_SIDE))
        upright = ImageOps.exif_transpose(image)
    reduced = _rgb(upright).resize((SIDE, SIDE), Image.Resampling.BOX)
    return reduced.tobytes()


def _rgb(image: Image.Image) -> Image.Image:
    if image.mode in WIDE_MODES:
        return Image.fromarray((np.asarray(image).astype(np.uint16) >> 8).astype(np.uint8)).convert("RGB")
    if image.mode in ("I", "F"):
        values = np.asarray(image, dtype=np.float64)
        span = float(np.ptp(values)) or 1.0
        return Image.fromarray(((values - values.min()) * (255 / span)).astype(np.uint8)).convert("RGB")
    if "A" in image.getbands() or "transparency" in image.info:
        layered = image.convert("RGBA")
        ground = Image.new("RGBA", layered.size, "white")
        return Image.alpha_composite(ground, layered).convert("RGB")
    return image.convert("RGB")
