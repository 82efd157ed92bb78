"""The rewards as TRL's `GRPOTrainer` calls them: completions as text or messages, columns of the dataset as keyword arguments.

One function for each component, so that TRL logs each by its name; pass `reward_weights` of the trainer's configuration to weigh them. TRL
leaves a completion out of baseline and gradient where no function rewards it, so that both give none where the judge gave no grade. TRL
itself is not imported. The training of this package (`wethink_assets.training.trainers.grpo`) uses the same functions.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from wethink_assets.errors import ArgumentError
from wethink_assets.rewards.arguments import column_of, described, flag_of, latitude, sequence_of
from wethink_assets.rewards.equivalence.reading import Allowed
from wethink_assets.rewards.hybrid import Reward, Weights, hybrid_reward_async
from wethink_assets.rewards.judge import Judge
from wethink_assets.rewards.responses import END_TOKENS, format_reward, tokens_of

__all__ = [
    "AccuracyFunction",
    "Completions",
    "FormatFunction",
    "Grade",
    "GradedFormatFunction",
    "accuracy_of",
    "column_rewards",
    "opens_thought",
    "reward_functions",
    "texts_of",
]

Completions = Sequence[str] | Sequence[Sequence[Mapping[str, Any]]]
Grade = Callable[[Sequence[str | None], Mapping[str, Any]], Awaitable[Sequence[Reward]]]
"""Gives the rewards of the texts of completions, given the columns of their rows."""
_LATITUDE = ("accepted_answers", "tolerance", "edit_distance")


def texts_of(completions: Completions) -> list[str | None]:
    """What the model wrote in each completion: the string itself, or the text of the assistant's last message; None where there is none.

    Raises `ArgumentError` for completions that are neither.

    Example:
        >>> texts_of([[{"role": "assistant", "content": [{"type": "text", "text": "hi"}]}]]), texts_of(["hi"])
        (['hi'], ['hi'])
    """
    listed = sequence_of("completions", completions, "completions")
    return [_text_of(f"completions[{index}]", completion) for index, completion in enumerate(listed)]


def _text_of(name: str, completion: Any) -> str | None:
    if completion is None or isinstance(completion, str):
        return completion
    messages = sequence_of(name, completion, "messages")
    if not messages:
        return None
    if not isinstance(messages[-1], Mapping):
        raise ArgumentError(f"{name}: messages with role and content are wanted; got {described(messages[-1])}")
    content = messages[-1].get("content")
    if content is None or isinstance(content, str):
        return content
    texts = [part.get("text") for part in sequence_of(f"{name}.content", content, "parts") if isinstance(part, Mapping)]
    return "".join(text for text in texts if isinstance(text, str))


def opens_thought(prompt: object) -> bool:
    """Whether a prompt, as the chat template wrote it, ends in `<think>`, so that a completion begins inside the thought.

    Example:
        >>> opens_thought("<|im_start|>assistant\\n<think>\\n"), opens_thought("<|im_start|>assistant\\n")
        (True, False)
    """
    return isinstance(prompt, str) and prompt.rstrip().endswith("<think>")


def _prefilled(prefilled: bool | None, columns: Mapping[str, Any]) -> bool:
    """Whether the chat template opened the thought: as was said, else as the prompts show it where they are texts."""
    if prefilled is not None:
        return flag_of("prefilled", prefilled)
    prompts = columns.get("prompts")
    return isinstance(prompts, (list, tuple)) and bool(prompts) and all(map(opens_thought, prompts))


class FormatFunction:
    """Reward function `format_reward` for TRL."""

    __name__ = "format_reward"

    def __init__(self, *, prefilled: bool | None = None, end_tokens: Iterable[str] = END_TOKENS) -> None:
        """As `reward_functions` takes them."""
        self._opened = None if prefilled is None else flag_of("prefilled", prefilled)
        self._end_tokens = tokens_of(end_tokens)

    def __call__(self, completions: Completions, **columns: Any) -> list[float]:
        """Format of each completion, 0.0 or 1.0."""
        opened = _prefilled(self._opened, columns)
        return [format_reward(text, prefilled=opened, end_tokens=self._end_tokens) for text in texts_of(completions)]


def accuracy_of(reward: Reward) -> float | None:
    """Accuracy as TRL takes it: None where the judge gave no grade.

    Example:
        >>> accuracy_of(Reward(0.3, 0.0, 1.0, "judge", "failed", failed=True)) is None
        True
    """
    return None if reward.failed else reward.accuracy


async def column_rewards(
    texts: Sequence[str | None],
    columns: Mapping[str, Any],
    *,
    judge: Judge | None = None,
    weights: Weights | None = None,
    prefilled: bool | None = None,
    end_tokens: Iterable[str] = END_TOKENS,
) -> list[Reward]:
    """`hybrid_reward_async` of texts with the columns of their rows: the one reading of a dataset's columns, here and in training.

    Columns: `answer` and `kind`, and where the dataset has them `options`, `question` (else `problem`), `reward` (the method), and what a question
    allows: `accepted_answers`, `tolerance`, `edit_distance`. Raises `ArgumentError`.
    """
    asked = columns.get("question")
    return await hybrid_reward_async(
        texts,
        columns.get("answer"),  # type: ignore[arg-type]  # a column that is missing is told by its name
        columns.get("kind"),  # type: ignore[arg-type]
        options=columns.get("options"),
        questions=columns.get("problem") if asked is None else asked,
        methods=columns.get("reward"),
        allowed=_allowed(columns, len(texts)),
        judge=judge,
        weights=Weights() if weights is None else weights,
        prefilled=_prefilled(prefilled, columns),
        end_tokens=end_tokens,
    )


def _allowed(columns: Mapping[str, Any], count: int) -> list[Allowed] | None:
    """What each question allows; None where no column says so."""
    if all(columns.get(name) is None for name in _LATITUDE):
        return None
    values = zip(*(column_of(name, columns.get(name), count) for name in _LATITUDE), strict=True)
    return [
        latitude(*row, names=(f"accepted_answers[{index}]", f"tolerance[{index}]", f"edit_distance[{index}]"))
        for index, row in enumerate(values)
    ]


class AccuracyFunction:
    """Reward function `accuracy_reward` for TRL; asynchronous, so that TRL awaits it beside other asynchronous functions.

    Reads the columns that `column_rewards` names. Comparing never blocks the event loop. A completion that the judge failed to grade gets None:
    TRL counts that as 0 beside a function that does reward it, so that functions of other kinds should give None too where `rewards` says
    `failed`. `rewards` holds the components of the last batch.
    """

    __name__ = "accuracy_reward"

    def __init__(
        self,
        judge: Judge | None = None,
        grade: Grade | None = None,
        *,
        prefilled: bool | None = None,
        end_tokens: Iterable[str] = END_TOKENS,
    ) -> None:
        """`grade` takes the place of `column_rewards` with the judge, for a trainer that grades while completions are still being written."""
        if judge is not None and not isinstance(judge, Judge):
            raise ArgumentError(f"judge: a Judge is wanted, or None; got {described(judge)}")
        self.judge = judge
        self.rewards: list[Reward] = []
        self._opened = None if prefilled is None else flag_of("prefilled", prefilled)
        self._end_tokens = tokens_of(end_tokens)
        self._grade = grade or self._hybrid
        self._batch: _Batch | None = None

    async def __call__(
        self, completions: Completions, answer: Sequence[Any], kind: Sequence[str], **columns: Any
    ) -> list[float | None]:
        """Accuracy of each completion, 0 to 1, or None."""
        self.rewards = await self.graded("accuracy", completions, {**columns, "answer": answer, "kind": kind})
        self._log(columns, list(kind))
        return [accuracy_of(reward) for reward in self.rewards]

    async def graded(self, component: str, completions: Completions, columns: Mapping[str, Any]) -> list[Reward]:
        """Rewards of a batch; asked for them by another component, of the same texts and answers, the judge is not asked again."""
        texts = texts_of(completions)
        batch = self._batch
        if batch is None or component in batch.taken or not batch.holds(texts, columns):
            batch = self._batch = _Batch(
                texts, columns.get("answer"), asyncio.ensure_future(_all(self._grade(texts, columns)))
            )
        batch.taken.add(component)
        return list(await batch.rewards)

    async def _hybrid(self, texts: Sequence[str | None], columns: Mapping[str, Any]) -> list[Reward]:
        return await column_rewards(
            texts, columns, judge=self.judge, prefilled=self._opened, end_tokens=self._end_tokens
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


@dataclass
class _Batch:
    """A batch that is graded, and the components that were given for it."""

    texts: list[str | None]
    answers: Any
    rewards: "asyncio.Future[Sequence[Reward]]"
    taken: set[str] = field(default_factory=set)

    def holds(self, texts: list[str | None], columns: Mapping[str, Any]) -> bool:
        answers = columns.get("answer")
        return self.texts == texts and (self.answers is answers or repr(self.answers) == repr(answers))


async def _all(rewards: Awaitable[Sequence[Reward]]) -> Sequence[Reward]:
    return await rewards


class GradedFormatFunction:
    """Reward function `format_reward` for TRL beside an accuracy that a judge may fail to grade; asynchronous, as that is."""

    __name__ = "format_reward"

    def __init__(self, accuracy: AccuracyFunction) -> None:
        """Shares the grades of `accuracy`, whichever of the two is called first."""
        self._accuracy = accuracy

    async def __call__(
        self, completions: Completions, answer: Sequence[Any], kind: Sequence[str], **columns: Any
    ) -> list[float | None]:
        """Format of each completion, 0.0 or 1.0; None where it has no grade."""
        rewards = await self._accuracy.graded("format", completions, {**columns, "answer": answer, "kind": kind})
        return [None if reward.failed else reward.format for reward in rewards]


def reward_functions(
    judge: Judge | None = None,
    weights: Weights | None = None,
    *,
    grade: Grade | None = None,
    prefilled: bool | None = None,
    end_tokens: Iterable[str] = END_TOKENS,
) -> tuple[list[Any], list[float]]:
    """Reward functions and their weights, for `GRPOTrainer(reward_funcs=...)` and `GRPOConfig(reward_weights=...)`.

    Args:
        judge (`Judge`, *optional*): grades what is graded by a judge; without one those are graded by rule too. Where it gives no grade both
            functions give None, and TRL leaves the completion out.
        weights (`Weights`, *optional*): what the components count.
        grade (`Grade`, *optional*): gives the rewards in place of `column_rewards`; see `AccuracyFunction`. Its trainer leaves out what has no
            grade by itself.
        prefilled (`bool`, *optional*): whether the chat template has opened `<think>` already, so that completions begin inside the thought.
            Where it is left out, prompts that are texts tell it (they end in `<think>`); conversational prompts don't: say it.
        end_tokens (`Iterable[str]`, *optional*): special tokens that may end a completion; see `format_reward`.

    Raises:
        `ArgumentError`: a `TypeError` that names the argument, or the column when the functions are called.

    Example:
        >>> functions, weights = reward_functions()
        >>> [function.__name__ for function in functions], weights
        (['accuracy_reward', 'format_reward'], [0.7, 0.3])
    """
    counted = Weights() if weights is None else weights
    if not isinstance(counted, Weights):
        raise ArgumentError(f"weights: Weights are wanted, or None; got {described(weights)}")
    tokens = tokens_of(end_tokens)
    accuracy = AccuracyFunction(judge, grade, prefilled=prefilled, end_tokens=tokens)
    form = FormatFunction(prefilled=prefilled, end_tokens=tokens)
    return [accuracy, GradedFormatFunction(accuracy) if judge and not grade else form], [
        counted.accuracy,
        counted.format,
    ]
