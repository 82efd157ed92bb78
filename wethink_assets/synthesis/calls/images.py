"""Images as models are sent them: upright, still, opaque, in a format that every endpoint reads."""

import io
from collections.abc import Mapping
from typing import Any

import polars as pl
from PIL import Image as Pixels
from PIL import ImageOps

from wethink_assets.extensions.builtin import IMAGE_FORMATS
from wethink_assets.models.chat import Image
from wethink_assets.storage.blobs import Blobs

PLAIN_MODES = {"RGB", "L"}


def is_plain(row: Mapping[str, Any]) -> bool:
    """Whether an image of the images table is sent as it is: no turning, no first frame to pick, no alpha or odd mode."""
    return (
        _sent_as(row) != ""
        and row["mode"] in PLAIN_MODES
        and (row["orientation"] or 1) == 1
        and (row["frames"] or 1) == 1
    )


def _sent_as(row: Mapping[str, Any]) -> str:
    """Media type under which every endpoint reads the image's own bytes; empty where none does."""
    name = str(row["format"]).upper()
    return IMAGE_FORMATS[name].sent_as if name in IMAGE_FORMATS else ""


def picture(row: Mapping[str, Any], blobs: Blobs) -> Image:
    """The image of a row of the images table (schema `IMAGES`), read only when a call is made.

    What is not plain is turned upright, laid on white and sent as PNG. The digest is that of the original bytes: the form sent
    follows from them.
    """
    blob = row["blob"]
    if is_plain(row):
        return Image(row["image_id"], _sent_as(row), lambda: blobs.read(blob))
    return Image(row["image_id"], "image/png", lambda: upright_png(blobs.read(blob)))


def upright(data: bytes) -> Pixels.Image:
    """First frame of an image, upright, RGB, on white."""
    from wethink_assets.sources.images.decoding import greyscale

    with Pixels.open(io.BytesIO(data)) as opened:
        opened.seek(0)
        image: Pixels.Image = ImageOps.exif_transpose(opened)
        if image.mode.startswith("I") or image.mode == "F":
            image = greyscale(image)
        elif image.has_transparency_data:
            image = image.convert("RGBA")
            white = Pixels.new("RGBA", image.size, "white")
            image = Pixels.alpha_composite(white, image)
        return image.convert("RGB")


def upright_png(data: bytes) -> bytes:
    """First frame of an image as an upright RGB PNG on white."""
    buffer = io.BytesIO()
    upright(data).save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


def pictures_by_id(images: pl.DataFrame, blobs: Blobs) -> dict[str, Image]:
    """Images of a batch by id."""
    columns = ("image_id", "blob", "format", "mode", "orientation", "frames")
    return {row["image_id"]: picture(row, blobs) for row in images.select(columns).iter_rows(named=True)}
