"""What starts by itself, on a real instance: only what costs no model call, once each, and nothing when models or prompts change."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import dagster as dg
import pytest

from wethink_assets.config.budgets import BudgetSettings
from wethink_assets.config.growth import GrowthSettings
from wethink_assets.dataset.new_rows import new_verified_rows
from wethink_assets.dataset.recipe import CutRecipe
from wethink_assets.defs.bill import SPENT_TAG
from wethink_assets.defs.jobs import OBSERVE, SYNTHESIZE
from wethink_assets.defs.night import night_budget, nightly_schedule, unfinished_batches
from wethink_assets.defs.partitions import dataset_version
from wethink_assets.defs.resources import BUDGET_TAG
from wethink_assets.defs.schedules import train_sensor
from wethink_assets.planning.stages import STAGES
from wethink_assets_tests.defs.grown import Opened, opened
from wethink_assets_tests.defs.project import Project
from wethink_assets_tests.defs.scripted_endpoint import ScriptedEndpoint
from wethink_assets_tests.defs.test_growing import OLD, statuses

Requested = dict[str, set[str | None]]
MIDNIGHT = datetime(2026, 11, 23, 1, 20, tzinfo=ZoneInfo("UTC"))


@pytest.fixture
def grown(project: Project) -> Iterator[Opened]:
    with opened(project) as it:
        yield it


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


def test_conditions_start_only_what_is_free(grown: Opened) -> None:
    daemon = Evaluator(grown)
    daemon.tick()
    assert grown.grower.observe().success
    assert daemon.tick() == {"images": set(OLD), "staleness": {None}}
    assert daemon.tick() == {}  # requested once; the runs may still be waiting
    for batch in OLD:
        assert grown.grower.synthesize(batch, STAGES[:-1]).success
    assert daemon.tick() == {"signatures": set(OLD)}
    for batch in OLD:
        assert grown.grower.synthesize(batch, STAGES[-1:]).success
    assert daemon.tick() == {}
    version = grown.grower.decide().version
    assert daemon.tick() == {"dataset": {version}}
    assert grown.grower.build(version).success
    assert daemon.tick() == {"growth": {None}}  # a plot, drawn anew with each version
    assert daemon.tick() == {}


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
        assert again.grower.observe().success
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
    assert grown.grower.observe().success
    assert daemon.tick()["images"] == {"coco.000002"}
    assert list(unfinished_batches(grown.instance)) == [("coco.000002", STAGES)]
    assert grown.grower.synthesize("coco.000002", STAGES).success
    told = statuses(grown, {**dict.fromkeys(STAGES, (*OLD, "coco.000002")), "dataset": ("v0001",)})
    assert {status for status, _ in told.values()} == {"FRESH"}
    assert (
        grown.materialize("staleness").asset_materializations_for_node("staleness")[0].metadata["stale batches"].value
        == 0
    )


def tick(it: Opened, at: datetime = MIDNIGHT, **growth: object) -> list[dg.RunRequest] | str:
    settings = it.project.settings.model_copy(
        update={
            "growth": GrowthSettings.model_validate(growth),
            "budgets": {"nightly": BudgetSettings.model_validate({"calls": 1000})},
        }
    )
    context = dg.build_schedule_context(
        instance=it.instance, scheduled_execution_time=at, repository_def=it.definitions.get_repository_def()
    )
    told = nightly_schedule(settings).evaluate_tick(context)
    return told.skip_message if told.skip_message else list(told.run_requests or [])


def test_the_night_requests_the_oldest_unfinished_batches_within_its_budget(grown: Opened) -> None:
    assert grown.grower.observe().success
    assert grown.grower.synthesize("coco.000001", STAGES[:2]).success
    requests = tick(grown)
    assert not isinstance(requests, str)
    assert [request.partition_key for request in requests] == list(OLD)
    assert {request.tags[BUDGET_TAG] for request in requests} == {"nightly-2026-11-22"}
    assert [key.to_user_string() for key in requests[0].asset_selection or []] == list(STAGES[2:])
    assert [request.run_key for request in requests] == [f"nightly-2026-11-22/{batch}" for batch in OLD]
    assert len(tick(grown, batches_at_once=1)) == 1
    # Asked by another budget, or by hand, or going on: a batch is left alone while a run of it is under way.
    job = grown.definitions.resolve_job_def(SYNTHESIZE)
    run = grown.instance.create_run_for_job(
        job, tags={"dagster/partition": "coco.000001"}, status=dg.DagsterRunStatus.STARTED
    )
    assert [request.partition_key for request in tick(grown) if not isinstance(request, str)] == ["geoqa+.000001"]
    grown.instance.delete_run(run.run_id)
    # Tried tonight: not again before tomorrow.
    for batch in OLD:
        tags = {"dagster/partition": batch, BUDGET_TAG: "nightly-2026-11-22"}
        grown.instance.create_run_for_job(job, tags=tags, status=dg.DagsterRunStatus.FAILURE)
    assert tick(grown) == "no batch is unfinished that the night has not tried"
    assert tick(grown, batches_a_night=2) == "2 batches of nightly-2026-11-22 are done or under way: no more for now"


def test_a_spent_budget_ends_the_night_and_the_next_goes_on(grown: Opened) -> None:
    assert grown.grower.observe().success
    job = grown.definitions.resolve_job_def(SYNTHESIZE)
    grown.instance.create_run_for_job(
        job,
        tags={"dagster/partition": "coco.000001", BUDGET_TAG: "nightly-2026-11-22", SPENT_TAG: "descriptions"},
        status=dg.DagsterRunStatus.SUCCESS,
    )
    assert tick(grown) == "nightly-2026-11-22 is spent: it ended at descriptions"
    later = tick(grown, MIDNIGHT + timedelta(days=1))
    assert [request.partition_key for request in later if not isinstance(request, str)] == list(OLD)


@pytest.mark.slow
def test_two_nights_of_arriving_images(grown: Opened, endpoint: ScriptedEndpoint) -> None:
    """What the nights request is carried out in this process; `test_nights.py` has the real daemon do it."""
    with_budget = '[budgets."nightly-2026-11-22"]\ncalls = 20\n[budgets.nightly]\ncalls = 10000\n'
    path = grown.project.home / "wethink.toml"
    path.write_text(path.read_text() + with_budget)
    with opened(grown.project) as it:

        def night(at: datetime) -> dict[str, Any]:
            ran = {}
            while not isinstance(requests := tick(it, at, batches_at_once=1), str):
                for request in requests:
                    stages = tuple(key.to_user_string() for key in request.asset_selection or [])
                    batch = str(request.partition_key)
                    ran[batch] = it.grower.synthesize(batch, stages, request.tags[BUDGET_TAG])
            return ran

        assert it.grower.observe().success
        first = night(MIDNIGHT)
        assert list(first) == ["coco.000001"]  # the oldest; its budget was spent, so the night asked for no more
        assert first["coco.000001"].success and first["coco.000001"].spent
        assert 0 < endpoint.asked.total() <= 20
        it.project.add_images("coco", 2, seed=1)
        assert it.grower.observe().success
        second = night(MIDNIGHT + timedelta(days=1))
        assert list(second) == [*OLD, "coco.000002"] and all(ran.success and not ran.spent for ran in second.values())
        assert endpoint.asked["describe"] == 8  # one an image: what the first night paid for was found in the journal
        assert tick(it, MIDNIGHT + timedelta(days=2)) == "no batch is unfinished that the night has not tried"


def test_without_a_budget_nothing_is_requested(grown: Opened) -> None:
    assert grown.grower.observe().success
    settings = grown.project.settings
    context = dg.build_schedule_context(instance=grown.instance, scheduled_execution_time=MIDNIGHT)
    assert "nothing is spent without a limit" in str(nightly_schedule(settings).evaluate_tick(context).skip_message)


def test_a_night_has_the_date_of_its_evening() -> None:
    from wethink_assets.config import Settings

    evening = datetime(2026, 11, 22, 22, 0, tzinfo=ZoneInfo("Europe/Berlin"))
    names = {night_budget(Settings(), evening + timedelta(hours=hours)) for hours in range(0, 12, 2)}
    assert names == {"nightly-2026-11-22"}


def test_unfinished_is_what_the_store_says_too(grown: Opened) -> None:
    assert grown.grower.observe().success
    assert grown.grower.synthesize("coco.000001", STAGES).success
    assert dict(unfinished_batches(grown.instance)) == grown.grower.unfinished()[0]
    assert grown.grower.synthesize(
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
    assert evaluate("0").skip_message == "the last observation goes on"


def test_new_verified_rows_are_counted_and_a_cut_waits_for_them(grown: Opened) -> None:
    assert grown.grower.observe().success
    for batch in OLD:
        assert grown.grower.synthesize(batch, STAGES).success
    recipe = CutRecipe.of(grown.project.settings)
    waiting = new_verified_rows(grown.store, recipe)
    assert waiting > 0

    job = grown.definitions.resolve_job_def("cut")
    config = {"ops": {"decide": {"config": {"min_new_rows": waiting + 1}}}}
    assert job.execute_in_process(run_config=config, instance=grown.instance).success
    assert grown.instance.get_dynamic_partitions(str(dataset_version.name)) == []
    assert grown.grower.decide().version == "v0001"
    assert new_verified_rows(grown.store, recipe) == 0


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
