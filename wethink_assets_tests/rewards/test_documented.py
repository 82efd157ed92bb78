"""The examples of docs/rewards.md for verl and EasyR1, called as those call them."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "rewards.md"


def example(title: str) -> dict[str, Any]:
    section = PAGE.read_text(encoding="utf-8").split(f"## In {title}\n")[1]
    found = re.search(r"```python\n(.*?)```", section, re.DOTALL)
    assert found
    names: dict[str, Any] = {}
    exec(found[1], names)
    return names


def test_verl() -> None:
    score = example("verl")["compute_score"](
        data_source="wethink",
        solution_str="<think>x</think><answer>(b)</answer>",
        ground_truth="B",
        extra_info={"kind": "MC", "options": ["red", "blue"]},
    )
    assert score == {"score": pytest.approx(1.0), "accuracy": 1.0, "format": 1.0}


def test_easy_r1() -> None:
    names = example("EasyR1")
    assert names["REWARD_TYPE"] == "batch"
    row = json.dumps({"answer": "5 km", "kind": "FIB"})
    inputs = [
        {"response": text, "response_length": 9, "ground_truth": row}
        for text in ("<think>x</think><answer>5000 m</answer>", "<answer>5 m</answer>")
    ]
    scores = names["compute_score"](inputs)
    assert [score["overall"] for score in scores] == [pytest.approx(1.0), 0.0]


def test_trl_is_shown_with_names_that_exist() -> None:
    assert "from wethink_assets.rewards.trl import reward_functions" in PAGE.read_text(encoding="utf-8")
