"""Rows that are browsed: those of a version as it may be shown today, or of all batches that are through their stages where there is no version."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import polars as pl

from wethink_assets.dataset.cuts.cut import CutInput, read_cut
from wethink_assets.dataset.lineage.row_lookup import tables_in_force
from wethink_assets.dataset.takedown.takedown import takedowns_of
from wethink_assets.dataset.versions.files import scan_file
from wethink_assets.dataset.versions.manifest import list_built, read_manifest
from wethink_assets.dataset.versions.rows import full_rows, results, scan_rows, table_of
from wethink_assets.errors import VersionError
from wethink_assets.stages.schemas import with_latitude
from wethink_assets.storage.store import Store

__all__ = ["Collection", "collection_of"]

SLICE = 5_000
"""Rows whose texts are in memory at once."""
LAST_STAGE = "reasoning_paths"
NO_DUPLICATES = pl.DataFrame(
    schema=dict.fromkeys(
        ("row_id", "slot", "image_id", "source", "kind", "batch", "reason", "survivor", "detail"), pl.String
    )
)
Tables = dict[str, CutInput]


@dataclass(frozen=True)
class Collection:
    """Rows with their images.

    version: its name; empty where the rows are those of the batches in force. rows: how many there are, taken down ones included.
    slices: the rows, schema `dataset.versions.rows.rows_schema` with the columns of `LATITUDE`, without those taken down.
    excluded: rows that the version left out, schema `EXCLUDED`.
    """

    store: Store
    version: str
    rows: int
    slices: Callable[[], Iterator[pl.DataFrame]]
    excluded: pl.LazyFrame

    @property
    def title(self) -> str:
        """What it goes by, for people."""
        return self.version or "batches in force"

    def tables(self, batch: str) -> Tables:
        """The stage tables that rows of a batch were made from."""
        return read_cut(self.store, self.version).tables[batch] if self.version else tables_in_force(self.store, batch)


def collection_of(store: Store, version: str | None = None) -> Collection:
    """The rows of a version; of the newest one without a name; where none is built, of all batches with reasoning paths.

    Raises `VersionError` for a version that is not there, and for a store in which there is nothing to browse.
    """
    built = [version] if version else list_built(store)[-1:]
    return _of_version(store, built[0]) if built else _of_batches(store)


def _of_version(store: Store, version: str) -> Collection:
    manifest = read_manifest(store, version)

    def slices() -> Iterator[pl.DataFrame]:
        covered = takedowns_of(store)
        table = scan_rows(store, manifest.version)
        shown = with_latitude(table.filter(~covered.covers(table)))
        yield from shown.collect_batches(chunk_size=SLICE, maintain_order=True)

    excluded = scan_file(store, manifest, "excluded.parquet")
    return Collection(store, manifest.version, manifest.rows, slices, excluded)


def _of_batches(store: Store) -> Collection:
    batches = [(batch, tables_in_force(store, batch)) for batch in store.names(f"tables/{LAST_STAGE}")]
    done = [(batch, tables) for batch, tables in batches if LAST_STAGE in tables]
    if not done:
        raise VersionError(
            f"{store.url} has no version and no batch with reasoning paths: `wethink run` grows the first"
        )
    paths = {batch: results(store, table_of(tables, LAST_STAGE)) for batch, tables in done}

    def slices() -> Iterator[pl.DataFrame]:
        covered = takedowns_of(store)
        for batch, tables in done:
            slots = paths[batch].select("slot").sort("slot").collect()
            for part in slots.iter_slices(SLICE):
                rows = full_rows(store, tables, part, {})
                yield rows.filter(~covered.covers(rows))

    rows = sum(int(table.select(pl.len()).collect().item()) for table in paths.values())
    return Collection(store, "", rows, slices, NO_DUPLICATES.lazy())
