"""No command ends in a traceback: each says in a sentence what is wrong with its project. `benchmarks/faults.py` has more faults."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from wethink_assets_tests.support.every_command import LONG, Commands, command_names, forked_commands, make_home

QUICK = [name for name in command_names() if not LONG.search(name)]
NEEDS_NO_PROJECT = {"sample"}


def _config_is_no_text(home: Path) -> None:
    (home / "wethink.toml").write_bytes(b"\xff" + (home / "wethink.toml").read_bytes())


def _not_a_project(home: Path) -> None:
    (home / "wethink.toml").unlink()


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Commands]]:
    """A whole project, and a process that runs commands."""
    home = tmp_path_factory.mktemp("kept")
    names = make_home(home)
    with forked_commands(names) as commands:
        yield home, commands


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (_config_is_no_text, "wethink.toml:1: byte 0xff is not UTF-8"),
        (_not_a_project, "is no project: it has no wethink.toml"),
    ],
)
def test_a_fault_of_the_project_is_a_sentence_under_every_command(
    kept: tuple[Path, Commands], tmp_path: Path, fault: Callable[[Path], None], expected: str
) -> None:
    whole, commands = kept
    home = tmp_path / "home"
    shutil.copytree(whole, home)
    fault(home)
    ended = [commands.run(name, home, WETHINK_CONFIG="", DAGSTER_HOME=str(home)) for name in QUICK]
    assert [(one.command, one.complaints()) for one in ended if one.complaints()] == []
    if expected:
        assert [
            one.command for one in ended if one.command not in NEEDS_NO_PROJECT and expected not in one.errors
        ] == []
        assert {one.code for one in ended if one.command not in NEEDS_NO_PROJECT} == {1}
