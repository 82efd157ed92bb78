"""Reward functions of exports: run from their files alone, as a machine has them that trains and does not have the package."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from wethink_assets_tests.dataset.exports.conftest import Exported

RUN = """
import importlib.util, json, sys
spec = importlib.util.spec_from_file_location("reward", sys.argv[1])
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
import wethink_assets
assert "wethink_rewards.zip" in wethink_assets.__file__
given = json.loads(sys.stdin.read())
try:
    print(json.dumps(module.compute_score(*given)))
except ValueError as error:
    print(json.dumps(str(error)))
"""


def scored(folder: Path, *arguments: Any) -> Any:
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", RUN, str(folder / "wethink_reward.py")],
        input=json.dumps(arguments),
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


def test_verl_grades_by_what_the_row_allows(exported: Exported) -> None:
    folder = exported("verl")
    row = {"kind": "FIB", "question": "How high is the bar?", "options": [], "accepted_answers": [], "tolerance": 0.05}
    right = scored(folder, "wethink", "<think>so</think><answer>102</answer>", "100", row)
    assert right == {"score": pytest.approx(1.0), "accuracy": 1.0, "format": 1.0}
    assert scored(folder, "wethink", "<answer>102</answer>", "100", {**row, "tolerance": 0.0})["score"] == 0.0
    assert "data_source 'wethink'" in scored(folder, "geo3k", "", "100", row)
    assert "wethink export --for verl" in scored(folder, "wethink", "", "100", {})


def test_easyr1_grades_a_batch(exported: Exported) -> None:
    truth = {"answer": "B", "kind": "MC", "options": ["red", "blue"], "question": "Which?", "accepted_answers": []}
    inputs = [
        {"response": "<think>so</think><answer>blue</answer>", "ground_truth": json.dumps(truth)},
        {"response": "<think>so</think><answer>A</answer>", "ground_truth": json.dumps(truth)},
    ]
    scores = scored(exported("easyr1"), inputs)
    assert [round(score["overall"], 6) for score in scores] == [1.0, 0.3]
    plain = scored(exported("easyr1"), [{"response": "B", "ground_truth": "B"}])
    assert "data.answer_key=ground_truth" in plain
