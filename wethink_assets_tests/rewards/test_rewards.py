# ruff: noqa: E501  # texts of cases
"""Format, rules and their weighted sum with a judge: what counts, and how far it is from the labelled suite."""

import asyncio
import json
import subprocess
import sys
from typing import Any

import pytest

from wethink_assets.rewards import (
    Judge,
    Weights,
    answer_part,
    format_reward,
    hybrid_reward,
    hybrid_reward_async,
    rule_reward,
)
from wethink_assets.rewards.calibration.measures import calibrate_rules, equivalence_suite
from wethink_assets.rewards.trl import reward_functions, texts_of
from wethink_assets_tests.support.scripted_judge import Scripted, said


@pytest.mark.parametrize(
    ("response", "reward"),
    [
        ("<think>a</think><answer>b</answer>", 1), ("  <think>a</think>\n\n<answer>b</answer>\n", 1), ("<think></think><answer></answer>", 1),
        ("<think>a</think> so <answer>b</answer>", 0), ("x<think>a</think><answer>b</answer>", 0), ("<think>a</think><answer>b</answer>x", 0),
        ("<answer>b</answer><think>a</think>", 0), ("<think>a</think><answer>b</answer><answer>c</answer>", 0), ("<think>a<answer>b</answer>", 0),
        ("<think>a<think>b</think></think><answer>c</answer>", 0), ("<think>a</think><answer>b", 0), ("", 0), ("<THINK>a</THINK><ANSWER>b</ANSWER>", 0),
        ("<think>a<answer>x</answer></think><answer>b</answer>", 0),
    ],
)  # fmt: skip
def test_format(response: str, reward: float) -> None:
    assert format_reward(response) == reward


def test_only_the_answer_part_is_read() -> None:
    assert answer_part("<think><answer>A</answer></think><answer> B </answer>") == "B"
    assert answer_part("<think>the answer is B</think>") is None
    assert answer_part("<think>a</think><answer>A</answer><answer>B</answer>") is None
    assert rule_reward("<think>B</think><answer>A</answer>", "B", "MC", ["x", "y"]) == 0
    assert rule_reward("B", "B", "MC", ["x", "y"]) == 0


def test_the_suite_is_told_within_one_percent_by_kind() -> None:
    suite = equivalence_suite()
    assert len(suite) >= 1500
    found = calibrate_rules(suite)
    assert {line.group for line in found} == {"MC", "FIB"}
    for line in found:
        assert line.within and line.rate <= 0.01, line


def test_the_shipped_suite_is_what_its_families_make(tmp_path: Any) -> None:
    made = tmp_path / "made.jsonl"
    subprocess.run([sys.executable, "benchmarks/equivalence_suite.py", str(made)], check=True, capture_output=True)
    assert [json.loads(line) for line in made.read_text().splitlines()] == list(equivalence_suite())


def test_rewards_need_neither_dagster_nor_torch_nor_polars() -> None:
    program = "import sys, wethink_assets.rewards, wethink_assets.rewards.trl; print([m for m in ('dagster', 'torch', 'polars', 'trl', 'sympy', 'pint') if m in sys.modules])"
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


def test_units() -> None:
    right = [
        ("5 km", "5000 m"),
        ("1 mile", "1.609 km"),
        ("0 °C", "32 °F"),
        ("9.8 m/s^2", "980 cm/s²"),
        ("90 min", "1.5 hours"),
        ("3 dozen", "36"),
    ]
    for answer, other in right:
        assert rule_reward(said(other), answer, "FIB") == 1, (answer, other)
    wrong = [("5 km", "5 m"), ("5 km", "5 kg"), ("5 km", "5"), ("1 mile", "1.7 km"), ("5 mW", "5 MW"), ("$5", "€5")]
    for answer, other in wrong:
        assert rule_reward(said(other), answer, "FIB") == 0, (answer, other)


def test_weights_and_methods() -> None:
    judge = Judge(Scripted('{"score": 0.5}'))
    rewards = hybrid_reward(
        [said("A cat."), said("B"), "<answer>B</answer>"],
        ["A dog.", "B", "B"],
        ["DES", "MC", "MC"],
        options=[None, ["x", "y"], ["x", "y"]],
        questions=["What?"] * 3,
        methods=["judge", "rule", "rule"],
        judge=judge,
        weights=Weights(0.9, 0.1),
    )
    assert [round(reward.total, 3) for reward in rewards] == [0.55, 1.0, 0.9]
    assert [reward.method for reward in rewards] == ["judge", "rule", "rule"]
    with pytest.raises(ValueError, match="unknown reward method"):
        hybrid_reward(["x"], ["y"], ["MC"], methods=["vote"], judge=judge)


def test_many_batches_at_once() -> None:
    judge = Judge(Scripted('{"score": 0.25}'))

    async def several() -> list[float]:
        batches = (
            hybrid_reward_async([said(f"cat {n}")], ["A dog."], ["DES"], questions=["?"], judge=judge)
            for n in range(20)
        )
        return [batch[0].accuracy for batch in await asyncio.gather(*batches)]

    assert asyncio.run(several()) == [0.25] * 20


def test_trl_calling_convention() -> None:
    functions, weights = reward_functions(Judge(Scripted('{"score": 0.5}')))
    assert weights == [0.7, 0.3]
    logged: dict[str, Any] = {}
    messages = [
        [{"role": "assistant", "content": said("B")}],
        [{"role": "assistant", "content": [{"type": "text", "text": said("A cat.")}]}],
    ]
    assert texts_of(messages) == [said("B"), said("A cat.")]
    columns = {
        "prompts": ["p", "p"], "completions": messages, "completion_ids": [[1], [2]], "answer": ["B", "A dog."], "kind": ["MC", "DES"],
        "options": [["x", "y"], []], "question": ["Which?", "What?"], "reward": ["rule", "judge"], "trainer_state": None,
        "log_metric": lambda name, value: logged.update({name: value}), "log_extra": lambda name, values: logged.update({name: values}),
    }  # fmt: skip
    accuracy, form = functions
    assert asyncio.run(accuracy(**columns)) == [1.0, 0.5]
    assert form(**columns) == [1.0, 1.0]
    assert logged["accuracy/MC"] == 1.0 and logged["accuracy/DES"] == 0.5 and logged["graded_by"] == ["rule", "judge"]
    trainer = pytest.importorskip("trl.trainer.utils")
    assert trainer.is_async_callable(accuracy) and not trainer.is_async_callable(form)
    assert trainer.get_callable_name(accuracy) == "accuracy_reward"
