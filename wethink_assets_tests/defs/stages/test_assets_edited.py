"""Tables edited by hand in a project: what depends on them is done again, the rest comes from the journal, and all of it can be taken back."""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from wethink_assets.dataset.edits.edits import export_table, replace_table, restore_table, table_history
from wethink_assets.dataset.lineage.diff import diff_versions
from wethink_assets.dataset.lineage.row import explain_row
from wethink_assets.dataset.lineage.version import lineage_of
from wethink_assets.dataset.versions.manifest import read_manifest
from wethink_assets.dataset.versions.rebuild import rebuild_version
from wethink_assets.dataset.versions.verification import verify_versions
from wethink_assets.defs.runs.reporting import Synced
from wethink_assets.defs.runs.sync import sync_stages
from wethink_assets.planning.staleness import commits_in_force
from wethink_assets.storage.tables import Commit, Tables
from wethink_assets_tests.support.opened_project import Opened
from wethink_assets_tests.support.partition_statuses import statuses
from wethink_assets_tests.support.scripted_endpoint import ScriptedEndpoint

pytestmark = pytest.mark.slow
BATCH, OTHER = "coco.000001", "geoqa+.000001"


def edited(it: Opened, folder: Path, stage: str, change: Callable[[list[dict[str, Any]]], None]) -> Commit:
    """Edit a table of the batch by hand: what was exported, changed, and brought back; Dagster is told."""
    path = folder / f"{stage}-{len(list(folder.iterdir()))}.jsonl"
    export_table(it.store, BATCH, stage, path)
    head, *lines = path.read_text().splitlines()
    rows = [json.loads(line) for line in lines]
    change(rows)
    path.write_text("\n".join([head, *map(json.dumps, rows)]))
    commit = replace_table(it.store, BATCH, stage, path, "Ann Lee", "the wall is green").commit
    assert commit is not None
    sync_stages(it.instance, [commit], Synced())
    return commit


def digests(it: Opened) -> dict[str, str]:
    return {stage: commit.digest for stage, commit in commits_in_force(it.store, [BATCH])[BATCH].items()}


def finished(it: Opened) -> dict[str, tuple[str, ...]]:
    """Do all that is unfinished; what that was."""
    unfinished, _ = it.driver.unfinished()
    for batch, stages in unfinished.items():
        assert it.driver.synthesize(batch, stages).success
    return unfinished


def contents(it: Opened, version: str) -> dict[str, str]:
    """Digests of the rows of a version's files, but for those that name it."""
    files = read_manifest(it.store, version).files
    return {name: files[name].content for name in ("rows.parquet", "excluded.parquet")}


def test_only_what_depends_on_an_edit_is_done_again_and_it_can_be_taken_back(
    grown: Opened, endpoint: ScriptedEndpoint, tmp_path: Path
) -> None:
    assert all(run.success for run in grown.grow().values())
    first, asked = digests(grown), Counter(endpoint.asked)
    folder = tmp_path / "edits"
    folder.mkdir()

    def other_words(rows: list[dict[str, Any]]) -> None:
        rows[0]["fine"] = "A green wall with one red block."

    edited(grown, folder, "descriptions", other_words)
    status = statuses(grown, {"descriptions": (BATCH,), "questions": (BATCH, OTHER)})
    assert status["descriptions", BATCH][0] == status["questions", OTHER][0] == "FRESH"
    assert status["questions", BATCH][0] == "STALE"
    assert finished(grown) == {BATCH: ("questions", "answers", "reasoning_paths", "signatures")}
    assert statuses(grown, {"questions": (BATCH,)})["questions", BATCH][0] == "FRESH"
    calls = Counter(endpoint.asked) - asked
    assert calls["question"] == 2 and calls["screen"] == 2, calls  # of one image in three
    assert not calls.keys() & {"describe", "refine", "details", "merge"}

    # A question, an answer and a path of the last image, and one row less.
    def ask_otherwise(rows: list[dict[str, Any]]) -> None:
        rows[-1]["category"] = "shapes"

    def without_one(rows: list[dict[str, Any]]) -> None:
        rows[-1]["refined_cot"] = rows[-1]["refined_cot"] + " So it is."
        del rows[0]

    edited(grown, folder, "questions", ask_otherwise)
    finished(grown)
    edited(grown, folder, "reasoning_paths", without_one)
    assert finished(grown) == {BATCH: ("signatures",)}
    second = grown.driver.decide()
    assert grown.driver.build(second.version).success

    rows = grown.store.read_parquet(f"versions/{second.version}/rows.parquet").filter(batch=BATCH)
    (row,) = rows.filter(rows["refined_cot"].str.ends_with(" So it is.")).to_dicts()
    edits = {edit["stage"]: edit for edit in explain_row(grown.store, row["row_id"])["edits"]}
    assert {stage: list(edit["fields"]) for stage, edit in edits.items()} == {
        "questions": ["category"],
        "reasoning_paths": ["refined_cot"],
    }
    assert all(edit["editor"] == "Ann Lee" and edit["edited"] and edit["applies"] for edit in edits.values())
    carried = {entry["stage"]: entry["rows"] for entry in lineage_of(grown.store, second.version)["edits"]}
    assert carried["reasoning_paths"] == {"changed": 1, "removed": 1} and carried["descriptions"] == {"changed": 1}
    assert Tables(grown.store).current("reasoning_paths", BATCH).reasons == {"removed_by_editor": 1}  # type: ignore[union-attr]
    rebuilt = rebuild_version(grown.store, second.version)
    assert rebuilt.same and set(rebuilt.files.values()) == {"bytes"}, rebuilt.differences
    assert verify_versions(grown.store, [second.version]).sound
    assert set(diff_versions(grown.store, "v0001", second.version).rows.filter(batch=BATCH)["cause"]) == {"edited"}

    paid = Counter(endpoint.asked)
    told = json.loads(
        grown.project.wethink("table", "restore", BATCH, "descriptions", "--editor", "Bob", "--json").stdout
    )
    assert told["to_do"] == ["questions", "answers", "reasoning_paths", "signatures"]
    assert statuses(grown, {"questions": (BATCH,)})["questions", BATCH][0] == "STALE"  # the command told Dagster
    finished(grown)
    for stage in ("questions", "reasoning_paths"):
        restored = restore_table(grown.store, BATCH, stage, "Bob")
        assert restored.commit is not None
        sync_stages(grown.instance, [restored.commit], Synced())
        finished(grown)
    assert Counter(endpoint.asked) == paid and digests(grown) == first
    third = grown.driver.decide()
    assert grown.driver.build(third.version).success
    assert contents(grown, third.version) == contents(grown, "v0001")
    assert [entry.taken_back for entry in table_history(grown.store, BATCH, ["questions"])] == [False, True]
    assert rebuild_version(grown.store, second.version).same
