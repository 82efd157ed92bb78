"""The rewards as TRL's `GRPOTrainer` calls them: completions as text or messages, columns of the dataset as keyword arguments.

One function for each component, so that TRL logs each by its name; pass `reward_weights` of the trainer's configuration to weigh them. TRL
itself is not imported. The training of this package (`wethink_assets.training.trainers.grpo`) uses the same functions.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from wethink_assets.rewards.hybrid import Reward, Weights, hybrid_reward_async
from wethink_assets.rewards.judge import Judge
from wethink_assets.rewards.responses import format_reward

__all__ = ["AccuracyFunction", "Completions", "FormatFunction", "Grade", "accuracy_of", "reward_functions", "texts_of"]

Completions = Sequence[str] | Sequence[Sequence[Mapping[str, Any]]]
Grade = Callable[[Sequence[str], Mapping[str, Any]], Awaitable[Sequence[Reward]]]
"""Gives the rewards of the texts of completions, given the columns of their rows."""


def texts_of(completions: Completions) -> list[str]:
    """What the model wrote in each completion: the string itself, or the text of the assistant's last message.

    Example:
        >>> texts_of([[{"role": "assistant", "content": [{"type": "text", "text": "hi"}]}]]), texts_of(["hi"])
        (['hi'], ['hi'])
    """
    return [completion if isinstance(completion, str) else _message_text(completion) for completion in completions]


def _message_text(messages: Sequence[Mapping[str, Any]]) -> str:
    content = messages[-1].get("content") if messages else ""
    if isinstance(content, str) or content is None:
        return content or ""
    return "".join(part.get("text") or "" for part in content if isinstance(part, Mapping))


class FormatFunction:
    """Reward function `format_reward` for TRL."""

    __name__ = "format_reward"

    def __call__(self, completions: Completions, **columns: Any) -> list[float]:
        """Format of each completion, 0.0 or 1.0."""
        return [format_reward(text) for text in texts_of(completions)]


def accuracy_of(reward: Reward) -> float | None:
    """Accuracy as TRL takes it: None where the judge gave no grade, which counts as 0 and is left out of the mean.

    Example:
        >>> accuracy_of(Reward(0.3, 0.0, 1.0, "judge", "failed", failed=True)) is None
        True
    """
    return None if reward.failed else reward.accuracy


class AccuracyFunction:
    """Reward function `accuracy_reward` for TRL; asynchronous, so that TRL awaits it beside other asynchronous functions.

    Reads the columns `answer` and `kind`, and where the dataset has them `options`, `question` (else `problem`) and `reward`. A completion that
    the judge failed to grade gets None, which TRL counts as 0 and leaves out of the mean it logs. `rewards` holds the components of the last batch.
    """

    __name__ = "accuracy_reward"

    def __init__(self, judge: Judge | None = None, grade: Grade | None = None) -> None:
        """`grade` takes the place of `hybrid_reward_async` with the judge, for a trainer that grades while completions are still being written."""
        self.judge = judge
        self.rewards: list[Reward] = []
        self._grade = grade or self._hybrid

    async def __call__(
        self, completions: Completions, answer: Sequence[str], kind: Sequence[str], **columns: Any
    ) -> list[float | None]:
        """Accuracy of each completion, 0 to 1, or None."""
        self.rewards = list(await self._grade(texts_of(completions), {**columns, "answer": answer, "kind": kind}))
        self._log(columns, kind)
        return [accuracy_of(reward) for reward in self.rewards]

    async def _hybrid(self, texts: Sequence[str], columns: Mapping[str, Any]) -> list[Reward]:
        return await hybrid_reward_async(
            texts,
            columns["answer"],
            columns["kind"],
            options=columns.get("options"),
            questions=columns.get("question") or columns.get("problem"),
            methods=columns.get("reward"),
            judge=self.judge,
        )

    def _log(self, columns: Mapping[str, Any], kinds: Sequence[str]) -> None:
        log_metric, log_extra = columns.get("log_metric"), columns.get("log_extra")
        if log_metric:
            by: dict[str, list[float]] = {}
            for reward, kind in zip(self.rewards, kinds, strict=True):
                by.setdefault(f"accuracy/{kind}", []).append(reward.accuracy)
                by.setdefault("judge_failed", []).append(float(reward.failed))
            for name, values in by.items():
                log_metric(name, sum(values) / len(values))
        if log_extra:
            log_extra("graded_by", [reward.how for reward in self.rewards])


def reward_functions(
    judge: Judge | None = None, weights: Weights | None = None, *, grade: Grade | None = None
) -> tuple[list[Any], list[float]]:
    """Reward functions and their weights, for `GRPOTrainer(reward_funcs=...)` and `GRPOConfig(reward_weights=...)`.

    Args:
        judge (`Judge`, *optional*): grades what is graded by a judge; without one those are graded by rule too.
        weights (`Weights`, *optional*): what the components count.
        grade (`Grade`, *optional*): gives the rewards in place of `hybrid_reward_async`; see `AccuracyFunction`.

    Example:
        >>> functions, weights = reward_functions()
        >>> [function.__name__ for function in functions], weights
        (['accuracy_reward', 'format_reward'], [0.7, 0.3])
    """
    counted = weights or Weights()
    return [AccuracyFunction(judge, grade), FormatFunction()], [counted.accuracy, counted.format]
