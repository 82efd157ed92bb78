"""Rewards of answers: by format, by rules, by a judge, their weighted sum, and how far each can be trusted.

Pure functions that need neither Dagster nor torch nor polars; `docs/rewards.md` shows them in TRL, verl and EasyR1.
"""

from wethink_assets.rewards.equivalence.reading import Allowed
from wethink_assets.rewards.hybrid import Reward, Weights, hybrid_reward, hybrid_reward_async
from wethink_assets.rewards.judge import Judge, JudgeGrade
from wethink_assets.rewards.judge_reward import judge_grades, judge_reward, judge_reward_async
from wethink_assets.rewards.responses import END_TOKENS, answer_part, format_reward
from wethink_assets.rewards.rules import rule_reward

__all__ = [
    "END_TOKENS",
    "Allowed",
    "Judge",
    "JudgeGrade",
    "Reward",
    "Weights",
    "answer_part",
    "format_reward",
    "hybrid_reward",
    "hybrid_reward_async",
    "judge_grades",
    "judge_reward",
    "judge_reward_async",
    "rule_reward",
]
