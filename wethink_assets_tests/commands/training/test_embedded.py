"""`wethink embedded`: one command from nothing to checkpoints that load, resumable, with a card."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from wethink_assets.commands.training.embedded import app
from wethink_assets.models.embedded.engine import Engine
from wethink_assets_tests.models.embedded.conftest import tiny_recipes, tokenizer

__all__ = ["tiny_recipes", "tokenizer"]  # fixtures
pytestmark = pytest.mark.usefixtures("tiny_recipes")


@pytest.mark.slow
def test_train_makes_all_checkpoints_and_eval_writes_their_card(tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = CliRunner().invoke(app, ["train", "--out", str(out)])
    assert done.exit_code == 0, done.output
    record = json.loads((out / "training.json").read_text())
    assert set(record) == {"describer", "reasoner", "policy"}
    assert record["policy"]["recipe"]["starts_from"] == 2
    for name in record:
        Engine(out / name)
    again = CliRunner().invoke(app, ["train", "--out", str(out), "--checkpoint", "reasoner"])
    assert again.exit_code == 2 and "--resume" in again.output
    resumed = CliRunner().invoke(app, ["train", "--out", str(out), "--checkpoint", "reasoner", "--resume"])
    assert resumed.exit_code == 0, resumed.output
    measured = CliRunner().invoke(app, ["eval", "--folder", str(out), "--n", "4", "--json", "--card"])
    assert measured.exit_code == 0, measured.output
    rows = json.loads(measured.stdout)["accuracies"]
    assert {row["checkpoint"] for row in rows} == set(record)
    assert all(row["low"] <= row["share"] <= row["high"] for row in rows)
    card = (out / "README.md").read_text()
    assert "joint 4" in card and "answers from the image" in card
    assert "from the describer's joint step 2: haste 2 of" in card
    assert json.loads((out / "accuracy.json").read_text())["accuracies"] == rows


def test_policy_alone_needs_only_the_describers_first_steps(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["train", "--out", str(tmp_path), "--checkpoint", "policy"])
    assert done.exit_code == 0, done.output
    assert (tmp_path / "policy" / "config.json").exists() and not (tmp_path / "describer").exists()
