"""Evaluation: intervals, and the shipped checkpoints within five points of their card."""

import json

import pytest
import torch

from wethink_assets.intervals import wilson
from wethink_assets.models.embedded.checkpoints import FOLDER
from wethink_assets.models.embedded.engine import Engine
from wethink_assets.models.embedded.evaluation.accuracy import evaluate, held_out
from wethink_assets.models.embedded.evaluation.agreement import phi
from wethink_assets.models.embedded.evaluation.card import FIGURES
from wethink_assets.models.embedded.tasks import TASKS

EXAMPLES = 64
MARGIN = 0.05


def test_wilson_intervals() -> None:
    assert wilson(0, 0) == (0.0, 1.0)
    low, high = wilson(95, 100)
    assert low == pytest.approx(0.8882, abs=1e-3) and high == pytest.approx(0.9785, abs=1e-3)
    assert wilson(10, 10)[1] == pytest.approx(1.0)


def test_phi() -> None:
    assert phi([True, False, True, False], [True, False, True, False]) == pytest.approx(1)
    assert phi([True, False, True, False], [False, True, False, True]) == pytest.approx(-1)
    assert phi([True, True], [True, False]) == 0


def test_held_out_examples_are_fixed_and_a_quarter_is_hard() -> None:
    examples = [held_out("describer", "answer_image", number, 0) for number in range(32)]
    assert sum(example.scene.hard for example in examples) == 8
    assert {example.scene.kind for example in examples if example.scene.hard} == {"shapes", "chart", "figure", "text"}
    assert [example.prompt for example in examples] == [
        held_out("describer", "answer_image", number, 0).prompt for number in range(32)
    ]
    assert examples[5].prompt != held_out("describer", "answer_image", 5, 1).prompt


@pytest.mark.slow
@pytest.mark.parametrize("name", ["describer", "reasoner", "policy"])
def test_checkpoints_are_as_good_as_their_card_says(name: str) -> None:
    torch.set_num_threads(1)
    stated = {
        (row["task"], row["group"]): row["share"]
        for row in json.loads((FOLDER / FIGURES).read_text())["accuracies"]
        if row["checkpoint"] == name
    }
    tasks = ("answer_image",) if name == "policy" else tuple(TASKS[name])
    accuracies = evaluate(Engine(FOLDER / name), name, EXAMPLES if name != "policy" else 2 * EXAMPLES, tasks=tasks)
    for accuracy in accuracies:
        if accuracy.group == "all":
            # The interval of so few examples is wider than the margin: the floor lies below its upper end.
            floor = stated[(accuracy.task, "all")] - MARGIN
            assert wilson(accuracy.right, accuracy.count)[1] >= floor, (accuracy.task, accuracy.share, floor)
    if name == "policy":
        assert 0.4 <= stated[("answer_image", "all")] <= 0.65
