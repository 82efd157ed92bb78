"""Reward of WeThink rows for EasyR1: `worker.reward.reward_function` is `FOLDER/wethink_reward.py:compute_score`.

The reward is the paper's (arXiv 2506.07905): 0.7 for a right answer, 0.3 for the form `<think>...</think><answer>...</answer>`. EasyR1 tells a
reward function the response and the ground truth alone, so `data.answer_key` must be `ground_truth`, whose JSON holds answer, kind, options and
what the question allows. No judge is asked: an answer in sentences is right only where it is worded alike. The code is that of the package
`wethink_assets`, or of `wethink_rewards.zip` beside this file.
"""

import json
import sys
from pathlib import Path
from typing import Any

try:
    import wethink_assets.rewards.hybrid  # noqa: F401  # whether it is installed
except ImportError:
    sys.path.append(str(Path(__file__).with_name("wethink_rewards.zip")))

from wethink_assets.rewards.arguments import latitude
from wethink_assets.rewards.hybrid import hybrid_reward

REWARD_NAME = "wethink"
REWARD_TYPE = "batch"


def compute_score(
    reward_inputs: list[dict[str, Any]], accuracy: float = 0.7, format: float = 0.3, prefilled: bool = False
) -> list[dict[str, float]]:
    """Rewards of a batch: `overall` is what is trained on, `accuracy` and `format` are its parts.

    Args:
        reward_inputs: of each response `response` and `ground_truth`.
        accuracy, format: what the parts count (`worker.reward.reward_function_kwargs`).
        prefilled: the chat template of the model opens `<think>` itself, so that a response begins inside the thought.

    Raises `ValueError` where the ground truth is no such JSON.
    """
    rows = [_row(given["ground_truth"]) for given in reward_inputs]
    rewards = hybrid_reward(
        [given["response"] for given in reward_inputs],
        [row["answer"] for row in rows],
        [row["kind"] for row in rows],
        options=[row.get("options") for row in rows],
        questions=[row.get("question") for row in rows],
        allowed=[latitude(row.get("accepted_answers"), row.get("tolerance"), row.get("edit_distance")) for row in rows],
        prefilled=prefilled,
    )
    return [
        {
            "overall": accuracy * reward.accuracy + format * reward.format,
            "accuracy": reward.accuracy,
            "format": reward.format,
        }
        for reward in rewards
    ]


def _row(ground_truth: str) -> dict[str, Any]:
    try:
        row = json.loads(ground_truth)
    except ValueError:
        row = None
    if not isinstance(row, dict) or "kind" not in row:
        raise ValueError(
            f"ground truth {str(ground_truth)[:80]!r} is no JSON of a row: set data.answer_key=ground_truth"
        )
    return row
