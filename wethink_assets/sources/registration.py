"""Registration of new files of a source as image batches: append-only, whatever else registers at the same time.

The batch files of a source are a log. Number n is taken by a create-only put whose content was decided knowing all
numbers below n; who loses the race reads what won and decides again. So no file is in two batches, and none is lost.

A file that its batch could not read, since it was away or nobody was allowed to, is put into a new batch once it can be opened: see `unread`.
One that was copied again or renamed, with the content that it had, is put into none: see `recopied_files`.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from wethink_assets.sources.batches import batch_key, batch_numbers, batch_path, create_batch, split_batch_key
from wethink_assets.sources.catalog import Source
from wethink_assets.sources.listing import Listing, list_source
from wethink_assets.sources.locations import Location
from wethink_assets.sources.readers.entries import IgnoredEntries, Note, Refusal
from wethink_assets.sources.recopied_files import (
    LOGGED,
    VERSION,
    CompareLimits,
    RecopiedFiles,
    log_numbers,
    logged_versions,
)
from wethink_assets.sources.standing_claims import offered_again
from wethink_assets.stages.output import StageOutput
from wethink_assets.stages.schemas import MEMBERSHIP, SCHEMA_VERSION
from wethink_assets.storage.records import read_json
from wethink_assets.storage.store import Store
from wethink_assets.storage.table_files import scan_table
from wethink_assets.storage.tables import Tables

Progress = Callable[[int, int], None]
UNREAD = "unread"
"""Folder of what notes that a batch has files that it could not read: `<source>/<number>.json`."""
UNREADABLE = "unreadable"
MOST_OFFERS = 5


@dataclass(frozen=True)
class Registration:
    """What one registration of a source found and did.

    listing_digest: data version of the source; files: readable ones; new, changed, again: of them, put into the new `batches`, the last
    since an earlier batch could not read them; known: of them, put into none since batches have read their content; vanished: registered once
    and not there now; refusals: refused by name; ignored: no images by their name, or no files, by kind; archives: files that stand for their
    members; notes: how archives had to be read.
    """

    source: str
    listing_digest: str
    files: int
    new: int
    changed: int
    vanished: int
    batches: list[str]
    refusals: list[Refusal] = field(default_factory=list)
    again: int = 0
    archives: int = 0
    notes: tuple[Note, ...] = ()
    ignored: IgnoredEntries = field(default_factory=IgnoredEntries)
    known: int = 0

    @property
    def refused(self) -> int:
        """Number of files refused."""
        return len(self.refusals)


def register_source(
    store: Store,
    source: Source,
    batch_size: int,
    progress: Progress | None = None,
    *,
    limits: CompareLimits = CompareLimits(),  # noqa: B008 (it is frozen)
    recheck: bool = False,
) -> Registration:
    """List a source and put what is new or changed into new batches of at most `batch_size` files.

    Nothing is downloaded, except that a compressed tar is read through once and its members are kept as blobs, and that files whose content may be
    known already are read within `limits` to find out. `recheck` reads all listed files, and takes as changed what has another content than when
    it was ingested though the listing shows no difference. `progress(done, total)` counts files put into batches.
    Raises `SourceError` when the source is not configured or cannot be listed.
    """
    listing = list_source(store, source)
    numbers = batch_numbers(store, source.name)
    record = _record(store, source.name, listing.digest)
    again = _again(store, source, listing.entries)
    if not recheck and again.is_empty() and record.get("registered_through") == (numbers[-1] if numbers else 0):
        return _outcome(source, listing, [], {}, len(record["vanished"]))
    known = _Known(store, source.name, again)
    created: list[str] = []
    counts = {"new": 0, "changed": 0, "again": 0}
    recopied = RecopiedFiles(store, source, limits)
    found = recopied.find(known.unregistered(listing.entries), known.versions, listing.entries)
    known.add(found, LOGGED)
    rechecked = known.marked(recopied.changed(known.versions, listing.entries) if recheck else listing.entries.clear())
    fresh = _together(known.unregistered(listing.entries), rechecked)
    counts["known"] = found.height
    total = fresh.height
    while not fresh.is_empty():
        batch = fresh.head(batch_size)
        key = batch_key(source.name, known.last + 1)
        if create_batch(store, key, batch, listing.revision):
            created.append(key)
            for change, count in batch.group_by("change").len().iter_rows():
                counts[change] += count
            known.add(batch, known.last + 1)
            fresh = fresh.slice(batch_size)
        else:
            known.catch_up()
            left = fresh.join(rechecked, on="item", how="semi")
            fresh = _together(known.unregistered(listing.entries), left)
        if progress:
            progress(total - fresh.height, total)
    vanished = known.missing_from(listing.entries)
    _keep_record(store, source.name, listing, known.last, vanished)
    return _outcome(source, listing, created, counts, len(vanished))


@dataclass(frozen=True, slots=True)
class Unregistered:
    """What a registration of a source would find: files that no batch has, and archives that were never read, whose members nobody knows yet."""

    source: str
    files: int
    archives: int


def unregistered(store: Store, source: Source) -> Unregistered:
    """Count what a registration would put into batches, reading no file and writing nothing.

    A file that was copied again, with the content that it had, is among them: only its content tells. Raises `SourceError` as `register_source`.
    """
    listing = list_source(store, source, read_archives=False)
    known = _Known(store, source.name, pl.DataFrame(schema={"item": pl.String, "number": pl.Int32}))
    return Unregistered(source.name, known.unregistered(listing.entries).height, listing.unread)


def _again(store: Store, source: Source, entries: pl.DataFrame) -> pl.DataFrame:
    """Files of a listing that are offered again: `item`, with the `number` of the batch that could not read it, or lost its image to another."""
    rows = pl.DataFrame(offered_again(store, source.name), schema={"item": pl.String, "number": pl.Int32}, orient="row")
    return pl.concat([unread(store, source, entries), rows.join(entries, on="item", how="semi")])


def unread(store: Store, source: Source, entries: pl.DataFrame) -> pl.DataFrame:
    """Files of a listing that a batch rejected as `unreadable` and that can be opened now: `item`, with the `number` of the batch that did.

    A version that was offered `MOST_OFFERS` times is not offered any more.
    """
    tables, location = Tables(store), None
    rows: list[tuple[str, int]] = []
    opens: dict[str, bool] = {}
    for name in store.names(f"{UNREAD}/{source.name}"):
        number = int(name.removesuffix(".json"))
        commit = tables.current("images", batch_key(source.name, number))
        if commit is None:
            continue  # its run did not end: it reads them itself
        rejected = scan_table(store, commit, "rejections").filter(pl.col("reason") == UNREADABLE)
        listed = (
            rejected.select("item").collect().join(entries.select("item", "path"), on="item", maintain_order="left")
        )
        for item, path in listed.iter_rows():
            location = location or Location.open(source.location, source.options)
            if path not in opens:
                opens[path] = any(location.opens(part.path) for part in location.file_or_parts(path)[:1])
            if opens[path]:
                rows.append((item, number))
    return pl.DataFrame(rows, schema={"item": pl.String, "number": pl.Int32}, orient="row")


def note_unread(store: Store, key: str, output: StageOutput) -> None:
    """Note that a batch has files that it could not read, for `unread`; to be called before its table is published."""
    source, number = split_batch_key(key)
    count = int((output.rejections["reason"] == UNREADABLE).sum())
    if count:
        store.publish(f"{UNREAD}/{source}/{number:06d}.json", json.dumps({"files": count}).encode())


class _Known:
    """All file versions that the batches of a source hold, read in order of their numbers."""

    def __init__(self, store: Store, source: str, again: pl.DataFrame) -> None:
        """`again` are the files that batches could not read, as `unread` has them."""
        self._store = store
        self._source = source
        self._again = again
        self._frame = pl.DataFrame(schema={column: MEMBERSHIP[column] for column in VERSION} | {"number": pl.Int32})
        self._log_read = 0
        self.last = 0
        self.catch_up()

    def catch_up(self) -> None:
        """Read the batches that others have added."""
        frames = [self._frame]
        for number in batch_numbers(self._store, self._source):
            if number > self.last:
                lazy = self._store.scan_parquet(batch_path(batch_key(self._source, number)))
                frames.append(lazy.select(*VERSION, number=pl.lit(number, dtype=pl.Int32)).collect())
                self.last = number
        for number in log_numbers(self._store, self._source):
            if number > self._log_read:
                rows = logged_versions(self._store, self._source, number)
                frames.append(rows.with_columns(number=pl.lit(LOGGED, dtype=pl.Int32)))
                self._log_read = number
        self._frame = pl.concat(frames)

    @property
    def versions(self) -> pl.DataFrame:
        """All of them, with the `number` of their batch, or `LOGGED`."""
        return self._frame

    def add(self, versions: pl.DataFrame, number: int) -> None:
        """Count what we registered or logged ourselves as known."""
        rows = versions.select(*VERSION, number=pl.lit(number, dtype=pl.Int32))
        self._frame = pl.concat([self._frame, rows])
        self.last = max(self.last, number)

    def unregistered(self, entries: pl.DataFrame) -> pl.DataFrame:
        """Entries that no batch holds in this version, in listing order, with `change` and `schema_version`.

        A version that was registered once is not registered again, whatever came between, unless no batch that has it could read it.
        """
        held = self._frame.select(VERSION)
        again = pl.lit(False)
        if self._again.height:
            unread = self._frame.join(self._again, on=["item", "number"], how="semi")
            offers = unread.group_by(VERSION).len()
            given_up = offers.filter(pl.col("len") >= MOST_OFFERS).select(VERSION)
            read = self._frame.join(self._again, on=["item", "number"], how="anti")
            held = pl.concat([read.select(VERSION), given_up])
            again = pl.struct(VERSION).is_in(unread.select(pl.struct(VERSION)).to_series().implode())
        fresh = entries.join(held, on=VERSION, how="anti", nulls_equal=True, maintain_order="left")
        was_there = pl.col("item").is_in(
            self._frame.join(fresh, on="item", how="semi")["item"].unique().implode()  # not of all that is known
        )
        return fresh.with_columns(
            change=pl.when(again)
            .then(pl.lit("again"))
            .when(was_there)
            .then(pl.lit("changed"))
            .otherwise(pl.lit("new")),
            schema_version=pl.lit(SCHEMA_VERSION, dtype=pl.Int16),
        )

    @staticmethod
    def marked(entries: pl.DataFrame) -> pl.DataFrame:
        """Entries as changed ones, for a batch."""
        return entries.with_columns(change=pl.lit("changed"), schema_version=pl.lit(SCHEMA_VERSION, dtype=pl.Int16))

    def missing_from(self, entries: pl.DataFrame) -> list[str]:
        """Registered files that are not listed now, sorted."""
        gone = (
            self._frame.filter(pl.col("number") != LOGGED)
            .select("item")
            .join(entries.select("item"), on="item", how="anti")
            .unique()
        )
        return gone["item"].sort().to_list()


def _together(fresh: pl.DataFrame, rechecked: pl.DataFrame) -> pl.DataFrame:
    """Both, in listing order."""
    return pl.concat([fresh, rechecked]).sort("path", "offset", "member") if rechecked.height else fresh


def _record_path(source: str, digest: str) -> str:
    return f"listings/{source}/{digest}.json"


def _record(store: Store, source: str, digest: str) -> dict[str, Any]:
    return dict(read_json(store, _record_path(source, digest)) or {})


def _keep_record(store: Store, source: str, listing: Listing, last: int, vanished: list[str]) -> None:
    """Record that all of a listing is registered in the batches up to `last`, and what had vanished by then."""
    record = {
        "digest": listing.digest,
        "files": listing.entries.height,
        "ignored": len(listing.ignored),
        "ignored_by_kind": dict(sorted(listing.ignored.counts.items())),
        "ignored_examples": dict(sorted(listing.ignored.examples.items())),
        "refused": [refusal._asdict() for refusal in listing.refusals],
        "vanished": vanished,
        "registered_through": last,
    }
    store.publish(_record_path(source, listing.digest), json.dumps(record, indent=1).encode())


def _outcome(
    source: Source, listing: Listing, batches: list[str], counts: Mapping[str, int], vanished: int
) -> Registration:
    return Registration(
        source=source.name,
        listing_digest=listing.digest,
        files=listing.entries.height,
        new=counts.get("new", 0),
        changed=counts.get("changed", 0),
        again=counts.get("again", 0),
        archives=listing.archives,
        known=counts.get("known", 0),
        notes=listing.notes,
        vanished=vanished,
        ignored=listing.ignored,
        batches=batches,
        refusals=listing.refusals,
    )
