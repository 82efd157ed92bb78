"""Files of the pairs of alike images: steps, each written once, with the signatures of its images beside them."""

import io
from collections.abc import Iterable

import polars as pl

from wethink_assets.dedup.copies import METHOD
from wethink_assets.identity import digest_of
from wethink_assets.sources.images.view import VIEW
from wethink_assets.storage.store import Store

__all__ = ["FOLDER", "create_step", "forget_signatures", "read_steps", "signatures_path"]

FOLDER = "alike"
COMPARED_BY = f"{METHOD}-view{VIEW}"
"""Versions of method and view: steps of another one are not gone on with, and all images are compared anew."""
SIGNATURES = "signatures"


def step_path(number: int) -> str:
    """Where a step of the present method lies; steps count from 1."""
    return f"{FOLDER}/{COMPARED_BY}/{number:06d}.parquet"


def signatures_path(images: Iterable[str]) -> str:
    """Where the signatures of a step's images (their ids, sorted) lie."""
    return f"{FOLDER}/{COMPARED_BY}/{SIGNATURES}/{digest_of(list(images))[:32]}.parquet"


def read_steps(store: Store) -> list[pl.DataFrame]:
    """All steps of the present method in order (`image_groups.LINKED`). Raises `StoreError` naming one that is missing or damaged."""
    names = [name for name in store.names(f"{FOLDER}/{COMPARED_BY}") if name.endswith(".parquet")]
    last = max((int(name.removesuffix(".parquet")) for name in names), default=0)
    return [store.read_parquet(step_path(number)) for number in range(1, last + 1)]


def create_step(store: Store, number: int, images: pl.DataFrame) -> bool:
    """Keep a step unless another process wrote one of that number; True for the one writer that made it."""
    data = io.BytesIO()
    images.write_parquet(data)
    return store.create(step_path(number), data.getvalue())


def forget_signatures(store: Store, images: Iterable[str]) -> None:
    """Take the signatures of images out of all that are kept."""
    wanted = pl.col("image_id").is_in(list(images))
    for path in store.files(FOLDER):
        if (
            f"/{SIGNATURES}/" in path
            and not store.scan_parquet(path).filter(wanted).select("image_id").collect().is_empty()
        ):
            store.write_parquet(path, store.read_parquet(path).filter(~wanted))
