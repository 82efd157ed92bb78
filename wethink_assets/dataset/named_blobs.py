"""Blobs that something of a store names: tables of stages, imported pairs, listings of batches and indexes of archives whose members were extracted.

Held are the first 64 bits of their sha256, so 8 bytes a blob.
"""

from collections.abc import Collection, Iterable, Iterator

import numpy as np
import polars as pl
from numpy.typing import NDArray

from wethink_assets.errors import StoreError
from wethink_assets.extensions.builtin import STAGES
from wethink_assets.sources.imported_pairs import all_pairs
from wethink_assets.storage.file_kinds import known_file
from wethink_assets.storage.store import Store
from wethink_assets.storage.tables import Tables

__all__ = ["blob_number", "named_blobs"]

_EXTRACTED = r"^sha256:([0-9a-f]{16})[0-9a-f]{48}\.\w+$"  # as `sources.readers.formats.kept_blob` reads it
_LISTINGS = {"batch listing": "batches", "archive index": "indexes"}


def blob_number(path: str) -> int:
    """The first 64 bits of a blob's sha256. Raises `StoreError` for a file that is no blob."""
    try:
        return int(path.rpartition("/")[2][:16], 16)
    except ValueError:
        raise StoreError(f"{path} is no blob: move it out of the store") from None


def named_blobs(store: Store, cut: Iterable[str], without: Collection[str] = ()) -> NDArray[np.uint64]:
    """Numbers of all blobs that are named, sorted.

    Args:
        cut: folders of tables that cuts name.
        without: folders of tables that do not count.

    Raises `StoreError` where something is missing or damaged that may name one.
    """
    needed: dict[str, list[str]] = {}
    for folder in cut:
        needed.setdefault(folder.rpartition("/")[0], []).append(folder)
    found = [np.array([], dtype=np.uint64)]
    for names in _names(store, needed, without):
        found.append(np.array([int(name, 16) for name in names.drop_nulls() if name], dtype=np.uint64))
        if len(found) > 1_000:
            found = [np.unique(np.concatenate(found))]
    return np.unique(np.concatenate(found))


def _names(store: Store, needed: dict[str, list[str]], without: Collection[str]) -> Iterator[pl.Series]:
    for table in _tables(store, needed, without):
        yield table.select(pl.col("blob").str.split("/").list.last().str.head(16)).collect()["blob"]
    for pairs in all_pairs(store):
        yield pairs.select(pl.col("blob").str.split("/").list.last().str.head(16)).collect()["blob"]
    # A registered file of an archive that was extracted is nowhere but in its blob, until its batch is run and whenever it is run again.
    for kind, folder in _LISTINGS.items():
        for path in store.files(folder):
            file = known_file(path)
            if file and file.kind.name == kind and path.endswith(".parquet"):
                yield store.scan_parquet(path).select(pl.col("etag").str.extract(_EXTRACTED)).collect()["etag"]


def _tables(store: Store, needed: dict[str, list[str]], without: Collection[str]) -> Iterator[pl.LazyFrame]:
    for asset in store.names("tables"):
        if asset in STAGES and "blob" not in STAGES[asset].schema:
            continue
        for batch in store.names(f"tables/{asset}"):
            root = f"tables/{asset}/{batch}"
            commit = Tables(store).current(asset, batch)  # before the folders: that of a commit is there by then
            folders = [f"{root}/{name}" for name in store.names(root) if name != "commits"]
            in_force = [commit.folder, commit.made_folder] if commit else []
            for folder in {*in_force, *needed.get(root, ())} - {*folders}:
                raise StoreError(
                    f"{store.link(folder)} is missing, so which images are needed is not known: `wethink verify --all`"
                )
            for folder in folders:
                if folder in without:
                    continue
                try:
                    table = store.scan_parquet(f"{folder}/results.parquet")
                    named = "blob" in table.collect_schema()
                except StoreError:
                    if store.files(folder):
                        raise
                    continue  # it was just collected; servers may go on listing a folder of which nothing is left
                if named:
                    yield table
