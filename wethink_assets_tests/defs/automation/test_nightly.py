"""The nightly schedule, on a real instance: the oldest unfinished batches, once a night, within its budget."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import dagster as dg
import pytest

from wethink_assets.config.budgets import BudgetSettings
from wethink_assets.config.growth import GrowthSettings
from wethink_assets.defs.automation.nightly import night_budget, nightly_schedule
from wethink_assets.defs.metadata.cost import SPENT_TAG
from wethink_assets.defs.resources import BUDGET_TAG
from wethink_assets.defs.runs.jobs import SYNTHESIZE
from wethink_assets.stages.order import stage_names
from wethink_assets_tests.support.opened_project import Opened, opened
from wethink_assets_tests.support.partition_statuses import OLD
from wethink_assets_tests.support.scripted_endpoint import ScriptedEndpoint

STAGES = stage_names()

MIDNIGHT = datetime(2026, 11, 23, 1, 20, tzinfo=ZoneInfo("UTC"))


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
    assert grown.driver.observe().success
    assert grown.driver.synthesize("coco.000001", STAGES[:2]).success
    requests = tick(grown)
    assert not isinstance(requests, str)
    assert [request.partition_key for request in requests] == list(OLD)
    assert {request.tags[BUDGET_TAG] for request in requests} == {"nightly-2026-11-22"}
    assert [key.to_user_string() for key in requests[0].asset_selection or []] == list(STAGES[2:])
    assert [request.run_key for request in requests] == [f"nightly-2026-11-22/{batch}" for batch in OLD]
    assert len(tick(grown, max_concurrent_batches=1)) == 1
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
    assert (
        tick(grown, max_batches_per_night=2) == "2 batches of nightly-2026-11-22 are done or under way: no more for now"
    )


def test_a_spent_budget_ends_the_night_and_the_next_goes_on(grown: Opened) -> None:
    assert grown.driver.observe().success
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
            while not isinstance(requests := tick(it, at, max_concurrent_batches=1), str):
                for request in requests:
                    stages = tuple(key.to_user_string() for key in request.asset_selection or [])
                    batch = str(request.partition_key)
                    ran[batch] = it.driver.synthesize(batch, stages, request.tags[BUDGET_TAG])
            return ran

        assert it.driver.observe().success
        first = night(MIDNIGHT)
        assert list(first) == ["coco.000001"]  # the oldest; its budget was spent, so the night asked for no more
        assert first["coco.000001"].success and first["coco.000001"].spent
        assert 0 < endpoint.asked.total() <= 20
        it.project.add_images("coco", 2, seed=1)
        assert it.driver.observe().success
        second = night(MIDNIGHT + timedelta(days=1))
        assert list(second) == [*OLD, "coco.000002"] and all(ran.success and not ran.spent for ran in second.values())
        assert endpoint.asked["describe"] == 8  # one an image: what the first night paid for was found in the journal
        assert tick(it, MIDNIGHT + timedelta(days=2)) == "no batch is unfinished that the night has not tried"


def test_without_a_budget_nothing_is_requested(grown: Opened) -> None:
    assert grown.driver.observe().success
    settings = grown.project.settings
    context = dg.build_schedule_context(instance=grown.instance, scheduled_execution_time=MIDNIGHT)
    assert "nothing is spent without a limit" in str(nightly_schedule(settings).evaluate_tick(context).skip_message)


def test_a_night_has_the_date_of_its_evening() -> None:
    from wethink_assets.config import Settings

    evening = datetime(2026, 11, 22, 22, 0, tzinfo=ZoneInfo("Europe/Berlin"))
    names = {night_budget(Settings(), evening + timedelta(hours=hours)) for hours in range(0, 12, 2)}
    assert names == {"nightly-2026-11-22"}
