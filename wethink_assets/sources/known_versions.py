"""Versions of a source's files that are known, in batches or the log of recopied files, and what of a listing is not, decided item by item."""

from collections.abc import Iterable, Iterator

import polars as pl

from wethink_assets.sources.batches import batch_key, batch_numbers, batch_path
from wethink_assets.sources.recopied_candidates import LOGGED, REGISTERED, VERSION
from wethink_assets.sources.recopied_files import log_numbers, logged_versions
from wethink_assets.storage.sorted_rows import SortedRows, side_by_side
from wethink_assets.storage.store import Store

__all__ = ["KnownVersions", "unregistered_among"]


class KnownVersions:
    """All file versions that the batches of a source hold, read in order of their numbers.

    rows: versions by item, with the `number` of their batch, or `LOGGED`, and their `row` in it; last: the highest number that is taken.
    """

    def __init__(self, store: Store, source: str, again: pl.DataFrame) -> None:
        """`again` are the files to be offered again: `item`, with the `number` of the batch that did not read them or lost their image."""
        self.rows = SortedRows(REGISTERED, ["item"])
        self.last = 0
        self._store = store
        self._source = source
        self._again = again
        self._log_read = 0
        self.catch_up()

    def catch_up(self) -> None:
        """Read the batches that were added since, and what was logged."""
        for number in batch_numbers(self._store, self._source):
            if number > self.last:
                versions = self._store.scan_parquet(batch_path(batch_key(self._source, number))).select(VERSION)
                self._add(versions.collect(), number)
                self.last = number
        for number in log_numbers(self._store, self._source):
            if number > self._log_read:
                self._add(logged_versions(self._store, self._source, number), LOGGED)
                self._log_read = number

    def withhold(self, items: Iterable[str]) -> None:
        """Take files out of what is offered again."""
        self._again = self._again.filter(~pl.col("item").is_in(list(items)))

    def _add(self, versions: pl.DataFrame, number: int) -> None:
        self.rows.add(versions.with_row_index("row").with_columns(number=pl.lit(number, dtype=pl.Int32)))

    def unregistered(self, entries: SortedRows) -> Iterator[pl.DataFrame]:
        """Entries of a listing that no batch holds in this version, by item, with their `change`; see `unregistered_among`."""
        for listed, held in side_by_side(entries, self.rows):
            fresh = unregistered_among(listed, held, self._again)
            if fresh.height:
                yield fresh

    def missing_from(self, entries: SortedRows) -> list[str]:
        """Registered files that are not listed now, sorted."""
        missing: list[str] = []
        for listed, held in side_by_side(entries, self.rows):
            gone = held.filter(pl.col("number") != LOGGED).join(listed, on="item", how="anti")
            missing += gone["item"].unique().sort().to_list()
        return missing


def unregistered_among(entries: pl.DataFrame, held: pl.DataFrame, again: pl.DataFrame) -> pl.DataFrame:
    """Entries of some items that no batch holds in this version, in the given order, with their `change`.

    A version that was registered once is not registered again, whatever came between, unless no batch that has it could read it.

    Args:
        held: versions of these items that batches or the log have, with their `number`.
        again: items with the number of a batch that could not read them.
    """
    versions = held.select(VERSION)
    is_again = pl.lit(False)
    if again.height:
        unread = held.join(again, on=["item", "number"], how="semi")
        versions = held.join(again, on=["item", "number"], how="anti").select(VERSION)
        is_again = pl.struct(VERSION).is_in(unread.select(pl.struct(VERSION)).to_series().implode())
    fresh = entries.join(versions, on=VERSION, how="anti", nulls_equal=True, maintain_order="left")
    was_there = pl.col("item").is_in(
        held.join(fresh, on="item", how="semi")["item"].unique().implode()  # not of all that is known
    )
    change = pl.when(is_again).then(pl.lit("again")).when(was_there).then(pl.lit("changed")).otherwise(pl.lit("new"))
    return fresh.with_columns(change=change)
