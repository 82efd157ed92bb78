"""`wethink table`: export, replace, restore and history of a stage's table, on the command line."""

import json
from pathlib import Path

import pytest

from wethink_assets.storage.store import Store
from wethink_assets.storage.tables import Tables
from wethink_assets_tests.commands.dataset.conftest import grower, local, printed, wethink
from wethink_assets_tests.dataset.conftest import Wethink
from wethink_assets_tests.support.stage_tables import Grower

__all__ = ["grower", "local", "wethink"]
BATCH = "coco.000001"


def test_a_table_goes_out_and_comes_back(
    local: Store, grower: Grower, wethink: Wethink, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    path = tmp_path / "questions.csv"
    out = printed(wethink, "table", "export", BATCH, "questions", str(path))
    assert f"questions of {BATCH}: 3 rows in {path}, {path.stat().st_size} bytes" in out
    assert "columns that may be edited: question, options, proposed_answer, category, abilities" in out
    path.write_text(path.read_text().replace("the largest block", "the widest block"))
    edited = ("table", "replace", BATCH, "questions", str(path), "--editor", "Ann", "--note", "words")
    out = printed(wethink, *edited, "--dry-run")
    assert "the table would be another one: rows 1 changed; fields: row_id 1, question 1" in out
    done = wethink(*edited)
    assert done.exit_code == 0, done.output
    assert "the table is another one, commit 2: rows 1 changed" in done.stdout
    assert "`wethink run` does answers, reasoning_paths, signatures of the batch again" in done.stdout
    assert "Dagster was not told" in done.stderr  # it has no home here
    again = wethink(*edited)
    assert again.exit_code == 1 and "no longer in force" in str(again.exception)
    row = (
        Tables(local).load("questions", BATCH).results.filter(question="What colour is the widest block?")["row_id"][0]
    )
    told = printed(wethink, "explain", row)
    assert "questions: changed by Ann on 2" in told and "UTC (words)" in told
    assert "What colour is the largest block? is now What colour is the widest block?" in told
    (entry,) = json.loads(printed(wethink, "table", "history", BATCH, "--json"))
    assert (entry["editor"], entry["rows"], entry["in_force"]) == ("Ann", 1, True)
    out = printed(wethink, "table", "restore", BATCH, "questions", "--editor", "Bob", "--json")
    assert json.loads(out)["to_do"] == []
    listed = printed(wethink, "table", "history", BATCH)
    assert "replaced" in listed and "took all edits back" in listed and "Bob" in listed
    assert "was ever edited" in printed(wethink, "table", "history", "coco.000002")
