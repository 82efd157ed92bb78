"""What starts by itself, on a real instance: only what costs no model call, once each, and nothing when models or prompts change."""

from typing import Any

import dagster as dg
import pytest

from wethink_assets.config.growth import GrowthSettings
from wethink_assets.config.training import RecipeSettings
from wethink_assets.dataset.cuts.decision import new_verified_rows
from wethink_assets.dataset.cuts.recipe import CutRecipe
from wethink_assets.definitions import definitions_of
from wethink_assets.defs.automation.nightly import unfinished_batches
from wethink_assets.defs.automation.schedules import train_sensor
from wethink_assets.defs.graph import dataset_version, training_run
from wethink_assets.defs.runs.driver import RunDriver
from wethink_assets.defs.runs.jobs import OBSERVE
from wethink_assets.stages.order import stage_names
from wethink_assets_tests.support.opened_project import Opened, opened
from wethink_assets_tests.support.partition_statuses import OLD, statuses

STAGES = stage_names()

Requested = dict[str, set[str | None]]


class Evaluator:
    """Evaluates all automation conditions again and again, as the daemon does."""

    def __init__(self, it: Opened) -> None:
        self.it = it
        self.cursor = None

    def tick(self, definitions: dg.Definitions | None = None) -> Requested:
        result = dg.evaluate_automation_conditions(
            definitions or self.it.definitions, self.it.instance, cursor=self.cursor
        )
        self.cursor = result.cursor
        asked = {told.key for told in result.results if result.get_num_requested(told.key)}
        found = {key.to_user_string(): set(result.get_requested_partitions(key)) for key in asked}
        return found


@pytest.mark.slow
def test_conditions_start_only_what_is_free(grown: Opened) -> None:
    daemon = Evaluator(grown)
    daemon.tick()
    assert grown.driver.observe().success
    assert daemon.tick() == {"images": set(OLD), "staleness": {None}}
    assert daemon.tick() == {}  # requested once; the runs may still be waiting
    for batch in OLD:
        assert grown.driver.synthesize(batch, STAGES[:-1]).success
    assert daemon.tick() == {"signatures": set(OLD)}
    for batch in OLD:
        assert grown.driver.synthesize(batch, STAGES[-1:]).success
    assert daemon.tick() == {}
    version = grown.driver.decide().version
    assert daemon.tick() == {"dataset": {version}}
    assert grown.driver.build(version).success
    assert daemon.tick() == {"growth": {None}, "duplicates": {None}}  # plots, drawn anew with each version
    assert daemon.tick() == {}


@pytest.mark.slow
def test_reports_are_there_in_the_first_session_after_a_command_made_it_all(grown: Opened) -> None:
    board = {"leaderboard": {None}}  # published numbers are on it
    assert Evaluator(grown).tick() == board  # there is nothing else to report on
    assert all(run.success for run in grown.grow().values())
    daemon = Evaluator(grown)
    assert daemon.tick() == {"staleness": {None}, "growth": {None}, "duplicates": {None}, **board}
    for report in ("staleness", "growth", "duplicates", "leaderboard"):
        assert grown.materialize(report).success
    assert daemon.tick() == {}
    assert Evaluator(grown).tick() == {}


@pytest.mark.slow
def test_a_changed_model_or_prompt_requests_no_batch(grown: Opened) -> None:
    daemon = Evaluator(grown)
    daemon.tick()
    assert all(run.success for run in grown.grow().values())
    daemon.tick()
    home = grown.project.home
    (home / "wethink.toml").write_text(
        (home / "wethink.toml").read_text().replace("[roles.judge]\n", '[roles.judge]\nrevision = "2"\n')
    )
    prompt = home / "pack" / "question.md"
    prompt.write_text(prompt.read_text() + "\nBe brief.\n")
    with opened(grown.project) as again:
        assert again.driver.observe().success
        for _ in range(3):
            assert set(daemon.tick(again.definitions)) <= {"staleness"}
        told = statuses(again, dict.fromkeys(STAGES, OLD))
        stale = {
            asset: causes for (asset, batch), (status, causes) in told.items() if status == "STALE" and batch == OLD[0]
        }
        assert "questions" in stale and any("code version" in cause for cause in stale["questions"])
        assert "answers" in stale and any(
            "judge" in str(cause) or "data version" in cause for cause in stale["answers"]
        )
        assert told["descriptions", OLD[0]][0] == told["images", OLD[0]][0] == "FRESH"
        assert list(unfinished_batches(again.instance)) == []
        run = again.materialize("staleness")
        metadata = run.asset_materializations_for_node("staleness")[0].metadata
        assert metadata["stale batches"].value == 2 and metadata["unfinished batches"].value == 0
        assert metadata["backfill questions"].value == "[coco.000001...geoqa+.000001]"
        records = metadata["by stage and cause"].records
        causes = {(record.data["stage"], record.data["cause"]) for record in records}
        assert ("questions", "prompt") in causes and ("answers", "model") in causes
        assert metadata["calls of a refresh"].value > 0


@pytest.mark.slow
def test_growth_makes_no_old_partition_unfinished_or_stale(grown: Opened) -> None:
    assert all(run.success for run in grown.grow().values())
    daemon = Evaluator(grown)
    daemon.tick()
    grown.project.add_images("coco", 2, seed=1)
    assert grown.driver.observe().success
    assert daemon.tick()["images"] == {"coco.000002"}
    assert list(unfinished_batches(grown.instance)) == [("coco.000002", STAGES)]
    assert grown.driver.synthesize("coco.000002", STAGES).success
    told = statuses(grown, {**dict.fromkeys(STAGES, (*OLD, "coco.000002")), "dataset": ("v0001",)})
    assert {status for status, _ in told.values()} == {"FRESH"}
    assert (
        grown.materialize("staleness").asset_materializations_for_node("staleness")[0].metadata["stale batches"].value
        == 0
    )


def test_unfinished_is_what_the_store_says_too(grown: Opened) -> None:
    assert grown.driver.observe().success
    assert grown.driver.synthesize("coco.000001", STAGES).success
    assert dict(unfinished_batches(grown.instance)) == grown.driver.unfinished()[0]
    assert grown.driver.synthesize(
        "coco.000001", ("descriptions",)
    ).success  # made again: what follows is asked for, at no cost
    assert dict(unfinished_batches(grown.instance)) == {"coco.000001": STAGES[2:], "geoqa+.000001": STAGES}


def test_the_sources_are_observed_once_a_stretch(grown: Opened) -> None:
    sensor = grown.definitions.get_sensor_def("observe_sources")

    def evaluate(cursor: str | None) -> dg.SensorResult:
        context = dg.build_sensor_context(
            instance=grown.instance, cursor=cursor, repository_def=grown.definitions.get_repository_def()
        )
        return sensor.evaluate_tick(context)

    first = evaluate(None)
    (request,) = first.run_requests
    assert {key.to_user_string() for key in request.asset_selection} >= {"source/coco", "source/geoqa", "model/judge"}
    assert "source/vg" not in {key.to_user_string() for key in request.asset_selection}
    assert evaluate(None).run_requests[0].run_key == request.run_key  # a second daemon, or one that lost its cursor
    assert not evaluate(first.cursor).run_requests
    grown.instance.create_run_for_job(grown.definitions.resolve_job_def(OBSERVE), status=dg.DagsterRunStatus.STARTED)
    assert evaluate("0").skip_message == "the last observation is still running"


def test_new_verified_rows_are_counted_and_a_cut_waits_for_them(grown: Opened) -> None:
    assert grown.driver.observe().success
    for batch in OLD:
        assert grown.driver.synthesize(batch, STAGES).success
    recipe = CutRecipe.of(grown.project.settings)
    waiting = new_verified_rows(grown.store, recipe)
    assert waiting > 0

    job = grown.definitions.resolve_job_def("cut")
    config = {"ops": {"decide": {"config": {"min_new_rows": waiting + 1}}}}
    assert job.execute_in_process(run_config=config, instance=grown.instance).success
    assert grown.instance.get_dynamic_partitions(str(dataset_version.name)) == []
    assert grown.driver.decide().version == "v0001"
    assert new_verified_rows(grown.store, recipe) == 0

    # Built, it is offered for training at once, and its page tells what all of it took.
    settings = grown.project.settings.model_copy(update={"recipes": {"sft": RecipeSettings()}})
    assert grown.instance.get_dynamic_partitions(str(training_run.name)) == []
    assert RunDriver(definitions_of(settings), settings, grown.store, grown.instance).build("v0001").success
    assert grown.instance.get_dynamic_partitions(str(training_run.name)) == ["v0001.sft"]
    page = grown.event("dataset", "v0001").metadata
    assert page["calls in all"].value == sum(
        int(grown.event(stage, batch).metadata["model calls"].value)  # type: ignore[arg-type]
        for stage in ("descriptions", "questions", "answers", "reasoning_paths")
        for batch in OLD
    )


def test_new_versions_are_trained_as_configured(grown: Opened) -> None:
    growth = GrowthSettings.model_validate({"train": ["sft", "grpo-s1"]})
    settings = grown.project.settings.model_copy(update={"growth": growth})
    sensor = train_sensor(settings)

    def evaluate(cursor: str | None) -> Any:
        return sensor(dg.build_sensor_context(instance=grown.instance, cursor=cursor))

    def built(version: str) -> None:
        grown.instance.add_dynamic_partitions(str(dataset_version.name), [version])
        grown.instance.report_runless_asset_event(dg.AssetMaterialization("dataset", partition=version))

    built("v0001")
    first = evaluate(None)
    assert not first.run_requests and first.cursor == "v0001"
    built("v0002")
    then = evaluate(first.cursor)
    assert [request.run_key for request in then.run_requests] == ["v0002.sft", "v0002.grpo-s1"]
    assert then.dynamic_partitions_requests[0].partition_keys == ["v0002.sft", "v0002.grpo-s1"]
    assert evaluate(then.cursor) == dg.SkipReason("no version after v0002")
    none = train_sensor(grown.project.settings)
    assert none(dg.build_sensor_context(instance=grown.instance)) == dg.SkipReason("[growth] train names no recipe")
