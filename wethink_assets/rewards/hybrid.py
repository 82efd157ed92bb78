"""Hybrid reward of a response: accuracy by rule or judge, and format, weighted."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypedDict, Unpack

from wethink_assets.kinds import KINDS, Grader
from wethink_assets.rewards.judge import Judge, JudgeGrade
from wethink_assets.rewards.judge_reward import judge_grades
from wethink_assets.rewards.responses import format_reward
from wethink_assets.rewards.rules import rule_reward

Method = Grader


@dataclass(frozen=True, slots=True)
class Weights:
    """What each component counts; the defaults are the paper's (arXiv 2506.07905)."""

    accuracy: float = 0.7
    format: float = 0.3


@dataclass(frozen=True, slots=True)
class Reward:
    """A reward and its components, each 0 to 1 before its weight.

    total: weighted sum. method: how accuracy was told. how: `rule`, or what the judge did (`JudgeGrade.how`). failed: the judge gave no
    grade, so accuracy is the fallback.
    """

    total: float
    accuracy: float
    format: float
    method: Method
    how: str
    failed: bool = False


def method_of(kind: str, method: str | None = None) -> Method:
    """How accuracy is told: as the row's `reward` column says, else as the question's kind says.

    Raises `ValueError` for a method that does not exist and `UnknownName` for a kind that does not: faults of the dataset, not of a response.
    """
    grader = KINDS[kind].grader
    if method in ("rule", "judge"):
        return "rule" if method == "rule" else "judge"
    if method:
        raise ValueError(f"unknown reward method {method!r}; a row's `reward` is rule or judge")
    return grader


class RewardInputs(TypedDict, total=False):
    """What may be known of the responses, and how they are weighed: the further arguments of `hybrid_reward`."""

    options: Sequence[Sequence[str] | None] | None
    questions: Sequence[str | None] | None
    methods: Sequence[str | None] | None
    weights: Weights
    fallback: float


async def hybrid_reward_async(
    responses: Sequence[str],
    answers: Sequence[str],
    kinds: Sequence[str],
    *,
    judge: Judge | None = None,
    **inputs: Unpack[RewardInputs],
) -> list[Reward]:
    """`hybrid_reward` for callers that have an event loop; several batches may be under way at once."""
    batch = _Batch(responses, answers, kinds, judge, **inputs)
    return batch.rewards(await judge_grades(*batch.judged(), judge) if judge is not None else [])


class _Batch:
    """Responses side by side with what is known of each, and which of them go to the judge."""

    def __init__(
        self,
        responses: Sequence[str],
        answers: Sequence[str],
        kinds: Sequence[str],
        judge: Judge | None,
        *,
        options: Sequence[Sequence[str] | None] | None = None,
        questions: Sequence[str | None] | None = None,
        methods: Sequence[str | None] | None = None,
        weights: Weights = Weights(),  # frozen
        fallback: float = 0.0,
    ) -> None:
        nothing = [None] * len(responses)
        rows = zip(responses, answers, kinds, options or nothing, questions or nothing, methods or nothing, strict=True)
        self._rows = list(rows)
        self._weights, self._fallback = weights, fallback
        self._methods = [method_of(row[2], row[5]) if judge is not None else "rule" for row in self._rows]

    def judged(self) -> tuple[list[str], list[str], list[str]]:
        """Responses, answers and questions of the rows that a judge grades."""
        rows = [row for row, method in zip(self._rows, self._methods, strict=True) if method == "judge"]
        return [row[0] for row in rows], [row[1] for row in rows], [row[4] or "" for row in rows]

    def rewards(self, grades: Sequence[JudgeGrade]) -> list[Reward]:
        """The rewards, given the grades of the rows in `judged`."""
        given = iter(grades)
        rewards = []
        for (response, answer, kind, options, question, _), method in zip(self._rows, self._methods, strict=True):
            form = format_reward(response)
            grade = next(given) if method == "judge" else None
            if grade is None:
                accuracy, how, failed = rule_reward(response, answer, kind, options, question=question), "rule", False
            else:
                failed = grade.score is None
                accuracy, how = self._fallback if grade.score is None else grade.score, grade.how
            total = self._weights.accuracy * accuracy + self._weights.format * form
            rewards.append(Reward(total, accuracy, form, method, how, failed))
        return rewards


def hybrid_reward(
    responses: Sequence[str],
    answers: Sequence[str],
    kinds: Sequence[str],
    *,
    judge: Judge | None = None,
    **inputs: Unpack[RewardInputs],
) -> list[Reward]:
    r"""Accuracy and format of responses, weighted: by default 0.7 x accuracy + 0.3 x format (arXiv 2506.07905).

    Args:
        responses (`Sequence[str]`): what the model wrote.
        answers (`Sequence[str]`): the true answers.
        kinds (`Sequence[str]`): code of the question kind of each, such as `MC`, `FIB` or `DES`.
        options (*optional*): options of each multiple choice question; None for others.
        questions (*optional*): what was asked; the judge needs them.
        methods (*optional*): `rule` or `judge` of each, as the column `reward` of a dataset version has it; where it is left out, as the
            kind says: `judge` for `DES`, `rule` for `MC` and `FIB`.
        judge (`Judge`, *optional*): grades what is graded by `judge`. Without one those are told by rule too (right only where worded alike).
        weights (`Weights`, *optional*): what the components count.
        fallback (`float`, *optional*): accuracy of a response that the judge failed to grade; its `failed` is True.

    Returns:
        `list[Reward]`: of each response, in order, the total and everything that it is made of.

    Raises:
        `UnknownName`: a kind is unknown; the message names the known ones. `ConfigError`: a question has more options than there are letters.

    Example:
        >>> rewards = hybrid_reward(
        ...     ["<think>one, two</think><answer>B</answer>", "<answer>two</answer>", "<think></think><answer>3</answer>"],
        ...     ["B", "2", "2"],
        ...     ['MC', 'FIB', 'FIB'],
        ...     options=[["red", "blue"], None, None],
        ... )
        >>> [(round(reward.total, 2), reward.accuracy, reward.format) for reward in rewards]
        [(1.0, 1.0, 1.0), (0.7, 1.0, 0.0), (0.3, 0.0, 1.0)]
    """
    batch = _Batch(responses, answers, kinds, judge, **inputs)
    return batch.rewards(judge.run(judge_grades(*batch.judged(), judge)) if judge is not None else [])
