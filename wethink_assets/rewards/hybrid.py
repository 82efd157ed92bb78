"""Hybrid reward of a response: accuracy by rule or judge, and format, weighted."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypedDict, Unpack

from wethink_assets.errors import ArgumentError
from wethink_assets.kinds import Grader, QuestionKind
from wethink_assets.rewards.arguments import (
    allowed_of,
    column_of,
    described,
    flag_of,
    kind_of,
    lettered_options,
    optional_text,
    sequence_of,
    share_of,
)
from wethink_assets.rewards.equivalence.reading import Allowed
from wethink_assets.rewards.equivalence.verdicts import accepted
from wethink_assets.rewards.judge import Judge, JudgeGrade
from wethink_assets.rewards.judge_reward import judge_grades
from wethink_assets.rewards.responses import END_TOKENS, answer_part, format_reward, tokens_of
from wethink_assets.rewards.rules import true_answer

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


def method_of(kind: str, method: object = None, *, name: str = "method") -> Method:
    """How accuracy is told: as the row's `reward` column says, else as the question's kind says.

    Raises `ArgumentError` for a method that does not exist and `UnknownArgument` for a kind that does not: faults of the dataset, not of a response.
    """
    grader = kind_of(kind).grader
    chosen = optional_text(name, method)
    if chosen in ("rule", "judge"):
        return "rule" if chosen == "rule" else "judge"
    if chosen:
        raise ArgumentError(f"{name}: unknown reward method {described(chosen)}; a row's `reward` is rule or judge")
    return grader


class RewardInputs(TypedDict, total=False):
    """What may be known of the responses, and how they are weighed: the further arguments of `hybrid_reward`."""

    options: Iterable[Iterable[object] | None] | None
    questions: Iterable[str | None] | None
    methods: Iterable[str | None] | None
    allowed: Iterable[Allowed | None] | None
    weights: Weights
    fallback: float
    prefilled: bool
    end_tokens: Iterable[str]


async def hybrid_reward_async(
    responses: Iterable[str | None],
    answers: Iterable[object],
    kinds: Iterable[str],
    *,
    judge: Judge | None = None,
    **inputs: Unpack[RewardInputs],
) -> list[Reward]:
    """`hybrid_reward` for callers that have an event loop, which it never blocks: answers are compared in a thread, while the judge is asked.

    Several batches may be under way at once.
    """
    batch = _Batch(responses, answers, kinds, judge, **inputs)
    by_rule = asyncio.to_thread(batch.by_rule)
    if judge is None:
        return batch.rewards(await by_rule, [])
    accuracies, grades = await asyncio.gather(by_rule, judge_grades(*batch.judged(), judge, prefilled=batch.prefilled))
    return batch.rewards(accuracies, grades)


@dataclass(frozen=True, slots=True)
class _Row:
    """A response with what is known of it, each value of the type that comparison wants."""

    response: str | None
    answer: str
    kind: QuestionKind
    options: tuple[str, ...]
    question: str | None
    method: Method
    allowed: Allowed


class _Batch:
    """Responses side by side with what is known of each, and which of them go to the judge. Raises `ArgumentError`."""

    def __init__(
        self,
        responses: Iterable[str | None],
        answers: Iterable[object],
        kinds: Iterable[str],
        judge: Judge | None,
        *,
        options: Iterable[Iterable[object] | None] | None = None,
        questions: Iterable[str | None] | None = None,
        methods: Iterable[str | None] | None = None,
        allowed: Iterable[Allowed | None] | None = None,
        weights: Weights = Weights(),  # frozen
        fallback: float = 0.0,
        prefilled: bool = False,
        end_tokens: Iterable[str] = END_TOKENS,
    ) -> None:
        if judge is not None and not isinstance(judge, Judge):
            raise ArgumentError(f"judge: a Judge is wanted, or None; got {described(judge)}")
        if not isinstance(weights, Weights):
            raise ArgumentError(f"weights: Weights are wanted; got {described(weights)}")
        self._weights = Weights(
            share_of("weights.accuracy", weights.accuracy), share_of("weights.format", weights.format)
        )
        self._fallback = share_of("fallback", fallback, 1)
        self.prefilled, self._end_tokens = flag_of("prefilled", prefilled), tokens_of(end_tokens)
        written = sequence_of("responses", responses)
        count = len(written)
        columns = (
            column_of("answers", sequence_of("answers", answers), count),
            column_of("kinds", sequence_of("kinds", kinds), count),
            column_of("options", options, count),
            column_of("questions", questions, count),
            column_of("methods", methods, count),
            column_of("allowed", allowed, count),
        )
        self._rows = [
            self._row(index, judge is not None, *values)
            for index, values in enumerate(zip(written, *columns, strict=True))
        ]

    @staticmethod
    def _row(
        index: int,
        judged: bool,
        response: Any,
        answer: Any,
        kind: Any,
        options: Any,
        question: Any,
        method: Any,
        allowed: Any,
    ) -> _Row:
        entry, shown = kind_of(kind, f"kinds[{index}]"), lettered_options(options, f"options[{index}]")
        chosen = method_of(entry.code, method, name=f"methods[{index}]")
        return _Row(
            optional_text(f"responses[{index}]", response),
            true_answer(entry, answer, shown, f"answers[{index}]"),
            entry,
            shown,
            optional_text(f"questions[{index}]", question),
            chosen if judged else "rule",
            allowed_of(allowed, f"allowed[{index}]"),
        )

    def judged(self) -> tuple[list[str | None], list[str], list[str]]:
        """Responses, answers and questions of the rows that a judge grades."""
        rows = [row for row in self._rows if row.method == "judge"]
        return [row.response for row in rows], [row.answer for row in rows], [row.question or "" for row in rows]

    def by_rule(self) -> list[float]:
        """Accuracies of the rows that no judge grades, in order."""
        accuracies = []
        for row in self._rows:
            if row.method == "rule":
                candidate = answer_part(row.response, prefilled=self.prefilled)
                right = candidate is not None and accepted(
                    row.kind, row.answer, candidate, row.options, row.question, row.allowed
                )
                accuracies.append(1.0 if right else 0.0)
        return accuracies

    def rewards(self, accuracies: Sequence[float], grades: Sequence[JudgeGrade]) -> list[Reward]:
        """The rewards, given the accuracies of `by_rule` and the grades of the rows in `judged`."""
        graded, compared = iter(grades), iter(accuracies)
        rewards = []
        for row in self._rows:
            form = format_reward(row.response, prefilled=self.prefilled, end_tokens=self._end_tokens)
            grade = next(graded) if row.method == "judge" else None
            if grade is None:
                accuracy, how, failed = next(compared), "rule", False
            else:
                failed = grade.score is None
                accuracy, how = self._fallback if grade.score is None else grade.score, grade.how
            total = self._weights.accuracy * accuracy + self._weights.format * form
            rewards.append(Reward(total, accuracy, form, row.method, how, failed))
        return rewards


def hybrid_reward(
    responses: Iterable[str | None],
    answers: Iterable[object],
    kinds: Iterable[str],
    *,
    judge: Judge | None = None,
    **inputs: Unpack[RewardInputs],
) -> list[Reward]:
    r"""Accuracy and format of responses, weighted: by default 0.7 x accuracy + 0.3 x format (arXiv 2506.07905).

    Args:
        responses (`Iterable[str]`): what the model wrote. This and the further columns are lists, tuples, arrays or series of one length.
        answers (`Iterable[str]`): the true answers, each as `rule_reward` takes it.
        kinds (`Iterable[str]`): code of the question kind of each, such as `MC`, `FIB` or `DES`.
        options (*optional*): options of each multiple choice question; None for others.
        questions (*optional*): what was asked; the judge needs them.
        methods (*optional*): `rule` or `judge` of each, as the column `reward` of a dataset version has it; where it is left out, as the
            kind says: `judge` for `DES`, `rule` for `MC` and `FIB`.
        allowed (*optional*): what each question allows beside its answer (`Allowed`); None for nothing.
        judge (`Judge`, *optional*): grades what is graded by `judge`. Without one those are told by rule too (right only where worded alike).
        weights (`Weights`, *optional*): what the components count.
        fallback (`float`, *optional*): accuracy of a response that the judge failed to grade; its `failed` is True.
        prefilled, end_tokens (*optional*): whether the chat template has opened `<think>` already, and the special tokens that may end a response;
            see `format_reward`.

    Returns:
        `list[Reward]`: of each response, in order, the total and everything that it is made of.

    Raises:
        `ArgumentError`: a `TypeError` that names the argument, and the row where it is one row's, for a value that is none, columns of another
            length, or more options than letters. `UnknownArgument`: an `ArgumentError`, too; a kind is unknown, and the message names the known ones.

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
    grades = judge.run(judge_grades(*batch.judged(), judge, prefilled=batch.prefilled)) if judge is not None else []
    return batch.rewards(batch.by_rule(), grades)
