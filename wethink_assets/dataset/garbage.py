"""Garbage of a store: what no version, table in force, running batch or rule of takedowns needs.

Three kinds are collected:

- leftover: unfinished files and scratch folders of writes whose process was killed;
- table: stage tables that a later commit superseded and no cut names. Commits themselves stay, and `collected/` keeps which tables went, so
  that they are told from lost ones. Tables that no commit names stay too: that commit may have been lost;
- blob: images that no table on the store names, neither of stages nor of imported pairs, and that no batch has claimed.

Nothing is collected that was written, superseded or relied on anew within an age, which is why this is safe beside work: whoever finds a table or a
blob there already renews it before naming it (`storage.file_ages.renew`). Memory holds 8 bytes an image that tables name, no paths.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby, islice

import numpy as np
import polars as pl
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from wethink_assets.dataset.cuts.cut import given_versions, read_cut
from wethink_assets.errors import StoreError
from wethink_assets.extensions.builtin import STAGES
from wethink_assets.identity import digest_of
from wethink_assets.sources.imported_pairs import all_pairs
from wethink_assets.storage.file_ages import FileAge, file_ages, last_written
from wethink_assets.storage.inventory import add_link, read_inventory
from wethink_assets.storage.local_files import leftovers
from wethink_assets.storage.records import create_record, read_record
from wethink_assets.storage.store import Store
from wethink_assets.storage.tables import Commit, Tables

__all__ = ["DEFAULT_AGE", "Collected", "Garbage", "collect", "collected_tables", "find_garbage"]

DEFAULT_AGE = 24 * 3_600.0
FOLDER = "collected"
TOGETHER = {"leftover": 1, "table": 1_000, "blob": 100_000}
"""Things of a kind that are removed after one note of it in the store."""


@dataclass(frozen=True, slots=True)
class Garbage:
    """One thing that may go: `kind` is leftover, table (a folder) or blob; `idle` is how long nobody touched or needed it, in seconds."""

    kind: str
    path: str
    files: int
    bytes: int
    idle: float
    reason: str


class Collected(BaseModel):
    """Record of tables that were removed as garbage."""

    model_config = ConfigDict(frozen=True)

    schema_version: int = 1
    tables: tuple[str, ...]
    created: datetime


def collected_tables(store: Store) -> frozenset[str]:
    """Folders of tables that were removed as garbage; a table that was made anew since is there nevertheless."""
    records = (read_record(store, f"{FOLDER}/{name}", Collected) for name in store.names(FOLDER))
    return frozenset(folder for record in records if record for folder in record.tables)


def find_garbage(store: Store, age: float = DEFAULT_AGE) -> Iterator[Garbage]:
    """Everything that may go, kind by kind.

    Args:
        age: seconds for which nothing is garbage.

    Raises `StoreError` where a record is missing or damaged by which something may be needed: then nothing of that kind is told.
    """
    yield from _leftovers(store, age)
    yield from _tables(store, age)
    yield from _blobs(store, age)


def collect(store: Store, age: float = DEFAULT_AGE, progress: Callable[[Garbage], None] | None = None) -> None:
    """Remove all garbage; `progress` is called with each thing that is gone. Safe to stop and to repeat.

    Raises `StoreError` as `find_garbage` does.
    """
    for kind, some in _together(find_garbage(store, age)):
        if kind == "table":
            _remove_tables(store, some, age, progress)
            continue
        if kind == "blob":
            _unseal(store, some)
        for garbage in some:
            if kind == "leftover" or _still_idle(store, [garbage.path], age):
                store.delete(garbage.path)
                if progress:
                    progress(garbage)


def _together(found: Iterator[Garbage]) -> Iterator[tuple[str, list[Garbage]]]:
    """Things of one kind, so many at a time."""
    for kind, same in groupby(found, key=lambda garbage: garbage.kind):
        while some := list(islice(same, TOGETHER[kind])):
            yield kind, some


def _unseal(store: Store, blobs: list[Garbage]) -> None:
    # Before they go: whenever this stops, a sealed image is there.
    sealed = read_inventory(store, within=pl.col("path").is_in([blob.path for blob in blobs])).files
    if sealed:
        add_link(store, dict.fromkeys(sealed), command="wethink gc")


def _remove_tables(store: Store, tables: list[Garbage], age: float, progress: Callable[[Garbage], None] | None) -> None:
    # The record first: whenever this stops, a table is there, or was collected by what it says.
    record = Collected(tables=tuple(table.path for table in tables), created=datetime.now(UTC))
    create_record(store, f"{FOLDER}/{digest_of(record.model_dump(mode='json'))[:32]}.json", record)
    for table in tables:
        _, asset, batch, digest = table.path.split("/")
        current = Tables(store).current(asset, batch)
        if current and digest not in _digests(current) and _still_idle(store, store.files(table.path), age):
            store.delete(table.path)
            if progress:
                progress(table)


def _still_idle(store: Store, paths: Iterable[str], age: float) -> bool:
    times = [written for path in paths if (written := last_written(store, path)) is not None]
    return bool(times) and time.time() - max(times) >= age


def _leftovers(store: Store, age: float) -> Iterator[Garbage]:
    if not store.local:
        return  # a put is there whole or not at all
    now = time.time()
    for path in leftovers(store.root, age, now):
        files = list(_unfinished(store, path))
        yield Garbage("leftover", path, len(files), sum(files), age, "its writer was killed")


def _unfinished(store: Store, path: str) -> Iterator[int]:
    sizes = store.fs.find(store.path(path), detail=True)
    yield from (int(about["size"]) for about in sizes.values())


def _digests(commit: Commit) -> set[str]:
    return {commit.digest, commit.made[:32]}


def _tables(store: Store, age: float) -> Iterator[Garbage]:
    cut: dict[tuple[str, str], set[int]] = {}
    named: set[str] = set()
    for version in given_versions(store):
        for entry in read_cut(store, version).inputs:
            cut.setdefault((entry.asset, entry.batch), set()).add(entry.commit)
            named.add(entry.folder)
    for asset in store.names("tables"):
        for batch in store.names(f"tables/{asset}"):
            folders = [name for name in store.names(f"tables/{asset}/{batch}") if name != "commits"]
            commits = Tables(store).all_of(asset, batch)
            needed = [commit for commit in commits[:-1] if commit.number in cut.get((asset, batch), ())] + commits[-1:]
            kept = {digest for commit in needed for digest in _digests(commit)}
            for digest in folders:
                folder = f"tables/{asset}/{batch}/{digest}"
                if digest not in kept and folder not in named:
                    yield from _idle_table(store, folder, digest, commits, age)


def _idle_table(store: Store, folder: str, digest: str, commits: list[Commit], age: float) -> Iterator[Garbage]:
    last = max((place for place, commit in enumerate(commits) if digest in _digests(commit)), default=None)
    if last is None or [commit.number for commit in commits] != list(range(1, len(commits) + 1)):
        return
    files, after = list(file_ages(store, folder)), commits[last + 1]  # the newest commit's are needed
    idle = time.time() - max([file.written for file in files] + [after.finished.timestamp()])
    if files and idle >= age:
        reason = f"commit {commits[last].number} was superseded by {after.number}, and no version names it"
        yield Garbage("table", folder, len(files), sum(file.bytes for file in files), idle, reason)


def _blobs(store: Store, age: float) -> Iterator[Garbage]:
    named = _named_blobs(store)
    for prefix in store.names("blobs"):
        for files in _chunks(file_ages(store, f"blobs/{prefix}")):
            numbers = np.array([_number(file.path) for file in files], dtype=np.uint64)
            known = np.searchsorted(named, numbers, "right") > np.searchsorted(named, numbers, "left")
            for file, is_named in zip(files, known, strict=True):
                image = file.path.rpartition("/")[2].partition(".")[0]
                idle = time.time() - file.written
                # A claim is made by a batch that has not published its table yet, and goes on with the blob.
                if not is_named and idle >= age and not store.exists(f"claims/{image[:2]}/{image}.json"):
                    yield Garbage("blob", file.path, 1, file.bytes, idle, "no table names it and no batch claims it")


def _chunks(files: Iterator[FileAge], size: int = 10_000) -> Iterator[list[FileAge]]:
    chunk: list[FileAge] = []
    for file in files:
        chunk.append(file)
        if len(chunk) == size:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def _number(path: str) -> int:
    """The first 64 bits of a blob's sha256. That two are the same keeps one of them, and no more."""
    try:
        return int(path.rpartition("/")[2][:16], 16)
    except ValueError:
        raise StoreError(f"{path} is no blob: move it out of the store") from None


def _named_blobs(store: Store) -> NDArray[np.uint64]:
    """First 64 bits of all blobs that tables name, sorted."""
    found = [np.array([], dtype=np.uint64)]
    for table in _tables_with_blobs(store):
        names = table.select(pl.col("blob").str.split("/").list.last().str.head(16)).collect()["blob"].drop_nulls()
        found.append(np.array([int(name, 16) for name in names if name], dtype=np.uint64))
        if len(found) > 1_000:
            found = [np.unique(np.concatenate(found))]
    return np.unique(np.concatenate(found))


def _tables_with_blobs(store: Store) -> Iterator[pl.LazyFrame]:
    for asset in store.names("tables"):
        if asset in STAGES and "blob" not in STAGES[asset].schema:
            continue
        for batch in store.names(f"tables/{asset}"):
            for name in store.names(f"tables/{asset}/{batch}"):
                folder = f"tables/{asset}/{batch}/{name}"
                if name == "commits":
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
    yield from all_pairs(store)
