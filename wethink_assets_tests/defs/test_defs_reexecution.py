"""Every run can be executed again from the UI: one of a command, one from before a restart of the machine; lost runs are retried, others not."""

import os
import signal
import time
from collections.abc import Iterator
from dataclasses import replace

import dagster as dg
import pytest

from wethink_assets.defs.runs.instance import project_instance
from wethink_assets.defs.runs.liveness import HERE, Process
from wethink_assets.stages.order import stage_names
from wethink_assets_tests.support.dagster_ui import Ui, dagster_ui, waited
from wethink_assets_tests.support.project import Project, make_project
from wethink_assets_tests.support.scripted_endpoint import ScriptedEndpoint, scripted_endpoint

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Project, ScriptedEndpoint]]:
    """A project on which `wethink run` was at work while no UI was."""
    with scripted_endpoint() as endpoint:
        made = make_project(tmp_path_factory.mktemp("again") / "project", endpoint.url, sources=("coco",))
        assert made.wethink("run").returncode == 0
        yield made, endpoint


@pytest.fixture(scope="module")
def ui(project: tuple[Project, ScriptedEndpoint]) -> Iterator[Ui]:
    with dagster_ui(project[0]) as served:
        yield served


@pytest.fixture
def instance(
    project: tuple[Project, ScriptedEndpoint], monkeypatch: pytest.MonkeyPatch
) -> Iterator[dg.DagsterInstance]:
    monkeypatch.setenv("DAGSTER_HOME", str(project[0].home))
    with project_instance() as opened:
        yield opened


def test_every_run_of_a_command_is_executed_again(ui: Ui, instance: dg.DagsterInstance) -> None:
    runs = {run.job_name: run for run in instance.get_runs()}
    assert set(runs) == {"observe", "check_services", "synthesize", "build_dataset"}
    again = {job: ui.reexecute(run.run_id) for job, run in runs.items()}
    for job, run_id in again.items():
        assert ui.finished(run_id)["status"] == "SUCCESS", job
        made = instance.get_run_by_id(run_id)
        assert made is not None and made.job_name == job and made.parent_run_id == runs[job].run_id
        assert made.tags["dagster/max_retries"] == "2" and runs[job].tags["dagster/max_retries"] == "0"
        assert made.tags.get("dagster/partition") == runs[job].tags.get("dagster/partition")


def test_a_run_from_before_a_restart_of_the_machine_is_executed_again(ui: Ui, instance: dg.DagsterInstance) -> None:
    parent = ui.launch("__ASSET_JOB", ["images"], "coco.000001")
    assert ui.finished(parent)["status"] == "SUCCESS"
    run = instance.get_run_by_id(parent)
    assert run is not None
    replace(HERE, boot="an-earlier-one").announce(instance, run)  # where the test cannot restart the machine
    assert ui.finished(ui.reexecute(parent))["status"] == "SUCCESS"
    assert not any("process" in name for name in run.tags)


def test_a_lost_run_is_retried_and_one_that_failed_by_itself_is_not(
    project: tuple[Project, ScriptedEndpoint], ui: Ui, instance: dg.DagsterInstance
) -> None:
    made, endpoint = project
    folder = made.home / "images" / "coco"
    folder.rename(folder.with_name("away"))
    failed = ui.launch("__ASSET_JOB", ["images"], "coco.000001")
    assert ui.finished(failed)["status"] == "FAILURE"
    folder.with_name("away").rename(folder)

    answer = endpoint.script

    def slow(name: str, variables: dict[str, object], sample: int) -> object:
        time.sleep(60 if name == "answer_text" else 0)
        return answer(name, variables, sample)

    endpoint.script, asked = slow, endpoint.asked["answer_text"]
    made.add_images("coco", 3, seed=7)
    assert ui.finished(ui.launch("__ASSET_JOB", ["source/coco"]))["status"] == "SUCCESS"
    lost = ui.launch("__ASSET_JOB", list(stage_names()), "coco.000002")
    waited(lambda: endpoint.asked["answer_text"] > asked, 120, "the answers")
    endpoint.script = answer
    run = instance.get_run_by_id(lost)
    assert run is not None
    process = Process.of(instance, run)
    assert process.pid is not None and process.launched is not None
    os.kill(process.pid, signal.SIGKILL)
    told = ui.finished(lost)
    assert told["status"] == "FAILURE"

    def retry() -> dg.DagsterRun | None:
        return next((run for run in instance.get_runs() if run.parent_run_id == lost), None)

    again = waited(retry, 120, "the retry")
    assert ui.finished(again.run_id)["status"] == "SUCCESS"
    assert not [run for run in instance.get_runs() if run.parent_run_id == failed]
