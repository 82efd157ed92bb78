"""Tables as JSON lines: values as they are, the stamp in the first line."""

import json
from pathlib import Path
from typing import Any

import polars as pl

from wethink_assets.dataset.edits.formats.table_format import (
    CellFault,
    FileRow,
    FileTable,
    Progress,
    TableFormat,
    typed,
)
from wethink_assets.dataset.edits.sheet import ROW_MARK, Sheet, Stamp, row_mark
from wethink_assets.errors import EditError

TABLE = "wethink_table"


class Jsonl(TableFormat):
    """One object a line, with all columns of the sheet."""

    title = "JSON lines"

    def write(self, path: Path, sheet: Sheet, progress: Progress) -> None:
        """Write a sheet."""
        total = sheet.output.results.height
        with path.open("w", encoding="utf-8", newline="\n") as file:
            file.write(json.dumps({TABLE: str(sheet.stamp)}) + "\n")
            for number, row in enumerate(sheet.rows(), 1):
                mark = {ROW_MARK: row_mark(row[sheet.stage.item])}
                file.write(json.dumps({**row, **mark}, ensure_ascii=False) + "\n")
                progress(number, total)

    def read(self, path: Path, sheet: Sheet) -> FileTable:
        """Read a file: UTF-8, with or without a byte order mark, with any line ends. Raises `EditError`."""
        stamp, columns, rows = None, list[str](), list[FileRow]()
        for number, line in enumerate(path.read_bytes().split(b"\n"), 1):
            if not line.strip(b"\xef\xbb\xbf\r \t"):
                continue
            value = _object(path, number, line)
            if TABLE in value:
                stamp = Stamp.read(value[TABLE])
                continue
            mark = value.pop(ROW_MARK, None)
            columns += [name for name in value if name not in columns]
            rows.append(FileRow(number, value, mark if isinstance(mark, str) else ""))
        return FileTable(stamp, columns if rows else [column.name for column in sheet.columns], rows)

    def unchanged(self, cell: Any, value: Any, dtype: pl.DataType) -> bool:
        """Whether both are the same JSON value."""
        return bool(cell == value) and isinstance(cell, bool) == isinstance(value, bool)

    def value(self, cell: Any, before: Any, dtype: pl.DataType) -> Any:
        """The value itself."""
        return None if cell is None else typed(cell, dtype)


def _object(path: Path, number: int, line: bytes) -> dict[str, Any]:
    def pairs(read: list[tuple[str, Any]]) -> dict[str, Any]:
        value = dict(read)
        if len(value) < len(read):
            raise CellFault("a name is there twice in one object")
        return value

    def constant(name: str) -> Any:
        raise CellFault(f"{name} is no number of JSON")

    try:
        text = line.decode("utf-8-sig")
        value = json.loads(text, object_pairs_hook=pairs, parse_constant=constant)
    except UnicodeDecodeError as error:
        raise EditError(
            f"{path}, line {number}: is not UTF-8 ({error.reason} at byte {error.start}): save it as UTF-8"
        ) from error
    except (ValueError, CellFault, RecursionError) as error:
        raise EditError(f"{path}, line {number}: is not one JSON object: {error}; each line is a row") from error
    if not isinstance(value, dict):
        raise EditError(f"{path}, line {number}: is not a JSON object but {type(value).__name__}; each line is a row")
    return value


JSONL = Jsonl()
