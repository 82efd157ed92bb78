"""The stage `answers`: each question answered from the image and from the description; kept where both agree or a third model decides."""

from typing import Any

import polars as pl

from wethink_assets.config import Settings
from wethink_assets.rewards.equivalence.answers import answer_type
from wethink_assets.sources.batches import source_of
from wethink_assets.sources.catalog import Source, sources_of
from wethink_assets.stages.output import StageOutput
from wethink_assets.stages.schemas import ANSWERS
from wethink_assets.stages.spec import Preview, Stage, every
from wethink_assets.synthesis.calls.collector import Outcome, Rejected, settled
from wethink_assets.synthesis.calls.images import pictures_by_id
from wethink_assets.synthesis.calls.item_calls import ItemCalls, together
from wethink_assets.synthesis.calls.non_replies import NON_REPLIES
from wethink_assets.synthesis.calls.reply_schemas import Adjudication
from wethink_assets.synthesis.calls.session import Synthesis
from wethink_assets.synthesis.stages.agreement import ANSWERS_BY_TYPE, accepted_answer, compare
from wethink_assets.synthesis.stages.captions import ASKED, answer_captions
from wethink_assets.synthesis.stages.latitude import latitude_of, latitude_suffix


def answer_questions(
    questions: pl.DataFrame, descriptions: pl.DataFrame, images: pl.DataFrame, synthesis: Synthesis
) -> StageOutput:
    """Answer the questions of a batch twice and settle what the answer is; results follow `ANSWERS`, one row a question.

    The describer answers from the image, the reasoner from the fine description; the answer that the question's writer had in mind is no
    vote. Where they agree the reasoner's answer is kept; where they do not, the adjudicator sees the image and both answers.

    What the question allows follows from the image's source and the answer's type; where a judge found that both answers say the same, the
    image's is accepted too.

    Rejections: `malformed_reply` (also an answer that names no option), `refused`, `filtered`, `cut_off`, `no_answer` ("Unknown"),
    `wrong_language`, `adjudicated_neither`, `endpoint_error`, and `unsure` where the describer gave a token of its answer less than
    `answer_certainty`.
    """
    pictures = pictures_by_id(images, synthesis.blobs)
    fine = dict(descriptions.select("image_id", "fine").iter_rows())
    name = source_of(synthesis.batch)
    source = sources_of(synthesis.settings).get(name) or Source(name, name, "", "", "", "")

    async def work(row: dict[str, Any]) -> Outcome:
        calls = ItemCalls(synthesis, row["slot"], pictures[row["image_id"]])
        return await settled(STAGE.name, row["slot"], _answer(row, fine[row["image_id"]], source, calls, synthesis))

    rows = questions.select("slot", "row_id", "image_id", "kind", "question", "options")
    return synthesis.collect(rows, work, ANSWERS, STAGE.item)


async def _answer(
    row: dict[str, Any], description: str, source: Source, calls: ItemCalls, synthesis: Synthesis
) -> dict[str, Any]:
    asked = {"question": row["question"], "kind": row["kind"], "options": row["options"]}
    accept = accepted_answer(row["kind"], row["options"], row["question"], description)
    (image_thought, image_answer), (text_thought, text_answer) = await together(
        calls.answer("answer_image", accept, certainty=synthesis.settings.pipeline.answer_certainty, **asked),
        calls.answer("answer_text", accept, description=description, **asked),
    )
    threshold = synthesis.settings.pipeline.agreement_score
    agreement = await compare(calls, **asked, reference=text_answer, candidate=image_answer, threshold=threshold)
    verdict = "none"
    if not agreement.agreed:
        ruling = await calls.parsed(
            "adjudicate", Adjudication, description=description, first=image_answer, second=text_answer, **asked
        )
        if ruling.verdict == "neither":
            detail = f"image: {image_answer[:100]!r}, description: {text_answer[:100]!r}; {ruling.reason}"
            raise Rejected("adjudicated_neither", detail)
        verdict = ruling.verdict
    answer = image_answer if verdict == "first" else text_answer
    allowed = latitude_of(source, row["kind"], row["question"], answer)
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
        "answer": answer,
        "answer_type": answer_type(row["kind"], answer, row["options"], question=row["question"]),
        "accepted_answers": [image_answer] if agreement.agreed and agreement.how == "judge" else [],
        "tolerance": allowed.tolerance,
        "edit_distance": allowed.edit_distance,
        "calls": calls.keys,
    }


def _suffix(settings: Settings) -> str:
    least = settings.pipeline.answer_certainty
    return latitude_suffix(settings) + (f"+certainty{least:g}" if least else "")


STAGE = Stage(
    name="answers",
    description="Both answers of each question, whether they agree, and the verdict where they do not.",
    closes="Every question is answered or rejected, never both.",
    reads=("questions", "descriptions", "images"),
    run=answer_questions,
    item="slot",
    expected=every("slot"),
    schema=ANSWERS,
    logic_version="3",
    logic_changes={"2": ANSWERS_BY_TYPE, "3": NON_REPLIES},
    variant=_suffix,
    prompts=("answer_image", "answer_text", "judge", "adjudicate"),
    settings={"agreement_score": ("adjudicate",)},
    kinds=("vlm", "llm"),
    preview=Preview(answer_captions, beside=ASKED),
)
