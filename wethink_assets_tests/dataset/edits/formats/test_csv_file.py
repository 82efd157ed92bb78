"""Tables as CSV: no text is a formula, and what a spreadsheet made of a text on its own is told apart from what a person wrote."""

import csv
import re
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from wethink_assets.dataset.edits.edits import replace_table
from wethink_assets.dataset.edits.formats.csv_file import CSV, neutral
from wethink_assets.dataset.edits.formats.table_format import CellFault
from wethink_assets.errors import EditError
from wethink_assets.storage.store import Store
from wethink_assets.storage.tables import Tables
from wethink_assets_tests.dataset.edits.conftest import BATCH, exported, hostile_thoughts, put_thoughts

TEXTS, STRINGS = pl.String(), pl.List(pl.String)


def resaved(path: Path, change: Callable[[list[list[str]]], None] = lambda rows: None, **dialect: str) -> None:
    """Write a file anew, as a spreadsheet does, with its rows changed."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    change(rows)
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, **dialect).writerows(rows)  # type: ignore[arg-type]


def test_no_cell_begins_as_a_formula_and_hostile_texts_come_back(store: Store, files: Path) -> None:
    put_thoughts(store, hostile_thoughts())
    path = exported(store, files, "answers", "csv")
    with path.open(encoding="utf-8-sig", newline="") as file:
        cells = [cell for row in csv.reader(file) for cell in row]
    assert not [cell for cell in cells if re.match("[=+@\t\r＝＋－＠]|-", cell)]
    assert not replace_table(store, BATCH, "answers", path, "Ann").rows
    resaved(path, lineterminator="\n", delimiter=";")
    assert not replace_table(store, BATCH, "answers", path, "Ann").rows


def test_a_text_that_begins_like_a_formula_can_be_written(store: Store, files: Path) -> None:
    path = exported(store, files, "answers", "csv")

    def thought(rows: list[list[str]]) -> None:
        column = rows[0].index("image_thought")
        rows[1][column], rows[2][column] = "-5 is less, so no.", "'=A1 is a cell"

    resaved(path, thought)
    assert replace_table(store, BATCH, "answers", path, "Ann").fields == {"image_thought": 2}
    kept = Tables(store).load("answers", BATCH).results["image_thought"].to_list()
    assert kept[:2] == ["-5 is less, so no.", "=A1 is a cell"]


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "'=x", "''-x", "＝1", "plain", "'quoted'", ""]
)
def test_the_apostrophe_is_taken_off_again(text: str) -> None:
    assert CSV.unchanged(neutral(text), text, TEXTS)
    assert (CSV.value(neutral(text), None, TEXTS) or "") == text.replace("\r", "\n")


@pytest.mark.parametrize(
    ("before", "now", "message"),
    [
        ("007", "7", "the same number in another spelling"),
        ("3.50", "3.5", "the same number in another spelling"),
        ("1,000", "1000", "the same number in another spelling"),
        ("5%", "0.05", "the same number in another spelling"),
        ("1/2", "01-Feb", "a date or time"),
        ("3-4", "03.04.2026", "a date or time"),
        ("2024-01-02", "02/01/2024", "a date or time"),
        ("12:30", "12:30:00", "a date or time"),
        ("123456789012345", "1.23457E+14", "a number in scientific notation"),
        ("true", "TRUE", "a truth value"),
        (" red", "red", "the same without white space"),
        ("4", "#NAME?", "the error of a formula or of a column that is too narrow"),
        ("4", "########", "the error of a formula"),
    ],
)
def test_what_a_spreadsheet_makes_of_a_text_is_refused(before: str, now: str, message: str) -> None:
    with pytest.raises(CellFault, match=re.escape(message)):
        CSV.value(now, before, TEXTS)


@pytest.mark.parametrize(
    ("before", "now"),
    [("7", "8"), ("red", "blue"), ("1/2", "1/4"), ("2024-01-02", "2024-01-03x"), ("3.5 cm", "3.7"), ("May", "June")],
)
def test_what_a_person_wrote_is_taken(before: str, now: str) -> None:
    assert CSV.value(now, before, TEXTS) == now


def test_numbers_and_lists_are_read_from_their_texts() -> None:
    assert CSV.unchanged("0.833333333", 0.8333333333333334, pl.Float64())
    assert CSV.value("0.5", 1.0, pl.Float64()) == 0.5 and CSV.value("3", 1, pl.Int16()) == 3
    assert CSV.value('["a", "b"]', [], STRINGS) == ["a", "b"] and CSV.value("TRUE", False, pl.Boolean()) is True
    for cell, dtype, message in (
        ("0,5", pl.Float64(), "not a number"),
        ("3.5", pl.Int16(), "not a whole number"),
        ("[“a”]", STRINGS, "straight quotation marks"),
        ("wahr", pl.Boolean(), "not true or false"),
    ):
        with pytest.raises(CellFault, match=message):
            CSV.value(cell, None, dtype)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda data: data.decode("utf-8-sig").encode("utf-16"), r"is UTF-16: save it as 'CSV UTF-8'"),
        (lambda data: data.replace(b"colour", b"c\xf6lour", 1), r"line \d+: is not UTF-8 .*: save it as 'CSV UTF-8'"),
        (lambda data: data.rstrip() + b",one more\r\n", r"line 5: has 12 cells where the header has 11"),
        (lambda data: data + b'"never closed', r"is no CSV: unexpected end of data"),
        (lambda data: data.replace(b"category", b"question", 1), r"column question is there twice"),
        (lambda data: data.replace(b"wethink:", b"", 1), r"column questions coco.000001 [0-9a-f]{32} is no column|does not say which"),
        (lambda data: b"", r"does not say which table it was made from|column slot, .* is missing"),
    ],
    ids=["UTF-16", "Latin-1", "a cell more", "open quote", "column twice", "no stamp", "empty"],
)  # fmt: skip
def test_a_file_that_cannot_be_read_is_named(
    store: Store, files: Path, change: Callable[[bytes], bytes], message: str
) -> None:
    path = exported(store, files, "questions", "csv")
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(EditError, match=message) as raised:
        replace_table(store, BATCH, "questions", path, "Ann")
    assert str(path) in str(raised.value)


def test_order_mark_and_separator_line_make_no_difference(store: Store, files: Path) -> None:
    path = exported(store, files, "questions", "csv")

    def turned(rows: list[list[str]]) -> None:
        rows[1:] = rows[:0:-1]
        for row in rows:
            row.reverse()

    resaved(path, turned, delimiter="\t")
    path.write_bytes(b"\xef\xbb\xbfsep=\t\r\n" + path.read_bytes())
    assert not replace_table(store, BATCH, "questions", path, "Ann").rows
