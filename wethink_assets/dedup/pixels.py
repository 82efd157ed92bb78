"""An image reduced to 16 x 16 RGB pixels: what a match of perceptual hashes is confirmed on."""

import io
import threading
from contextlib import nullcontext

import numpy as np
from PIL import Image

SIDE = 16
BYTES = SIDE * SIDE * 3
DECODED_SIDE = 4 * SIDE  # a JPEG is decoded no larger than needed to average it down
LARGE_PIXELS = 2**24  # larger ones are decoded one at a time, so that threads do not add up their memory
_one_large_at_a_time = threading.Lock()
ORIENTATION = 0x0112  # tag of EXIF
UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
WIDE_MODES = ("I;16", "I;16L", "I;16B", "I;16N")


def reduced_pixels(data: bytes) -> bytes:
    """First frame of an encoded image, turned upright, on white where it is transparent, as 768 bytes of RGB.

    Raises `OSError`, `ValueError` or `SyntaxError` when the image cannot be decoded.
    """
    with Image.open(io.BytesIO(data)) as image:
        orientation = image.getexif().get(ORIENTATION, 1)
        # A scaled JPEG has whole pixels at its right and lower edge that the picture fills in part only: `box` says how far.
        scaled = image.draft("RGB", (DECODED_SIDE, DECODED_SIDE))
        large = image.width * image.height > LARGE_PIXELS
        with _one_large_at_a_time if large else nullcontext():
            reduced = _reduced(image, scaled[1] if scaled else None)
    if orientation in UPRIGHT:
        reduced = reduced.transpose(UPRIGHT[orientation])
    return reduced.tobytes()


def _reduced(image: Image.Image, box: tuple[float, float, float, float] | None) -> Image.Image:
    return _on_white(_coloured(image).resize((SIDE, SIDE), Image.Resampling.BOX, box=box))


def _coloured(image: Image.Image) -> Image.Image:
    """The image in RGB, or in RGBA where parts of it are transparent."""
    if image.mode in WIDE_MODES:
        return Image.fromarray((np.asarray(image).astype(np.uint16) >> 8).astype(np.uint8)).convert("RGB")
    if image.mode in ("I", "F"):
        values = np.asarray(image, dtype=np.float32)
        span = float(np.ptp(values)) or 1.0
        return Image.fromarray(((values - values.min()) * (255 / span)).astype(np.uint8)).convert("RGB")
    transparent = "A" in image.getbands() or "transparency" in image.info
    return image.convert("RGBA" if transparent else "RGB")


def _on_white(image: Image.Image) -> Image.Image:
    if image.mode != "RGBA":
        return image
    return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")
