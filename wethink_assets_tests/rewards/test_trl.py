"""Reward functions for TRL, called as its trainer calls them."""

import asyncio
from typing import Any

import pytest

from wethink_assets.rewards import Judge
from wethink_assets.rewards.trl import reward_functions, texts_of
from wethink_assets_tests.support.scripted_judge import Scripted, said


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
