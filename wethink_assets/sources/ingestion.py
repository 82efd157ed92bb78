"""Ingestion of an image batch: each file is read, decoded, known by its content and kept, or rejected with a reason."""

import itertools
import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial

import polars as pl

from wethink_assets.errors import SourceError, StoreError
from wethink_assets.sources.batches import read_membership, revision_of, split_batch_key
from wethink_assets.sources.catalog import Source, sources_of
from wethink_assets.sources.claims import Occurrence, claim, newest_claim, note, note_rejected
from wethink_assets.sources.images.decoding import ImageFacts, ImageFault
from wethink_assets.sources.images.examiners import Examined, Examiners, examined
from wethink_assets.sources.imported_pairs import imported_source, pairs_of
from wethink_assets.sources.listing import read_entries
from wethink_assets.sources.locations import Location
from wethink_assets.sources.readers.entries import Entry, Fetch, ReadFailure
from wethink_assets.sources.standing_claims import ClaimStandings, Standing, images_made, note_doubtful
from wethink_assets.sources.unread_files import note_unread
from wethink_assets.stages.output import KNOWN_CONTENT, StageOutput, rejections
from wethink_assets.stages.schemas import IMAGES, SCHEMA_VERSION
from wethink_assets.stages.spec import BatchWork, Editing, Preview, Stage, every
from wethink_assets.storage.blobs import Blobs
from wethink_assets.storage.store import Store
from wethink_assets.storage.takedowns import takedowns_of

# Files read but not yet done with: bounds memory whatever the batch's size.
WINDOW_BYTES = 128 * 2**20
WINDOW_CHUNKS = 64
# One task's worth: less would spend its time on handing over between threads.
CHUNK_FILES = 8
CHUNK_BYTES = 4 * 2**20
UNKNOWN_BYTES = 2**20
REMOTE_THREADS = 16

Progress = Callable[[int, int], None]


# Images of fewer bytes in all are decoded by threads of this process: they would be done before others have begun.
WORTH_PROCESSES = 48 * 2**20

Examine = Callable[[list[bytes]], list[Examined]]


@dataclass(frozen=True, slots=True)
class _Examined:
    """One file after decoding: what it is, or why it cannot be used.

    sha256, data: of an image; rejected_content: sha256 of a file that was read and is no image that can be used.
    """

    entry: Entry
    outcome: ImageFacts | ImageFault
    sha256: str = ""
    data: bytes = b""
    rejected_content: str = ""


def ingest_batch(store: Store, source: Source, key: str, progress: Progress | None = None) -> StageOutput:
    """Read, decode and keep all files of a batch.

    The output depends on the files and on what other batches hold already, not on the order in which threads finish;
    running a batch again gives the same output. No file ends the run: it becomes a rejection of stage `images` with one
    of the reasons of `examine`, or `already_ingested`, `unreadable`, `changed_since_registration`, or `retracted`: what was taken down
    is not kept, and so costs no model call.

    Args:
        progress: called with files done and files in all.

    Raises `StoreError` when there is no such batch, `SourceError` when the source's location cannot be opened.
    """
    membership = read_membership(store, key)
    entries = [Entry(*row) for row in membership.select(Entry._fields).iter_rows()]
    pairs = pairs_of(store, key)
    if pairs is not None:
        remote = not store.local
        fetches = _kept_fetches(store, entries, dict(pairs.select("item", "blob").iter_rows()))
    else:
        if not source.configured:
            raise SourceError(f'source {source.name} is not configured: give sources."{source.name}" a location')
        location = Location.open(source.location, source.options, revision_of(store, key))
        remote = not (store.local and location.local)
        fetches = read_entries(store, source, location, entries)
    keeper = _Keeper(store, source, key, pairs)
    cores = os.cpu_count() or 1
    with ExitStack() as resources:
        examine_all: Examine = _here
        if not remote and cores > 1 and Examiners.know_all_formats() and _bytes_of(entries) >= WORTH_PROCESSES:
            examine_all = resources.enter_context(Examiners(cores)).examine
        # One more than a core has: it reads, or keeps what is examined, while the others wait for their process.
        threads = REMOTE_THREADS if remote else cores if examine_all is _here else cores + 1
        pool = resources.enter_context(ThreadPoolExecutor(threads, thread_name_prefix="ingest"))
        work_off = partial(_work_off, keeper, examine_all)
        for done in _worked_off(_chunks(fetches, 1 if remote else CHUNK_FILES), work_off, pool):
            if progress:
                progress(done, len(entries))
    output = keeper.output()
    store.sync()  # blobs and claims, before a table names them
    if pairs is None:
        note_unread(store, key, output)
    note_doubtful(store, key, keeper.doubtful | (images_made(store, key) - set(output.results["image_id"])))
    return output


def _chunks(fetches: Iterator[tuple[Entry, Fetch]], files: int) -> Iterator[list[tuple[Entry, Fetch]]]:
    """Neighbouring files in groups that are worth a task of their own."""
    chunk: list[tuple[Entry, Fetch]] = []
    for entry, fetch in fetches:
        chunk.append((entry, fetch))
        if len(chunk) == files or _bytes_of(entry for entry, _ in chunk) > CHUNK_BYTES:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def _bytes_of(entries: Iterable[Entry]) -> int:
    return sum(entry.size or UNKNOWN_BYTES for entry in entries)


def _worked_off(
    chunks: Iterator[list[tuple[Entry, Fetch]]],
    work_off: Callable[[int, list[tuple[Entry, Fetch]]], None],
    pool: ThreadPoolExecutor,
) -> Iterator[int]:
    """Examine and keep all chunks, no more than the window in memory at a time; yields the files done so far."""
    working: deque[tuple[int, int, Future[None]]] = deque()
    held = done = 0
    for number, chunk in enumerate(itertools.chain(chunks, [None])):
        size = _bytes_of(entry for entry, _ in chunk or ())
        while working and (chunk is None or held + size > WINDOW_BYTES or len(working) >= WINDOW_CHUNKS):
            freed, files, future = working.popleft()
            future.result()
            held -= freed
            done += files
            yield done
        if chunk:
            held += size
            working.append((size, len(chunk), pool.submit(work_off, number, chunk)))


def _work_off(keeper: "_Keeper", examine_all: Examine, number: int, chunk: list[tuple[Entry, Fetch]]) -> None:
    read = [_read(entry, fetch) for entry, fetch in chunk]
    outcomes = iter(examine_all([data for data in read if isinstance(data, bytes)]))
    examined = []
    for (entry, _), data in zip(chunk, read, strict=True):
        if isinstance(data, ImageFault):
            examined.append(_Examined(entry, data))
            continue
        outcome, sha256 = next(outcomes)
        is_image = isinstance(outcome, ImageFacts)
        examined.append(
            _Examined(entry, outcome, sha256, data) if is_image else _Examined(entry, outcome, rejected_content=sha256)
        )
    keeper.keep_in_turn(number, examined)


def _here(files: list[bytes]) -> list[Examined]:
    return [examined(data) for data in files]


def _kept_fetches(store: Store, entries: list[Entry], kept: Mapping[str, str]) -> Iterator[tuple[Entry, Fetch]]:
    """Images of an imported source, which the import has kept as blobs; `kept` has their paths by item."""
    blobs = Blobs(store)

    def fetch(item: str) -> bytes:
        try:
            return blobs.read(kept[item])
        except KeyError:
            raise ReadFailure("retracted", f"the pairs about {item} were erased") from None
        except StoreError as error:
            raise ReadFailure("unreadable", str(error)) from error

    for entry in entries:
        yield entry, partial(fetch, entry.item)


def _read(entry: Entry, fetch: Fetch) -> bytes | ImageFault:
    try:
        return fetch()
    except ReadFailure as failure:
        return ImageFault(failure.reason, failure.detail)
    except (SourceError, StoreError):
        raise
    except Exception as error:  # unpacking raises what it likes on bad input
        return ImageFault("corrupt", f"{entry.item} cannot be read: {type(error).__name__} {error}"[:300])


class _Keeper:
    """Turns examined files into rows: claims their content, keeps their bytes, collects results and rejections."""

    def __init__(self, store: Store, source: Source, key: str, pairs: pl.DataFrame | None = None) -> None:
        """`pairs` came with the images: each has the licence that they name, and is this batch's image whoever else holds it."""
        self._store = store
        self._shares = pairs is not None
        self._licences = {} if pairs is None else dict(pairs.select("image_id", "licence").iter_rows())
        self._blobs = Blobs(store)
        self._source = source
        self._key = key
        self._first: dict[str, str] = {}
        self._turn = threading.Lock()
        self._waiting: dict[int, list[_Examined]] = {}  # chunks that are examined before earlier ones, by number
        self._next = 0
        taken_down = takedowns_of(store)
        self._retracted = set(taken_down.images)
        self._retracted_licences = taken_down.licences
        self._all_retracted = source.name in taken_down.sources
        self._standings = ClaimStandings(store)
        self._claimed: set[str] = set()  # by this run, or found to be
        self.doubtful: set[str] = set()
        """Images that batches have claimed which have no table yet."""
        self._results: list[tuple[object, ...]] = []
        self._rejections: list[dict[str, str]] = []

    def keep_in_turn(self, number: int, examined: list[_Examined]) -> None:
        """Record the files of chunk `number`, and of those after it that waited for it.

        Listing order alone decides which of two equal files is the image, whichever chunk is done first. Whoever does the chunk that the others wait
        for goes on with them: handing each over to a thread of its own took longer than keeping it.
        """
        ready: list[tuple[_Examined, str]] = []
        with self._turn:
            self._waiting[number] = examined
            while (chunk := self._waiting.pop(self._next, None)) is not None:
                ready += [(one, self._first_in_batch(one)) for one in chunk]
                self._next += 1
        for one, first in ready:
            self._keep(one, first)

    def _first_in_batch(self, examined: _Examined) -> str:
        """Item of this batch that shows the content first in listing order; to be asked in that order."""
        if not examined.sha256:
            return examined.entry.item
        return self._first.setdefault(examined.sha256, examined.entry.item)

    def _keep(self, examined: _Examined, first: str) -> None:
        item = examined.entry.item
        if isinstance(examined.outcome, ImageFault):
            self._reject(item, examined.outcome.reason, examined.outcome.detail)
            if examined.rejected_content:
                rejected = Occurrence(self._source.name, self._key, item, self._source.licence)
                note_rejected(self._store, examined.rejected_content, rejected)
            return
        licence = self._licences.get(examined.sha256, self._source.licence)
        if self._all_retracted or examined.sha256 in self._retracted or licence in self._retracted_licences:
            self._reject(item, "retracted", f"sha256 {examined.sha256} was taken down")
            return
        own = Occurrence(self._source.name, self._key, first, licence)

        def is_void(claimed: Occurrence) -> bool:
            if claimed.batch == self._key and examined.sha256 in self._claimed:
                return False
            return self._standings.of(examined.sha256, claimed) is Standing.VOID

        number, held = newest_claim(self._store, examined.sha256)
        blob = ""
        if held is None or held.batch == self._key or self._shares or is_void(held):
            # Bytes first: whoever sees the claim may rely on the blob.
            blob = self._blobs.put(examined.data, examined.outcome.extension, examined.sha256)
            held = claim(self._store, examined.sha256, own, is_void, (number, held))
            self._claimed.add(examined.sha256)
        if item == first and (held.batch == self._key or self._shares):
            self._results.append(self._row(examined, examined.outcome, blob, licence))
            if held.batch != self._key:
                note(self._store, examined.sha256, own)
            return
        note(self._store, examined.sha256, own._replace(item=item))
        if held.batch != self._key and self._standings.of(examined.sha256, held) is Standing.PENDING:
            self.doubtful.add(examined.sha256)
        held_as = first if held.batch == self._key else held.item
        detail = f"sha256 {examined.sha256} is held by {held.batch} as {held_as}"
        self._reject(item, KNOWN_CONTENT, detail)

    def _row(self, examined: _Examined, facts: ImageFacts, blob: str, licence: str) -> tuple[object, ...]:
        return (
            examined.sha256,
            examined.entry.item,
            self._source.name,
            self._key,
            licence,
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
        self._rejections.append({"item": item, "stage": STAGE.name, "reason": reason, "detail": detail})

    def output(self) -> StageOutput:
        """Both tables, sorted by item."""
        results = pl.DataFrame(self._results, schema=IMAGES, orient="row").sort("item")
        return StageOutput(results, rejections(self._rejections))


def _run(work: BatchWork) -> StageOutput:
    name = split_batch_key(work.batch)[0]
    source = sources_of(work.settings).get(name) or imported_source(work.blobs.store, name)
    if source is None:
        raise SourceError(
            f'batch {work.batch} is of source {name!r}, which was neither imported nor configured: give sources."{name}" a location'
        )
    return ingest_batch(work.blobs.store, source, work.batch, work.progress)


STAGE = Stage(
    name="images",
    description="Decoded, validated and content-addressed images of a batch; what cannot be used is rejected with a reason.",
    closes="Every file of the batch is an image or a rejection, never both.",
    run=_run,
    item="item",
    expected=every("item"),
    schema=IMAGES,
    logic_version="1",
    kinds=("image",),
    group="images",
    editing=Editing(columns=("licence",), adds=False),
    preview=Preview(
        lambda row: [("", row["item"]), ("", f"{row['format']} {row['width']} x {row['height']}, {row['mode']}")]
    ),
)
