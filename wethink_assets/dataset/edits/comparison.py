"""Comparison of a file with the table that it was exported from: the rows as a person left them, or all that is wrong with them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from wethink_assets.dataset.edits.formats.table_format import CellFault, FileRow, FileTable, TableFormat
from wethink_assets.dataset.edits.sheet import Column, Row, Sheet, row_mark
from wethink_assets.errors import EditError
from wethink_assets.stages.schemas import SCHEMA_VERSION
from wethink_assets.synthesis.calls.collector import Rejected

__all__ = ["compared"]

SHOWN = 20
"""Faults that an error names; of the others it gives the number."""


@dataclass(frozen=True, slots=True)
class _Fault:
    line: int
    message: str


def compared(path: Path, form: TableFormat, file: FileTable, sheet: Sheet) -> dict[str, dict[str, Any]]:
    """All rows of the table as the file wants them, by item; the order of its rows and columns does not matter.

    Raises `EditError` that names every fault with its row and column.
    """
    _require_columns(path, file, sheet)
    reading = _Reading(form, file, sheet)
    rows = reading.rows()
    if reading.faults:
        faults = sorted(reading.faults, key=lambda fault: fault.line)
        lines = [f"  {file.line_word} {fault.line}: {fault.message}" for fault in faults[:SHOWN]]
        if len(faults) > SHOWN:
            lines.append(f"  and {len(faults) - SHOWN} more")
        count = "1 fault" if len(faults) == 1 else f"{len(faults)} faults"
        raise EditError("\n".join([f"{path}: {count}, nothing was changed", *lines]))
    return rows


def _require_columns(path: Path, file: FileTable, sheet: Sheet) -> None:
    known = [column.name for column in sheet.columns]
    twice = sorted({name for name in file.columns if list(file.columns).count(name) > 1})
    unknown = [name for name in file.columns if name not in known]
    missing = [column.name for column in sheet.columns if column.use != "context" and column.name not in file.columns]
    for names, fault in (
        (twice, "is there twice: remove one of them"),
        (unknown, f"is no column of {sheet.stage.name}: remove it; its columns are {', '.join(known)}"),
        (missing, "is missing: put it back, every column that was exported must come back"),
    ):
        if names:
            raise EditError(f"{path}: column {', '.join(names)} {fault}. Nothing was changed")


class _Reading:
    """Takes a file's rows one by one, and gathers what is wrong with them."""

    def __init__(self, form: TableFormat, file: FileTable, sheet: Sheet) -> None:
        self._form, self._file, self._sheet = form, file, sheet
        self._stage = sheet.stage
        self._columns = {column.name: column for column in sheet.columns}
        self._items = {row_mark(item): item for item in sheet.by_item}
        self._lines: dict[str, int] = {}
        self._optional = set(_optional(sheet))
        self.faults: list[_Fault] = []

    def rows(self) -> dict[str, dict[str, Any]]:
        """The rows without a fault, by item."""
        rows = {}
        for line in self._file.rows:
            before = len(self.faults)
            row = self._row(line)
            if row is not None and len(self.faults) == before:
                rows[row[self._stage.item]] = row
        if "row_id" in self._sheet.output.results.columns:
            self._require_distinct(rows)
        return rows

    def _fault(self, line: FileRow, item: str, column: str, message: str) -> None:
        where = f"({item}) " if item else ""
        named = f"column {column} " if column else ""
        self.faults.append(_Fault(line.line, f"{where}{named}{message}"))

    def _row(self, line: FileRow) -> dict[str, Any] | None:
        key = self._stage.item
        item = str(line.cells.get(key) or "").strip()
        exported = self._items.get(line.mark)
        if not item:
            restore = f"it was {exported}" if exported else "name the item that it is of"
            self._fault(line, "", key, f"has no id: {restore}")
        elif exported and item != exported:
            self._fault(
                line, item, key, f"is an id that was edited: it was {exported}; ids cannot be changed, put it back"
            )
        elif item in self._lines:
            self._fault(
                line, item, key, f"is the id of {self._file.line_word} {self._lines[item]} too: remove one of the rows"
            )
        else:
            self._lines[item] = line.line
            current = self._sheet.by_item.get(item)
            return self._edited(line, item, current) if current else self._added(line, item)
        return None

    def _edited(self, line: FileRow, item: str, current: Row) -> dict[str, Any] | None:
        shown = self._sheet.shown(current)
        row, changed = dict(current), False
        for name, column in self._columns.items():
            if name not in self._file.columns or self._form.unchanged(line.cells.get(name), shown[name], column.dtype):
                continue
            if name not in line.cells:
                self._fault(line, item, name, "is missing in this row: put it back")
            elif column.use != "edit":
                self._fault(line, item, name, self._fixed(column, shown[name]))
            else:
                row[name] = self._value(line, item, column, shown[name])
                changed = changed or row[name] != shown[name]
        return self._followed(line, item, row, current) if changed else dict(current)

    def _fixed(self, column: Column, value: Any) -> str:
        was = f"put back {str(self._form_shown(value, column.dtype))[:80]!r}"
        if column.use == "context":
            table, _, name = column.name.partition(".")
            return f"is of the table {table} and only for reading: {was}; change {name} by `wethink table export` of {table}"
        return f"was changed, but cannot be edited by hand: {was}"

    def _form_shown(self, value: Any, dtype: pl.DataType) -> Any:
        return getattr(self._form, "shown", lambda one, _: one)(value, dtype)

    def _value(self, line: FileRow, item: str, column: Column, before: Any) -> Any:
        try:
            value = self._form.value(line.cells.get(column.name), before, column.dtype)
        except CellFault as fault:
            self._fault(line, item, column.name, str(fault))
            return before
        if value is None or value == "" or (isinstance(value, str) and not value.strip()):
            if before is None or before == "" or column.name in self._optional:
                return value or before
            self._fault(line, item, column.name, "is empty: fill it in, or remove the whole row")
        return value

    def _added(self, line: FileRow, item: str) -> dict[str, Any] | None:
        refusal = self._refused_addition(item)
        if refusal:
            self._fault(line, item, "", refusal)
            return None
        schema = self._sheet.output.results.schema
        row = self._ids(item, schema)
        for name, column in self._columns.items():
            if column.use != "edit":
                continue
            value = self._value(line, item, column, None)
            if value in (None, "") and name not in self._optional:
                self._fault(line, item, name, "is empty: an added row needs all columns that can be edited")
            row[name] = value
        if any(fault.line == line.line for fault in self.faults):
            return None
        whole = self._followed(line, item, row, None)
        lacking = [name for name in schema if whole is not None and name not in whole]
        if lacking:
            self._fault(line, item, "", f"cannot be added: nobody can say its {', '.join(lacking)} by hand")
        given = {name: line.cells.get(name) for name, column in self._columns.items() if column.use in ("id", "read")}
        for name, cell in given.items():
            if (
                whole
                and not lacking
                and cell not in (None, "")
                and not self._form.unchanged(cell, whole[name], self._columns[name].dtype)
            ):
                self._fault(line, item, name, f"does not fit its item: leave it empty, or write {whole[name]!r}")
        return whole

    def _refused_addition(self, item: str) -> str:
        stage = self._stage
        if not stage.editing.adds:
            return f"is no item of this table: {stage.name} takes no rows by hand; remove it"
        reason = self._sheet.rejected.get(item)
        if reason is None:
            known = ", ".join(self._sheet.rejected)[:200] or "none"
            return (
                f"is no item of this table: only an item that {stage.name} rejected can be given a row, by its id in column {stage.item}; "
                f"rejected are {known}"
            )
        return ""

    def _ids(self, item: str, schema: pl.Schema) -> dict[str, Any]:
        image, _, rest = item.partition(":")
        kind, _, ordinal = rest.rpartition(":")
        ids: dict[str, Any] = {self._stage.item: item, "image_id": image, "calls": [], "schema_version": SCHEMA_VERSION}
        if self._stage.item == "slot":
            ids |= {"kind": kind, "ordinal": int(ordinal) if ordinal.isdigit() else 0}
        for table in self._stage.reads:
            ids |= {name: value for name, value in (self._sheet.look(item, table) or {}).items() if name == "row_id"}
        return {name: value for name, value in ids.items() if name in schema}

    def _followed(self, line: FileRow, item: str, row: dict[str, Any], before: Row | None) -> dict[str, Any] | None:
        """The row with what follows from its fields."""
        if any(fault.line == line.line for fault in self.faults):
            return None
        try:
            fields = self._stage.editing.follows(row, before, lambda table: self._sheet.look(item, table))
        except Rejected as fate:
            self._fault(line, item, "", f"is none that {self._stage.name} lets pass: {fate.detail or fate.reason}")
            return None
        except ValueError as error:
            self._fault(line, item, "", f"is none that {self._stage.name} lets pass: {_first_line(error)}")
            return None
        return row | {name: value for name, value in fields.items() if name in self._sheet.output.results.columns}

    def _require_distinct(self, rows: Mapping[str, Row]) -> None:
        """Two items of one image cannot be the same row."""
        first: dict[str, str] = {}
        for item, row in rows.items():
            other = first.setdefault(row["row_id"], item)
            edited = [name for name in (item, other) if rows[name] != self._sheet.by_item.get(name)]
            if other != item and edited:
                line = self._lines[edited[0]]
                self.faults.append(_Fault(line, f"({item}) is the same as {other}: change it, or remove one of them"))


def _optional(sheet: Sheet) -> Iterator[str]:
    """Columns that may be empty: fractions, and what is empty in some row already."""
    for column in sheet.columns:
        values = sheet.output.results.get_column(column.name) if column.use == "edit" else None
        if values is None:
            continue
        empty = values.null_count() + (values == "").sum() if values.dtype == pl.String else values.null_count()
        if empty or values.dtype.is_float():
            yield column.name


def _first_line(error: ValueError) -> str:
    """A message on one line; of a pydantic error the first fault with its field."""
    listed = getattr(error, "errors", None)
    if listed is None:
        return str(error).partition("\n")[0]
    fault: Iterator[Mapping[str, Any]] = iter(listed())
    one = next(fault)
    return f"{'.'.join(map(str, one['loc']))}: {one['msg']}"
