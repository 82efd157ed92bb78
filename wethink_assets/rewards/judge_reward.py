"""Judge reward of a batch of responses."""

import asyncio
from collections.abc import Iterable

from wethink_assets.errors import ArgumentError
from wethink_assets.rewards.arguments import column_of, described, flag_of, optional_text, sequence_of, text_of
from wethink_assets.rewards.judge import Judge, JudgeGrade
from wethink_assets.rewards.responses import answer_part


async def judge_grades(
    responses: Iterable[str | None],
    answers: Iterable[object],
    questions: Iterable[str | None],
    judge: Judge,
    *,
    prefilled: bool = False,
) -> list[JudgeGrade]:
    """Grades of a batch of responses, in order, all asked for at once: `judge_reward` with all that is known of each."""
    _require(judge)
    opened = flag_of("prefilled", prefilled)
    written = [optional_text(f"responses[{n}]", value) for n, value in enumerate(sequence_of("responses", responses))]
    truths = column_of("answers", sequence_of("answers", answers), len(written))
    asked = column_of("questions", sequence_of("questions", questions), len(written))
    triples = [
        (response, text_of(f"answers[{n}]", answer), optional_text(f"questions[{n}]", question) or "")
        for n, (response, answer, question) in enumerate(zip(written, truths, asked, strict=True))
    ]

    async def one(response: str | None, answer: str, question: str) -> JudgeGrade:
        candidate = answer_part(response, prefilled=opened)
        if candidate is None:
            judge.counts["no_answer"] += 1
            return JudgeGrade(0.0, "no_answer")
        return await judge.grade(question, answer, candidate)

    return list(await asyncio.gather(*(one(*triple) for triple in triples)))


async def judge_reward_async(
    responses: Iterable[str | None],
    answers: Iterable[object],
    questions: Iterable[str | None],
    judge: Judge,
    *,
    prefilled: bool = False,
) -> list[float | None]:
    """`judge_reward` for callers that have an event loop; several batches may be under way at once."""
    return [grade.score for grade in await judge_grades(responses, answers, questions, judge, prefilled=prefilled)]


def judge_reward(
    responses: Iterable[str | None],
    answers: Iterable[object],
    questions: Iterable[str | None],
    judge: Judge,
    *,
    prefilled: bool = False,
) -> list[float | None]:
    r"""Accuracy of descriptive answers in tiers, as a judge model grades them.

    The judge reads the answer part only, knows nothing of the model that wrote it, and is held to a JSON schema. It reads all of it, as data,
    whatever it says.

    Args:
        responses (`Iterable[str]`): what the model wrote, with `<answer>...</answer>` in each.
        answers (`Iterable[str]`): the true answers.
        questions (`Iterable[str]`): what was asked.
        judge (`Judge`): the judge model with its prompt.
        prefilled (`bool`, *optional*): the chat template has opened `<think>` already; see `answer_part`.

    Returns:
        `list[float | None]`: 0, 0.25, 0.5, 0.75 or 1 for each response, None where the judge failed on every attempt (counted in
        `judge.counts["failed"]`; TRL counts it as 0 and leaves it out of the mean it logs). Never raises because of what a judge or a policy wrote.

    Raises:
        `ArgumentError`: a `TypeError` that names the argument, for columns that are none or of another length, and for a judge that is no `Judge`.

    Example:
        >>> from wethink_assets.models.chat import Completion
        >>> class Strict:
        ...     model_id = revision = "an example"
        ...     async def chat(self, messages, *, schema=None, sampling):
        ...         return Completion('{"score": 0.5, "reason": "half"}', 9, 9, "stop", "an example")
        ...     async def aclose(self): ...
        >>> responses = ["<think></think><answer>A red bus.</answer>", "<think></think><answer></answer>", "A red bus at a stop."]
        >>> judge_reward(responses, ["A red bus at a stop."] * 3, ["What is there?"] * 3, Judge(Strict()))
        [0.5, 0.0, 0.0]
    """
    _require(judge)
    return judge.run(judge_reward_async(responses, answers, questions, judge, prefilled=prefilled))


def _require(judge: object) -> None:
    if not isinstance(judge, Judge):
        raise ArgumentError(f"judge: a Judge is wanted; got {described(judge)}")
