"""Registration of new files of a source as image batches: append-only, whatever else registers at the same time.

The batch files of a source are a log. Number n is taken by a create-only put whose content was decided knowing all
numbers below n; who loses the race reads what won and decides again. So no file is in two batches, and none is lost.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from wethink_assets.sources.batches import batch_key, batch_numbers, batch_path, create_batch
from wethink_assets.sources.catalog import Source
from wethink_assets.sources.listing import Listing, list_source
from wethink_assets.sources.readers.entries import Refusal
from wethink_assets.stages.schemas import MEMBERSHIP, SCHEMA_VERSION
from wethink_assets.storage.store import Store

Progress = Callable[[int, int], None]
VERSION = ["item", "size", "etag"]


@dataclass(frozen=True)
class Registration:
    """What one registration of a source found and did.

    listing_digest: data version of the source; files: readable ones; new, changed: of them, put into the new `batches`;
    vanished: registered once and not there now; ignored: no images by their name; refusals: refused by name.
    """

    source: str
    listing_digest: str
    files: int
    new: int
    changed: int
    vanished: int
    ignored: int
    batches: list[str]
    refusals: list[Refusal] = field(default_factory=list)

    @property
    def refused(self) -> int:
        """Number of files refused."""
        return len(self.refusals)


def register_source(store: Store, source: Source, batch_size: int, progress: Progress | None = None) -> Registration:
    """List a source and put what is new or changed into new batches of at most `batch_size` files.

    Nothing is downloaded, except that a compressed tar is read through once and its members are kept as blobs.
    `progress(done, total)` counts files put into batches.
    Raises `SourceError` when the source is not configured or cannot be listed.
    """
    listing = list_source(store, source)
    numbers = batch_numbers(store, source.name)
    record = _record(store, source.name, listing.digest)
    if record.get("registered_through") == (numbers[-1] if numbers else 0):
        return _outcome(source, listing, [], 0, 0, len(record["vanished"]))
    known = _Known(store, source.name)
    created: list[str] = []
    counts = {"new": 0, "changed": 0}
    fresh = known.unregistered(listing.entries)
    total = fresh.height
    while not fresh.is_empty():
        batch = fresh.head(batch_size)
        key = batch_key(source.name, known.last + 1)
        if create_batch(store, key, batch):
            created.append(key)
            for change, count in batch.group_by("change").len().iter_rows():
                counts[change] += count
            known.add(batch, known.last + 1)
            fresh = fresh.slice(batch_size)
        else:
            known.catch_up()
            fresh = known.unregistered(listing.entries)
        if progress:
            progress(total - fresh.height, total)
    vanished = known.missing_from(listing.entries)
    _keep_record(store, source.name, listing, known.last, vanished)
    return _outcome(source, listing, created, counts["new"], counts["changed"], len(vanished))


class _Known:
    """All file versions that the batches of a source hold, read in order of their numbers."""

    def __init__(self, store: Store, source: str) -> None:
        self._store = store
        self._source = source
        self._frame = pl.DataFrame(schema={column: MEMBERSHIP[column] for column in VERSION})
        self.last = 0
        self.catch_up()

    def catch_up(self) -> None:
        """Read the batches that others have added."""
        frames = [self._frame]
        for number in batch_numbers(self._store, self._source):
            if number > self.last:
                lazy = self._store.scan_parquet(batch_path(batch_key(self._source, number)))
                frames.append(lazy.select(VERSION).collect())
                self.last = number
        self._frame = pl.concat(frames)

    def add(self, batch: pl.DataFrame, number: int) -> None:
        """Count a batch of our own as known."""
        self._frame = pl.concat([self._frame, batch.select(VERSION)])
        self.last = number

    def unregistered(self, entries: pl.DataFrame) -> pl.DataFrame:
        """Entries that no batch holds in this version, in listing order, with `change` and `schema_version`.

        A version that was registered once is never registered again, whatever came between.
        """
        fresh = entries.join(self._frame, on=VERSION, how="anti", nulls_equal=True, maintain_order="left")
        was_there = pl.col("item").is_in(self._frame["item"].unique().implode())
        return fresh.with_columns(
            change=pl.when(was_there).then(pl.lit("changed")).otherwise(pl.lit("new")),
            schema_version=pl.lit(SCHEMA_VERSION, dtype=pl.Int16),
        )

    def missing_from(self, entries: pl.DataFrame) -> list[str]:
        """Registered files that are not listed now, sorted."""
        gone = self._frame.select("item").unique().join(entries.select("item"), on="item", how="anti")
        return gone["item"].sort().to_list()


def _record_path(source: str, digest: str) -> str:
    return f"listings/{source}/{digest}.json"


def _record(store: Store, source: str, digest: str) -> dict[str, Any]:
    data = store.read_if_present(_record_path(source, digest))
    return json.loads(data) if data else {}


def _keep_record(store: Store, source: str, listing: Listing, last: int, vanished: list[str]) -> None:
    """Record that all of a listing is registered in the batches up to `last`, and what had vanished by then."""
    record = {
        "digest": listing.digest,
        "files": listing.entries.height,
        "ignored": listing.ignored,
        "refused": [refusal._asdict() for refusal in listing.refusals],
        "vanished": vanished,
        "registered_through": last,
    }
    store.publish(_record_path(source, listing.digest), json.dumps(record, indent=1).encode())


def _outcome(
    source: Source, listing: Listing, batches: list[str], new: int, changed: int, vanished: int
) -> Registration:
    return Registration(
        source=source.name,
        listing_digest=listing.digest,
        files=listing.entries.height,
        new=new,
        changed=changed,
        vanished=vanished,
        ignored=listing.ignored,
        batches=batches,
        refusals=listing.refusals,
    )
