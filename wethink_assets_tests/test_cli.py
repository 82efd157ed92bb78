"""The `wethink` command: help everywhere, in plain English and with every bracket, and errors as messages."""

import os
import platform
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.main import get_command
from typer.testing import CliRunner

from wethink_assets.cli import app

PHRASES = (  # English that no native speaker writes
    "Tell ",
    "told",
    "Hold ",
    "go on",
    "goes on",
    "went on",
    "gone on",
    "one row an item",
    "a row a",
    "one a ",
    "is no ",
    "none means",
    "none lists",
    "; none:",
    "; 0:",
    "Look for",
    "at most;",
    "let go",
    "lets it go",
    "lives on",
    "Same seed",
    "The same.",
    "anew",
    "Exit 1",
    "what they came to",
    "came to",
    "left out.",
    "; else ",
    "beside",
    "picture",
)


def commands(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command and group of the real application, with the words that call it."""
    yield path, command
    for name, member in getattr(command, "commands", {}).items():
        yield from commands(member, (*path, name))


ALL = dict(commands(get_command(app)))


def parameters(path: tuple[str, ...]) -> list[Any]:
    """Arguments and options of a command, `--help` left out."""
    command = ALL[path]
    listed = command.get_params(typer.Context(command, info_name="wethink"))
    own = ("--help", "--install-completion", "--show-completion")
    return [parameter for parameter in listed if not set(parameter.opts) & set(own)]


def texts(path: tuple[str, ...]) -> list[str]:
    """Help of a command, of its arguments and of its options, as written in the source."""
    return [ALL[path].help, *(parameter.help for parameter in parameters(path))]


def printed(text: str) -> str:
    """What is left of a text where lines may be broken anywhere, and code is printed without its marks."""
    return re.sub(r"[\s`│╭╮╰╯─]", "", text)


def shown(path: tuple[str, ...], width: int) -> str:
    """The page that `--help` prints."""
    done = CliRunner().invoke(app, [*path, "--help"], env={"COLUMNS": str(width)})
    assert done.exit_code == 0, done.output
    return done.output


every_command = pytest.mark.parametrize("path", ALL, ids=lambda path: " ".join(("wethink", *path)))


@every_command
def test_help_prints_the_whole_text_of_the_source(path: tuple[str, ...]) -> None:
    page = printed(shown(path, 160))
    for text in texts(path):
        assert printed(text) in page, text
    for name, member in getattr(ALL[path], "commands", {}).items():
        assert printed(name + member.get_short_help_str(1000)) in page, name


@every_command
@pytest.mark.parametrize("width", [80, 120])
def test_no_word_and_no_bracket_is_lost_on_a_narrow_terminal(path: tuple[str, ...], width: int) -> None:
    page = shown(path, width)
    assert "\u2026" not in page, "cut off"
    words = {printed(word) for text in texts(path) for word in text.split()}
    assert {word for word in words if word not in page} == set()


@every_command
def test_help_has_no_bracket_twice_and_none_empty(path: tuple[str, ...]) -> None:
    page = shown(path, 120)
    assert not re.search(r"\[\[|\]\]|\[\]|``", page.replace("]...", ""))


@every_command
def test_every_option_and_argument_has_help_in_a_whole_sentence(path: tuple[str, ...]) -> None:
    for parameter in parameters(path):
        assert re.fullmatch(r"[A-Z].*[.]", parameter.help or ""), f"{parameter.opts}: {parameter.help!r}"
    for paragraph in ALL[path].help.split("\n\n"):
        assert re.fullmatch(r"[A-Z].*[.?]", paragraph.strip(), re.DOTALL), paragraph


@every_command
def test_help_reads_as_plain_english(path: tuple[str, ...]) -> None:
    for text in texts(path):
        one_line = " ".join(text.split())
        assert not [phrase for phrase in PHRASES if phrase in one_line], one_line
        assert not re.search(r"\b(\w+) \1\b|\bas and\b|\bof [.,;)]|\(\)|  ", one_line), one_line


@pytest.mark.parametrize("width", [80, 120])
def test_help_of_the_real_command_is_what_these_tests_see(width: int) -> None:
    program = [sys.executable, "-m", "wethink_assets.cli", "cut", "--help"]
    done = subprocess.run(
        program, env={**os.environ, "COLUMNS": str(width)}, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert printed("overrides [cut] and [dedup] of wethink.toml") in printed(done.stdout)
    assert max(map(len, done.stdout.splitlines())) == width


def test_a_wrong_configuration_is_a_message_without_a_traceback(tmp_path: Path) -> None:
    (tmp_path / "wethink.toml").write_text("[store]\nulr = 'x'\n")
    program = [sys.executable, "-m", "wethink_assets.cli", "versions"]
    environ = {"WETHINK_CONFIG": str(tmp_path / "wethink.toml"), "PATH": ""}
    done = subprocess.run(program, env=environ, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert "unknown setting store.ulr; allowed here: options, url" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_version_is_the_one_that_pyproject_states() -> None:
    stated = tomllib.loads((Path(__file__).parent.parent / "pyproject.toml").read_text())["project"]["version"]
    shown = CliRunner().invoke(app, ["--version"])
    assert shown.exit_code == 0, shown.output
    assert shown.output == f"wethink {stated}, Python {platform.python_version()}\n"


def test_help_loads_no_model_library() -> None:
    code = "import sys, wethink_assets.cli; print({'torch', 'transformers', 'vllm', 'dagster'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "set()"
