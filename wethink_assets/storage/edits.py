"""Edits of stage tables by hand: records of what a person changed, which are laid over what a stage makes whenever its table is published.

`edits/<asset>/<batch>/<digest>.json` is written once, and a commit names the edit that its table carries; so an edit is in force, or not, by the
one create-only put of a commit. An edit says of each row what it was as the stage made it and what it is now. It is laid over that row and no other:
where a stage makes another row for the item one day, what a person said of the former one is set aside, counted, and back as soon as that row is.
"""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

import polars as pl
from pydantic import BaseModel, ConfigDict

from wethink_assets.identity import digest_of
from wethink_assets.stages.output import StageOutput, rejections

__all__ = ["BESIDE_CONTENT", "FOLDER", "REMOVED", "RowEdit", "TableEdit", "edit_path", "overlaid", "row_digest"]

FOLDER = "edits"
REMOVED = "removed_by_editor"
"""Reason of rejections: a person took the row out of the table."""
SET_ASIDE = "set_aside"
BESIDE_CONTENT = ("calls", "schema_version")
"""Columns that say how a row came about and not what it holds."""


class RowEdit(BaseModel):
    """What a person did to one row of an image.

    `made` is the digest of the row as the stage made it; `before` and `after` are the fields that differ. An added row stands in the place of a
    rejection of its item: it has no `made`, and all its fields are in `after`.
    """

    model_config = ConfigDict(frozen=True)

    item: str
    image: str
    change: Literal["changed", "removed", "added"]
    made: str = ""
    before: dict[str, Any] = {}
    after: dict[str, Any] = {}
    editor: str
    edited: datetime
    note: str = ""


class TableEdit(BaseModel):
    """All that people changed of a table as its stage makes it, up to one moment. An edit without rows is one that was taken back.

    column: the id column of the results; base: digest of the table that was in force before; previous: digest of the edit that it carried, if any.
    """

    model_config = ConfigDict(frozen=True)

    schema_version: int = 1
    asset: str
    batch: str
    column: str
    editor: str
    edited: datetime
    note: str = ""
    base: str
    previous: str = ""
    rows: tuple[RowEdit, ...] = ()

    @property
    def digest(self) -> str:
        """sha256 of what it says, first 32 digits: its name."""
        return digest_of(self.model_dump(mode="json"))[:32]

    def without(self, images: frozenset[str]) -> "TableEdit":
        """The edit without what it says of rows of some images."""
        kept = tuple(row for row in self.rows if row.image not in images)
        return self if len(kept) == len(self.rows) else self.model_copy(update={"rows": kept})


def edit_path(asset: str, batch: str, digest: str) -> str:
    """Where an edit lies in the store."""
    return f"{FOLDER}/{asset}/{batch}/{digest}.json"


def row_digest(row: Mapping[str, Any]) -> str:
    """Digest of what a row holds, whichever calls it came from."""
    return digest_of({name: value for name, value in row.items() if name not in BESIDE_CONTENT})[:32]


def overlaid(made: StageOutput, edit: TableEdit) -> tuple[StageOutput, dict[str, int]]:
    """What a stage made, with an edit laid over it, and how many rows it changed, removed, added, and set aside as it meant other ones.

    Every item stays accounted for: a removed row becomes a rejection with the reason `removed_by_editor`, an added one takes a rejection's place.
    """
    if not edit.rows:
        return made, {}
    edits = {row.item: row for row in edit.rows}
    key, results, rejected = edit.column, made.results, made.rejections
    touched = results.filter(pl.col(key).is_in(list(edits)))
    counts: Counter[str] = Counter()
    gone, written, refused, restored = [], [], [], []
    for row in touched.iter_rows(named=True):
        change = edits[row[key]]
        if change.change == "added" or change.made != row_digest(row):
            continue
        counts[change.change] += 1
        gone.append(change.item)
        if change.change == "changed":
            written.append({**row, **change.after})
        else:
            refused.append({"item": change.item, "stage": edit.asset, "reason": REMOVED, "detail": _detail(change)})
    present = set(rejected.get_column("item"))
    for change in edit.rows:
        if change.change == "added" and change.item in present and not change.after.keys() ^ set(results.columns):
            counts["added"] += 1
            restored.append(change.item)
            written.append(dict(change.after))
    kept = results.filter(~pl.col(key).is_in(gone))
    if written:
        kept = pl.concat([kept, pl.DataFrame(written, schema=results.schema)])
    left = rejected.filter(~pl.col("item").is_in(restored))
    if refused:
        left = rejections([*left.iter_rows(named=True), *refused])
    accounted = {*touched.get_column(key), *present}
    aside = sum(item in accounted for item in edits) - counts.total()
    counts.update({SET_ASIDE: aside} if aside else {})
    return StageOutput(kept.sort(key), left), dict(sorted(counts.items()))


def _detail(change: RowEdit) -> str:
    return f"by {change.editor}{f': {change.note}' if change.note else ''}"[:500]
