"""Registration of new files of a source as image batches: append-only, whatever else registers at the same time.

The batch files of a source are a log. Number n is taken by a create-only put whose content was decided knowing all
numbers below n; who loses the race reads what won and decides again. So no file is in two batches, and none is lost.

A file that its batch could not read, or found to be another content, is put into a new batch once it can be read as it was: see `unread_files`.
One that was copied again or renamed, with the content that it had, is put into none: see `recopied_files`.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

import polars as pl

from wethink_assets.sources.batches import batch_key, batch_numbers, create_batch
from wethink_assets.sources.catalog import Source
from wethink_assets.sources.known_versions import KnownVersions
from wethink_assets.sources.listing import Listing, list_source
from wethink_assets.sources.readers.entries import Entry, IgnoredEntries, Note, Refusal
from wethink_assets.sources.recopied_candidates import FRESH, LISTING_ORDER
from wethink_assets.sources.recopied_files import CompareLimits, RecopiedFiles
from wethink_assets.sources.standing_claims import offered_again
from wethink_assets.sources.unread_files import OFFERED, listed_rows, unread, unreadable_among
from wethink_assets.stages.schemas import SCHEMA_VERSION
from wethink_assets.storage.records import read_json
from wethink_assets.storage.sorted_rows import SortedRows, in_batches
from wethink_assets.storage.store import Store

Progress = Callable[[int, int], None]


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
    unreads = unread(store, source.name, listing.entries)
    lost = _lost(store, source.name, listing.entries)
    is_through = record.get("registered_through") == (numbers[-1] if numbers else 0)
    if is_through and unreads.is_empty() and lost.is_empty() and not recheck:
        return _outcome(source, listing, [], {}, len(record["vanished"]))
    known = _known_versions(store, source, unreads, lost, listing.entries)
    created: list[str] = []
    counts = Counter[str]()
    recopied = RecopiedFiles(store, source, limits)
    counts["known"] = recopied.find(known.unregistered(listing.entries), known.rows, listing.entries)
    known.catch_up()  # with what was found
    rechecked = recopied.changed(known.rows, listing.entries) if recheck else FRESH.to_frame()
    fresh, last = _in_listing_order(known.unregistered(listing.entries), rechecked), known.last
    done, total = 0, fresh.height
    written_as = pl.lit(SCHEMA_VERSION, dtype=pl.Int16).alias("schema_version")
    while done < total:
        for batch in in_batches(fresh.parts(), batch_size):
            key = batch_key(source.name, last + 1)
            if not create_batch(store, key, batch.with_columns(written_as), listing.revision):
                known.catch_up()
                fresh, last = _in_listing_order(known.unregistered(listing.entries), rechecked), known.last
                total = done + fresh.height
                break
            created.append(key)
            counts.update(batch["change"])
            rechecked = rechecked.join(batch, on="item", how="anti")
            last, done = last + 1, done + batch.height
            if progress:
                progress(done, total)
    vanished = known.missing_from(listing.entries)
    _keep_record(store, source.name, listing, last, vanished)
    return _outcome(source, listing, created, counts, len(vanished))


@dataclass(frozen=True, slots=True)
class Unregistered:
    """What a registration of a source would find.

    files: that no batch has; archives: that were never read, whose members nobody knows yet; again: files that batches have and will be offered
    again, those that could not be read as soon as they can be, and those that have lost their image.
    """

    source: str
    files: int
    archives: int
    again: int = 0


def unregistered(store: Store, source: Source) -> Unregistered:
    """Count what a registration would put into batches, reading no file and writing nothing.

    A file that was copied again, with the content that it had, is among them: only its content tells. Raises `SourceError` as `register_source`.
    """
    listing = list_source(store, source, read_archives=False)
    offered = pl.concat([unread(store, source.name, listing.entries), _lost(store, source.name, listing.entries)])
    counts = Counter[str]()
    for part in KnownVersions(store, source.name, offered).unregistered(listing.entries):
        counts.update(part["change"])
    again = counts.pop("again", 0)
    return Unregistered(source.name, counts.total(), listing.unread, again)


def _lost(store: Store, source: str, entries: SortedRows) -> pl.DataFrame:
    """Files that are listed and have lost their image: `item`, with the `number` of the batch."""
    return listed_rows(pl.DataFrame(offered_again(store, source), schema=OFFERED, orient="row"), ["item"], entries)


def _known_versions(
    store: Store, source: Source, unreads: pl.DataFrame, lost: pl.DataFrame, entries: SortedRows
) -> KnownVersions:
    """What batches have of a source; `unreads` that can be read now and `lost`, files that have lost their image, are offered again."""
    known = KnownVersions(store, source.name, pl.concat([unreads, lost]))
    if unreads.height:
        noted = unreads["item"].unique().implode()
        again = (
            part.filter((pl.col("change") == "again") & pl.col("item").is_in(noted))
            for part in known.unregistered(entries)
        )
        offered = (Entry(*row) for part in again for row in part.select(Entry._fields).iter_rows())
        known.withhold(unreadable_among(store, source, offered))
    return known


def _in_listing_order(fresh: Iterable[pl.DataFrame], rechecked: pl.DataFrame) -> SortedRows:
    """What is to be put into batches, in the order of the listing."""
    rows = SortedRows(FRESH, LISTING_ORDER)
    for part in chain(fresh, [rechecked]):
        rows.add(part)
    return rows


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
