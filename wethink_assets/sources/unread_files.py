"""Files that a batch could not read, or found to be another content than was registered: offered again for as long as the source lists them.

A batch notes that it has such files, so that later registrations need not look into all tables. Whether one can be read now is found out by reading
it, whole and as it is listed: what opens and then fails, as on a bad disk, or is always another than its listing says, would make a batch at each
registration.
"""

import json
import random
import time
from collections import defaultdict
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

import polars as pl

from wethink_assets.errors import SourceError, StoreError
from wethink_assets.sources.batches import batch_key, read_membership, split_batch_key
from wethink_assets.sources.catalog import Source
from wethink_assets.sources.images.formats import MissingReader, format_of
from wethink_assets.sources.listing import read_entries
from wethink_assets.sources.locations import Location
from wethink_assets.sources.readers.entries import Entry, Fetch
from wethink_assets.sources.recopied_candidates import VERSION
from wethink_assets.sources.recopied_files import REMOTE_THREADS, THREADS, UNKNOWN_BYTES, windows
from wethink_assets.stages.output import StageOutput
from wethink_assets.storage.sorted_rows import SortedRows
from wethink_assets.storage.store import Store
from wethink_assets.storage.table_files import scan_table
from wethink_assets.storage.tables import Tables

__all__ = ["OFFERED", "UNREAD_REASONS", "listed_rows", "note_unread", "unread", "unreadable_among"]

FOLDER = "unread"
UNREAD_REASONS = ("unreadable", "changed_since_registration", "missing_file")
"""Reasons of rejections that say nothing of the content that was registered, or of a file that a row of a table names."""
OFFERED = pl.Schema({"item": pl.String, "number": pl.Int32})
READ_BYTES, READ_SECONDS = 20e9, 300.0
"""Bounds of what one registration reads to find out what can be read; what is beyond waits for the next, which begins elsewhere."""


def note_unread(store: Store, key: str, output: StageOutput) -> None:
    """Note that a batch has files that it could not read, for `unread`; to be called before its table is published."""
    source, number = split_batch_key(key)
    count = int(output.rejections["reason"].is_in(UNREAD_REASONS).sum())
    if count:
        store.publish(f"{FOLDER}/{source}/{number:06d}.json", json.dumps({"files": count}).encode())


def unread(store: Store, source: str, entries: SortedRows) -> pl.DataFrame:
    """Files that are listed in the version that a batch could not read: `item`, with the `number` of the batch."""
    tables = Tables(store)
    frames = [pl.DataFrame(schema={"item": pl.String, "size": pl.Int64, "etag": pl.String, "number": pl.Int32})]
    for name in store.names(f"{FOLDER}/{source}"):
        number = int(name.removesuffix(".json"))
        key = batch_key(source, number)
        commit = tables.current("images", key)
        if commit is None:
            continue  # its run did not end: it reads them itself
        rejected = scan_table(store, commit, "rejections").filter(pl.col("reason").is_in(UNREAD_REASONS))
        versions = read_membership(store, key).join(rejected.select("item").collect(), on="item", how="semi")
        frames.append(versions.select(*VERSION, number=pl.lit(number, dtype=pl.Int32)))
    return listed_rows(pl.concat(frames), VERSION, entries).select(OFFERED.names())


def listed_rows(rows: pl.DataFrame, by: list[str], entries: SortedRows) -> pl.DataFrame:
    """Rows that agree in some columns with an entry of a listing, in their order; the listing is walked through once."""
    numbered = rows.with_row_index("row")
    parts = entries.parts() if rows.height else ()
    found = [numbered.join(part.select(by).unique(), on=by, how="semi", nulls_equal=True) for part in parts]
    return pl.concat([numbered.clear(), *found]).unique("row").sort("row").drop("row")


def unreadable_among(store: Store, source: Source, entries: Iterable[Entry]) -> list[str]:
    """Items of some entries that cannot be read now as they are listed, or for whose format no decoder is installed.

    Raises `SourceUnreachable` when nothing can be read for now.
    """
    by_path: defaultdict[tuple[str, bool], list[Entry]] = defaultdict(list)  # an archive is opened once for its members
    for entry in entries:
        by_path[entry.path, bool(entry.member)].append(entry)
    groups = [sorted(group, key=lambda entry: (entry.offset, entry.member)) for group in by_path.values()]
    if not groups:
        return []
    random.shuffle(groups)  # what the bounds leave out is not always the same
    left = {entry.item for group in groups for entry in group}
    location = Location.open(source.location, source.options)
    fetches = read_entries(store, source, location, (entry for group in groups for entry in group))
    threads = THREADS if location.local and store.local else REMOTE_THREADS
    ends, size = time.monotonic() + READ_SECONDS, 0
    with ThreadPoolExecutor(threads, thread_name_prefix="unread") as pool:
        for window in windows(fetches):
            for (entry, _), reads in zip(window, pool.map(_reads, window), strict=True):
                size += entry.size or UNKNOWN_BYTES
                if reads:
                    left.discard(entry.item)
            if size > READ_BYTES or time.monotonic() > ends:
                break
    return sorted(left)


def _reads(pair: tuple[Entry, Fetch]) -> bool:
    try:
        image_format = format_of(pair[1]())
        if image_format is not None:
            image_format.prepare()
    except (MissingReader, SourceError, StoreError) as error:
        if isinstance(error, MissingReader):
            return False
        raise
    except Exception:  # unpacking raises what it likes on bad input
        return False
    return True
