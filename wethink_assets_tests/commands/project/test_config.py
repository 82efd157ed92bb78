"""`wethink config check` shows what is in force, and no login of a URL."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from wethink_assets.cli import app


@pytest.mark.parametrize("arguments", [["check"], ["check", "--json"]])
def test_logins_in_urls_are_masked(arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "wethink.toml"
    path.write_text(
        '[roles.describer]\nprovider = "endpoint"\nmodel = "qwen"\nurl = "https://me:se%40cret@host/v1"\n'
        'urls = ["https://me:secret2@other:8000/v1"]\n'
    )
    monkeypatch.setenv("WETHINK_CONFIG", str(path))
    result = CliRunner().invoke(app, ["config", *arguments])
    assert result.exit_code == 0, result.output
    assert "https://***@host/v1" in result.output and "https://***@other:8000/v1" in result.output
    assert "cret" not in result.output


def test_config_check_prints_what_is_in_force(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "wethink.toml").write_text("[store]\nurl = 'kept'\n[sources.coco]\nlocation = 'here'\n")
    monkeypatch.setenv("WETHINK_CONFIG", str(tmp_path / "wethink.toml"))
    shown = CliRunner().invoke(app, ["config", "check"])
    assert shown.exit_code == 0, shown.output
    assert "1 of 18 have a location" in shown.output
    assert "gqa: not configured" in shown.output
    as_json = CliRunner().invoke(app, ["config", "check", "--json"])
    assert json.loads(as_json.output)["sources"]["coco"]["location"] == "here"


@pytest.mark.parametrize(
    ("text", "line"),
    [("\n[pipeline]\nprompt_pack = 'nopack'\n", 3), ("[roles.judge]\nmodel = 'judge'\nprompt_pack = 'nopack'\n", 3)],
)
def test_config_check_refuses_a_missing_prompt_pack_with_its_line(
    text: str, line: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "wethink.toml").write_text(text)
    monkeypatch.setenv("WETHINK_CONFIG", str(tmp_path / "wethink.toml"))
    checked = CliRunner().invoke(app, ["config", "check"])
    assert checked.exit_code == 1
    assert str(checked.exception).startswith(f"{tmp_path}/wethink.toml:{line}: prompt pack 'nopack'")
