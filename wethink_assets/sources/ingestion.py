"""How the files of one image batch become images: read, decoded, known by content, kept; or rejected, with a reason."""

import itertools
import os
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import polars as pl

from wethink_assets.errors import SourceError
from wethink_assets.identity import sha256_hex
from wethink_assets.schemas import IMAGES, SCHEMA_VERSION
from wethink_assets.sources.archives import read_members
from wethink_assets.sources.batches import read_membership
from wethink_assets.sources.catalog import Source
from wethink_assets.sources.claims import Occurrence, claim, holder, note
from wethink_assets.sources.images import ImageFacts, ImageFault, examine
from wethink_assets.sources.locations import Location
from wethink_assets.sources.readers.entries import Entry, Fetch, ReadFailure
from wethink_assets.sources.readers.folder import read_files
from wethink_assets.stages import StageOutput, rejections
from wethink_assets.storage.blobs import Blobs
from wethink_assets.storage.store import Store

STAGE = "images"
ITEM = "item"
LOGIC_VERSION = "1"
# Files read but not yet done with: bounds memory whatever the batch's size.
WINDOW_FILES = 64
WINDOW_BYTES = 128 * 2**20
REMOTE_THREADS = 16

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class _Examined:
    """One file after decoding: what it is, or why it cannot be used."""

    entry: Entry
    outcome: ImageFacts | ImageFault
    sha256: str = ""
    data: bytes = b""


def expected_items(membership: pl.DataFrame) -> pl.Series:
    """Ids that an output of this stage must account for."""
    return membership.get_column(ITEM)


def ingest_batch(store: Store, source: Source, key: str, progress: Progress | None = None) -> StageOutput:
    """Read, decode and keep all files of a batch.

    The output depends on the files and on what other batches hold already, not on the order in which threads finish;
    running a batch again gives the same output. No file ends the run: it becomes a rejection of stage `images` with one
    of the reasons of `examine`, or `already_ingested`, `unreadable`, `changed_since_registration`.

    Args:
        progress: called with files done and files in all.

    Raises `StoreError` when there is no such batch, `SourceError` when the source's location cannot be opened.
    """
    membership = read_membership(store, key)
    if not source.configured:
        raise SourceError(f'source {source.name} is not configured: give sources."{source.name}" a location')
    location = Location.open(source.location, source.options)
    entries = [Entry(*row) for row in membership.select(Entry._fields).iter_rows()]
    keeper = _Keeper(store, source, key)
    threads = os.cpu_count() or 1
    remote = not (store.local and location.local)
    done = 0
    with (
        ThreadPoolExecutor(REMOTE_THREADS if remote else threads, thread_name_prefix="ingest") as pool,
        ThreadPoolExecutor(REMOTE_THREADS if remote else threads, thread_name_prefix="keep") as keepers,
    ):
        kept: deque[Future[None]] = deque()
        for examined in _examined(store, source, location, entries, pool):
            kept.append(keepers.submit(keeper.keep, examined, keeper.first_in_batch(examined)))
            while len(kept) > WINDOW_FILES or (kept and kept[0].done()):
                kept.popleft().result()
                done += 1
                if progress:
                    progress(done, len(entries))
        for future in kept:
            future.result()
            done += 1
            if progress:
                progress(done, len(entries))
    return keeper.output()


def _examined(
    store: Store, source: Source, location: Location, entries: list[Entry], pool: ThreadPoolExecutor
) -> Iterator[_Examined]:
    """All entries in order, decoded by the pool; no more than the window is in memory at a time."""
    window: deque[tuple[int, Future[_Examined]]] = deque()
    held = 0
    for entry, fetch in _fetches(store, source, location, entries):
        size = entry.size or 2**20
        while window and (len(window) >= WINDOW_FILES or held + size > WINDOW_BYTES):
            freed, future = window.popleft()
            held -= freed
            yield future.result()
        window.append((size, pool.submit(_examine, entry, fetch)))
        held += size
    for _, future in window:
        yield future.result()


def _fetches(store: Store, source: Source, location: Location, entries: list[Entry]) -> Iterator[tuple[Entry, Fetch]]:
    for (path, in_archive), group in itertools.groupby(entries, key=lambda entry: (entry.path, bool(entry.member))):
        if in_archive:
            yield from read_members(store, location, path, source.reader, list(group))
        else:
            yield from read_files(location, list(group))


def _examine(entry: Entry, fetch: Fetch) -> _Examined:
    try:
        data = fetch()
    except ReadFailure as failure:
        return _Examined(entry, ImageFault(failure.reason, failure.detail))
    outcome = examine(data)
    if isinstance(outcome, ImageFault):
        return _Examined(entry, outcome)
    return _Examined(entry, outcome, sha256_hex(data), data)


class _Keeper:
    """Turns examined files into rows: claims their content, keeps their bytes, collects results and rejections."""

    def __init__(self, store: Store, source: Source, key: str) -> None:
        self._store = store
        self._blobs = Blobs(store)
        self._source = source
        self._key = key
        self._first: dict[str, str] = {}
        self._results: list[tuple[object, ...]] = []
        self._rejections: list[dict[str, str]] = []

    def first_in_batch(self, examined: _Examined) -> str:
        """Item of this batch that shows the content first in listing order; to be asked in that order."""
        if not examined.sha256:
            return examined.entry.item
        return self._first.setdefault(examined.sha256, examined.entry.item)

    def keep(self, examined: _Examined, first: str) -> None:
        """Record one file. `first` is the item of this batch that may claim the content."""
        item = examined.entry.item
        if isinstance(examined.outcome, ImageFault):
            self._reject(item, examined.outcome.reason, examined.outcome.detail)
            return
        own = Occurrence(self._source.name, self._key, first, self._source.licence)
        found = holder(self._store, examined.sha256)
        blob = ""
        if found is None or found.batch == self._key:
            # Bytes first: whoever sees the claim may rely on the blob.
            blob = self._blobs.put(examined.data, examined.outcome.extension, examined.sha256)
            found = claim(self._store, examined.sha256, own)
        if found.batch == self._key and item == first:
            self._results.append(self._row(examined, examined.outcome, blob))
            return
        note(self._store, examined.sha256, own._replace(item=item))
        held_as = first if found.batch == self._key else found.item
        detail = f"sha256 {examined.sha256} is held by {found.batch} as {held_as}"
        self._reject(item, "already_ingested", detail)

    def _row(self, examined: _Examined, facts: ImageFacts, blob: str) -> tuple[object, ...]:
        return (
            examined.sha256,
            examined.entry.item,
            self._source.name,
            self._key,
            self._source.licence,
            blob,
            facts.format,
            facts.width,
            facts.height,
            facts.mode,
            facts.frames,
            facts.orientation,
            len(examined.data),
            facts.phash,
            SCHEMA_VERSION,
        )

    def _reject(self, item: str, reason: str, detail: str) -> None:
        self._rejections.append({"item": item, "stage": STAGE, "reason": reason, "detail": detail})

    def output(self) -> StageOutput:
        """Both tables, sorted by item."""
        results = pl.DataFrame(self._results, schema=IMAGES, orient="row").sort("item")
        return StageOutput(results, rejections(self._rejections))
