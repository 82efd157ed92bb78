"""The stage `answers`: each question answered from the image and from the description; kept where both agree or a third model decides."""

from typing import Any

import polars as pl

from wethink_assets.config import Settings
from wethink_assets.rewards.equivalence.answers import answer_type
from wethink_assets.sources.batches import source_of
from wethink_assets.sources.catalog import Source, sources_of
from wethink_assets.stages.output import StageOutput
from wethink_assets.stages.schemas import ANSWERS
from wethink_assets.stages.spec import Editing, Look, Preview, Row, Stage, every
from wethink_assets.synthesis.calls.collector import Outcome, Rejected, settled
from wethink_assets.synthesis.calls.images import pictures_by_id
from wethink_assets.synthesis.calls.item_calls import ItemCalls
from wethink_assets.synthesis.calls.non_replies import NON_REPLIES
from wethink_assets.synthesis.calls.replies import MalformedReply
from wethink_assets.synthesis.calls.reply_schemas import Adjudication
from wethink_assets.synthesis.calls.session import Synthesis
from wethink_assets.synthesis.imported_pairs import checked_answer, imported_batch
from wethink_assets.synthesis.stages.agreement import ANSWERS_BY_TYPE, accepted_answer, compare
from wethink_assets.synthesis.stages.captions import ASKED, answer_captions
from wethink_assets.synthesis.stages.latitude import latitude_of, latitude_suffix
from wethink_assets.synthesis.stages.question_checks import checks_suffix, require_image, require_premise
from wethink_assets.synthesis.stages.votes import answers_of_both, image_calls, text_calls, votes_suffix

VERDICTS = ("none", "first", "second")
EDITED = (
    "image_answer",
    "image_thought",
    "text_answer",
    "text_thought",
    "agreed",
    "agreement",
    "score",
    "verdict",
    "answer",
    "accepted_answers",
    "tolerance",
    "edit_distance",
)
BLIND_CALLS = 1.5  # of a question that needs its image: a wrong answer is the last one


def answer_questions(
    questions: pl.DataFrame, descriptions: pl.DataFrame, images: pl.DataFrame, synthesis: Synthesis
) -> StageOutput:
    """Answer the questions of a batch twice and settle what the answer is; results follow `ANSWERS`, one row a question.

    The describer answers from the image, the reasoner from the fine description; the answer that the question's writer had in mind is no
    vote. Where they agree the reasoner's answer is kept; where they do not, the adjudicator sees the image and both answers.

    What the question allows follows from the image's source and the answer's type; where a judge found that both answers say the same, the
    image's is accepted too.

    With `premise_check` the describer first says whether what the question takes for granted is so; with `image_samples` and `text_samples`
    a side answers several times with a vote; with `second_order` the image's answer must be chosen in another order of the options, too;
    with `blind_samples` a question is left out that is answered right without the image.

    An answer that came with its question stands for the reasoner's; `given_answer_refuted` where the adjudicator sees the image's in it instead.

    Rejections: `malformed_reply` (also an answer that names no option), `refused`, `filtered`, `cut_off`, `no_answer` ("Unknown"),
    `wrong_language`, `adjudicated_neither`, `endpoint_error`, `unsure` where the describer gave a token of its answer less than
    `answer_certainty`, and of the settings above `false_premise`, `no_majority`, `order_dependent`, `answerable_blind`.
    """
    pictures = pictures_by_id(images, synthesis.blobs)
    fine = dict(descriptions.select("image_id", "fine").iter_rows())
    name = source_of(synthesis.batch)
    source = sources_of(synthesis.settings).get(name) or Source(name, name, "", "", "", "")
    pairs = imported_batch(synthesis)
    given = {} if pairs is None else {pair["slot"]: pair for pair in pairs.iter_rows(named=True)}

    async def work(row: dict[str, Any]) -> Outcome:
        calls = ItemCalls(synthesis, row["slot"], pictures[row["image_id"]])
        if pair := given.get(row["slot"]):
            checked = checked_answer(pair, fine[row["image_id"]], source, calls, synthesis)
            return await settled(STAGE.name, row["slot"], checked)
        return await settled(STAGE.name, row["slot"], _answer(row, fine[row["image_id"]], source, calls, synthesis))

    rows = questions.select("slot", "row_id", "image_id", "kind", "question", "options")
    return synthesis.collect(rows, work, ANSWERS, STAGE.item)


async def _answer(
    row: dict[str, Any], description: str, source: Source, calls: ItemCalls, synthesis: Synthesis
) -> dict[str, Any]:
    asked = {"question": row["question"], "kind": row["kind"], "options": row["options"]}
    if synthesis.settings.pipeline.premise_check:
        await require_premise(calls, asked)
    (image_thought, image_answer), (text_thought, text_answer) = await answers_of_both(
        calls, asked, row["row_id"], description, synthesis.settings
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
    await require_image(calls, asked, row["row_id"], answer, allowed, synthesis.settings)
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


def edited_answer(row: Row, before: Row | None, look: Look) -> dict[str, Any]:
    """The form in which an answer is kept that a person gave or changed, and what it is read as. Raises `Rejected`."""
    asked = look("questions")
    if asked is None:
        raise Rejected("no_question", f"{row['slot']} has no question")
    if row["verdict"] not in VERDICTS:
        raise Rejected("unknown_verdict", f"verdict {row['verdict']!r} is none of {', '.join(VERDICTS)}")
    if before and before["answer"] == row["answer"]:
        return {}
    kind, options, question = asked["kind"], asked["options"] or [], asked["question"]
    try:
        answer = accepted_answer(kind, options, question, f'"{row["answer"]}"')(row["answer"])
    except MalformedReply as fault:
        raise Rejected(fault.code, f"{fault.detail} of a {kind} question") from fault
    return {
        "row_id": asked["row_id"],
        "answer": answer,
        "answer_type": answer_type(kind, answer, options, question=question),
    }


def _suffix(settings: Settings) -> str:
    least = settings.pipeline.answer_certainty
    certainty = f"+certainty{least:g}" if least else ""
    return latitude_suffix(settings) + certainty + votes_suffix(settings) + checks_suffix(settings)


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
    prompts=("answer_image", "answer_text", "judge", "adjudicate", "premise", "blind"),
    settings={"agreement_score": ("adjudicate",)},
    calls_per_item={
        "answer_image": image_calls,
        "answer_text": text_calls,
        "blind": lambda settings: min(settings.pipeline.blind_samples, BLIND_CALLS),
    },
    kinds=("vlm", "llm"),
    preview=Preview(answer_captions, beside=ASKED),
    editing=Editing(columns=EDITED, follows=edited_answer),
)
