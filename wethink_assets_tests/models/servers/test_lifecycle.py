"""Servers start when they are needed, are shared, outlive their runs by the idle time, and never outlive it."""

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from wethink_assets.config import Settings
from wethink_assets.errors import ModelError
from wethink_assets.models.chat import Message, Sampling
from wethink_assets.models.roles import Models
from wethink_assets.models.servers.runtime import State, places
from wethink_assets.models.servers.servers import Servers
from wethink_assets_tests.models.servers.standing_in import pid_of, running

Configured = Callable[..., Settings]


def ask(models: Models, role: str = "judge", text: str = "ping") -> str:
    model = models.role(role)  # type: ignore[arg-type]
    return models.run(model.chat([Message("user", text)], sampling=Sampling())).text


def state(root: Path) -> State:
    (place,) = places(root)
    found = place.state()
    assert found is not None
    return found


def eventually(what: Callable[[], bool], seconds: float = 20.0) -> bool:
    until = time.monotonic() + seconds
    while not what() and time.monotonic() < until:
        time.sleep(0.05)
    return what()


def test_a_server_starts_at_the_first_call_and_ends_with_the_run(configured: Configured, root: Path) -> None:
    settings = configured(
        {"big": {"model": "org/big", "max_model_len": 99, "images": 2, "args": ["--extra"]}},
        judge="big",
        reasoner="big",
    )
    heard: list[str] = []
    with Models.open(settings) as models:
        models.servers.listen(lambda level, text: heard.append(text))
        assert models.describe("judge")["model"] == "org/big" and not root.exists(), "nothing starts for a description"
        first, second = pid_of(ask(models)), pid_of(ask(models, "reasoner"))
        assert first == second == state(root).server and running(first), "roles share the server that they name"
        assert models.role("judge") is models.role("reasoner")
        supervisor = state(root).supervisor
        eventually(lambda: any("INFO request" in line for line in heard), 5)
    assert eventually(lambda: not running(first) and not running(supervisor))
    assert state(root).phase == "stopped"
    assert any("server big (org/big) is ready" in line for line in heard)
    assert any("server big: INFO starting on port" in line for line in heard), "its log reaches the run's"
    command = places(root)[0].spec().command
    assert command[1:3] == ("-m", "vllm.entrypoints.openai.api_server") and command[-1] == "--extra"
    assert command[command.index("--max-model-len") + 1] == "99" and "--enforce-eager" in command


def test_a_killed_run_leaves_no_server(configured: Configured, root: Path, tmp_path: Path) -> None:
    run, server = other_run(configured({"small": {"model": "m"}}), tmp_path)
    supervisor = state(root).supervisor
    assert running(server) and running(supervisor)
    run.send_signal(signal.SIGKILL)
    run.wait()
    assert eventually(lambda: not running(server) and not running(supervisor)), (
        "the lessee's process is gone, so is the server"
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


def test_runs_that_want_a_server_at_once_start_one(configured: Configured, root: Path, tmp_path: Path) -> None:
    settings = configured({"small": {"model": "m", "env": {"WETHINK_TEST_DELAY": "1"}}})
    started: list[tuple[str, ...]] = []
    servers = [Servers(settings) for _ in range(4)]
    threads = [threading.Thread(target=lambda s=s: started.append(s.urls("small"))) for s in servers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(started)) == 1 and len(started) == 4
    for each in servers:
        each.close()


@pytest.mark.slow
def test_replicas_are_servers_of_their_own(configured: Configured, root: Path) -> None:
    settings = configured({"twice": {"model": "m", "replicas": 2}}, judge="twice")
    with Models.open(settings) as models:
        urls = models.servers.urls("twice")
        assert len(set(urls)) == 2
        models.role("judge")
        assert {place.state().port for place in places(root)} == {int(url.split(":")[2][:5]) for url in urls}  # type: ignore[union-attr]


def test_a_killed_supervisor_takes_its_server_along(configured: Configured, root: Path) -> None:
    settings = configured({"small": {"model": "m"}}, judge="small")
    with Models.open(settings) as models:
        server = pid_of(ask(models))
        os.kill(state(root).supervisor, signal.SIGKILL)
        assert eventually(lambda: not running(server))
    with Models.open(settings) as models:
        assert pid_of(ask(models)) != server, "and the next one starts anew"


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


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("out of memory", r"server bad \(m\) did not start: .*status 7 .*(\n.*)*CUDA out of memory"),
        ("never healthy", r"not healthy within 2 s"),
        ("mute", r"completes nothing: HTTP 500"),
    ],
)
def test_a_server_that_cannot_start_is_an_error_with_its_last_words(
    configured: Configured, root: Path, fault: str, message: str
) -> None:
    timeout = 2 if fault == "never healthy" else 60
    settings = configured(
        {"bad": {"model": "m", "start_timeout": timeout, "env": {"WETHINK_TEST_FAULT": fault}}}, judge="bad"
    )
    with Models.open(settings) as models, pytest.raises(ModelError, match=message):
        models.role("judge")
    assert eventually(lambda: state(root).phase == "failed")


def test_waiting_for_a_server_can_be_given_up(configured: Configured, root: Path) -> None:
    settings = configured({"slow": {"model": "m", "env": {"WETHINK_TEST_DELAY": "60"}}}, judge="slow")
    models = Models.open(settings)
    caught: list[Exception] = []

    def wait() -> None:
        try:
            models.role("judge")
        except ModelError as error:
            caught.append(error)

    waiting = threading.Thread(target=wait)
    waiting.start()
    assert eventually(lambda: bool(places(root)) and places(root)[0].state() is not None and state(root).server != 0)
    server = state(root).server
    models.close()
    waiting.join(5)
    assert not waiting.is_alive() and "given up" in str(caught[0])
    assert eventually(lambda: not running(server)), "nobody waits for it any more, so it is not even started up"


@pytest.mark.slow
def test_keys_reach_the_server_by_its_environment_only(
    configured: Configured, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("A_KEY", "secret-of-mine")
    settings = configured({"small": {"model": "m", "api_key_env": "A_KEY"}}, judge="small")
    with Models.open(settings) as models:
        ask(models)
        written = [path.read_bytes() for path in root.rglob("*") if path.is_file()]
        assert all(b"secret-of-mine" not in data for data in written)


def test_a_scheduled_run_keeps_servers_for_ten_minutes() -> None:
    import dagster as dg

    from wethink_assets.defs.servers import idle_of, servers_of_run

    by_hand = dg.DagsterRun("job")
    by_schedule = dg.DagsterRun("job", tags={"dagster/schedule_name": "nightly"})
    assert (idle_of(None), idle_of(by_hand), idle_of(by_schedule)) == (0, 0, 600)
    servers = Servers(Settings())
    with servers_of_run(servers, by_schedule, logging.getLogger("run")):
        assert servers.idle == 600 and by_schedule.run_id in servers.who


def other_run(settings: Settings, folder: Path) -> tuple["subprocess.Popen[str]", int]:
    """Another process that uses the server `small`; with the server's process id."""
    path = folder / "settings.json"
    path.write_text(settings.model_dump_json())
    code = (
        "import sys, time; from pathlib import Path; from wethink_assets.config import Settings\n"
        "from wethink_assets.models.servers.servers import Servers\n"
        "servers = Servers(Settings.model_validate_json(Path(sys.argv[1]).read_text()))\n"
        "servers.urls('small'); print(servers.states()['small'][0].server, flush=True); time.sleep(600)"
    )
    run = subprocess.Popen([sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE, text=True)
    assert run.stdout is not None
    return run, int(run.stdout.readline())
