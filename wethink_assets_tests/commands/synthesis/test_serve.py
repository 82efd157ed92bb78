"""`wethink serve`: the servers of the roles in the foreground, until somebody ends it."""

import json
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from typer.testing import CliRunner

from wethink_assets.cli import app
from wethink_assets.config import load_settings
from wethink_assets.models.chat import Message, Sampling
from wethink_assets.models.registry import Models
from wethink_assets_tests.models.servers.conftest import python, root  # noqa: F401 (fixtures)
from wethink_assets_tests.support.vllm_double import pid_of, running

TABLE = 'weights = 0.01\nkv_cache = 0.01\ndevice = "cpu"\n'


@pytest.fixture
def config(tmp_path: Path, python: str, root: Path, monkeypatch: pytest.MonkeyPatch) -> Path:  # noqa: F811
    path = tmp_path / "wethink.toml"
    path.write_text(
        f'[servers.eyes]\nmodel = "org/eyes"\npython = "{python}"\n{TABLE}'
        f'[servers.words]\nmodel = "org/words"\npython = "{python}"\n{TABLE}env = {{ WETHINK_TEST_FAULT = "" }}\n'
        '[roles.describer]\nserver = "eyes"\n[roles.adjudicator]\nserver = "eyes"\n'
        '[roles.reasoner]\nserver = "words"\n'
    )
    monkeypatch.setenv("WETHINK_CONFIG", str(path))
    return path


@contextmanager
def serving(*arguments: str) -> Iterator["subprocess.Popen[str]"]:
    command = [sys.executable, "-m", "wethink_assets.cli", "serve", *arguments]
    done = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        yield done
    finally:
        if done.poll() is None:
            done.send_signal(signal.SIGINT)
            done.wait(60)


def test_all_roles_are_served_until_ctrl_c_and_runs_attach(config: Path) -> None:
    with serving("--json") as command:
        assert command.stdout is not None
        told = {one["server"]: one for one in json.loads(command.stdout.readline())["servers"]}
        assert told["eyes"]["roles"] == ["describer", "adjudicator"] and told["words"]["roles"] == ["reasoner"]
        with urllib.request.urlopen(told["eyes"]["urls"][0].removesuffix("/v1") + "/health") as response:
            server = json.load(response)["pid"]
        with Models.open(load_settings(config)) as models:
            model = models.role("adjudicator")
            assert pid_of(models.run(model.chat([Message("user", "ping")], sampling=Sampling())).text) == server
        assert running(server)
        command.send_signal(signal.SIGINT)
        _, errors = command.communicate(timeout=60)
    assert command.returncode == 0, errors
    assert "describer, adjudicator: org/eyes at http://127.0.0.1:" in errors and "stopping" in errors
    assert not running(server), "it waits until they are gone"


@pytest.mark.slow
def test_only_the_given_role(config: Path) -> None:
    with serving("reasoner", "--json") as command:
        assert command.stdout is not None
        assert [one["server"] for one in json.loads(command.stdout.readline())["servers"]] == ["words"]


@pytest.mark.parametrize(
    ("role", "message"), [("judge", "role judge names no server"), ("painter", "unknown role 'painter'")]
)
def test_a_role_without_server_is_a_message(config: Path, role: str, message: str) -> None:
    done = CliRunner().invoke(app, ["serve", role])
    assert done.exit_code == 1 and message in str(done.exception)


@pytest.mark.slow
def test_a_server_that_cannot_start_ends_the_command_with_its_last_words(config: Path) -> None:
    config.write_text(config.read_text().replace('WETHINK_TEST_FAULT = ""', 'WETHINK_TEST_FAULT = "out of memory"'))
    with serving() as command:
        _, errors = command.communicate(timeout=90)
    assert command.returncode == 1 and "CUDA out of memory" in errors and "Traceback" not in errors
