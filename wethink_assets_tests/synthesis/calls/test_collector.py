"""Collector: whatever the order and number of outcomes, the tables are the same ones, and no file stays."""

import random
import tempfile
from pathlib import Path

import polars as pl
import pytest

from wethink_assets.stages.schemas import SCHEMA_VERSION, STRINGS
from wethink_assets.synthesis.calls.collector import HELD, Collector, Outcome

SCHEMA = pl.Schema({"slot": pl.String, "text": pl.String, "calls": STRINGS, "schema_version": pl.Int16})


def outcome(number: int, rejected: bool) -> Outcome:
    name = f"{random.Random(number).getrandbits(64):016x}:FIB:0"
    if rejected:
        return Outcome(
            rejected=[{"item": name, "stage": "s", "reason": reason, "detail": str(number)} for reason in ("b", "a")]
        )
    return Outcome(results=[{"slot": name, "text": f"text {number} é", "calls": [str(number)] * (number % 3)}])


@pytest.mark.parametrize("count", [0, 1, 5000, 2 * HELD + 7])
def test_tables_are_sorted_and_whole(count: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))  # where files are to be looked for
    numbers = list(range(count))
    random.Random(1).shuffle(numbers)
    with Collector(SCHEMA, "slot") as collector:
        for number in numbers:
            collector.add(outcome(number, number % 50 == 0))
        output = collector.output()
        assert bool(list(tmp_path.iterdir())) == (count > HELD), "a small table needs no file"
    assert not list(tmp_path.iterdir())
    outcomes = [outcome(number, number % 50 == 0) for number in range(count)]
    results = [row | {"schema_version": SCHEMA_VERSION} for each in outcomes for row in each.results]
    rejected = sorted((row for each in outcomes for row in each.rejected), key=lambda row: (row["item"], row["reason"]))
    assert output.results.schema == SCHEMA
    assert output.results.equals(pl.DataFrame(results, schema=SCHEMA).sort("slot"))
    assert output.rejections.rows(named=True) == rejected


def test_a_failure_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))  # where files are to be looked for
    with pytest.raises(KeyError), Collector(SCHEMA, "slot") as collector:
        for number in range(HELD + 1):
            collector.add(outcome(number, False))
        raise KeyError
    assert not list(tmp_path.iterdir())
