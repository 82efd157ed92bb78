"""Rows that are sorted on the disk are those that are sorted in memory, range by range too; the file of a table goes with it."""

import os
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wethink_assets.errors import StoreUnreachable
from wethink_assets.storage import sorted_rows
from wethink_assets.storage.sorted_rows import SortedRows, in_batches, side_by_side

SCHEMA = pl.Schema({"name": pl.String, "place": pl.Int64, "added": pl.Int64})
KEY = ["name", "place"]
KEYS = st.tuples(st.sampled_from(["", "a", "a/b", "a.b", "é", "b\U0001f600", "b\uffff"]), st.integers(-2, 3))
ADDED = st.lists(st.lists(KEYS, max_size=9), max_size=6)


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"RUN_ROWS": 8, "CHUNK_ROWS": 3, "RANGE_CHUNKS": 2}.items():
        monkeypatch.setattr(sorted_rows, name, value)


def table_of(added: list[list[tuple[str, int]]]) -> tuple[SortedRows, pl.DataFrame]:
    table, frames, number = SortedRows(SCHEMA, KEY), [SCHEMA.to_frame()], 0
    for keys in added:
        rows = [(*key, number + index) for index, key in enumerate(keys)]
        number += len(keys)
        frames.append(pl.DataFrame(rows, schema=SCHEMA, orient="row"))
        table.add(frames[-1])
    return table, pl.concat(frames).sort(KEY, maintain_order=True)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ADDED, ADDED, st.integers(1, 7))
def test_rows_are_those_of_a_sort_in_memory(
    ours: list[list[tuple[str, int]]], theirs: list[list[tuple[str, int]]], size: int
) -> None:
    left, left_rows = table_of(ours)
    right, right_rows = table_of(theirs)
    assert left.height == left_rows.height
    for _ in range(2):  # a walk changes nothing
        assert left.read().equals(left_rows)
    ranges = list(side_by_side(left, right))
    for side, rows in enumerate((left_rows, right_rows)):
        assert pl.concat(parts[side] for parts in ranges).equals(rows)
    seen: set[tuple[str, int]] = set()
    for parts in ranges:
        keys = {key for part in parts for key in part.select(KEY).iter_rows()}
        assert not keys & seen
        seen |= keys
    batches = list(in_batches(left.parts(), size))
    assert [batch.height for batch in batches[:-1]] == [size] * (len(batches) - 1)
    assert pl.concat([SCHEMA.to_frame(), *batches]).equals(left_rows)


def test_a_walk_holds_few_rows_of_a_table_that_came_in_order() -> None:
    table, rows = table_of([[(f"{number:05d}", 0)] for number in range(500)])
    assert max(part.height for part in table.parts()) <= 3 * 3
    assert table.read().equals(rows)


def test_the_file_has_no_name_and_a_full_disk_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    table, rows = table_of([[("a", number) for number in range(9)]])
    assert os.listdir(tmp_path) == []
    assert table.read().equals(rows)
    monkeypatch.setattr("tempfile.TemporaryFile", lambda: open("/dev/full", "r+b", buffering=0))  # noqa: SIM115
    with pytest.raises(StoreUnreachable, match=f"{tmp_path}.*the disk is full"):
        table_of([[("a", number) for number in range(9)]])
