"""Batches are partitions of a real instance as soon as they are registered or imported; those of nothing but known images are no work."""

import json
import os
import shutil
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pytest
from typer.testing import CliRunner

from wethink_assets.cli import app
from wethink_assets.config.budgets import BudgetSettings
from wethink_assets.dataset.cuts.cut import Cut
from wethink_assets.defs.automation.nightly import nightly_schedule, unfinished_batches
from wethink_assets.defs.automation.sensors import registered_batches_sensor
from wethink_assets.defs.runs.batch_partitions import hidden_batches
from wethink_assets.defs.runs.instance import project_instance
from wethink_assets.defs.runs.jobs import SYNTHESIZE
from wethink_assets.defs.runs.sync import sync_instance
from wethink_assets.planning.staleness import commits_in_force, is_closed, missing_stages
from wethink_assets.sources.catalog import sources_of
from wethink_assets.sources.recopied_files import CompareLimits
from wethink_assets.sources.registration import register_source
from wethink_assets.stages.order import stage_names
from wethink_assets.storage.tables import Commit
from wethink_assets_tests.support.opened_project import Opened
from wethink_assets_tests.support.project import Project
from wethink_assets_tests.support.scripted_endpoint import ScriptedEndpoint

BATCHES = ["coco.000001", "geoqa+.000001"]


def invoked(project: Project, *arguments: str, home: bool = True) -> str:
    """What a command prints on stderr, that ends well."""
    environment: dict[str, str | None] = {"WETHINK_CONFIG": project.environment["WETHINK_CONFIG"], "DAGSTER_HOME": None}
    if home:
        environment["DAGSTER_HOME"] = str(project.home)
    done = CliRunner().invoke(app, list(arguments), env=environment)
    assert done.exit_code == 0, done.output
    return done.stderr


def partitions(project: Project, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Batches of the project's instance."""
    monkeypatch.setenv("DAGSTER_HOME", str(project.home))
    with project_instance() as instance:
        return sorted(instance.get_dynamic_partitions("image_batch"))


def test_registered_batches_are_partitions_at_once(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "Dagster" not in invoked(project, "register", home=False)
    assert partitions(project, monkeypatch) == BATCHES
    project.add_images("coco", 2, seed=5)
    invoked(project, "register", "coco", "--json")
    assert partitions(project, monkeypatch) == ["coco.000001", "coco.000002", "geoqa+.000001"]


def test_register_and_observe_show_the_same(grown: Opened) -> None:
    assert grown.driver.observe().success
    key = dg.AssetKey(["source", "coco"])
    observed = grown.instance.fetch_observations(key, limit=1).records[0].asset_observation
    invoked(grown.project, "register", "coco")
    registered = grown.instance.fetch_observations(key, limit=1).records[0].asset_observation
    assert observed is not None and registered is not None
    assert registered.metadata.keys() | {"first new batch"} == observed.metadata.keys() | {"first new batch"}
    assert registered.tags["dagster/data_version"] == observed.tags["dagster/data_version"]
    assert len(grown.instance.fetch_observations(key, limit=10).records) == 2


def test_without_an_instance_the_files_are_registered_and_the_sensor_shows_them(
    grown: Opened, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (grown.project.home / "dagster.yaml").rename(tmp_path / "away.yaml")
    assert "it will once its UI runs" in invoked(grown.project, "register", home=False)
    assert grown.instance.get_dynamic_partitions("image_batch") == []
    sensor = registered_batches_sensor(grown.project.settings)
    assert sensor.default_status == dg.DefaultSensorStatus.RUNNING
    sensor.evaluate_tick(dg.build_sensor_context(instance=grown.instance))
    assert sorted(grown.instance.get_dynamic_partitions("image_batch")) == BATCHES
    again = sensor.evaluate_tick(dg.build_sensor_context(instance=grown.instance))
    assert again.skip_message == "the instance knows all batches of the store" and not again.run_requests


def test_imported_batches_are_partitions_at_once(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = next(project.home.glob("images/coco/**/*.png"))
    shutil.copy(image, tmp_path / "1.png")
    row = {"image": "1.png", "question": "What is it?", "answer": "cat"}
    (tmp_path / "rows.jsonl").write_text(json.dumps(row) + "\n")
    invoked(project, "import", str(tmp_path / "rows.jsonl"), "--source", "theirs")
    assert partitions(project, monkeypatch) == ["theirs.000001"]


def recopied(it: Opened, limits: CompareLimits) -> list[str]:
    """Batches of pictures that were copied again: other times, the same contents."""
    source = sources_of(it.project.settings)["coco"]
    for path in Path(source.location).rglob("*.png"):
        os.utime(path, (path.stat().st_mtime + 1,) * 2)
    return register_source(it.store, source, 100, limits=limits).batches


@pytest.mark.slow
@pytest.mark.parametrize("by", ["wethink run", "the daemon"])
def test_a_batch_of_known_images_is_no_work_once_it_was_read(
    by: str, grown: Opened, endpoint: ScriptedEndpoint
) -> None:
    """Such are batches that were registered while pictures of theirs were read by another, or beyond the bounds of what is compared."""
    assert grown.driver.observe().success
    stages = stage_names()
    assert grown.driver.synthesize(BATCHES[0], stages).success
    assert recopied(grown, CompareLimits()) == [], "files that were copied again make no batch"
    (batch,) = recopied(grown, CompareLimits(bytes=0))
    sync_instance(grown.instance, grown.store, grown.project.settings)
    assert (
        dict(unfinished_batches(grown.instance))
        == grown.driver.unfinished()[0]
        == dict.fromkeys([batch, BATCHES[1]], stages)
    )
    asked = endpoint.asked.total()
    if by == "wethink run":
        assert grown.driver.synthesize(batch, stages).success
    else:
        job = grown.definitions.resolve_job_def(SYNTHESIZE)
        images = [dg.AssetKey(stages[0])]
        assert job.execute_in_process(instance=grown.instance, asset_selection=images, partition_key=batch).success
        requests = nightly_tick(grown)
        assert [request.partition_key for request in requests] == BATCHES[1:], "the sensor has not looked yet"
    assert endpoint.asked.total() == asked
    assert sorted(grown.instance.get_dynamic_partitions("image_batch")) == BATCHES
    commits = commits_in_force(grown.store, [batch])[batch]
    assert set(commits) == set(stages[:1]) and is_closed(commits)
    assert list(grown.driver.unfinished()[0]) == BATCHES[1:]
    assert dict(unfinished_batches(grown.instance)) == grown.driver.unfinished()[0]
    assert hidden_batches(grown.instance, grown.store) == []
    assert sync_instance(grown.instance, grown.store, grown.project.settings).nothing
    plan = CliRunner().invoke(app, ["plan", "--json"], env={**grown.project.environment}).stdout
    assert "coco.000001" not in plan and batch not in plan and "geoqa+.000001" in plan
    cut = grown.driver.decide()
    assert isinstance(cut, Cut) and batch not in [*cut.batches, *(left.batch for left in cut.left_out)]
    sensor = registered_batches_sensor(grown.project.settings)
    told = sensor.evaluate_tick(dg.build_sensor_context(instance=grown.instance))
    assert told.skip_message == "the instance knows all batches of the store"
    metadata = grown.materialize("staleness").asset_materializations_for_node("staleness")[0].metadata
    assert metadata["unfinished batches"].value == 1 and metadata["stale batches"].value == 0


def nightly_tick(it: Opened) -> list[dg.RunRequest]:
    """What the schedule asks for tonight."""
    budgets = {"nightly": BudgetSettings.model_validate({"calls": 1000})}
    at = datetime(2026, 11, 28, 1, 20, tzinfo=UTC)
    context = dg.build_schedule_context(
        instance=it.instance, scheduled_execution_time=at, repository_def=it.definitions.get_repository_def()
    )
    settings = it.project.settings.model_copy(update={"budgets": budgets})
    return list(nightly_schedule(settings).evaluate_tick(context).run_requests or [])


def commit_of(stage: str, results: int = 0, **reasons: int) -> Commit:
    return Commit(
        asset=stage,
        batch="s.000001",
        number=1,
        digest="0",
        data_version="0",
        results=results,
        rejections=sum(reasons.values()),
        reasons=reasons,
        finished=datetime(2026, 11, 28, tzinfo=UTC),
    )


def test_a_batch_is_closed_only_while_nothing_was_made_of_it() -> None:
    first, second, third = stage_names()[:3]
    known = commit_of(first, already_ingested=3)
    empty = commit_of(second)
    assert is_closed({first: known}) and is_closed({first: known, second: empty, third: commit_of(third)})
    assert missing_stages({first: known, second: empty}) == ()
    for others in (
        {},
        {first: commit_of(first, 1, already_ingested=2)},
        {first: commit_of(first, corrupt=1, already_ingested=2)},
    ):
        assert not is_closed(others)
    for made in (commit_of(second, 1), commit_of(second, filtered=1)):
        assert not is_closed({first: known, second: made})
