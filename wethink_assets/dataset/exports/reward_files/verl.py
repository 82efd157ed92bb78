"""Reward of WeThink rows for verl: `custom_reward_function.path` names this file, `custom_reward_function.name` is `compute_score`.

The reward is the paper's (arXiv 2506.07905): 0.7 for a right answer, 0.3 for the form `<think>...</think><answer>...</answer>`. Answers are
compared as their question allows it, by its columns in `extra_info`: options, accepted answers, tolerance, edit distance. No judge is asked: an
answer in sentences is right only where it is worded alike. The code is that of the package `wethink_assets`, or of `wethink_rewards.zip` beside
this file.
"""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

try:
    import wethink_assets.rewards.hybrid  # noqa: F401  # whether it is installed
except ImportError:
    sys.path.append(str(Path(__file__).with_name("wethink_rewards.zip")))

from wethink_assets.rewards.arguments import latitude
from wethink_assets.rewards.hybrid import hybrid_reward

DATA_SOURCE = "wethink"
PREFILLED = False
"""Whether the chat template of the model opens `<think>` itself, so that a response begins inside the thought."""


def compute_score(
    data_source: str,
    solution_str: str,
    ground_truth: str,
    extra_info: Mapping[str, Any] | None = None,
    **unused: Any,
) -> dict[str, float]:
    """Reward of one response: `score` is what is trained on, `accuracy` and `format` its parts.

    Raises `ValueError` for rows of another source, and for rows without the columns of `extra_info` that an export has.
    """
    if data_source != DATA_SOURCE:
        raise ValueError(f"rows of {data_source!r} are not graded here: this reward is for data_source {DATA_SOURCE!r}")
    known = extra_info or {}
    if not known.get("kind"):
        raise ValueError("extra_info of the row has no 'kind': grade rows of `wethink export --for verl`")
    (reward,) = hybrid_reward(
        [solution_str],
        [ground_truth],
        [known["kind"]],
        options=[known.get("options")],
        questions=[known.get("question")],
        allowed=[latitude(known.get("accepted_answers"), known.get("tolerance"), known.get("edit_distance"))],
        prefilled=PREFILLED,
    )
    return {"score": reward.total, "accuracy": reward.accuracy, "format": reward.format}
