"""Garbage of a store: what no version, table in force, running batch or rule of takedowns needs.

Three kinds are collected:

- leftover: unfinished files and scratch folders of writes whose process was killed;
- table: stage tables that a later commit superseded and no cut names. Commits themselves stay, and `collected/` keeps which tables went, so
  that they are told from lost ones. Tables that no commit names stay too: that commit may have been lost;
- blob: images that nothing names (`dataset.named_blobs`), and that no batch has claimed, or claimed and then published its table without.

Nothing is collected that was written, superseded or relied on anew within an age before the collection began, or since work began that goes on and
whose files nothing names yet. Whoever finds a table or a blob there already renews it before naming it (`storage.file_ages.renew`), and what is
removed is announced before its age is looked at (`storage.removals`), so that work beside it loses nothing whatever the order.
"""

import math
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from itertools import islice

import numpy as np
import polars as pl

from wethink_assets.dataset.collected_tables import note_collected
from wethink_assets.dataset.cuts.cut import given_versions, read_cut
from wethink_assets.dataset.named_blobs import blob_number, named_blobs
from wethink_assets.sources.claims import Occurrence, claim_path, newest_claim
from wethink_assets.sources.standing_claims import ClaimStandings, Standing
from wethink_assets.storage.file_ages import RENEWED_AFTER, FileAge, file_ages, last_written
from wethink_assets.storage.inventory import add_link, read_inventory
from wethink_assets.storage.lease import held_since
from wethink_assets.storage.local_files import leftovers, remove_empty_folder
from wethink_assets.storage.removals import announced, unnamed_since
from wethink_assets.storage.store import Store
from wethink_assets.storage.tables import Commit, Tables

__all__ = ["DEFAULT_AGE", "Garbage", "collect", "find_garbage"]

DEFAULT_AGE = 24 * 3_600.0
CLOCKS = 60.0  # seconds by which two clocks may differ
TOGETHER = 1_000
"""Things that are announced at once."""
UNSEALED_TOGETHER = 100_000
Progress = Callable[["Garbage"], None]


@dataclass(frozen=True, slots=True)
class Garbage:
    """One thing that may go: `kind` is leftover, table (a folder) or blob; `idle` is how long nobody touched or needed it, in seconds."""

    kind: str
    path: str
    files: int
    bytes: int
    idle: float
    reason: str


def find_garbage(store: Store, age: float = DEFAULT_AGE) -> Iterator[Garbage]:
    """Everything that may go, kind by kind.

    Args:
        age: seconds for which nothing is garbage.

    Raises `StoreError` where a record is missing or damaged by which something may be needed: then nothing of that kind is told.
    """
    search = _Search(store, age)
    yield from search.leftovers()
    tables: set[str] = set()
    for garbage in search.tables():
        tables.add(garbage.path)
        yield garbage
    yield from search.blobs(without=tables)


def collect(store: Store, age: float = DEFAULT_AGE, progress: Progress | None = None) -> None:
    """Remove all garbage; `progress` is called with each thing that is gone. Safe to stop and to repeat.

    Raises `StoreError` as `find_garbage` does.
    """
    search, done = _Search(store, age), progress or _unseen
    for garbage in search.leftovers():
        store.delete(garbage.path)
        done(garbage)
    found = search.tables()
    while tables := list(islice(found, TOGETHER)):
        _remove_tables(search, tables, done)
    images = search.blobs()  # once the tables are gone that named them
    while blobs := list(islice(images, UNSEALED_TOGETHER)):
        _remove_blobs(search, blobs, done)


def _unseen(garbage: Garbage) -> None:
    """Where nobody looks on."""


def _remove_tables(search: "_Search", tables: list[Garbage], done: Progress) -> None:
    # The record first: whenever this stops, a table is there, or was collected by what it says.
    store = search.store
    folders = [table.path for table in tables]
    note_collected(store, folders)
    with announced(store, folders) as lease:
        cut = _Cuts(store)  # a version may have been cut since
        for table in tables:
            _, asset, batch, digest = table.path.split("/")
            current = Tables(store).current(asset, batch)
            files = list(file_ages(store, table.path))
            if not current or digest in _digests(current) or table.path in cut.folders or not search.is_idle(files):
                continue
            lease.require()
            for file in sorted(files):  # results last: by them it is a table
                store.delete(file.path)
            if store.local:
                remove_empty_folder(store.path(table.path))
            done(table)


def _remove_blobs(search: "_Search", blobs: list[Garbage], done: Progress) -> None:
    store = search.store
    # Before they go: whenever this stops, a sealed image is there.
    sealed = read_inventory(store, within=pl.col("path").is_in([blob.path for blob in blobs])).files
    if sealed:
        add_link(store, dict.fromkeys(sealed), command="wethink gc")
    left = iter(blobs)
    while some := list(islice(left, TOGETHER)):
        with announced(store, [blob.path for blob in some]) as lease:
            for blob in some:
                written = last_written(store, blob.path)
                if written is not None and search.is_idle([FileAge(blob.path, blob.bytes, written)]):
                    lease.require()
                    store.delete(blob.path)
                    done(blob)


def _digests(commit: Commit) -> set[str]:
    return {commit.digest, commit.made[:32]}


class _Cuts:
    """What cuts name: numbers of commits by asset and batch, and folders of tables."""

    def __init__(self, store: Store) -> None:
        self.commits: dict[tuple[str, str], set[int]] = {}
        self.folders: set[str] = set()
        for version in given_versions(store):
            for entry in read_cut(store, version).inputs:
                self.commits.setdefault((entry.asset, entry.batch), set()).add(entry.commit)
                self.folders.add(entry.folder)


@dataclass
class _Search:
    """One look for garbage: what is idle counts from when it began, as what is named was read then."""

    store: Store
    age: float
    began: float = field(default_factory=time.time)

    @cached_property
    def _limit(self) -> float:
        """Files that were written after this stay: somebody may be about to name them."""
        return min(self.began - self.age, unnamed_since(self.store) - RENEWED_AFTER)

    def is_idle(self, files: Iterable[FileAge]) -> bool:
        """Whether nobody has written or renewed any of the files for the age."""
        return max((file.written for file in files), default=-math.inf) <= self._limit

    def leftovers(self) -> Iterator[Garbage]:
        """Unfinished files and folders, on a disk: on a server a put is there whole or not at all."""
        for path in leftovers(self.store.root, self.age, self.began) if self.store.local else ():
            sizes = self.store.fs.find(self.store.path(path), detail=True)
            files = [int(about["size"]) for about in sizes.values()]
            yield Garbage("leftover", path, len(files), sum(files), self.age, "its writer was killed")

    def tables(self) -> Iterator[Garbage]:
        """Tables that were superseded and that no cut names, of batches that no call is made for now."""
        cut, store = _Cuts(self.store), self.store
        for asset in store.names("tables"):
            for batch in store.names(f"tables/{asset}"):
                folders = [name for name in store.names(f"tables/{asset}/{batch}") if name != "commits"]
                commits = Tables(store).all_of(asset, batch)
                wanted = cut.commits.get((asset, batch), ())
                needed = [commit for commit in commits[:-1] if commit.number in wanted] + commits[-1:]
                kept = {digest for commit in needed for digest in _digests(commit)}
                for digest in folders:
                    folder = f"tables/{asset}/{batch}/{digest}"
                    if digest not in kept and folder not in cut.folders:
                        yield from self._idle_table(folder, digest, commits)

    def _idle_table(self, folder: str, digest: str, commits: list[Commit]) -> Iterator[Garbage]:
        last = max((place for place, commit in enumerate(commits) if digest in _digests(commit)), default=None)
        if last is None or [commit.number for commit in commits] != list(range(1, len(commits) + 1)):
            return
        files, after = list(file_ages(self.store, folder)), commits[last + 1]  # the newest commit's are needed
        since = max([file.written for file in files] + [after.finished.timestamp()])
        # Without files it is what a collection left that was killed; a server may list such a folder for ever.
        wanted = bool(files) or self.store.local
        if wanted and self.is_idle([FileAge(folder, 0, since)]) and not self._at_work(after.batch):
            reason = f"commit {commits[last].number} was superseded by {after.number}, and no version names it"
            yield Garbage("table", folder, len(files), sum(file.bytes for file in files), self.began - since, reason)

    def _at_work(self, batch: str) -> bool:
        """Whether calls are made for a batch now, by work that may have read its tables before they were superseded."""
        stages = self.store.names("journal")
        return any(held_since(self.store, f"journal/{stage}/{batch}") is not None for stage in stages)

    def blobs(self, without: Iterable[str] = ()) -> Iterator[Garbage]:
        """Images that nothing names but tables in the folders `without`."""
        limit = self._limit  # before what is named is read: who ends his work in between has named it
        named = named_blobs(self.store, _Cuts(self.store).folders, frozenset(without))
        claims = _Claims(self.store)
        for prefix in self.store.names("blobs"):
            files = (file for file in file_ages(self.store, f"blobs/{prefix}") if file.written <= limit)
            while some := list(islice(files, 10_000)):
                numbers = np.array([blob_number(file.path) for file in some], dtype=np.uint64)
                known = np.searchsorted(named, numbers, "right") > np.searchsorted(named, numbers, "left")
                for file in (file for file, is_named in zip(some, known, strict=True) if not is_named):
                    if why := claims.unclaimed(file.path):
                        yield Garbage("blob", file.path, 1, file.bytes, self.began - file.written, why)


class _Claims:
    """Whether claims keep images that nothing names."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._standings = ClaimStandings(store)
        self._commit = lru_cache(maxsize=64)(lambda batch: Tables(store).current("images", batch))

    def unclaimed(self, path: str) -> str:
        """Why no claim keeps an image; empty where one does.

        A claim is made by a batch that has not published its table yet, and goes on with the blob. It is over when the batch has published a table
        without the image since: another run of the batch would have claimed it anew.
        """
        image = path.rpartition("/")[2].partition(".")[0]
        number, held = newest_claim(self._store, image)
        if held is None:
            return "nothing names it and no batch claims it"
        return f"nothing names it and batch {held.batch} has it no longer" if self._is_over(image, number, held) else ""

    def _is_over(self, image: str, number: int, held: Occurrence) -> bool:
        commit = self._commit(held.batch)
        made = last_written(self._store, claim_path(image, number))
        if commit is None or made is None or made + CLOCKS > commit.finished.timestamp():
            return False
        return self._standings.of(image, held) is Standing.VOID
