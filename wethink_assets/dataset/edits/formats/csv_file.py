"""Tables as CSV for spreadsheets, in which no text becomes a formula.

A text that begins with `=`, `+`, `-`, `@`, a tab or a line end is written with an apostrophe before it, which is taken off again. What a
spreadsheet makes of texts that look like numbers or dates (`007`, `1/2`, an id of many digits) is told by what was there before, and refused.
"""

import csv
import io
import re
from pathlib import Path
from typing import Any

import polars as pl

from wethink_assets.dataset.edits.formats.table_format import CellFault, FileRow, FileTable, Progress, TextCells
from wethink_assets.dataset.edits.sheet import Sheet, Stamp, row_mark
from wethink_assets.errors import EditError

SEPARATORS = ",;\t"
LONGEST_CELL = 2**27
BEFORE_FORMULA = re.compile("(?='*[=+\\-@\t\r\n\uff1d\uff0b\uff0d\uff20])")
NEUTRAL = re.compile("'(?='*[=+\\-@\t\r\n\uff1d\uff0b\uff0d\uff20])")
DATE = re.compile(
    r"\d{1,2}[-/. ][A-Za-z]{3,9}([-/. ]\d{2,4})?|[A-Za-z]{3,9}[- ]\d{2,4}|\d{1,4}([-/.])\d{1,2}\2\d{1,4}( \d{1,2}:\d{2}(:\d{2})?)?|"
    r"\d{1,2}:\d{2}(:\d{2})?( [AP]M)?"
)
SCIENTIFIC = re.compile(r"[+-]?\d([.,]\d+)?E[+-]?\d+")
ERRORS = re.compile(r"#(NAME\?|REF!|VALUE!|DIV/0!|N/A|NUM!|NULL!|SPILL!|CALC!)|#{3,}")


def neutral(text: str) -> str:
    """A text as it stands in a cell: what a spreadsheet would calculate has an apostrophe before it.

    >>> neutral("=1+1"), neutral("'-5"), neutral("a-b")
    ("'=1+1", "''-5", 'a-b')
    """
    return f"'{text}" if BEFORE_FORMULA.match(text) else text


class CsvFile(TextCells):
    """Comma-separated values, UTF-8 with the byte order mark by which spreadsheets know it; read with comma, semicolon or tab."""

    title = "CSV"

    def write(self, path: Path, sheet: Sheet, progress: Progress) -> None:
        """Write a sheet."""
        total = sheet.output.results.height
        with path.open("w", encoding="utf-8-sig", newline="") as file:
            writer = csv.writer(file)
            writer.writerow([*(column.name for column in sheet.columns), str(sheet.stamp)])
            for number, row in enumerate(sheet.rows(), 1):
                cells = [self.shown(row[column.name], column.dtype) for column in sheet.columns]
                writer.writerow([*(self._written(cell) for cell in cells), row_mark(row[sheet.stage.item])])
                progress(number, total)

    @staticmethod
    def _written(cell: Any) -> Any:
        if isinstance(cell, bool):
            return str(cell).lower()
        return neutral(cell) if isinstance(cell, str) else cell

    def read(self, path: Path, sheet: Sheet) -> FileTable:
        """Read a file. Raises `EditError` where it is not UTF-8 or not CSV."""
        data = path.read_bytes()
        if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
            raise EditError(f"{path} is UTF-16: save it as 'CSV UTF-8'")
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = data[: error.start].count(b"\n") + 1
            raise EditError(f"{path}, line {line}: is not UTF-8 ({error.reason}): save it as 'CSV UTF-8'") from error
        csv.field_size_limit(LONGEST_CELL)
        first = 1
        if text.lower().startswith("sep="):
            _, _, text = text.partition("\n")
            first = 2
        separator = self._separator(text, sheet)
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
        header: list[str] = []
        rows: list[FileRow] = []
        stamp, marks, line = None, -1, first
        try:
            for cells in reader:
                start, line = line, first + reader.line_num
                if not any(cell.strip() for cell in cells):
                    continue
                if not header:
                    header = [NEUTRAL.sub("", cell, count=1).strip() for cell in cells]
                    marks = next((number for number, cell in enumerate(header) if Stamp.read(cell)), -1)
                    stamp = Stamp.read(header[marks]) if marks >= 0 else None
                    continue
                if len(cells) != len(header):
                    raise EditError(
                        f"{path}, line {start}: has {len(cells)} cells where the header has {len(header)}: "
                        "a cell with a separator, a quotation mark or a line end stands in quotation marks"
                    )
                named = {
                    name: cell for number, (name, cell) in enumerate(zip(header, cells, strict=True)) if number != marks
                }
                rows.append(FileRow(start, named, cells[marks] if marks >= 0 else ""))
        except csv.Error as error:
            raise EditError(f"{path}, line {line}: is no CSV: {error}") from error
        return FileTable(stamp, [name for number, name in enumerate(header) if number != marks], rows)

    @staticmethod
    def _separator(text: str, sheet: Sheet) -> str:
        line = text.partition("\n")[0]
        return max(SEPARATORS, key=lambda each: len(line.split(each))) if sheet.stage.item in line else ","

    def unchanged(self, cell: Any, value: Any, dtype: pl.DataType) -> bool:
        """As of texts, without the apostrophe."""
        return super().unchanged(self._taken(cell), value, dtype)

    def value(self, cell: Any, before: Any, dtype: pl.DataType) -> Any:
        """As of texts; what a spreadsheet wrote in a text's place is refused. Raises `CellFault`."""
        text = self._taken(cell)
        if ERRORS.fullmatch(text):
            raise CellFault(f"is {text}, the error of a formula or of a column that is too narrow: write what is meant")
        if dtype == pl.String and isinstance(before, str):
            mangled = _mangled(before.strip(), text.strip())
            if mangled:
                raise CellFault(
                    f"was {before[:60]!r} and is {text[:60]!r}, {mangled}, as spreadsheets write it on their own: put back what was there; "
                    "if it is meant, bring it back in a .jsonl or .xlsx file"
                )
        return super().value(text, before, dtype)

    @staticmethod
    def _taken(cell: Any) -> str:
        return NEUTRAL.sub("", str(cell), count=1) if NEUTRAL.match(str(cell)) else str(cell)


def _mangled(before: str, now: str) -> str:
    """In what way a text is the same in another spelling, as a spreadsheet writes numbers and dates; empty where it is not."""
    if before == now:
        return "the same without white space"
    if before.lower() == now.lower() and now in ("TRUE", "FALSE"):
        return "a truth value"
    if SCIENTIFIC.fullmatch(now) and re.fullmatch(r"[\d\s.,E+-]+", before):
        return "a number in scientific notation"
    one, other = _number(before), _number(now)
    if one is not None and one == other:
        return "the same number in another spelling"
    like_a_date = re.search(r"\d", before) and re.search(r"[-/.: ]", before) and not re.search("[a-z]{4}", before)
    return "a date or time" if like_a_date and DATE.fullmatch(now) and _shape(before) != _shape(now) else ""


def _shape(text: str) -> str:
    """A text without what its numbers are: a person who writes another date writes it alike."""
    return re.sub(r"\d+", "0", text)


def _number(text: str) -> float | None:
    percent = text.endswith("%")
    try:
        value = float(text.rstrip("%").replace(",", "").replace("$", "").lstrip("'").strip())
    except ValueError:
        return None
    return value / 100 if percent else value


CSV = CsvFile()
