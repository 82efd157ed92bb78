"""Tables as Excel workbooks: text stays text, and merged cells, formulas, dates, numbers and hostile archives are refused by name."""

import datetime
import io
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from wethink_assets.dataset.edits.edits import replace_table
from wethink_assets.dataset.edits.formats import xlsx
from wethink_assets.errors import EditError
from wethink_assets.storage.store import Store
from wethink_assets.storage.tables import Tables
from wethink_assets_tests.dataset.edits.conftest import BATCH, exported, hostile_thoughts, put_thoughts

Change = Callable[[Any], None]


def resaved(path: Path, change: Change = lambda page: None) -> None:
    """Open a workbook, change its first sheet, and save it, as a spreadsheet does."""
    book = openpyxl.load_workbook(path)
    change(book.worksheets[0])
    book.save(path)


def cell(page: Any, column: str, row: int = 2) -> Any:
    """A cell by the name of its column."""
    names = [each.value for each in page[1]]
    return page.cell(row, names.index(column) + 1)


def test_no_cell_is_a_formula_and_hostile_texts_come_back(store: Store, files: Path) -> None:
    put_thoughts(store, hostile_thoughts())
    path = exported(store, files, "answers", "xlsx")
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            assert not re.search(rb"<f>|<f ", archive.read(name)), name
    (page, rejected) = openpyxl.load_workbook(path).worksheets
    assert page.title == "answers" and rejected.title == "rejected"
    assert {each.data_type for row in page.iter_rows() for each in row} <= {"s", "n", "b"}
    assert all(each.number_format == "@" for row in page.iter_rows() for each in row if each.data_type == "s")
    assert not replace_table(store, BATCH, "answers", path, "Ann").rows
    resaved(path)
    assert not replace_table(store, BATCH, "answers", path, "Ann").rows


def test_cells_are_edited_and_rows_moved(store: Store, files: Path) -> None:
    path = exported(store, files, "answers", "xlsx")

    def change(page: Any) -> None:
        for column, value in (("image_thought", "A _x0041_\nb"), ("score", 0.5), ("agreed", False)):
            cell(page, column).value = value
        page.move_range(f"A3:{page.cell(5, page.max_column).coordinate}", rows=4)

    resaved(path, change)
    assert replace_table(store, BATCH, "answers", path, "Ann").fields == {"image_thought": 1, "score": 1, "agreed": 1}
    row = Tables(store).load("answers", BATCH).results.row(0, named=True)
    assert (row["image_thought"], row["score"], row["agreed"]) == ("A A\nb", 0.5, False)


def merge(page: Any) -> None:
    page.merge_cells("A2:A3")


def put(column: str, value: object) -> Change:
    return lambda page: setattr(cell(page, column), "value", value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (merge, r"cells A2:A3 are merged, so rows have lost their own: undo the merge"),
        (put("question", "=A1&B1"), r"row 2: .* column question is a formula \(=A1&B1\): give the column the number format"),
        (put("question", datetime.date(2026, 2, 1)), r"row 2: .* column question is a date or time \(2026-02-01 00:00:00\)"),
        (put("question", 12), r"row 2: .* column question is a number \(12\), not text: give the column the number format 'Text'"),
        (put("options", "red, green"), r"row 2: .* column options is not JSON"),
        (put("question", None), r"row 2: .* column question is empty: fill it in"),
        (put("slot", None), r"row 2: column slot has no id: it was"),
        (lambda page: setattr(page, "title", "Sheet1"), r"has no sheet 'questions', only 'Sheet1', 'rejected': name it so again"),
        (lambda page: setattr(page.cell(3, 20), "value", "note"), r"row 3: has a cell in column 20, which has no name"),
    ],
    ids=["merged", "formula", "date", "number", "list", "empty", "no id", "other sheet", "beside"],
)  # fmt: skip
def test_what_a_spreadsheet_did_is_named(store: Store, files: Path, change: Change, message: str) -> None:
    path = exported(store, files, "questions", "xlsx")
    resaved(path, change)
    with pytest.raises(EditError, match=message) as raised:
        replace_table(store, BATCH, "questions", path, "Ann")
    assert str(path) in str(raised.value)


def test_a_text_that_a_workbook_cannot_hold_is_edited_elsewhere(store: Store, files: Path) -> None:
    put_thoughts(store, hostile_thoughts())
    path = exported(store, files, "answers", "xlsx")
    assert "edit it in a .jsonl file" in str(cell(openpyxl.load_workbook(path)["answers"], "image_thought", 5).value)

    def change(page: Any) -> None:
        for row in (4, 5):
            cell(page, "image_thought", row).value = "short"

    resaved(path, change)
    with pytest.raises(
        EditError, match=r"2 faults, nothing was changed\n.*without characters that a workbook cannot hold"
    ):
        replace_table(store, BATCH, "answers", path, "Ann")


def with_part(path: Path, name: str, content: bytes) -> bytes:
    """The bytes of a workbook in which one part is another."""
    data = io.BytesIO()
    with zipfile.ZipFile(path) as before, zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as after:
        for member in before.namelist():
            after.writestr(member, content if member == name else before.read(member))
    return data.getvalue()


ENTITIES = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><x>&b;</x>'


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda path: b"\xd0\xcf\x11\xe0" + b"\0" * 600, r"is an old .xls file, or is encrypted: save it as .xlsx"),
        (lambda path: b"slot,question\n", r"is no Excel workbook"),
        (lambda path: path.read_bytes()[:-400], r"is no Excel workbook"),
        (lambda path: with_part(path, "xl/workbook.xml", ENTITIES), r"xl/workbook.xml declares a document type"),
        (lambda path: with_part(path, "xl/workbook.xml", b"<x/>"), r"cannot be read as an Excel workbook|has no sheet"),
    ],
    ids=["xls", "text", "cut off", "entities", "no workbook"],
)
def test_what_is_no_workbook_is_refused(
    store: Store, files: Path, change: Callable[[Path], bytes], message: str
) -> None:
    path = exported(store, files, "questions", "xlsx")
    path.write_bytes(change(path))
    with pytest.raises(EditError, match=message):
        replace_table(store, BATCH, "questions", path, "Ann")


def test_a_workbook_that_unpacks_to_too_much_is_not_read(
    store: Store, files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = exported(store, files, "questions", "xlsx")
    monkeypatch.setattr(xlsx, "LARGEST", 1_000)
    with pytest.raises(EditError, match="unpacks to more than"):
        replace_table(store, BATCH, "questions", path, "Ann")
