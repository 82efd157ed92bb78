"""`wethink doctor` reports and changes nothing; `--fix` mends what can be mended."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from typer.testing import CliRunner

from wethink_assets.cli import app
from wethink_assets.defs.runs.instance import project_instance
from wethink_assets.defs.runs.liveness import HERE, Process
from wethink_assets_tests.support.project import Project, make_project


@pytest.fixture
def sound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project with nothing to mend, as that of this process."""
    project = make_project(tmp_path / "project", None)
    monkeypatch.setenv("DAGSTER_HOME", str(project.home))
    monkeypatch.setenv("WETHINK_CONFIG", str(project.home / "wethink.toml"))
    return project


def wethink(*arguments: str) -> tuple[int, str]:
    """Exit status and output of a command."""
    done = CliRunner().invoke(app, list(arguments))
    return done.exit_code, done.stdout


def findings(*options: str) -> tuple[int, list[dict[str, Any]]]:
    """Exit status of `wethink doctor`, and what it found."""
    code, output = wethink("doctor", "--json", *options)
    return code, json.loads(output)


@pytest.fixture
def dead_run(sound: Project) -> str:
    """A run that counts as started and whose process is gone."""
    process = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, text=True)
    return started_run(Process(HERE.host, HERE.boot, int(process.stdout), 1.0))


def started_run(process: Process) -> str:
    with project_instance() as instance:
        job = dg.GraphDefinition(name="work").to_job()
        run = instance.create_run_for_job(job, status=dg.DagsterRunStatus.STARTED)
        process.announce(instance, run)
        return run.run_id


def status_of(run_id: str) -> dg.DagsterRunStatus:
    with project_instance() as instance:
        run = instance.get_run_by_id(run_id)
    assert run is not None
    return run.status


def test_a_dead_run_is_reported_and_with_fix_marked_as_failed(sound: Project, dead_run: str) -> None:
    code, reported = wethink("doctor")
    assert code == 1
    assert f"found: run {dead_run} is dead: its process" in reported
    assert "`wethink doctor --fix` marks it as failed and frees its pool slots" in reported
    assert reported.endswith("1 to mend, 1 of them by `wethink doctor --fix`\n")
    assert status_of(dead_run) == dg.DagsterRunStatus.STARTED
    code, mended = wethink("doctor", "--fix")
    assert f"fixed: run {dead_run} is dead" in mended and code == 0
    assert status_of(dead_run) == dg.DagsterRunStatus.FAILURE
    assert wethink("doctor") == (0, "all is well\n")


def test_a_slot_that_an_ended_run_holds_is_reported_and_with_fix_freed(sound: Project, dead_run: str) -> None:
    with project_instance() as instance:
        instance.event_log_storage.set_concurrency_slots("gpu", 1)
        assert instance.event_log_storage.claim_concurrency_slot("gpu", dead_run, "step").is_claimed
        run = instance.get_run_by_id(dead_run)
        assert run is not None
        instance.report_run_failed(run)
        what = f"run {dead_run} has ended and still holds a pool slot"
        assert findings() == (
            1, [{"what": what, "fixed": False, "advice": "`wethink doctor --fix` frees the slot", "fixable": True}]
        )  # fmt: skip
        assert instance.event_log_storage.get_concurrency_run_ids() == {dead_run}
        assert findings("--fix") == (0, [{"what": what, "fixed": True, "advice": "", "fixable": True}])
        assert instance.event_log_storage.get_concurrency_run_ids() == set()


def test_a_run_of_another_machine_is_left_alone_and_is_no_fault(sound: Project, dead_run: str) -> None:
    assert wethink("doctor", "--fix")[0] == 0
    elsewhere = started_run(Process("another-host", "boot", 12, 1.0))
    found = f"found: run {elsewhere} is running on another-host and can only be checked there\n"
    assert wethink("doctor", "--fix") == (0, found)
    assert status_of(elsewhere) == dg.DagsterRunStatus.STARTED


def test_a_leftover_of_a_killed_write_is_reported_and_with_fix_deleted(sound: Project) -> None:
    leftover = sound.home / "data" / "batches" / ".writing-left"
    leftover.parent.mkdir(parents=True)
    leftover.write_text("half a file")
    os.utime(leftover, (1, 1))
    code, (found,) = findings()
    assert code == 1 and found["what"] == f"leftover of a killed write: {leftover}" and leftover.exists()
    assert findings("--fix")[0] == 0
    assert not leftover.exists()


def test_sample_images_that_the_next_run_draws_are_no_finding(sound: Project) -> None:
    path = sound.home / "wethink.toml"
    own = "[sources.ai2d]\nlocation = 'sample/images/ai2d'\n"
    path.write_text(path.read_text() + own)
    assert [one["what"].partition(":")[0] for one in findings()[1]] == ["source ai2d"]
    path.write_text(path.read_text() + "[sample]\nlocation = 'sample'\n")
    assert findings() == (0, [])
    (sound.home / "sample").mkdir()  # drawn, and without these
    assert [one["what"].partition(":")[0] for one in findings()[1]] == ["source ai2d"]


def test_what_only_people_can_mend_stays_with_fix(sound: Project) -> None:
    assert wethink("register")[0] == 0
    with project_instance() as instance:  # as one that was made anew
        for batch in instance.get_dynamic_partitions("image_batch"):
            instance.delete_dynamic_partition("image_batch", batch)
    shutil.rmtree(sound.home / "images" / "coco")
    code, found = findings("--fix")
    assert code == 1
    assert [one["advice"] for one in found] == ["check its location", "`wethink sync` registers them"]
    assert found[0]["what"].startswith("source coco: ")
    assert found[1]["what"] == "2 batches of the store are unknown to Dagster"
    assert not any(one["fixed"] or one["fixable"] for one in found)
    assert json.loads(wethink("sync", "--json")[1])["batches"] == ["coco.000001", "geoqa+.000001"]
    assert wethink("sync")[1] == "the instance knows all that the store holds\n"


def test_a_store_that_cannot_be_read_is_found(sound: Project) -> None:
    shutil.rmtree(sound.home / "data", ignore_errors=True)
    (sound.home / "data").symlink_to("data")
    code, [found] = findings()
    assert code == 1 and not found["fixable"]
    assert found["what"].startswith(f"the store cannot be read: {sound.home}/data: its links lead in a circle")
