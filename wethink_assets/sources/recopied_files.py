"""Recopied files: new versions of files whose content the store holds already, found without a batch.

`rsync` without `-t`, `cp -r`, a checkout, a bucket synced to another one, a folder renamed, an archive packed anew: the listing shows other
versions (item, size, etag) and the content is what it was. A file that may be such a one is read once, at registration, and known by its sha256: an
image that a batch holds, or a file that a batch rejected for its content. Where the etag is a checksum nothing is read. What was found out is kept in
`recopied/<source>/<number>.parquet`, a log like that of the batches, so that no version is read twice; contents are looked up in the claims, so
the cost of a file does not grow with the dataset.
"""

import io
import re
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain
from typing import NamedTuple

import polars as pl

from wethink_assets.config import Settings
from wethink_assets.errors import SourceError, StoreError
from wethink_assets.identity import sha256_hex
from wethink_assets.sources.batches import batch_key
from wethink_assets.sources.catalog import Source
from wethink_assets.sources.claims import KnownContents, Occurrence, content_rejected, note
from wethink_assets.sources.listing import read_entries
from wethink_assets.sources.locations import Location
from wethink_assets.sources.readers.entries import Entry, Fetch, ReadFailure
from wethink_assets.sources.recopied_candidates import (
    FRESH,
    LISTING_ORDER,
    LOGGED,
    REGISTERED,
    VERSION,
    in_listing_order,
    resembling,
    with_a_checksum,
    with_an_item,
)
from wethink_assets.storage.sorted_rows import SortedRows, side_by_side
from wethink_assets.storage.store import Store

__all__ = [
    "LOGGED",
    "REMOTE_THREADS",
    "THREADS",
    "UNKNOWN_BYTES",
    "CompareLimits",
    "RecopiedFiles",
    "log_numbers",
    "logged_contents",
    "logged_versions",
    "windows",
]

FOLDER = "recopied"
LOG = pl.Schema(
    {
        "item": pl.String,
        "size": pl.Int64,
        "etag": pl.String,
        "content": pl.String,  # sha256
        "batch": pl.String,  # the one that holds the content, or rejected it
        "held_as": pl.String,
    }
)
LOGGED_AT_ONCE = 10_000
WINDOW_FILES = 64
WINDOW_BYTES = 64 * 2**20
UNKNOWN_BYTES = 2**20
THREADS, REMOTE_THREADS = 4, 16
SHA256 = re.compile(r"sha256:([0-9a-f]{64})(?:\..*)?")
PATIENCE = 256
"""Files that may be read in vain, beyond as many as were found to be known: after that the rest is taken to be new."""
PATIENCE_WITHOUT_A_SIGN = 32
"""The same of files of which neither name nor size says that they may be known."""


@dataclass(frozen=True)
class CompareLimits:
    """Bounds of what one registration of a source reads to know recopied files again."""

    bytes: float = 20e9
    seconds: float = 300.0

    @classmethod
    def of(cls, settings: Settings) -> "CompareLimits":
        """Those of a configuration."""
        return cls(settings.growth.compare_gigabytes * 1e9, settings.growth.compare_seconds)


class _Known(NamedTuple):
    """A version that was found to be of a known content, the batch and item that have it, and whether its item is new."""

    entry: Entry
    content: str
    batch: str
    held_as: str
    change: str


def log_numbers(store: Store, source: str) -> list[int]:
    """Numbers of the parts of a source's log, ascending."""
    stems = (name.removesuffix(".parquet") for name in store.names(f"{FOLDER}/{source}"))
    return sorted(int(stem) for stem in stems if stem.isdigit())


def logged_versions(store: Store, source: str, number: int) -> pl.DataFrame:
    """Versions (`item`, `size`, `etag`) of one part of a source's log."""
    return store.scan_parquet(_log_path(source, number)).select(VERSION).collect()


def logged_contents(store: Store, source: str, number: int) -> pl.DataFrame:
    """Items of one part of a source's log with the `content` of each."""
    return store.scan_parquet(_log_path(source, number)).select("item", "content").collect()


def _log_path(source: str, number: int) -> str:
    return f"{FOLDER}/{source}/{number:06d}.parquet"


class RecopiedFiles:
    """The search of one registration for files whose content is known.

    read_bytes, read_files: what was read so far; stopped: whether the limits ended it before all was read that may be known.
    """

    def __init__(self, store: Store, source: Source, limits: CompareLimits) -> None:
        self.read_files = 0
        self.read_bytes = 0
        self.stopped = False
        self._store = store
        self._source = source
        self._limits = limits
        self._ends = time.monotonic() + limits.seconds
        self._contents = KnownContents(store)
        self._location: Location | None = None

    def find(self, fresh: Iterable[pl.DataFrame], registered: SortedRows, listed: SortedRows) -> int:
        """Find versions whose content is known, and how many they are; they are in the log then.

        Args:
            fresh: entries that no batch has (schema `FRESH`), by item; what is offered `again` is left alone.
            registered: versions (schema `REGISTERED`) that batches of this source and the log have, by item.
            listed: all entries of the listing, by item.

        Raises `SourceUnreachable` when the source is out of reach; what was found until then is kept.
        """
        if not self._contents.any:
            return 0
        left = SortedRows(FRESH, ["item"])
        for part in fresh:
            left.add(part.filter(pl.col("change") != "again"))
        found = SortedRows(pl.Schema({name: REGISTERED[name] for name in VERSION}), ["item"])
        if registered.height:
            for versions in self._logged(self._by_checksum(left, registered)):
                found.add(versions)
            same_item, left = with_an_item(left, registered, found)
            for versions in self._logged(self._by_content(same_item, None)):
                found.add(versions)
            alike, left = resembling(left, registered, listed)
            for versions in self._logged(self._by_content(alike, PATIENCE)):
                found.add(versions)
        count = found.height
        for versions in self._logged(self._by_content(in_listing_order(left), PATIENCE_WITHOUT_A_SIGN)):
            count += versions.height
        return count

    def changed(self, registered: SortedRows, listed: SortedRows) -> pl.DataFrame:
        """Entries of the listing (schema `FRESH`) that a batch read in this version, and whose content is another now: all of them are read.

        What only a modification time tells apart may have changed behind its back. Entries of batches that were not read yet are left alone.
        """
        numbers = {number for part in registered.parts() for number in part["number"].unique()}
        read = [n for n in numbers if n != LOGGED and self._contents.was_read(batch_key(self._source.name, n))]
        entries = SortedRows(FRESH, LISTING_ORDER)
        for ours, held in side_by_side(listed, registered):
            of_read = held.filter(pl.col("number").is_in([LOGGED, *read]))
            again = ours.join(of_read, on=VERSION, how="semi", nulls_equal=True)
            entries.add(again.with_columns(change=pl.lit("changed")))
        others = [
            entry.item
            for entry, content, known in self._compared(_entries(entries.parts()))
            if content and known is None
        ]
        return pl.concat([FRESH.to_frame(), *(part.filter(pl.col("item").is_in(others)) for part in entries.parts())])

    def _by_checksum(self, left: SortedRows, registered: SortedRows) -> Iterator[_Known]:
        """Entries whose etag is a checksum that a registered version of this source has too, so that nothing is read."""
        for pairs in with_a_checksum(left, registered).parts():
            for (number,), part in pairs.group_by("number", maintain_order=True):
                batch = batch_key(self._source.name, int(str(number)))
                images = self._contents.of(batch).by_item
                for entry, held_as, change in zip(_entries([part]), part["held_as"], part["change"], strict=True):
                    if held_as in images:
                        yield _Known(entry, images[held_as], batch, held_as, change)

    def _by_content(self, candidates: SortedRows, patience: int | None) -> Iterator[_Known]:
        """Entries whose content is known once it is read, as far as the limits and the patience go."""
        changes: dict[str, str] = {}

        def entries() -> Iterator[Entry]:
            for part in candidates.parts():
                for change, entry in zip(part["change"], _entries([part]), strict=True):
                    changes[entry.item] = change  # until it was read
                    yield entry

        misses = hits = 0
        for entry, content, known in self._compared(entries(), self._is_over):
            change = changes.pop(entry.item, "")
            if known is not None:
                hits += 1
                yield _Known(entry, content, known.batch, known.item, change)
            else:
                misses += 1
            if patience is not None and misses > patience + hits:
                return

    def _is_over(self, size: int) -> bool:
        over = self.read_bytes + size > self._limits.bytes or time.monotonic() > self._ends
        self.stopped = self.stopped or over
        return over

    def _compared(
        self, entries: Iterator[Entry], is_over: Callable[[int], bool] = lambda size: False
    ) -> Iterator[tuple[Entry, str, Occurrence | None]]:
        """Each entry with the sha256 of its content, empty where it cannot be read, and who holds that; a few files are in memory at a time."""
        first = next(entries, None)
        if first is None or is_over(first.size or UNKNOWN_BYTES):
            return
        location = self._location = self._location or Location.open(self._source.location, self._source.options)
        threads = THREADS if location.local and self._store.local else REMOTE_THREADS
        # Entries of one archive come in one go, since it is opened once for them.
        fetches = read_entries(self._store, self._source, location, chain([first], entries))
        with ThreadPoolExecutor(threads, thread_name_prefix="compare") as pool:
            for window in windows(fetches):
                for (entry, _), (size, content, known) in zip(window, pool.map(self._looked_up, window), strict=True):
                    self.read_files += 1
                    self.read_bytes += size
                    yield entry, content, known
                if is_over(0):
                    return

    def _looked_up(self, pair: tuple[Entry, Fetch]) -> tuple[int, str, Occurrence | None]:
        entry, fetch = pair
        match = SHA256.fullmatch(entry.etag)
        try:
            if match and not content_rejected(self._store, match[1]):
                return 0, match[1], self._contents.held(match[1])
            data = fetch()
        except ReadFailure:
            return 0, "", None  # its batch says what is wrong with it
        except (SourceError, StoreError):
            raise
        except Exception:  # unpacking raises what it likes on bad input
            return 0, "", None
        content = sha256_hex(data)
        return len(data), content, self._contents.held(content) or self._contents.rejected(content, data)

    def _logged(self, found: Iterable[_Known]) -> Iterator[pl.DataFrame]:
        """Keep what was found, also where the search ends with an error; yields the versions."""
        kept: list[_Known] = []
        try:
            for known in found:
                kept.append(known)
                if len(kept) >= LOGGED_AT_ONCE:
                    yield self._log(kept)
                    kept = []
        finally:
            versions = self._log(kept)
        yield versions

    def _log(self, kept: list[_Known]) -> pl.DataFrame:
        rows = [(known.entry.item, known.entry.size, known.entry.etag, *known[1:4]) for known in kept]
        frame = pl.DataFrame(rows, schema=LOG, orient="row")
        if frame.is_empty():
            return frame.select(VERSION)
        for known in kept:
            if known.change == "new" and known.batch:
                occurrence = Occurrence(self._source.name, known.batch, known.entry.item, self._source.licence)
                note(self._store, known.content, occurrence)
        buffer = io.BytesIO()
        frame.write_parquet(buffer, compression="zstd")
        number = max(log_numbers(self._store, self._source.name), default=0) + 1
        while not self._store.create(_log_path(self._source.name, number), buffer.getvalue()):
            number += 1
        return frame.select(VERSION)


def _entries(parts: Iterable[pl.DataFrame]) -> Iterator[Entry]:
    return (Entry(*row) for part in parts for row in part.select(Entry._fields).iter_rows())


def windows(fetches: Iterable[tuple[Entry, Fetch]]) -> Iterator[list[tuple[Entry, Fetch]]]:
    """Neighbouring files that may be in memory together."""
    window: list[tuple[Entry, Fetch]] = []
    size = 0
    for entry, fetch in fetches:
        window.append((entry, fetch))
        size += entry.size or UNKNOWN_BYTES
        if len(window) == WINDOW_FILES or size > WINDOW_BYTES:
            yield window
            window, size = [], 0
    if window:
        yield window
