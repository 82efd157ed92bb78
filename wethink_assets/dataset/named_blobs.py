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
from wethink_assets.storage.table_files import table_path
from wethink_assets.storage.tables import Tables

__all__ = ["blob_number", "named_blobs"]

_EXTRACTED = r"^sha256:([0-9a-f]{16})[0-9a-f]{48}\.\w+$"  # as `sources.readers.formats.kept_blob` reads it
_BLOB = pl.col("blob").str.split("/").list.last().str.head(16)
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
    for folder in _folders(store, needed, without):
        names = _names_in(store, folder)
        if names is not None:
            yield names
    for pairs in all_pairs(store):
        yield pairs.select(_BLOB).collect()["blob"]
    # A registered file of an archive that was extracted is nowhere but in its blob, until its batch is run and whenever it is run again.
    for kind, folder in _LISTINGS.items():
        for path in store.files(folder):
            file = known_file(path)
            if file and file.kind.name == kind and path.endswith(".parquet"):
                yield store.scan_parquet(path).select(pl.col("etag").str.extract(_EXTRACTED)).collect()["etag"]


def _folders(store: Store, needed: dict[str, list[str]], without: Collection[str]) -> Iterator[str]:
    """Folders of tables that may name blobs."""
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
            yield from (folder for folder in folders if folder not in without)


def _names_in(store: Store, folder: str) -> pl.Series | None:
    """What a table names; None where it has no such column, or was just collected: servers may go on listing a folder of which nothing is left."""
    path = table_path(folder, "results")
    for last in (False, True):
        try:
            table = store.scan_parquet(path)
            return table.select(_BLOB).collect()["blob"] if "blob" in table.collect_schema() else None
        except (StoreError, OSError):
            there = store.files(folder)
            if not there and not store.exists(path):
                return None
            if last or path not in there:  # else a run has made it anew since it was looked for
                raise
    return None
