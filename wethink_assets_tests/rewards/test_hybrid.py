"""Hybrid rewards: weights, methods, and many batches at once."""

import asyncio
import subprocess
import sys

import pytest

from wethink_assets.rewards import Judge, Weights, hybrid_reward, hybrid_reward_async
from wethink_assets_tests.support.scripted_judge import Scripted, said


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


def test_rewards_need_neither_dagster_nor_torch_nor_polars() -> None:
    heavy = ("dagster", "torch", "polars", "trl", "sympy", "pint")
    program = f"import sys, wethink_assets.rewards, wethink_assets.rewards.trl; print([m for m in {heavy} if m in sys.modules])"
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"
