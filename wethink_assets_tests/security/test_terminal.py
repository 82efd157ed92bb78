"""Whatever a model, a file name or a person wrote acts on no terminal and turns no line, whichever command prints it."""

import json
import re
import unicodedata
from pathlib import Path

import pytest
from typer.testing import CliRunner

from wethink_assets.cli import app
from wethink_assets.commands.failures import report
from wethink_assets.errors import WeThinkError
from wethink_assets.storage.store import Store
from wethink_assets_tests.support.browsed import hostile_store
from wethink_assets_tests.support.versions import rows_of

ESCAPES = (
    "\x1b[2J\x1b[H cleared", "\x1b]0;title\x07 \x1b]8;;http://evil.example\x1b\\link\x1b]8;;\x1b\\", "\x1b]52;c;cm0gLXJmIC8=\x07 clipboard",
    "\x1bP+q544e\x1b\\ \x1b_Gf=24\x1b\\ \x1b^private\x1b\\", "\x9b31m eight bits \x9d0;t\x9c", "back\b\b\b\bspace \r over the line \x7f \x0b \x0c",
    "\u202eright to left\u202c \u2066isolated\u2069 \u200e\u200f\u061c", "\ufeffmark \u200bzero \u2060joined \u00adsoft",
    "[bold red]markup[/] [link=http://evil.example]x[/link] [/] [@click=app.quit]", "\x1b[6n\x1b[c asks the terminal", "\x00nul \x1a end \x04",
    "=cmd|' /C calc'!A0", "+1+1", "@SUM(A1)", "line\u2028separator\u2029 \x85 next",
)  # fmt: skip
ALLOWED = {"\n", "\t"}


def acting(text: str) -> list[str]:
    """Characters of a text that do something in place of being seen."""
    return sorted({repr(c) for c in text if c not in ALLOWED and unicodedata.category(c) in ("Cc", "Cf", "Cs", "Co")})


@pytest.fixture(scope="module")
def grown(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose version is made of such texts."""
    folder = tmp_path_factory.mktemp("terminal")
    store = hostile_store(folder / "data", ESCAPES)
    (folder / "wethink.toml").write_text(f'[store]\nurl = "{store.url}"\n')
    return folder


COMMANDS = (
    "explain {row}", "versions", "lineage v0001", "card v0001", "duplicates v0001", "where {image}", "verify v0001", "plan",
    "explain {row} --json", "lineage v0001 --json", "versions --json", "duplicates v0001 --json", "where {image} --json",
)  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS)
def test_no_command_prints_what_acts_on_a_terminal(command: str, grown: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WETHINK_CONFIG", str(grown / "wethink.toml"))
    monkeypatch.setenv("COLUMNS", "200")
    rows = rows_of(Store.open(str(grown / "data")), "v0001")
    for row in rows.iter_rows(named=True) if "{row}" in command else [rows.row(0, named=True)]:
        given = command.format(row=row["row_id"], image=row["image_id"]).split()
        result = CliRunner().invoke(app, given)
        assert result.exit_code == 0, (result.output, result.exception)
        assert acting(result.output) == [], result.output[:2000]
        if "--json" in given:
            json.loads(result.stdout)


def test_a_message_of_an_error_acts_on_no_terminal(
    grown: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("WETHINK_CONFIG", str(grown / "wethink.toml"))
    for name in ESCAPES:
        for command in (
            "explain",
            "lineage",
            "card",
            "where",
            "release v0001",
            "verify",
            "export",
            "diff v0001",
        ):
            words = command.split()
            result = CliRunner().invoke(app, [words[0], *words[1:], name.replace("\0", "")])
            assert result.exit_code != 0 or words[0] == "release", command
            assert acting(re.sub(r"\x1b\[[0-9;]*m", "", result.output)) == [], (command, name)
            if isinstance(result.exception, WeThinkError):
                report(result.exception, debug=False)
                assert acting(capsys.readouterr().err) == [], (command, name)
