"""Perceptual hash, confirmed on reduced pixels, as the near-duplicate method of images.

Two images are nearly the same when their hashes differ in at most `phash_distance` bits AND their 16 x 16 pixels differ by at most
`pixel_difference` on average AND by at most `LOCAL_FACTOR` times that at any one pixel. The last is for drawings: of 1,800 sample images 39% have
an unrelated neighbour within 8 bits; of those 1,993 pairs 127 pass the average, since one shape is a small part of a picture, and 3 pass both:
pictures of one and the same scene. Altered copies of photographs differ by at most 2.3 on average and 21 at any pixel.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl

from wethink_assets.config.data import DedupSettings
from wethink_assets.dedup.methods import U8, U64, Bools, ImageMethod
from wethink_assets.dedup.pixels import BYTES, SIDE, reduced_pixels
from wethink_assets.sources.images.perceptual_hash import perceptual_hash
from wethink_assets.sources.images.view import grey_view, open_image, shows_itself

LOCAL_FACTOR = 4


def sign(data: bytes, image: Mapping[str, Any]) -> dict[str, Any]:
    """Hash and reduced pixels of an encoded image; that of the table `images`, however old, is kept of what always had this view."""
    phash = image.get("phash")
    if phash is None or not _shows_itself(data):
        phash = perceptual_hash(grey_view(data))
    return {"phash": phash, "pixels": reduced_pixels(data)}


def _shows_itself(data: bytes) -> bool:
    with open_image(data) as image:
        return shows_itself(image)


def hashes(rows: pl.DataFrame) -> U64:
    """Hashes of rows as numbers."""
    return rows["phash"].str.to_integer(base=16, dtype=pl.UInt64).to_numpy()


def hashes_close(first: U64, second: U64, settings: DedupSettings) -> Bools:
    """Whether hashes differ in few bits."""
    close: Bools = np.bitwise_count(first ^ second) <= settings.phash_distance
    return close


def images_alike(first: U8, second: U8, pixel_difference: float) -> Bools:
    """Whether reduced pixels (arrays of shape (n, 768)) are alike on average and at each single pixel."""
    difference = np.abs(first.astype(np.int16) - second.astype(np.int16)).reshape(-1, SIDE * SIDE, 3)
    local = difference.mean(axis=2).max(axis=1)
    average = difference.reshape(-1, BYTES).mean(axis=1)
    alike: Bools = (average <= pixel_difference) & (local <= LOCAL_FACTOR * pixel_difference)
    return alike


PERCEPTUAL_HASH = ImageMethod(
    title="perceptual hash, reduced pixels",
    columns={"phash": pl.String, "pixels": pl.Binary},
    sign=sign,
    blank={"phash": "0" * 16, "pixels": bytes(BYTES)},
    hashes=hashes,
    detail_bytes=BYTES,
    details=lambda rows: b"".join(rows["pixels"]),
    close=hashes_close,
    alike=lambda first, second, settings: images_alike(first, second, settings.pixel_difference),
)
