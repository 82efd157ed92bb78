"""Seals: sha256 of files by their bytes, and of records by their content, which show whether what is read is what was written.

A commit seals the bytes of its tables and, by its own seal, itself; the next commit names that seal, a cut the seals of its commits, a manifest the
seal of its cut and the bytes of its files. So the seal of a manifest stands for everything that the version was made from (Merkle 1987).
"""

import hashlib
import io
from collections.abc import Callable, Collection, Set
from typing import IO

import polars as pl
from pydantic import BaseModel, ConfigDict

from wethink_assets.errors import StoreError
from wethink_assets.identity import digest_of
from wethink_assets.storage.store import Store

__all__ = ["FileSeal", "checked_scan", "seal_of", "sealed_file"]


class FileSeal(BaseModel):
    """What a file was when it was written."""

    model_config = ConfigDict(frozen=True)

    sha256: str
    bytes: int


def seal_of(document: BaseModel, silent: Set[str] = frozenset(), only_set: bool = False) -> str:
    """sha256 over all of a record but its field `seal`.

    Args:
        silent: fields that count only where they say something, since earlier records lack them.
        only_set: no field counts that has its default, so that a later release may add some.
    """
    absent = {name for name in silent if not getattr(document, name, None)}
    return digest_of(document.model_dump(mode="json", exclude={"seal"} | absent, exclude_defaults=only_set))


def sealed_file(store: Store, path: str) -> FileSeal:
    """The seal of a file as it is now. Raises `StoreError` when it is missing."""
    with store.open_read(path) as stream:
        return _sealed(stream)


def _sealed(stream: IO[bytes]) -> FileSeal:
    digest = hashlib.file_digest(stream, "sha256")  # type: ignore[arg-type]
    return FileSeal(sha256=digest.hexdigest(), bytes=stream.tell())


def checked_scan(store: Store, path: str, sha256: str, also: Callable[[], Collection[str]] = tuple) -> pl.LazyFrame:
    """A parquet file as a lazy frame, its bytes compared with their hash first.

    Args:
        sha256: of the file as it was written.
        also: called where that is not its hash: further ones that are right, of what erasures left of it.

    Raises `StoreError` naming a file that is missing, damaged or altered.
    """
    if store.local:
        found = sealed_file(store, path).sha256
        _require(store, path, found, sha256, also)
        return store.scan_parquet(path)
    data = store.read(path)
    _require(store, path, hashlib.sha256(data).hexdigest(), sha256, also)
    try:
        return pl.scan_parquet(io.BytesIO(data))
    except pl.exceptions.PolarsError as error:
        raise StoreError(f"{store.link(path)} is damaged: {error}") from error


def _require(store: Store, path: str, found: str, sha256: str, also: Callable[[], Collection[str]]) -> None:
    if found != sha256 and found not in also():
        raise StoreError(
            f"{store.link(path)} was altered: its sha256 is {found[:16]}, and was {sha256[:16]} when it was written; "
            "`wethink verify` lists all that is"
        )
