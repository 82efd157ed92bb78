"""A folder for the servers of one test, which must leave no process behind."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from wethink_assets.config import Settings
from wethink_assets.models.servers.processes import end_session, session_members
from wethink_assets.models.servers.runtime import replica_folders
from wethink_assets_tests.support.vllm_double import settings_of, write_python


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Folder of all servers; at the end each of them must be gone."""
    folder = tmp_path / "servers"
    monkeypatch.setenv("WETHINK_SERVERS_DIR", str(folder))
    yield folder
    until = time.monotonic() + 20
    while any(folder.supervised() for folder in replica_folders(folder)) and time.monotonic() < until:
        time.sleep(0.1)
    states = [folder.state() for folder in replica_folders(folder)]
    left = [state for state in states if state is not None and state.server and session_members(state.server)]
    for state in left:
        end_session(state.server, 1)
    assert not left, f"servers were left behind: {left}"
    assert not any(folder.supervised() for folder in replica_folders(folder)), "a supervisor was left behind"


@pytest.fixture
def python(tmp_path: Path) -> str:
    return write_python(tmp_path / "environment")


@pytest.fixture
def configured(tmp_path: Path, root: Path, python: str) -> Callable[..., Settings]:
    """Settings by server tables and, by keyword, the server of each role."""

    def configure(servers: dict[str, dict[str, object]], **roles: str) -> Settings:
        return settings_of(tmp_path, python, servers, **roles)

    return configure
