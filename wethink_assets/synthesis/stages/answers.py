"""What is the answer to a question? Answered from the image and from the description; kept where both agree or a third model decides."""

from typing import Any

import polars as pl

from wethink_assets.stages.output import StageOutput
from wethink_assets.stages.schemas import ANSWERS
from wethink_assets.synthesis.calls.collector import Outcome, Rejected, settled
from wethink_assets.synthesis.calls.images import pictures_by_id
from wethink_assets.synthesis.calls.item_calls import Asking, together
from wethink_assets.synthesis.calls.reply_schemas import Adjudication
from wethink_assets.synthesis.calls.session import Synthesis
from wethink_assets.synthesis.prompt_packs import STAGE_PROMPTS
from wethink_assets.synthesis.stages.agreement import accepted_answer, compare

STAGE = "answers"
ITEM = "slot"
LOGIC_VERSION = "1"
PROMPTS = STAGE_PROMPTS[STAGE]


def expected_items(questions: pl.DataFrame) -> pl.Series:
    """Ids that the stage must account for: every question that passed its filters."""
    return questions.get_column(ITEM)


def answer_questions(
    questions: pl.DataFrame, descriptions: pl.DataFrame, images: pl.DataFrame, synthesis: Synthesis
) -> StageOutput:
    """Answer the questions of a batch twice and settle what the answer is; results follow `ANSWERS`, one row a question.

    The describer answers from the image, the reasoner from the fine description; the answer that the question's writer had in mind is no
    vote. Where they agree the reasoner's answer is kept; where they do not, the adjudicator sees the image and both answers.

    Rejections: `malformed_reply` (also an answer that names no option), `length`, `adjudicated_neither`, `endpoint_error`.
    """
    pictures = pictures_by_id(images, synthesis.blobs)
    fine = dict(descriptions.select("image_id", "fine").iter_rows())

    async def work(row: dict[str, Any]) -> Outcome:
        asking = Asking(synthesis, row[ITEM], pictures[row["image_id"]])
        return await settled(STAGE, row[ITEM], _answer(row, fine[row["image_id"]], asking, synthesis))

    rows = questions.select("slot", "row_id", "image_id", "kind", "question", "options")
    return synthesis.collect(rows, work, ANSWERS, ITEM)


async def _answer(row: dict[str, Any], description: str, asking: Asking, synthesis: Synthesis) -> dict[str, Any]:
    asked = {"question": row["question"], "kind": row["kind"], "options": row["options"]}
    accept = accepted_answer(row["kind"], row["options"])
    (image_thought, image_answer), (text_thought, text_answer) = await together(
        asking.answer("answer_image", accept, **asked),
        asking.answer("answer_text", accept, description=description, **asked),
    )
    threshold = synthesis.settings.pipeline.agreement_score
    agreement = await compare(asking, **asked, reference=text_answer, candidate=image_answer, threshold=threshold)
    verdict = "none"
    if not agreement.agreed:
        ruling = await asking.parsed(
            "adjudicate", Adjudication, description=description, first=image_answer, second=text_answer, **asked
        )
        if ruling.verdict == "neither":
            detail = f"image: {image_answer[:100]!r}, description: {text_answer[:100]!r}; {ruling.reason}"
            raise Rejected("adjudicated_neither", detail)
        verdict = ruling.verdict
    return {
        "slot": row["slot"],
        "row_id": row["row_id"],
        "image_id": row["image_id"],
        "kind": row["kind"],
        "image_answer": image_answer,
        "image_thought": image_thought,
        "text_answer": text_answer,
        "text_thought": text_thought,
        "agreed": agreement.agreed,
        "agreement": agreement.how,
        "score": agreement.score,
        "verdict": verdict,
        "answer": image_answer if verdict == "first" else text_answer,
        "calls": asking.keys,
    }
