"""`wethink run`: it grows a version, does only what is new, and is not hindered by batches that fail or runs that were killed."""

import json
import os
import signal
import sqlite3
import time

import pytest

from wethink_assets_tests.support.dagster_ui import waited
from wethink_assets_tests.support.project import Project
from wethink_assets_tests.support.scripted_endpoint import ScriptedEndpoint


def kept_rows(outcome: str) -> int:
    return int(json.loads(outcome)["rows"])


@pytest.mark.slow
def test_run_grows_a_version_then_has_nothing_to_do_then_does_only_the_new_work(
    project: Project, endpoint: ScriptedEndpoint
) -> None:
    first = project.wethink("run", "--json")
    assert kept_rows(first.stdout) == 12 and json.loads(first.stdout)["version"] == "v0001"
    assert "v0001 by source" in first.stderr and "geoqa+" in first.stderr and "filtered out" in first.stderr
    assert str(project.home / "data" / "versions" / "v0001") in first.stderr
    asked = endpoint.asked.total()
    started = time.monotonic()
    second = project.wethink("run")
    assert "nothing to do" in second.stderr and endpoint.asked.total() == asked
    assert time.monotonic() - started < 60  # 20 on two idle cores, which a test run does not have
    assert not (
        set(os.listdir(project.home)) & {"history", "schedules", "logs", ".telemetry", ".nux"}
    )  # `storage`: output of runs
    project.add_images("geoqa+", 1, seed=7)
    third = json.loads(project.wethink("run", "--json").stdout)
    assert third["batches"] == ["geoqa+.000002"] and third["version"] == "v0002" and third["rows"] == 14
    assert [row["images"] for row in third["funnel"]] == [3, 4]


@pytest.mark.slow
def test_a_batch_that_fails_stops_no_other_and_is_told_at_the_end(project: Project) -> None:
    project.wethink("register")
    (project.home / "images" / "coco").rename(project.home / "images" / "moved")
    done = project.wethink("run", "--json", check=False)
    outcome = json.loads(done.stdout)
    assert done.returncode == 1
    assert set(outcome["failures"]) == {"observing source/coco", "coco.000001, images"}
    assert outcome["version"] == "v0001" and [row["source"] for row in outcome["funnel"]] == ["geoqa+"]
    (project.home / "images" / "moved").rename(project.home / "images" / "coco")
    again = json.loads(project.wethink("run", "--json").stdout)
    assert again["batches"] == ["coco.000001"] and again["version"] == "v0002" and not again["failures"]


@pytest.mark.slow
def test_a_killed_run_is_no_obstacle_to_the_next(project: Project, endpoint: ScriptedEndpoint) -> None:
    answer = endpoint.script

    def slow(name: str, variables: dict[str, object], sample: int) -> object:
        time.sleep(2 if name == "answer_text" else 0)
        return answer(name, variables, sample)

    endpoint.script = slow
    process = project.start("wethink_assets.cli", "run")
    waited(lambda: endpoint.asked["answer_text"] >= 3, 300, "the answers")
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    endpoint.script = answer
    described = endpoint.asked["describe"]
    database = sqlite3.connect(project.home / ".dagster" / "history" / "runs" / "index.db")
    assert database.execute("SELECT count(*) FROM concurrency_slots WHERE run_id IS NOT NULL").fetchone()[0] >= 1
    started = time.monotonic()
    done = project.wethink("run", "--json")
    assert time.monotonic() - started < 60
    assert "marked as failed" in done.stderr and kept_rows(done.stdout) == 12
    assert endpoint.asked["describe"] - described <= 3  # the first batch was described already
    assert database.execute("SELECT count(*) FROM concurrency_slots WHERE run_id IS NOT NULL").fetchone()[0] == 0
    assert project.wethink("doctor").stdout.strip() == "all is well"
