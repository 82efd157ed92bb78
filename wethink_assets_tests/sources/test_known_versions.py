"""What a registration decides range by range is what it would decide with the whole listing and all that is known in memory."""

from collections.abc import Iterable
from typing import Any
from uuid import uuid4

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wethink_assets.sources.batches import batch_key, create_batch
from wethink_assets.sources.known_versions import KnownVersions
from wethink_assets.sources.readers.entries import ENTRIES
from wethink_assets.sources.recopied_candidates import (
    FRESH,
    LOGGED,
    REGISTERED,
    VERSION,
    in_listing_order,
    resembling,
    with_a_checksum,
    with_an_item,
)
from wethink_assets.sources.recopied_files import LOG
from wethink_assets.sources.unread_files import OFFERED
from wethink_assets.storage import sorted_rows
from wethink_assets.storage.sorted_rows import SortedRows
from wethink_assets.storage.store import Store
from wethink_assets_tests.support import whole_listing

# Few values, so that versions, items, sizes, names and checksums meet often.
ETAGS = st.sampled_from(["mtime:1", f"sha256:{1:064x}", f"md5:{2:032x}"])
SIZES = st.sampled_from([None, 1])
PLACES = st.sampled_from([("a", ""), ("a/1", ""), ("b", "1"), ("b.x", ""), ("b::1", ""), ("é/x", "")])
VERSIONS = st.tuples(PLACES, SIZES, ETAGS)
BATCHES = st.lists(st.tuples(st.booleans(), st.lists(VERSIONS, min_size=1, max_size=6)), max_size=6)
LISTED = st.dictionaries(PLACES, st.tuples(SIZES, ETAGS), max_size=8)


def entries_of(versions: Iterable[tuple[tuple[str, str], int | None, str]]) -> pl.DataFrame:
    rows = [
        (f"{path}::{member}" if member else path, path, member, place, size, etag)
        for place, ((path, member), size, etag) in enumerate(versions)
    ]
    return pl.DataFrame(rows, schema=ENTRIES, orient="row")


def table_of(rows: pl.DataFrame, schema: pl.Schema) -> SortedRows:
    table = SortedRows(schema, ["item"])
    for row in rows.iter_slices(2):
        table.add(row)
    return table


def same(ours: pl.DataFrame, theirs: pl.DataFrame) -> bool:
    columns = sorted(theirs.columns)
    return bool(ours.select(columns).sort(columns).equals(theirs.select(columns).sort(columns)))


def known_of(batches: list[tuple[bool, list[Any]]]) -> tuple[SortedRows, pl.DataFrame]:
    """Versions of batches, those of the log with the number `LOGGED`, as a table and in memory."""
    table, frames = SortedRows(REGISTERED, ["item"]), [REGISTERED.to_frame()]
    for number, (in_log, versions) in enumerate(batches, 1):
        rows = (
            entries_of(versions)
            .with_row_index("row")
            .with_columns(number=pl.lit(LOGGED if in_log else number, pl.Int32))
        )
        frames.append(rows.select(REGISTERED.names()))
        table.add(rows)
    return table, pl.concat(frames)


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"RUN_ROWS": 4, "CHUNK_ROWS": 2, "RANGE_CHUNKS": 1}.items():
        monkeypatch.setattr(sorted_rows, name, value)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(BATCHES, LISTED, st.data())
def test_candidates_are_those_of_a_search_in_memory(batches: Any, listing: Any, data: st.DataObject) -> None:
    table, registered = known_of(batches)
    listed = entries_of((place, *version) for place, version in listing.items())
    none = OFFERED.to_frame()
    left = whole_listing.unregistered(listed, registered, none)
    fresh = table_of(left, FRESH)
    pairs = with_a_checksum(fresh, table).read()
    some = data.draw(st.lists(st.booleans(), min_size=pairs.height, max_size=pairs.height))
    found = pairs.filter(pl.Series(some, dtype=pl.Boolean)).select(VERSION)
    expected = whole_listing.candidates(left, registered, listed, found)
    assert same(pairs, expected.by_checksum)
    same_item, rest = with_an_item(fresh, table, table_of(found, pl.Schema([*found.schema.items()])))
    assert same(same_item.read(), expected.same_item)
    alike, rest = resembling(rest, table, table_of(listed, ENTRIES))
    assert same(alike.read(), expected.alike)
    assert same(rest.read(), expected.rest)
    places = in_listing_order(rest).read().select("path", "offset", "member")
    assert places.equals(places.sort(places.columns))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(BATCHES, LISTED, st.data())
def test_what_is_new_and_what_is_missing_are_those_of_a_search_in_memory(
    batches: Any, listing: Any, data: st.DataObject
) -> None:
    store = Store.open(f"memory://{uuid4()}")
    listed = entries_of((place, *version) for place, version in listing.items())
    frames = [REGISTERED.to_frame()]
    for number, (in_log, versions) in enumerate(batches, 1):
        rows = entries_of(versions)
        if in_log:
            log = rows.with_columns(pl.lit("").alias(name) for name in ("content", "batch", "held_as"))
            store.write_parquet(f"recopied/s/{number:06d}.parquet", log.select(LOG.names()))
        else:
            assert create_batch(
                store, batch_key("s", number), rows.with_columns(change=pl.lit("new"), schema_version=1)
            )
        frames.append(
            rows.with_row_index("row")
            .with_columns(number=pl.lit(LOGGED if in_log else number, pl.Int32))
            .select(REGISTERED.names())
        )
    registered = pl.concat(frames)
    offered = (
        st.lists(st.sampled_from(registered.select(OFFERED.names()).rows()), unique=True)
        if registered.height
        else st.just([])
    )
    again = pl.DataFrame(data.draw(offered), schema=OFFERED, orient="row")
    known = KnownVersions(store, "s", again)
    table = table_of(listed, ENTRIES)
    fresh = pl.concat([FRESH.to_frame(), *known.unregistered(table)])
    assert same(fresh, whole_listing.unregistered(listed, registered, again))
    assert known.missing_from(table) == whole_listing.missing(listed, registered)
    assert known.last == max((number for number, (in_log, _) in enumerate(batches, 1) if not in_log), default=0)
