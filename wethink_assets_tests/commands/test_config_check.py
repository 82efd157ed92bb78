"""`wethink config check` shows what is in force, and no login of a URL."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from wethink_assets.commands.project.config import app


@pytest.mark.parametrize("arguments", [["check"], ["check", "--json"]])
def test_logins_in_urls_are_masked(arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "wethink.toml"
    path.write_text(
        '[roles.describer]\nprovider = "endpoint"\nmodel = "qwen"\nurl = "https://me:se%40cret@host/v1"\n'
        'urls = ["https://me:secret2@other:8000/v1"]\n'
    )
    monkeypatch.setenv("WETHINK_CONFIG", str(path))
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    assert "https://***@host/v1" in result.output and "https://***@other:8000/v1" in result.output
    assert "cret" not in result.output
