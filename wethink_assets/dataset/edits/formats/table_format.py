"""What a file format of edited tables does: it writes a sheet, reads one back as a person left it, and knows what its cells can hold.

A cell counts as changed where it is not what the export wrote there. So what a format cannot show as it is (a text that is longer than a cell,
another line end, the last digits of a number) stays what it was, as long as nobody touches it.
"""

import json
import math
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from wethink_assets.dataset.edits.sheet import Sheet, Stamp
from wethink_assets.extensions.registry import Registry

__all__ = ["TABLE_FORMATS", "CellFault", "FileRow", "FileTable", "TableFormat", "TextCells", "typed"]

Progress = Callable[[int, int], None]
CLOSE = 1e-8
"""Relative difference of two numbers that are one: a spreadsheet writes fewer digits than it was given."""
NEW_LINE = re.compile(r"\r\n?")


class CellFault(Exception):
    """A cell that holds nothing of its column's type: what is wrong and what to do."""


@dataclass(frozen=True, slots=True)
class FileRow:
    """A row as it stands in a file: where, its cells by column, and the mark of the item that it was exported for (empty in a new row)."""

    line: int
    cells: Mapping[str, Any]
    mark: str


@dataclass(frozen=True, slots=True)
class FileTable:
    """A file that was read."""

    stamp: Stamp | None
    columns: Sequence[str]
    rows: Sequence[FileRow]
    line_word: str = "line"


class TableFormat(ABC):
    """One file format. `title` names it."""

    title = ""

    @abstractmethod
    def write(self, path: Path, sheet: Sheet, progress: Progress) -> None:
        """Write a sheet."""

    @abstractmethod
    def read(self, path: Path, sheet: Sheet) -> FileTable:
        """Read a file. Raises `EditError` where it is no such file."""

    @abstractmethod
    def unchanged(self, cell: Any, value: Any, dtype: pl.DataType) -> bool:
        """Whether a cell is still what was written for a value."""

    @abstractmethod
    def value(self, cell: Any, before: Any, dtype: pl.DataType) -> Any:
        """The value that an edited cell stands for, None where it is empty. Raises `CellFault`."""


def typed(value: Any, dtype: pl.DataType) -> Any:
    """A JSON value as one of a column's type. Raises `CellFault`."""
    if isinstance(dtype, pl.List):
        if not isinstance(value, list):
            raise CellFault(f"is {_described(value)}, not a list")
        return [typed(each, dtype.inner) for each in value]  # type: ignore[arg-type]
    if isinstance(dtype, pl.Struct):
        names = [field.name for field in dtype.fields]
        if not isinstance(value, dict) or sorted(value) != sorted(names):
            raise CellFault(f"is {_described(value)}, not an object with {', '.join(names)}")
        return {field.name: typed(value[field.name], field.dtype) for field in dtype.fields}  # type: ignore[arg-type]
    if dtype == pl.String:
        if not isinstance(value, str):
            raise CellFault(f"is {_described(value)}, not text")
        if any("\ud800" <= char <= "\udfff" for char in value):
            raise CellFault("holds half of a character (a lone surrogate)")
        return value
    if dtype == pl.Boolean:
        if not isinstance(value, bool):
            raise CellFault(f"is {_described(value)}, not true or false")
        return value
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise CellFault(f"is {_described(value)}, not a number")
    if dtype.is_integer():
        if value != int(value):
            raise CellFault(f"is {value}, not a whole number")
        value = int(value)
        try:
            pl.Series([value], dtype=dtype, strict=True)
        except (pl.exceptions.PolarsError, TypeError, OverflowError) as error:
            raise CellFault(f"is {value}, which is out of range") from error
        return value
    return float(value)


def _described(value: Any) -> str:
    if value is None:
        return "empty"
    kind = {bool: "a truth value", int: "a number", float: "a number", str: "text", list: "a list", dict: "an object"}
    return f"{kind.get(type(value), type(value).__name__)} ({json.dumps(value, ensure_ascii=False, default=str)[:60]})"


class TextCells(TableFormat):
    """Formats whose cells are texts, numbers and truth values: lists and objects stand in them as JSON."""

    def shown(self, value: Any, dtype: pl.DataType) -> Any:
        """The cell of a value."""
        return json.dumps(value, ensure_ascii=False) if dtype.is_nested() and value is not None else value

    def unchanged(self, cell: Any, value: Any, dtype: pl.DataType) -> bool:
        """Line ends, digits beyond what a spreadsheet keeps, and an empty cell for an empty text make no difference."""
        shown = self.shown(value, dtype)
        if cell in (None, "") or shown in (None, ""):
            return cell in (None, "") and shown in (None, "")
        if isinstance(shown, bool):
            return cell is shown or str(cell).strip().lower() == str(shown).lower()
        if isinstance(shown, (int, float)):
            try:
                return not isinstance(cell, bool) and math.isclose(float(cell), shown, rel_tol=CLOSE)
            except (TypeError, ValueError):
                return False
        return NEW_LINE.sub("\n", str(cell)) == NEW_LINE.sub("\n", str(shown))

    def value(self, cell: Any, before: Any, dtype: pl.DataType) -> Any:
        """Numbers may stand as text; text may not stand as a number: a spreadsheet that made one of it changed it."""
        if cell is None or cell == "":
            return None
        if dtype == pl.String:
            if not isinstance(cell, str):
                raise CellFault(
                    f"is {_described(cell)}, not text: give the column the number format 'Text' and type it again"
                )
            return typed(NEW_LINE.sub("\n", cell), dtype)
        if dtype.is_nested():
            try:
                return typed(json.loads(cell) if isinstance(cell, str) else cell, dtype)
            except ValueError as error:
                example = '["one", "two"]' if dtype == pl.List(pl.String) else "as in the other rows"
                raise CellFault(f"is not JSON ({error}): write {example}, with straight quotation marks") from error
        if isinstance(cell, str):
            return typed(self._plain(cell.strip()), dtype)
        return typed(cell, dtype)

    @staticmethod
    def _plain(text: str) -> Any:
        if text.lower() in ("true", "false"):
            return text.lower() == "true"
        try:
            return int(text) if re.fullmatch(r"[+-]?\d+", text) else float(text)
        except ValueError:
            return text


TABLE_FORMATS: Registry[TableFormat] = Registry(
    "file format of tables",
    {
        "jsonl": "wethink_assets.dataset.edits.formats.jsonl:JSONL",
        "csv": "wethink_assets.dataset.edits.formats.csv_file:CSV",
        "xlsx": "wethink_assets.dataset.edits.formats.xlsx:XLSX",
    },
)
"""By the ending of a file's name."""
