"""`wethink score` before anything is scored; scoring itself is tested in `evaluation/test_evaluation.py`."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from wethink_assets.cli import app
from wethink_assets.errors import WeThinkError


def test_a_run_without_a_policy_is_named(unscored: Path) -> None:
    with pytest.raises(WeThinkError, match=r"v0009\.grpo has no policy"):
        CliRunner().invoke(app, ["score", "v0009.grpo"], catch_exceptions=False)


def test_an_unknown_benchmark_is_named(unscored: Path) -> None:
    with pytest.raises(WeThinkError, match="unknown benchmark 'MMStarr'"):
        CliRunner().invoke(app, ["score", "--benchmark", "MMStarr"], catch_exceptions=False)


def test_without_a_training_run_there_is_nothing_to_score(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "wethink.toml").write_text(f'[store]\nurl = "{tmp_path}/empty"\n')
    monkeypatch.setenv("WETHINK_CONFIG", str(tmp_path / "wethink.toml"))
    done = CliRunner().invoke(app, ["score"])
    assert done.exit_code == 0 and "nothing to score" in done.output and "wethink train" in done.output
