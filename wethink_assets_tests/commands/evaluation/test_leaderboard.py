"""`wethink leaderboard` before anything is scored; with scores it is tested in `evaluation/test_evaluation.py`."""

import json
from pathlib import Path

from typer.testing import CliRunner

from wethink_assets.cli import app


def test_published_numbers_are_there_without_scores(unscored: Path) -> None:
    board = json.loads(CliRunner().invoke(app, ["leaderboard", "--json"]).stdout)
    assert {row["kind"] for row in board["rows"]} == {"published"}
    shown = CliRunner().invoke(app, ["leaderboard"], terminal_width=200).stdout
    assert "published numbers: " in shown and "MMStar" in shown


def test_files_say_their_state_and_the_remedy(unscored: Path) -> None:
    (missing,) = [
        record
        for record in json.loads(CliRunner().invoke(app, ["leaderboard", "--files", "--json"]).stdout)
        if record["benchmark"] == "MMStar"
    ]
    assert missing["state"] == "missing" and missing["rows"] == 0 and "MMStar.tsv" in missing["told"]
    assert "MMStar: missing" in CliRunner().invoke(app, ["leaderboard", "--files"]).stdout
