"""Tables as Excel workbooks: every text cell is text, whatever it begins with, and what a spreadsheet made of it is noticed by the cell's type.

A workbook is a zip archive of XML from who knows where: what it unpacks to is bounded, and declarations of document types are refused.
"""

import io
import re
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from wethink_assets.dataset.edits.formats.table_format import CellFault, FileRow, FileTable, Progress, TextCells
from wethink_assets.dataset.edits.sheet import Sheet, Stamp, row_mark
from wethink_assets.errors import EditError

LONGEST_CELL = 32_767
LARGEST = 2**30  # bytes that a workbook may unpack to
MEMBERS = 1_000
REJECTED = "rejected"
UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
ESCAPE = re.compile("_(?=x[0-9A-Fa-f]{4}_)")
ESCAPED = re.compile("_x([0-9A-Fa-f]{4})_")
MERGED = re.compile(rb'<(?:\w+:)?mergeCell\s[^>]*ref="([A-Z0-9:]+)"')
WIDTH = {"edit": 60, "context": 40, "read": 16, "id": 16}


@dataclass(frozen=True, slots=True)
class Strange:
    """A cell that is neither text, number nor truth value."""

    kind: str
    text: str

    def __str__(self) -> str:
        return f"{self.kind} ({self.text[:60]})"


class Xlsx(TextCells):
    """Workbooks with one sheet named by the stage, and one of what the stage rejected."""

    title = "Excel workbook"

    def shown(self, value: Any, dtype: pl.DataType) -> Any:
        """The cell of a value. A text that is longer than a cell is told as such."""
        shown = super().shown(value, dtype)
        if isinstance(shown, str):
            units = len(shown.encode("utf-16-le")) // 2
            if units > LONGEST_CELL:
                return f"[{units} characters, more than a cell holds: leave this as it is, or edit it in a .jsonl file]"
            return UNWRITABLE.sub("\ufffd", shown)
        return shown

    def value(self, cell: Any, before: Any, dtype: pl.DataType) -> Any:
        """As of texts. Raises `CellFault` for formulas and dates, and where the export could not show all of what was there."""
        if isinstance(cell, Strange):
            remedy = "give the column the number format 'Text' and type in what is meant"
            raise CellFault(f"is {cell}: {remedy}")
        if isinstance(cell, str) and ESCAPED.sub("", cell) != cell:
            raise CellFault("holds a character that a workbook cannot write: edit it in a .jsonl file")
        full = super().shown(before, dtype)
        if isinstance(full, str) and self.shown(before, dtype) != full:
            raise CellFault("was exported without characters that a workbook cannot hold: edit it in a .jsonl file")
        return super().value(cell, before, dtype)

    def write(self, path: Path, sheet: Sheet, progress: Progress) -> None:
        """Write a sheet."""
        from openpyxl import Workbook
        from openpyxl.cell import WriteOnlyCell
        from openpyxl.styles import Font
        from openpyxl.utils import get_column_letter

        book = Workbook(write_only=True)
        page = book.create_sheet(sheet.stage.name)
        fonts = {"edit": None, "name": Font(bold=True), "read": Font(color="00707070")}
        cells = {}  # one a style, each written out before it gets its next value: a style of its own for each cell takes ten times as long
        for use, font in fonts.items():
            for is_text in (True, False):
                made = cells[use, is_text] = WriteOnlyCell(page, None)
                if font is not None:
                    made.font = font
                if is_text:
                    made.number_format = "@"
                    made.quotePrefix = True

        def filled(value: Any, use: str = "read") -> Any:
            cell = cells[use, isinstance(value, str)]
            cell.value = ESCAPE.sub("_x005F_", value) if isinstance(value, str) else value
            if isinstance(value, str):
                cell.data_type = "s"  # openpyxl takes what begins with "=" for a formula, and "#N/A" for an error
            return cell

        uses = {column.name: "edit" if column.use == "edit" else "read" for column in sheet.columns}
        for number, column in enumerate(sheet.columns, 1):
            page.column_dimensions[get_column_letter(number)].width = WIDTH[column.use]
        page.freeze_panes = "B2"
        names = [(name, "name" if use == "edit" else use) for name, use in uses.items()]
        page.append(filled(*cell) for cell in [*names, (str(sheet.stamp), "read")])
        total = sheet.output.results.height
        for number, row in enumerate(sheet.rows(), 1):
            values = [(self.shown(row[column.name], column.dtype), uses[column.name]) for column in sheet.columns]
            values.append((row_mark(row[sheet.stage.item]), "read"))
            page.append(filled(*cell) for cell in values)
            progress(number, total)
        refused = book.create_sheet(REJECTED)
        refused.append(filled(name) for name in ("item", "reason", "detail"))
        for texts in sheet.output.rejections.select("item", "reason", "detail").iter_rows():
            refused.append(filled(self.shown(text, pl.String())) for text in texts)
        book.save(path)

    def read(self, path: Path, sheet: Sheet) -> FileTable:
        """Read a file. Raises `EditError` where it is no workbook, lacks the sheet, or has merged cells."""
        from openpyxl import load_workbook

        data = path.read_bytes()
        _require_workbook(path, data)
        try:
            book = load_workbook(io.BytesIO(data), read_only=True)
            if sheet.stage.name not in book.sheetnames:
                names = ", ".join(map(repr, book.sheetnames))
                raise EditError(f"{path} has no sheet {sheet.stage.name!r}, only {names}: name it so again")
            page = book[sheet.stage.name]
            page.reset_dimensions()  # writers that do not count leave a wrong one there
            rows = [(number, [_content(cell) for cell in cells]) for number, cells in enumerate(page.iter_rows(), 1)]
        except (KeyError, ValueError, TypeError, AttributeError, OSError, zipfile.BadZipFile, SyntaxError) as error:
            raise EditError(f"{path} cannot be read as an Excel workbook: {error}: save it as .xlsx again") from error
        rows = [(number, cells) for number, cells in rows if any(cell not in (None, "") for cell in cells)]
        if not rows:
            return FileTable(None, [], [], "row")
        _, header = rows.pop(0)
        marks = next((number for number, cell in enumerate(header) if Stamp.read(cell)), -1)
        columns = {
            number: str(cell).strip()
            for number, cell in enumerate(header)
            if cell not in (None, "") and number != marks
        }
        read = []
        for line, cells in rows:
            unnamed = [
                number
                for number, cell in enumerate(cells)
                if cell not in (None, "") and number not in columns and number != marks
            ]
            if unnamed:
                raise EditError(
                    f"{path}, row {line}: has a cell in column {unnamed[0] + 1}, which has no name: remove it"
                )
            named = {name: cells[number] if number < len(cells) else None for number, name in columns.items()}
            mark = cells[marks] if 0 <= marks < len(cells) else None
            read.append(FileRow(line, named, mark if isinstance(mark, str) else ""))
        return FileTable(Stamp.read(header[marks]) if marks >= 0 else None, list(columns.values()), read, "row")


def _require_workbook(path: Path, data: bytes) -> None:
    """Raise `EditError` unless the bytes are a workbook of bearable size, without document types and merged cells."""
    if data[:4] == b"\xd0\xcf\x11\xe0":
        raise EditError(f"{path} is an old .xls file, or is encrypted: save it as .xlsx without a password")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
            if len(members) > MEMBERS or sum(member.file_size for member in members) > LARGEST:
                raise EditError(
                    f"{path} unpacks to more than {LARGEST >> 20} MiB: this is no workbook that was exported here"
                )
            for member in members:
                if member.filename.endswith((".xml", ".rels")):
                    _require_plain(path, member.filename, archive)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError, zipfile.zlib.error) as error:  # type: ignore[attr-defined]
        raise EditError(f"{path} is no Excel workbook: {error}: save it as .xlsx again") from error


def _require_plain(path: Path, name: str, archive: zipfile.ZipFile) -> None:
    content = archive.read(name)
    if b"<!DOCTYPE" in content or b"<!ENTITY" in content or content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise EditError(
            f"{path}: its part {name} declares a document type: no spreadsheet writes that, so it is not read"
        )
    merged = MERGED.search(content) if name.startswith("xl/worksheets/") else None
    if merged:
        cells = merged[1].decode()
        raise EditError(
            f"{path}: cells {cells} are merged, so rows have lost their own: undo the merge and fill each cell"
        )


def _content(cell: Any) -> Any:
    value = cell.value
    if value is None or isinstance(value, bool):
        return value
    if cell.data_type == "f":
        return Strange("a formula", str(value))
    if cell.data_type == "e":
        return Strange("an error value", str(value))
    if isinstance(value, (int, float)):
        return value
    if isinstance(value, str):
        return ESCAPED.sub(lambda match: chr(int(match[1], 16)), value)
    return Strange("a date or time", str(value))


XLSX = Xlsx()
