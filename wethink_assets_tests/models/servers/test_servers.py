"""Servers start when they are needed, are shared, outlive their runs by the idle time, and never outlive it."""

import logging
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from wethink_assets.config import Settings
from wethink_assets.errors import ModelError
from wethink_assets.models.registry import Models
from wethink_assets.models.servers.runtime import replica_folders
from wethink_assets.models.servers.servers import Servers
from wethink_assets_tests.support.server_runs import ask, eventually, state
from wethink_assets_tests.support.vllm_double import pid_of, running

Configured = Callable[..., Settings]


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
    command = replica_folders(root)[0].spec().command
    assert command[1:3] == ("-m", "vllm.entrypoints.openai.api_server") and command[-1] == "--extra"
    assert command[command.index("--max-model-len") + 1] == "99" and "--enforce-eager" in command


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
        assert {folder.state().port for folder in replica_folders(root)} == {int(url.split(":")[2][:5]) for url in urls}  # type: ignore[union-attr]


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
    assert eventually(
        lambda: bool(replica_folders(root)) and replica_folders(root)[0].state() is not None and state(root).server != 0
    )
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

    from wethink_assets.defs.resources import idle_of, servers_of_run

    by_hand = dg.DagsterRun("job")
    by_schedule = dg.DagsterRun("job", tags={"dagster/schedule_name": "nightly"})
    assert (idle_of(None), idle_of(by_hand), idle_of(by_schedule)) == (0, 0, 600)
    servers = Servers(Settings())
    with servers_of_run(servers, by_schedule, logging.getLogger("run")):
        assert servers.idle == 600 and by_schedule.run_id in servers.who
