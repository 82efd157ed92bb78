"""The UI on a real `dagster dev`: launches by GraphQL as its buttons send them, pages of keys with a plus sign, failures."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from wethink_assets.stages.order import stage_names
from wethink_assets_tests.support.dagster_ui import Ui, dagster_ui, waited
from wethink_assets_tests.support.opened_project import opened
from wethink_assets_tests.support.project import Project, make_project
from wethink_assets_tests.support.scripted_endpoint import ScriptedEndpoint, scripted_endpoint

STAGES = stage_names()

pytestmark = pytest.mark.slow
PARTITIONS = """
query Asset($key: AssetKeyInput!) {
  assetNodeOrError(assetKey: $key) {
    ... on AssetNode {
      assetPartitionStatuses {
        ... on DefaultPartitionStatuses { materializedPartitions failedPartitions unmaterializedPartitions }
      }
    }
  }
}"""
ASSET = """
query Asset($key: AssetKeyInput!, $partition: String!) {
  assetNodeOrError(assetKey: $key) {
    ... on AssetNode {
      assetMaterializations(partitions: [$partition], limit: 1) { runId metadataEntries { label __typename } }
    }
  }
}"""
BACKFILL_STATUS = (
    "query B($id: String!) { partitionBackfillOrError(backfillId: $id) { ... on PartitionBackfill { status } } }"
)
WEBSITE_BATCH = "geoqa+.000001"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Project, ScriptedEndpoint, Ui]]:
    """One project and one `dagster dev` for the tests of this module, which follow each other."""
    home: Path = tmp_path_factory.mktemp("ui") / "project"
    with scripted_endpoint() as endpoint:
        project = make_project(home, endpoint.url)
        with dagster_ui(project) as ui:
            yield project, endpoint, ui


def partitions(ui: Ui, asset: str) -> dict[str, list[str]]:
    node = ui.ask(PARTITIONS, key={"path": [asset]})["assetNodeOrError"]
    found: dict[str, list[str]] = node["assetPartitionStatuses"]
    return found


def test_observing_registers_batches(served: tuple[Project, ScriptedEndpoint, Ui]) -> None:
    _, _, ui = served
    run = ui.finished(ui.launch("__ASSET_JOB", ["source/coco", "source/geoqa", "source/vg", "model/judge"]))
    assert run["status"] == "SUCCESS", run
    found = partitions(ui, "image_batches")
    assert sorted(found["materializedPartitions"]) == ["coco.000001", WEBSITE_BATCH]


def test_one_batch_with_a_plus_sign_goes_through_all_stages(served: tuple[Project, ScriptedEndpoint, Ui]) -> None:
    _, _, ui = served
    run_id = ui.launch("__ASSET_JOB", list(STAGES), WEBSITE_BATCH)
    assert ui.finished(run_id)["status"] == "SUCCESS"
    for stage in STAGES:
        assert partitions(ui, stage)["materializedPartitions"] == [WEBSITE_BATCH]
    told = ui.ask(ASSET, key={"path": ["answers"]}, partition=WEBSITE_BATCH)["assetNodeOrError"][
        "assetMaterializations"
    ][0]
    labels = {entry["label"] for entry in told["metadataEntries"]}
    assert told["runId"] == run_id and {"dagster/row_count", "rejections", "sample", "preview", "model calls"} <= labels
    for view in ("partitions", "events"):
        assert ui.page(f"/assets/answers?view={view}&partition={quote(WEBSITE_BATCH, safe='')}") == 200
    assert ui.page("/assets/source/geoqa") == 200


def test_a_failure_is_shown_at_its_partition(served: tuple[Project, ScriptedEndpoint, Ui]) -> None:
    project, _, ui = served
    away = project.home / "images" / "away"
    (project.home / "images" / "coco").rename(away)
    try:
        run = ui.finished(ui.launch("__ASSET_JOB", list(STAGES), "coco.000001"))
    finally:
        away.rename(project.home / "images" / "coco")
    assert run["status"] == "FAILURE"
    failures = [e for e in run["eventConnection"]["events"] if e["__typename"] == "ExecutionStepFailureEvent"]
    assert [failure["stepKey"] for failure in failures] == ["images"]
    assert "does not exist" in str(failures[0]["error"])
    found = partitions(ui, "images")
    assert found["failedPartitions"] == ["coco.000001"] and found["materializedPartitions"] == [WEBSITE_BATCH]


def test_a_backfill_of_several_batches_is_one_run_a_batch(served: tuple[Project, ScriptedEndpoint, Ui]) -> None:
    project, _, ui = served
    project.add_images("coco", 2, seed=5)
    assert ui.finished(ui.launch("__ASSET_JOB", ["source/coco"]))["status"] == "SUCCESS"
    batches = ["coco.000001", "coco.000002"]
    backfill = ui.backfill(list(STAGES), batches)

    def over() -> str | None:
        status = str(ui.ask(BACKFILL_STATUS, id=backfill)["partitionBackfillOrError"]["status"])
        return status if status.startswith(("COMPLETED", "FAILED", "CANCELED")) else None

    assert waited(over, 600, "the backfill") == "COMPLETED_SUCCESS"
    with opened(project) as it:
        runs = it.instance.get_runs()
        made = [run for run in runs if run.tags.get("dagster/backfill") == backfill]
        assert sorted(run.tags["dagster/asset_partition_range_start"] for run in made) == batches
        assert sorted(run.tags["dagster/asset_partition_range_end"] for run in made) == batches
    for stage in STAGES:
        assert sorted(partitions(ui, stage)["materializedPartitions"]) == [*batches, WEBSITE_BATCH]


def test_the_cut_job_makes_a_version_and_says_when_there_is_nothing_new(
    served: tuple[Project, ScriptedEndpoint, Ui],
) -> None:
    project, _, ui = served
    config = {"ops": {"decide": {"config": {"kinds": ["MC"]}}}}
    run = ui.finished(ui.launch("cut", [], config=config))
    assert run["status"] == "SUCCESS" and {"key": "wethink/version", "value": "v0001"} in run["tags"]
    assert (
        partitions(ui, "dataset")["materializedPartitions"]
        == ["v0001"]
        == partitions(ui, "cuts")["materializedPartitions"]
    )
    again = ui.finished(ui.launch("cut", [], config=config))
    assert again["status"] == "SUCCESS" and not [tag for tag in again["tags"] if tag["key"] == "wethink/version"]
    assert os.listdir(project.home / "data" / "versions") == ["v0001"]
    assert "is new" not in project.wethink("cut", "--kinds", "MC").stdout


def test_a_killed_command_delays_no_run_of_the_ui(served: tuple[Project, ScriptedEndpoint, Ui]) -> None:
    project, endpoint, ui = served
    answer = endpoint.script

    def slow(name: str, variables: dict[str, object], sample: int) -> object:
        time.sleep(2 if name == "answer_text" else 0)
        return answer(name, variables, sample)

    endpoint.script, asked = slow, endpoint.asked["answer_text"]
    project.add_images("coco", 4, seed=9)
    process = project.start("wethink_assets.cli", "run")
    waited(lambda: endpoint.asked["answer_text"] > asked, 300, "the answers")
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    endpoint.script = answer
    launched = time.monotonic()
    run_id = ui.launch("__ASSET_JOB", ["answers"], "coco.000001")
    # The stage waits for the slot of the killed run, which the daemon frees; a run needs 10 to 20 s to start by itself.
    assert ui.finished(run_id)["status"] == "SUCCESS"
    assert time.monotonic() - launched < 120
