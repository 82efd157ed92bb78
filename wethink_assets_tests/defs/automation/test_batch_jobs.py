"""The sensor of batch jobs on a real instance: a run ends while it waits, and the sensor requests the next when a job has ended, once."""

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from wethink_assets.defs.metadata.cost import WAITING_TAG
from wethink_assets.defs.resources import BUDGET_TAG
from wethink_assets.defs.runs.reporting import known_versions
from wethink_assets.stages.order import stage_names
from wethink_assets_tests.support.batch_project import batch_project
from wethink_assets_tests.support.batch_rounds import scripted
from wethink_assets_tests.support.opened_project import Opened, opened
from wethink_assets_tests.support.services import served_as
from wethink_assets_tests.support.services.batches import BatchDouble

STAGES = stage_names()
BATCH = "coco.000001"


@pytest.fixture
def service() -> Iterator[BatchDouble]:
    with served_as(BatchDouble, "vllm", scripted) as double:
        yield double


@pytest.fixture
def waiting(tmp_path: Path, service: BatchDouble) -> Iterator[Opened]:
    """A project whose first batch waits for its first job."""
    project = batch_project(tmp_path / "project", service)
    path = project.home / "wethink.toml"
    path.write_text(path.read_text() + "[budgets.large]\ncalls = 1000\n")
    with opened(project) as it:
        it.driver.observe()
        ran = it.driver.synthesize(BATCH, STAGES, "large")
        assert ran.success and ran.waiting == "descriptions"
        run = it.instance.get_run_by_id(ran.run_id)
        assert run is not None and run.is_success and run.tags[WAITING_TAG] == "descriptions"
        told = [entry.user_message for entry in it.instance.all_logs(ran.run_id)]
        assert any(
            "descriptions of coco.000001 waits for 1 batch job with 2 calls (batch_000000 at http" in m for m in told
        )
        yield it


def tick(it: Opened, cursor: str | None = None) -> dg.SensorResult:
    sensor = it.definitions.get_sensor_def("batch_jobs")
    assert sensor.default_status == dg.DefaultSensorStatus.RUNNING
    result = sensor(dg.build_sensor_context(instance=it.instance, cursor=cursor))
    assert isinstance(result, dg.SensorResult)
    return result


def test_a_stage_that_waits_goes_on_when_its_job_has_ended(waiting: Opened, service: BatchDouble) -> None:
    assert BATCH not in known_versions(waiting.instance, "descriptions")
    service.batch_faults.waits = True
    idle = tick(waiting)
    assert not idle.run_requests and "1 batch jobs are open" in str(idle.skip_reason)
    service.batch_faults.waits = False
    [request] = tick(waiting, idle.cursor).run_requests or []
    assert request.partition_key == BATCH and request.tags == {BUDGET_TAG: "large"}
    assert [key.to_user_string() for key in request.asset_selection or []] == list(STAGES[1:])
    [again] = tick(waiting, idle.cursor).run_requests or []
    assert again.run_key == request.run_key, "one run for one end of a job"
    ran = waiting.driver.synthesize(BATCH, STAGES[1:], "large")
    assert ran.success and ran.waiting == "questions" and BATCH in known_versions(waiting.instance, "descriptions")
    [after] = tick(waiting).run_requests or []
    assert after.run_key != request.run_key and "/questions/coco.000001/" in str(after.run_key)
    service.keys = ("another",)
    idle = tick(waiting)
    assert not idle.run_requests and "refuses the key" in str(idle.skip_reason)
