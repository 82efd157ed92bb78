"""A stage of one's own, put between `answers` and `reasoning_paths` by a plugin: all that follows from stages knows it."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import polars as pl
import pytest

from wethink_assets.dataset.lineage.diff import diff_versions
from wethink_assets.dataset.lineage.row import explain_row
from wethink_assets.dataset.takedown.erasure import erase
from wethink_assets.dataset.takedown.takedown import Subject, take_down
from wethink_assets.dataset.versions.verification import verify_versions
from wethink_assets.defs.automation.nightly import unfinished_batches
from wethink_assets.stages.order import model_stages, stage_names, upstream_of
from wethink_assets.storage.journal.journal import journaled_calls
from wethink_assets.storage.store import Store
from wethink_assets.storage.tables import Tables
from wethink_assets_tests.support.opened_project import Opened, opened
from wethink_assets_tests.support.plugged_stage import name_plugin, plugin_of_this_process
from wethink_assets_tests.support.project import make_project
from wethink_assets_tests.support.scripted_endpoint import scripted_endpoint
from wethink_assets_tests.support.scripted_model import after, good_script

REVIEW = "answer_review"
ORDER = ("images", "descriptions", "questions", "answers", REVIEW, "reasoning_paths", "signatures")
BATCH = "coco.000001"


def review(variables: dict[str, Any], sample: int) -> str:
    """The first question of an image has a clear answer, the second has none."""
    return json.dumps({"score": 1 if variables["question"].endswith("part 0?") else 0, "reason": "seen twice"})


@pytest.fixture(scope="module")
def reviewed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Opened]:
    """A project that made v0001 without the stage, and v0002 with it."""
    with scripted_endpoint(after(good_script, review=review)) as endpoint:
        project = make_project(tmp_path_factory.mktemp("reviewed") / "project", endpoint.url, sources=("coco",))
        with opened(project) as it:
            assert all(run.success for run in it.grow().values())
        name_plugin(project, REVIEW)
        with plugin_of_this_process(REVIEW), opened(project) as it:
            sent = endpoint.asked.copy()
            assert dict(unfinished_batches(it.instance)) == {BATCH: ORDER[4:]}
            runs = it.grow()
            assert all(run.success for run in runs.values()), runs
            assert endpoint.asked - sent == {"review": 6}, "what was asked before is in the journal"
            yield it


@pytest.fixture
def rejected(reviewed: Opened) -> str:
    """Row id of a question whose answer was rejected."""
    lost = rows_of(reviewed, "v0001").join(rows_of(reviewed, "v0002"), on="row_id", how="anti")
    assert lost.height == 3
    return str(lost["row_id"][0])


def rows_of(it: Opened, version: str) -> pl.DataFrame:
    return it.store.read_parquet(f"versions/{version}/rows.parquet")


def test_the_stage_stands_in_the_order_and_its_table_is_read_in_place_of_the_one_it_reviews(reviewed: Opened) -> None:
    assert stage_names() == ORDER and model_stages() == ORDER[1:-1]
    assert upstream_of(REVIEW) == ("answers", "questions")
    assert upstream_of("reasoning_paths") == (REVIEW, "questions", "images")
    commit = Tables(reviewed.store).current("reasoning_paths", BATCH)
    assert commit is not None and list(commit.inputs) == [REVIEW, "questions", "images"]


def test_it_is_an_asset_with_check_pool_code_version_and_previews(reviewed: Opened) -> None:
    key = dg.AssetKey(REVIEW)
    graph = reviewed.definitions.resolve_asset_graph()
    node = graph.get(key)
    parents = {parent.to_user_string() for parent in node.parent_keys}
    assert parents == {"answers", "questions", "model/judge"} and node.pools == {"endpoint"}
    assert dg.AssetKey("answers") not in graph.get(dg.AssetKey("reasoning_paths")).parent_keys
    (check,) = node.check_keys
    assert check.name == "closed" and graph.get(check).blocking
    assert key in reviewed.definitions.resolve_job_def("synthesize").asset_layer.executable_asset_keys
    commit = Tables(reviewed.store).current(REVIEW, BATCH)
    assert commit is not None and commit.code_version == node.code_version and commit.code_version.startswith("1-")
    shown = reviewed.event(REVIEW, BATCH).metadata
    assert shown["rejected: unclear_answer"].value == 3
    assert "**Answer** " in shown["preview"].value and "part 0" in shown["preview"].value


def test_staleness_and_its_price_follow_a_prompt_of_the_plugin(reviewed: Opened) -> None:
    def plan() -> list[dict[str, Any]]:
        return list(json.loads(reviewed.project.wethink("plan", "--json").stdout)["stages"])

    assert plan() == []
    prompt = reviewed.project.home / "review.md"
    before = prompt.read_text()
    prompt.write_text(before.replace("review\n", "review \n", 1))
    try:
        first, *others = plan()
        assert (first["stage"], first["cause"], first["detail"], first["calls"]) == (REVIEW, "prompt", "new review", 6)
        assert [(row["stage"], row["cause"]) for row in others] == [(name, "upstream") for name in ORDER[5:]]
    finally:
        prompt.write_text(before)
    assert reviewed.materialize("staleness").success
    assert reviewed.event("staleness").metadata["stale partitions"].value == 0


def test_a_version_counts_and_explains_what_it_rejected(reviewed: Opened, rejected: str) -> None:
    rows = rows_of(reviewed, "v0002")
    assert [field.name for field in rows.schema["calls"].fields] == list(ORDER[1:-1])  # type: ignore[attr-defined]
    statistics = json.loads(reviewed.store.read("versions/v0002/statistics.json"))
    assert statistics["rejections"][REVIEW] == {"unclear_answer": 3}
    assert sum(source[REVIEW] for source in statistics["funnel"]) == 3 == rows.height
    card = reviewed.store.read("versions/v0002/README.md").decode()
    header, _, counts = (line.split(" | ") for line in card.partition("## From images to rows\n")[2].split("\n")[1:4])
    assert counts[header.index("answer review")] == counts[header.index("agreed")] == "3"
    kept = explain_row(reviewed.store, rows["row_id"][0])
    assert [call["prompt"] for call in kept["calls"][REVIEW]] == ["review"]
    assert kept["calls"][REVIEW][0]["key"] in rows["calls"].struct.field(REVIEW)[0]
    assert kept["further_stages"][REVIEW]["answer"] == kept["answers"]["answer"]
    told = json.loads(reviewed.project.wethink("explain", rejected, "--version", "v0001", "--json").stdout)
    assert told["told_from"] == "v0001" and "further_stages" not in told


def test_a_difference_names_the_stage_and_why_it_rejected_a_row(reviewed: Opened, rejected: str) -> None:
    difference = diff_versions(reviewed.store, "v0001", "v0002")
    assert difference.counts == {"added": 0, "removed": 3, "changed": 0, "replaced": 0} and difference.same == 3
    row = difference.rows.row(by_predicate=pl.col("row_id") == rejected, named=True)
    assert (row["change"], row["cause"]) == ("removed", "stages")
    assert row["detail"] == f"rejected by {REVIEW}: unclear_answer; {REVIEW}: the stage is new"


def test_versions_of_before_and_after_verify_and_are_built_alike(reviewed: Opened) -> None:
    assert verify_versions(reviewed.store).sound
    assert reviewed.project.wethink("verify").returncode == 0
    for version in ("v0001", "v0002"):
        assert reviewed.driver.build(version).success, "what a cut gives does not depend on the stages of today"


def test_what_it_keeps_of_an_image_is_erased(reviewed: Opened, tmp_path: Path) -> None:
    shutil.copytree(reviewed.project.home / "data", tmp_path / "data")
    store = Store.open(str(tmp_path / "data"))
    image = Tables(store).scan(REVIEW, BATCH).collect()["image_id"][0]
    subject = Subject("image", image)
    take_down(store, subject)
    assert len(erase(store, subject)) == 1
    left = journaled_calls(store, REVIEW, BATCH)
    assert left.height == 4 and not any(image in item for item in left["item"])
    assert image not in set(Tables(store).scan(REVIEW, BATCH).collect()["image_id"])
    assert verify_versions(store).sound


def test_without_the_plugin_what_was_made_from_its_table_is_stale(reviewed: Opened) -> None:
    home = reviewed.project.home
    path = home / "wethink.toml"
    named = path.read_text()
    path.write_text(named.replace(f'plugins = ["{REVIEW}"]\n', ""))
    try:
        rows = json.loads(reviewed.project.wethink("plan", "--json").stdout)["stages"]
    finally:
        path.write_text(named)
    assert {(row["stage"], row["detail"]) for row in rows if row["cause"] == "inputs"} == {
        ("reasoning_paths", "not made from answers")
    }
