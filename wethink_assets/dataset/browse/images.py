"""Images of pages: decoded and encoded anew, so that what is sent is a picture and nothing that its file carried beside it."""

import io
from dataclasses import dataclass

from PIL import Image

from wethink_assets.errors import VersionError
from wethink_assets.sources.images.formats import format_of
from wethink_assets.sources.images.view import view
from wethink_assets.storage.blobs import Blobs
from wethink_assets.storage.store import Store

__all__ = ["LARGE", "SMALL", "PageImage", "page_image", "reduced_image"]

SMALL, LARGE = 240, 1600
"""Longest sides in pixels: in lists, and on the page of a row."""
QUALITY = 88


@dataclass(frozen=True, slots=True)
class PageImage:
    """An encoded image; `media_type` is image/jpeg or image/png."""

    data: bytes
    media_type: str

    @property
    def extension(self) -> str:
        """Of a file that holds it."""
        return "jpg" if self.media_type == "image/jpeg" else "png"


def page_image(store: Store, path: str, side: int) -> PageImage:
    """An image of the store with sides of at most so many pixels. Raises `VersionError` when it cannot be decoded, `StoreError` when it is gone."""
    return reduced_image(Blobs(store).read(path), path, side)


def reduced_image(data: bytes, name: str, side: int) -> PageImage:
    """An encoded image with sides of at most so many pixels. Raises `VersionError` that names it when it cannot be decoded."""
    known = format_of(data)
    photograph = known is not None and known.sent_as == "image/jpeg"
    try:
        image = view(data, side)
        image.thumbnail((side, side), Image.Resampling.LANCZOS, reducing_gap=3.0)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise VersionError(
            f"image {name} cannot be decoded ({error}): `wethink verify` names what is damaged in the store"
        ) from error
    buffer = io.BytesIO()
    if photograph:
        image.save(buffer, "JPEG", quality=QUALITY)
    else:
        image.save(buffer, "PNG", compress_level=6)
    return PageImage(buffer.getvalue(), "image/jpeg" if photograph else "image/png")
