"""A run whose process was killed is noticed, marked as failed, and gives its slots back; a living one is left alone."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace

import dagster as dg
import pytest

from wethink_assets.defs.runs.liveness import (
    HERE,
    Process,
    dead_runs,
    fail_dead_runs,
    idle_slots,
    is_gone,
    process_start,
    this_process,
)

WORK = """
import sys, time
import dagster as dg
from wethink_assets.defs.runs.liveness import this_process

@dg.asset(pool="gpu")
def work() -> dg.MaterializeResult:
    print("holding", flush=True)
    open(sys.argv[1], "w").close()
    time.sleep(float(sys.argv[2]))
    return dg.MaterializeResult()

tags = this_process().tags() if sys.argv[3] == "tagged" else {}
with dg.DagsterInstance.get() as instance:
    sys.exit(not dg.materialize([work], instance=instance, tags=tags).success)
"""


@pytest.fixture
def home(tmp_path, monkeypatch: pytest.MonkeyPatch) -> str:  # type: ignore[no-untyped-def]
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    (tmp_path / "dagster.yaml").write_text("telemetry:\n  enabled: false\n")
    return str(tmp_path)


@pytest.fixture
def instance(home: str) -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.get() as found:
        found.event_log_storage.set_concurrency_slots("gpu", 1)
        yield found


def start(home: str, seconds: float, tagged: bool) -> "subprocess.Popen[bytes]":
    flag = f"{home}/holding-{time.monotonic_ns()}"
    arguments = [sys.executable, "-c", WORK, flag, str(seconds), "tagged" if tagged else "plain"]
    process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    until = time.monotonic() + 60
    while not os.path.exists(flag):
        assert time.monotonic() < until and process.poll() is None
        time.sleep(0.1)
    return process


@pytest.mark.parametrize("tagged", [True, False])
def test_a_killed_run_is_failed_and_its_slot_is_free_for_the_next(
    tagged: bool, home: str, instance: dg.DagsterInstance
) -> None:
    process = start(home, 300, tagged)
    assert dead_runs(instance) == {}
    process.send_signal(signal.SIGKILL)
    process.wait()
    dead = fail_dead_runs(instance)
    assert len(dead) == 1 and "is gone" in next(iter(dead.values()))
    run = instance.get_run_by_id(next(iter(dead)))
    assert run is not None and run.status == dg.DagsterRunStatus.FAILURE
    assert fail_dead_runs(instance) == {}
    assert idle_slots(instance, free=False) == []
    after = start(home, 0, tagged)
    assert after.wait(60) == 0


def run_with(instance: dg.DagsterInstance, tags: dict[str, str]) -> dg.DagsterRun:
    @dg.job
    def nothing() -> None:
        pass

    return instance.create_run_for_job(nothing, status=dg.DagsterRunStatus.STARTED, tags=tags)


def test_a_living_process_a_foreign_host_and_an_unknown_process_are_left_alone(instance: dg.DagsterInstance) -> None:
    foreign = Process("elsewhere", HERE.boot, 999_999_999, 1.0)
    for process in (this_process(), foreign, HERE):
        assert is_gone(instance, run_with(instance, process.tags())) is None
    assert is_gone(instance, run_with(instance, {})) is None
    assert fail_dead_runs(instance) == {}


def test_a_restarted_machine_and_a_reused_process_number_are_seen(instance: dg.DagsterInstance) -> None:
    before_boot = replace(this_process(), boot="another")
    assert "restarted" in (is_gone(instance, run_with(instance, before_boot.tags())) or "")
    earlier = replace(this_process(), started=this_process().started - 3_600)
    assert "later one" in (is_gone(instance, run_with(instance, earlier.tags())) or "")


def test_the_start_of_this_process_is_in_the_past() -> None:
    started = process_start(os.getpid())
    assert started is not None and time.time() - 36_000 < started <= time.time() + 1
    assert process_start(999_999_999) is None
