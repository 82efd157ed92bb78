"""One photograph in every encoding that is accepted, and what is found out about bytes."""

import numpy as np
from PIL import Image

from wethink_assets.sources.images.decoding import ImageFacts, ImageFault, examine
from wethink_assets_tests.support.images import encoded, photograph

PHOTO = photograph("chelsea.png").resize((200, 150))
ACCEPTED = {
    "jpeg": encoded(PHOTO, quality=85),
    "progressive jpeg": encoded(PHOTO, quality=85, progressive=True),
    "grey jpeg": encoded(PHOTO.convert("L")),
    "cmyk jpeg": encoded(PHOTO.convert("CMYK")),
    "png": encoded(PHOTO, "PNG"),
    "palette png": encoded(PHOTO.quantize(64), "PNG"),
    "grey png": encoded(PHOTO.convert("L"), "PNG"),
    "bilevel png": encoded(PHOTO.convert("1"), "PNG"),
    "16-bit png": encoded(Image.fromarray(np.asarray(PHOTO.convert("L"), dtype=np.uint16) * 257), "PNG"),
    "png with alpha": encoded(PHOTO.convert("RGBA"), "PNG"),
    "grey png with alpha": encoded(PHOTO.convert("LA"), "PNG"),
    "webp": encoded(PHOTO, "WEBP", quality=80),
    "lossless webp": encoded(PHOTO, "WEBP", lossless=True),
    "webp with alpha": encoded(PHOTO.convert("RGBA"), "WEBP"),
    "gif": encoded(PHOTO.quantize(64), "GIF"),
    "tiff": encoded(PHOTO, "TIFF"),
    "packed tiff": encoded(PHOTO, "TIFF", compression="tiff_lzw"),
    "cmyk tiff": encoded(PHOTO.convert("CMYK"), "TIFF"),
    "bmp": encoded(PHOTO, "BMP"),
    "grey bmp": encoded(PHOTO.convert("L"), "BMP"),
    "avif": encoded(PHOTO, "AVIF"),
    "avif with alpha": encoded(PHOTO.convert("RGBA"), "AVIF"),
    "jpeg2000": encoded(PHOTO, "JPEG2000"),
    "jpeg2000 codestream": encoded(PHOTO, "JPEG2000", no_jp2=True),
    "float tiff": encoded(Image.fromarray(np.asarray(PHOTO.convert("L"), dtype=np.float32)), "TIFF"),
    "16-bit tiff": encoded(Image.fromarray(np.asarray(PHOTO.convert("L"), dtype=np.uint16) * 257), "TIFF"),
}


def facts(data: bytes) -> ImageFacts:
    """Facts of bytes that are an image."""
    found = examine(data)
    assert isinstance(found, ImageFacts), found
    return found


def reason(data: bytes) -> str:
    """Why bytes are no image that can be used."""
    found = examine(data)
    assert isinstance(found, ImageFault), found
    return found.reason
