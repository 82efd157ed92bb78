"""Groups of duplicates that a version decided on: the row that stayed beside those that were left out for it, or rows whose answers conflict.

Texts of rows that were left out are in no file of the version; they are read from the tables of their batches when a group is shown.
"""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from wethink_assets.dataset.browse.collection import Collection
from wethink_assets.dataset.browse.index import BrowseIndex
from wethink_assets.dataset.versions.rows import full_rows
from wethink_assets.dedup.duplicates import REASONS
from wethink_assets.errors import WeThinkError
from wethink_assets.storage.takedowns import COLUMNS, Takedowns

__all__ = ["GROUPS", "DuplicateGroup", "DuplicateGroups"]

GROUPS = 10
"""Groups on a page."""
LARGEST = 20
"""Rows of a group that are shown."""
KEPT_TEXTS = 500
"""Rows left out whose texts are remembered."""
Row = Mapping[str, Any]


@dataclass(frozen=True)
class DuplicateGroup:
    """Rows that are the same, or nearly so. kept: the one that stayed; None where all were left out. left_out: the others, each with `reason`
    and `detail`. more: how many of them are not shown."""

    kept: Row | None
    left_out: Sequence[Row]
    more: int


class DuplicateGroups:
    """All groups of a collection, by page."""

    def __init__(self, collection: Collection, index: BrowseIndex) -> None:
        self._collection = collection
        self._index = index
        self._texts: OrderedDict[str, Row | None] = OrderedDict()
        duplicates = collection.excluded.filter(pl.col("reason").is_in([reason for reason in REASONS if reason]))
        group = pl.coalesce("survivor", pl.concat_str("image_id", "kind", separator="/"))
        read = duplicates.select(
            group.alias("group"), "row_id", "slot", "batch", "reason", "survivor", "detail", "image_id", "source"
        ).collect()
        self._rows = read.sort("group", "row_id")
        self._names = self._rows["group"].unique(maintain_order=True)

    def __len__(self) -> int:
        return len(self._names)

    def page(self, number: int, size: int = GROUPS) -> tuple[list[DuplicateGroup], int, int]:
        """Groups of a page, its number and how many pages there are; groups of which nothing may be shown are left out."""
        pages = max(1, -(-len(self._names) // size))
        number = min(number, pages)
        names = self._names[(number - 1) * size : number * size]
        rows = self._rows.filter(pl.col("group").is_in(names.implode()))
        rows = rows.filter(~self._index.takedowns().covers(rows))
        groups = [self._group(part) for (_,), part in rows.group_by("group", maintain_order=True)]
        return [group for group in groups if group.kept or group.left_out], number, pages

    def _group(self, part: pl.DataFrame) -> DuplicateGroup:
        survivor = part["survivor"][0]
        shown = part.head(LARGEST)
        texts = self._read(shown)
        left_out = [
            {**text, "reason": row["reason"], "detail": row["detail"]}
            for row in shown.iter_rows(named=True)
            if (text := texts.get(row["slot"])) is not None
        ]
        return DuplicateGroup(self._index.row(survivor) if survivor else None, left_out, part.height - shown.height)

    def _read(self, rows: pl.DataFrame) -> dict[str, Row | None]:
        """Texts by slot; none where a batch cannot be read any more, or the row may not be shown."""
        missing = rows.filter(~pl.col("slot").is_in(list(self._texts)))
        for (batch,), part in missing.group_by("batch"):
            try:
                read = full_rows(self._collection.store, self._collection.tables(str(batch)), part, {})
            except (WeThinkError, KeyError):  # erased, or made by a stage that is not registered here
                read = pl.DataFrame(schema={"slot": pl.String})
            by_slot = {row["slot"]: row for row in read.to_dicts()}
            self._texts |= {slot: by_slot.get(slot) for slot in part["slot"]}
        wanted = {slot: self._texts[slot] for slot in rows["slot"]}
        while len(self._texts) > KEPT_TEXTS:
            self._texts.popitem(last=False)
        covered = self._index.takedowns()
        return {slot: row and (None if _is_covered(covered, row) else row) for slot, row in wanted.items()}

    def row(self, row_id: str) -> Row | None:
        """A row that was left out as a duplicate, by its id, unless it is taken down."""
        rows = self._rows.filter(pl.col("row_id") == row_id).head(1)
        return next(iter(self._read(rows).values()), None)


def _is_covered(covered: Takedowns, row: Row) -> bool:
    frame = pl.DataFrame({name: [row[name]] for name in COLUMNS}, schema=dict.fromkeys(COLUMNS, pl.String))
    return bool(frame.select(covered.covers(frame)).item())
