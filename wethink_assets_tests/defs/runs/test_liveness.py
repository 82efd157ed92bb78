"""A run whose process was killed is noticed, marked as failed, and gives its slots back; a living one is left alone."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import dagster as dg
import pytest

from wethink_assets.defs.resources import NOT_RETRIED, fails_for_good
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
from wethink_assets.errors import ConfigError, StoreUnreachable

STARTED = dg.DagsterRunStatus.STARTED
WORK = """
import sys, time
import dagster as dg
from wethink_assets.defs.runs.code_location import runs_of_this_process

@dg.asset(pool="gpu")
def work() -> dg.MaterializeResult:
    print("holding", flush=True)
    open(sys.argv[1], "w").close()
    time.sleep(float(sys.argv[2]))
    return dg.MaterializeResult()

with dg.DagsterInstance.get() as instance:
    if sys.argv[3] == "announced":
        runs_of_this_process(instance)
    sys.exit(not dg.materialize([work], instance=instance).success)
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


def start(home: str, seconds: float, announced: bool) -> "subprocess.Popen[bytes]":
    flag = f"{home}/holding-{time.monotonic_ns()}"
    arguments = [sys.executable, "-c", WORK, flag, str(seconds), "announced" if announced else "plain"]
    process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    until = time.monotonic() + 60
    while not os.path.exists(flag):
        assert time.monotonic() < until and process.poll() is None
        time.sleep(0.1)
    return process


@pytest.mark.parametrize("announced", [True, False])
def test_a_killed_run_is_failed_and_its_slot_is_free_for_the_next(
    announced: bool, home: str, instance: dg.DagsterInstance
) -> None:
    process = start(home, 300, announced)
    assert dead_runs(instance) == {}
    process.send_signal(signal.SIGKILL)
    process.wait()
    dead = fail_dead_runs(instance)
    assert len(dead) == 1 and "is gone" in next(iter(dead.values()))
    run = instance.get_run_by_id(next(iter(dead)))
    assert run is not None and run.status == dg.DagsterRunStatus.FAILURE
    assert fail_dead_runs(instance) == {}
    assert idle_slots(instance, free=False) == []
    after = start(home, 0, announced)
    assert after.wait(60) == 0


def gone(instance: dg.DagsterInstance, *announced: Process, status: dg.DagsterRunStatus = STARTED) -> str:
    """Why a run that these processes announced, in turn, can never end; empty where it can."""

    @dg.job
    def nothing() -> None:
        pass

    run = instance.create_run_for_job(nothing, status=status)
    for process in announced:
        process.announce(instance, run)
    reason = is_gone(Process.of(instance, run))
    assert dead_runs(instance) == ({run.run_id: reason} if reason else {})
    instance.delete_run(run.run_id)
    return reason or ""


def test_a_living_process_a_foreign_host_and_an_unknown_process_are_left_alone(instance: dg.DagsterInstance) -> None:
    foreign = Process("elsewhere", HERE.boot, 999_999_999, 1.0)
    assert not any(gone(instance, process) for process in (this_process(), foreign, HERE))
    assert not gone(instance)
    assert not gone(instance, HERE, this_process())
    assert fail_dead_runs(instance) == {}


def test_a_restarted_machine_and_a_reused_process_number_are_seen(instance: dg.DagsterInstance) -> None:
    assert "restarted" in gone(instance, replace(this_process(), boot="another"))
    earlier = replace(this_process(), started=this_process().started - 3_600)
    assert "later one" in gone(instance, earlier)


def test_a_launched_run_that_no_process_begins_is_dead_after_a_while(
    instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not gone(instance, HERE, status=dg.DagsterRunStatus.STARTING)
    monkeypatch.setattr("wethink_assets.defs.runs.liveness.START_LIMIT", 0.0)
    assert gone(instance, HERE, status=dg.DagsterRunStatus.STARTING) == "no process began it within 0 s of its launch"


def test_the_start_of_this_process_is_in_the_past() -> None:
    started = process_start(os.getpid())
    assert started is not None and time.time() - 36_000 < started <= time.time() + 1
    assert process_start(999_999_999) is None


@pytest.mark.parametrize(("error", "retried"), [(ConfigError("no key"), False), (StoreUnreachable("no answer"), True)])
def test_a_run_that_cannot_begin_is_retried_only_where_the_store_did_not_answer(
    instance: dg.DagsterInstance, error: Exception, retried: bool
) -> None:
    @dg.resource
    def broken(context: dg.InitResourceContext) -> None:
        with fails_for_good(context):
            raise error

    @dg.job(resource_defs={"broken": broken})
    def work() -> None:
        @dg.op(required_resource_keys={"broken"})
        def needs() -> None:
            pass

        needs()

    ran = work.execute_in_process(instance=instance, raise_on_error=False)
    run = instance.get_run_by_id(ran.run_id)
    assert run is not None and run.status == dg.DagsterRunStatus.FAILURE
    assert (NOT_RETRIED.items() <= run.tags.items()) is not retried


@pytest.mark.parametrize(("host", "here"), [(None, True), ("localhost", True), ("127.0.0.1", True), ("code", False)])
def test_a_run_is_one_of_the_machine_of_its_code_server(host: str | None, here: bool) -> None:
    """A daemon in a container of its own sees no process of it, so it must not take it for gone."""
    location = SimpleNamespace(**({} if host is None else {"host": host, "port": 4000}))
    run: Any = SimpleNamespace(
        remote_job_origin=SimpleNamespace(repository_origin=SimpleNamespace(code_location_origin=location))
    )
    where = Process.of_code_server(run)
    assert (where == HERE) == here
    if not here:
        assert where.host == "code" and is_gone(replace(where, pid=2**22 + 1, started=1.0)) is None


def test_a_code_server_in_a_container_has_the_name_that_it_is_called_by(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WETHINK_HOST", "code")
    assert Process.here().host == "code"
