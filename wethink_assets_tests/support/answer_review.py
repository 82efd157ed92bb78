"""A stage of one's own between `answers` and `reasoning_paths`: a second look at answers, of which unclear ones go no further.

Tests copy this module and `review.md` beside a project's `wethink.toml`, which names it in `plugins`.
"""

from pathlib import Path
from typing import Any

import polars as pl

from wethink_assets.extensions.builtin import STAGES
from wethink_assets.stages.output import StageOutput
from wethink_assets.stages.prompts import PROMPTS, PromptUse
from wethink_assets.stages.schemas import ANSWERS
from wethink_assets.stages.spec import Preview, Stage, every
from wethink_assets.synthesis.calls.collector import Outcome, Rejected, settled
from wethink_assets.synthesis.calls.item_calls import ItemCalls
from wethink_assets.synthesis.calls.reply_schemas import Grade
from wethink_assets.synthesis.calls.session import Synthesis

NAME = "answer_review"


def review_answers(answers: pl.DataFrame, questions: pl.DataFrame, synthesis: Synthesis) -> StageOutput:
    """Have each answer graded once more; results follow `ANSWERS`. Rejections: `unclear_answer`, and those of every call."""
    texts = dict(questions.select("slot", "question").iter_rows())

    async def work(row: dict[str, Any]) -> Outcome:
        slot = row["slot"]
        return await settled(NAME, slot, _review(row, texts[slot], ItemCalls(synthesis, slot)))

    return synthesis.collect(answers, work, ANSWERS, "slot")


async def _review(row: dict[str, Any], question: str, calls: ItemCalls) -> dict[str, Any]:
    grade = await calls.parsed("review", Grade, question=question, answer=row["answer"])
    if grade.score < 0.5:
        raise Rejected("unclear_answer", grade.reason)
    return {**row, "calls": calls.keys}


PROMPTS.register("review", PromptUse("judge", False, ("question", "answer"), folder=str(Path(__file__).parent)))
STAGES.register(
    NAME,
    Stage(
        name=NAME,
        description="Answers that a second look finds clear.",
        reads=("answers", "questions"),
        run=review_answers,
        item="slot",
        expected=every("slot"),
        schema=ANSWERS,
        logic_version="1",
        prompts=("review",),
        kinds=("llm",),
        preview=Preview(
            lambda row: [("Question", row["question"]), ("Answer", row["answer"])], beside={"questions": ("question",)}
        ),
        provides="answers",
        before="reasoning_paths",
    ),
)
