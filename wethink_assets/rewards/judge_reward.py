"""Judge reward of a batch of responses."""

import asyncio
from collections.abc import Sequence

from wethink_assets.rewards.judge import Judge, JudgeGrade
from wethink_assets.rewards.responses import answer_part


async def judge_grades(
    responses: Sequence[str], answers: Sequence[str], questions: Sequence[str], judge: Judge
) -> list[JudgeGrade]:
    """Grades of a batch of responses, in order, all asked for at once: `judge_reward` with all that is known of each."""

    async def one(response: str, answer: str, question: str) -> JudgeGrade:
        candidate = answer_part(response)
        if candidate is None:
            judge.counts["no_answer"] += 1
            return JudgeGrade(0.0, "no_answer")
        return await judge.grade(question, answer, candidate)

    triples = zip(responses, answers, questions, strict=True)
    return list(await asyncio.gather(*(one(*triple) for triple in triples)))


async def judge_reward_async(
    responses: Sequence[str], answers: Sequence[str], questions: Sequence[str], judge: Judge
) -> list[float | None]:
    """`judge_reward` for callers that have an event loop; several batches may be under way at once."""
    return [grade.score for grade in await judge_grades(responses, answers, questions, judge)]


def judge_reward(
    responses: Sequence[str], answers: Sequence[str], questions: Sequence[str], judge: Judge
) -> list[float | None]:
    r"""Accuracy of descriptive answers in tiers, as a judge model grades them.

    The judge reads the answer part only, knows nothing of the model that wrote it, and is held to a JSON schema. Sentences that plead for a
    grade are left out before it reads.

    Args:
        responses (`Sequence[str]`): what the model wrote, with `<answer>...</answer>` in each.
        answers (`Sequence[str]`): the true answers.
        questions (`Sequence[str]`): what was asked.
        judge (`Judge`): the judge model with its prompt.

    Returns:
        `list[float | None]`: 0, 0.25, 0.5, 0.75 or 1 for each response, None where the judge failed on every attempt (counted in
        `judge.counts["failed"]`; TRL counts it as 0 and leaves it out of the mean it logs). Never raises because of a judge.

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
    return judge.run(judge_reward_async(responses, answers, questions, judge))
