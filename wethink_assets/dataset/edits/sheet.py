"""The sheet that a person gets of a stage's table: its columns, what of them may be changed, and the stamp that says which table it was made from."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import polars as pl

from wethink_assets.errors import EditError
from wethink_assets.extensions.builtin import STAGES
from wethink_assets.identity import sha256_hex
from wethink_assets.stages.order import provider_of, upstream_of
from wethink_assets.stages.output import StageOutput
from wethink_assets.stages.spec import IDS, Stage
from wethink_assets.storage.edits import BESIDE_CONTENT
from wethink_assets.storage.store import Store
from wethink_assets.storage.tables import Commit, Tables

__all__ = ["Column", "Sheet", "Stamp", "row_mark", "sheet_of"]

Row = Mapping[str, Any]
STAMP = "wethink:"
ROW_MARK = "wethink_row"
"""Column that ties a row of a file to its item, where the stamp does not stand above it."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """Which table a file was made from. It stands above the last column of a spreadsheet, and in the first line of a JSONL file."""

    stage: str
    batch: str
    digest: str

    def __str__(self) -> str:
        return f"{STAMP} {self.stage} {self.batch} {self.digest}"

    @classmethod
    def read(cls, text: object) -> "Stamp | None":
        """The stamp in a cell, or None."""
        words = str(text or "").split()
        return cls(*words[1:]) if len(words) == 4 and words[0] == STAMP else None


def row_mark(item: str) -> str:
    """What stands in the last cell of an item's row, so that an id that was edited shows; it begins with a letter, so it stays text."""
    return f"r{sha256_hex(item.encode())[:12]}"


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a sheet. Only those to `edit` may be changed; `context` are of other tables, for whoever reads."""

    name: str
    dtype: pl.DataType
    use: Literal["id", "read", "context", "edit"]


@dataclass(frozen=True)
class Sheet:
    """A table in force, as it is handed out.

    beside: rows of the tables that the stage reads, by table and by the id that they share with the item.
    """

    stage: Stage
    commit: Commit
    output: StageOutput
    columns: tuple[Column, ...]
    beside: Mapping[str, Mapping[str, Row]]

    @property
    def stamp(self) -> Stamp:
        """Says which table it is."""
        return Stamp(self.commit.asset, self.commit.batch, self.commit.digest)

    @cached_property
    def by_item(self) -> dict[str, dict[str, Any]]:
        """All fields of its rows, by item."""
        return {row[self.stage.item]: row for row in self.output.results.iter_rows(named=True)}

    @cached_property
    def rejected(self) -> dict[str, str]:
        """Reasons of its rejections, by item."""
        return dict(self.output.rejections.select("item", "reason").iter_rows())

    def look(self, item: str, table: str) -> Row | None:
        """The row of an item in a table that the stage reads."""
        rows = self.beside.get(table, {})
        return rows.get(item) or rows.get(item.partition(":")[0])

    def shown(self, row: Row) -> dict[str, Any]:
        """What of a row stands in the sheet."""
        item = row[self.stage.item]
        values = {}
        for column in self.columns:
            if column.use == "context":
                table, _, name = column.name.partition(".")
                values[column.name] = (self.look(item, table) or {}).get(name)
            else:
                values[column.name] = row[column.name]
        return values

    def rows(self) -> Iterator[dict[str, Any]]:
        """What stands in the sheet, row by row."""
        return map(self.shown, self.by_item.values())


def sheet_of(store: Store, batch: str, stage: str) -> Sheet:
    """The sheet of a stage's table in force over a batch. Raises `UnknownName`, and `EditError` where the batch has none."""
    entry = STAGES[stage]
    tables = Tables(store)
    commit = tables.current(stage, batch)
    if commit is None:
        known = ", ".join(store.names(f"tables/{stage}")[:5]) or "none"
        raise EditError(
            f"{stage} of batch {batch} was never materialized in {store.url}: batches that have it: {known}"
        )
    output = tables.load_commit(commit)
    read = dict(zip(entry.reads, upstream_of(stage), strict=True))
    beside = {name: _rows(tables, batch, provider) for name, provider in read.items()}
    return Sheet(entry, commit, output, tuple(_columns(entry, output.results.schema, beside)), beside)


def _rows(tables: Tables, batch: str, stage: str) -> dict[str, Row]:
    commit = tables.current(stage, batch)
    if commit is None:
        return {}
    results = tables.load_commit(commit).results
    key = "slot" if "slot" in results.columns else "image_id"
    return {row[key]: row for row in results.iter_rows(named=True)}


def _columns(stage: Stage, schema: pl.Schema, beside: Mapping[str, Mapping[str, Row]]) -> Iterator[Column]:
    edited = [name for name in stage.edited_columns if name in schema]
    fixed = [name for name in schema if name not in (*edited, *BESIDE_CONTENT, stage.item)]
    yield Column(stage.item, schema[stage.item], "id")
    for name in fixed:
        if name in IDS:
            yield Column(name, schema[name], "id")
    if stage.preview:
        for table, names in stage.preview.beside.items():
            of_table = STAGES[provider_of(table)].schema
            if beside.get(table):
                yield from (Column(f"{table}.{name}", of_table[name], "context") for name in names)
    if "images" in beside:
        yield Column("images.item", pl.String(), "context")
    for name in fixed:
        if name not in IDS and _readable(schema[name]):
            yield Column(name, schema[name], "read")
    yield from (Column(name, schema[name], "edit") for name in edited)


def _readable(dtype: pl.DataType) -> bool:
    return (not dtype.is_nested() and dtype != pl.Binary) or dtype == pl.List(pl.String)
