"""An image reduced to 16 x 16 RGB pixels: what a match of perceptual hashes is confirmed on."""

from PIL import Image

from wethink_assets.sources.images.view import decode_smaller, exclusively, open_image, orientation_of, rgb, upright

SIDE = 16
BYTES = SIDE * SIDE * 3
DECODED_SIDE = 4 * SIDE  # a JPEG is decoded no larger than needed to average it down


def reduced_pixels(data: bytes) -> bytes:
    """The view of an encoded image as 768 bytes of RGB.

    Raises `OSError`, `ValueError` or `SyntaxError` when the image cannot be decoded.
    """
    with open_image(data) as image:
        # A scaled JPEG has whole pixels at its right and lower edge that the picture fills in part only: `box` says how far.
        box = decode_smaller(image, DECODED_SIDE)
        with exclusively(image):
            colours = rgb(image)
            reduced = colours.resize((SIDE, SIDE), Image.Resampling.BOX, box=box)
        return upright(reduced, orientation_of(image)).tobytes()
