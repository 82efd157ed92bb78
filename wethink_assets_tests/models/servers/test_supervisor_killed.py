"""Whatever is killed, run, server or supervisor: no process is left behind, and the next one goes on."""

import os
import signal
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from threading import Timer

import pytest

from wethink_assets.config import Settings
from wethink_assets.models.registry import Models
from wethink_assets.models.servers.runtime import replica_folders, try_lock
from wethink_assets_tests.support.server_runs import ask, eventually, other_run, state
from wethink_assets_tests.support.vllm_double import pid_of, running

Configured = Callable[..., Settings]


def test_a_killed_run_leaves_no_server(configured: Configured, root: Path, tmp_path: Path) -> None:
    run, server = other_run(configured({"small": {"model": "m"}}), tmp_path)
    supervisor = state(root).supervisor
    assert running(server) and running(supervisor)
    run.send_signal(signal.SIGKILL)
    run.wait()
    assert eventually(lambda: not running(server) and not running(supervisor)), (
        "the client's process is gone, so is the server"
    )


@pytest.mark.slow
def test_a_server_outlives_a_killed_run_by_its_idle_time_and_the_next_attaches(
    configured: Configured, root: Path, tmp_path: Path
) -> None:
    settings = configured({"small": {"model": "m", "idle": 4}}, judge="small")
    run, server = other_run(settings, tmp_path)
    run.kill()
    run.wait()
    time.sleep(1)
    with Models.open(settings) as models:
        assert pid_of(ask(models)) == server, "attached to what is there"
        time.sleep(4)
        assert pid_of(ask(models)) == server, "the lease counts, not the first run's idle time"
    let_go = time.monotonic()
    time.sleep(2.5)
    assert running(server)
    assert eventually(lambda: not running(server)) and time.monotonic() - let_go > 3.5


@pytest.mark.slow
def test_two_runs_share_a_server_until_the_last_lets_go(configured: Configured, root: Path, tmp_path: Path) -> None:
    settings = configured({"small": {"model": "m"}}, judge="small")
    run, server = other_run(settings, tmp_path)
    with Models.open(settings) as models:
        assert pid_of(ask(models)) == server
        run.terminate()
        run.wait()
        time.sleep(1)
        assert pid_of(ask(models)) == server
    assert eventually(lambda: not running(server))


def test_a_killed_supervisor_takes_its_server_along(configured: Configured, root: Path) -> None:
    settings = configured({"small": {"model": "m"}}, judge="small")
    with Models.open(settings) as models:
        server = pid_of(ask(models))
        os.kill(state(root).supervisor, signal.SIGKILL)
        assert eventually(lambda: not running(server))
    with Models.open(settings) as models:
        assert pid_of(ask(models)) != server, "and the next one starts anew"


def test_a_lock_that_outlives_its_killed_supervisor_is_waited_for(configured: Configured, root: Path) -> None:
    settings = configured({"small": {"model": "m"}}, judge="small")
    with Models.open(settings) as models:
        server = pid_of(ask(models))
        (folder,) = replica_folders(root)
        os.kill(state(root).supervisor, signal.SIGKILL)
        assert eventually(lambda: not running(server) and not folder.supervised())
    with ExitStack() as dying:
        lock = try_lock(folder.path / "lock")
        assert lock is not None
        dying.enter_context(lock)
        Timer(1.0, dying.close).start()
        with Models.open(settings) as models:
            assert pid_of(ask(models)) != server


@pytest.mark.slow
def test_a_server_that_heeds_nothing_is_killed_with_what_it_started(
    configured: Configured, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = configured({"small": {"model": "m", "env": {"WETHINK_TEST_FAULT": "stubborn"}}}, judge="small")
    with Models.open(settings) as models:
        server = pid_of(ask(models))
        os.kill(state(root).supervisor, signal.SIGKILL)
        time.sleep(0.5)
        assert running(server), "it ignores SIGTERM"
    with Models.open(settings) as models:
        assert pid_of(ask(models)) != server
        assert not running(server), "the next supervisor first ends what is left of the one before"
        last = state(root).server
    assert eventually(lambda: not running(last) and state(root).phase == "stopped", 40)


@pytest.mark.slow
def test_a_server_that_dies_comes_back_at_its_address(configured: Configured, root: Path) -> None:
    settings = configured({"small": {"model": "m"}}, judge="small")
    with Models.open(settings) as models:
        before = pid_of(ask(models))
        port = state(root).port
        os.kill(before, signal.SIGKILL)
        assert eventually(lambda: state(root).server != before and state(root).phase == "ready")
        assert pid_of(ask(models)) != before and state(root).port == port
