"""Image batches and what is in them: `batches/<source>/<number>.parquet`, written once."""

import io
from collections.abc import Sequence

import polars as pl

from wethink_assets.config.base import NAME
from wethink_assets.errors import SourceError, StoreError
from wethink_assets.identity import data_version
from wethink_assets.stages.schemas import MEMBERSHIP
from wethink_assets.storage.store import Store

FOLDER = "batches"
DIGITS = 6
REVISION = "revision"
RESCUED = "rescued-crc:"
"""What begins the mark by which a member of an archive is known that no directory has."""


def batch_key(source: str, number: int) -> str:
    """Key of a batch, such as `coco.000003`."""
    return f"{source}.{number:0{DIGITS}d}"


def split_batch_key(key: str) -> tuple[str, int]:
    """Source and number of a batch key; the source's name may itself hold dots.

    Raises `SourceError` on anything else.
    """
    source, dot, number = key.rpartition(".")
    if not dot or not NAME.fullmatch(source) or len(number) < DIGITS or not (number.isascii() and number.isdigit()):
        raise SourceError(f"{key!r} is not a valid batch key: one looks like coco.000003")
    return source, int(number)


def source_of(key: str) -> str:
    """Source of a batch; empty for a name that is not a batch key, as of a folder that somebody else put beside batches.

    >>> source_of("geoqa+.000001"), source_of("notes")
    ('geoqa+', '')
    """
    try:
        return split_batch_key(key)[0]
    except SourceError:
        return ""


def batch_path(key: str) -> str:
    """Where a batch's membership lies in the store."""
    source, number = split_batch_key(key)
    return f"{FOLDER}/{source}/{number:0{DIGITS}d}.parquet"


def batch_numbers(store: Store, source: str) -> list[int]:
    """Numbers of a source's batches, ascending."""
    stems = (name.removesuffix(".parquet") for name in store.names(f"{FOLDER}/{source}") if name.endswith(".parquet"))
    return sorted(int(stem) for stem in stems if stem.isdigit())


def list_batches(store: Store, source: str | None = None) -> list[str]:
    """Keys of all batches, or of one source's, by source and number."""
    names = [source] if source is not None else store.names(FOLDER)
    return [batch_key(name, number) for name in names for number in batch_numbers(store, name)]


def read_membership(store: Store, key: str) -> pl.DataFrame:
    """Membership of a batch (schema `MEMBERSHIP`), in listing order.

    Raises `StoreError` when there is no such batch.
    """
    path = batch_path(key)
    if not store.exists(path):
        raise StoreError(f"there is no batch {key} in {store.url}: register its source first")
    return store.read_parquet(path)


def is_rescued(store: Store, key: str, item: str) -> bool:
    """Whether a file of a batch is out of an archive that had lost its directory, so that nothing but its own header vouches for it."""
    path = batch_path(key)
    if not store.exists(path):
        return False
    named = store.scan_parquet(path).filter(pl.col("item") == item).select("etag").collect()["etag"]
    return any(etag.startswith(RESCUED) for etag in named)


def membership_sizes(store: Store, keys: Sequence[str]) -> list[int]:
    """How many members batches have, in the order of `keys`; read side by side where the store is far away."""
    contents = store.read_many([batch_path(key) for key in keys])
    return [pl.scan_parquet(io.BytesIO(data)).select(pl.len()).collect().item() for data in contents]


def create_batch(store: Store, key: str, membership: pl.DataFrame, revision: str = "") -> bool:
    """Write a batch's membership unless the number is taken; False where another registration took it.

    `revision` is the commit that the source was listed at, where it has such.
    """
    buffer = io.BytesIO()
    members = membership.select(MEMBERSHIP.names()).cast(MEMBERSHIP)
    if revision:
        members.write_parquet(buffer, compression="zstd", metadata={REVISION: revision})
    else:
        members.write_parquet(buffer, compression="zstd")
    return store.create(batch_path(key), buffer.getvalue())


def revision_of(store: Store, key: str) -> str:
    """Commit that a batch's source was listed at; empty where the source has none, or the batch is gone."""
    data = store.read_if_present(batch_path(key))
    return pl.read_parquet_metadata(io.BytesIO(data)).get(REVISION, "") if data else ""


def membership_digest(membership: pl.DataFrame) -> str:
    """Data version of a batch: sha256 of its members."""
    return data_version(membership)
