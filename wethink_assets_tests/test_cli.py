"""The `wethink` command: help everywhere, and errors as messages."""

import platform
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner

from wethink_assets.cli import app

COMMANDS = ["run", "register", "cut", "versions", "explain", "verify", "sample", "sync", "doctor"]
NESTED = [["embedded", "train"], ["embedded", "eval"], ["config", "check"]]


@pytest.mark.parametrize("command", [[name] for name in COMMANDS] + NESTED, ids=" ".join)
def test_every_command_explains_itself(command: list[str]) -> None:
    shown = CliRunner().invoke(app, [*command, "--help"])
    assert shown.exit_code == 0, shown.output
    assert "Usage" in shown.output


def test_a_wrong_configuration_is_a_message_without_a_traceback(tmp_path: Path) -> None:
    (tmp_path / "wethink.toml").write_text("[store]\nulr = 'x'\n")
    program = [sys.executable, "-m", "wethink_assets.cli", "versions"]
    environ = {"WETHINK_CONFIG": str(tmp_path / "wethink.toml"), "PATH": ""}
    done = subprocess.run(program, env=environ, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert "unknown setting store.ulr; allowed here: options, url" in done.stderr
    assert "Traceback" not in done.stderr


def test_help_shows_names_of_tables() -> None:
    """Rich takes what stands in brackets for its own markup where it may."""
    shown = CliRunner().invoke(app, ["cut", "--help"])
    assert "[cut] and [dedup]" in " ".join(shown.output.split())


def test_the_version_is_the_one_that_pyproject_states() -> None:
    stated = tomllib.loads((Path(__file__).parent.parent / "pyproject.toml").read_text())["project"]["version"]
    shown = CliRunner().invoke(app, ["--version"])
    assert shown.exit_code == 0, shown.output
    assert shown.output == f"wethink {stated}, Python {platform.python_version()}\n"


def test_help_loads_no_model_library() -> None:
    code = "import sys, wethink_assets.cli; print({'torch', 'transformers', 'vllm', 'dagster'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "set()"
