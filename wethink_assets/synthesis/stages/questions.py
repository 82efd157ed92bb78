"""The stage `questions`: one question per slot about each image, filtered by rule and then by model."""

from typing import Any

import polars as pl

from wethink_assets.config import Settings
from wethink_assets.identity import row_id
from wethink_assets.kinds import KINDS
from wethink_assets.stages.output import StageOutput
from wethink_assets.stages.schemas import QUESTIONS
from wethink_assets.stages.spec import Preview, Stage
from wethink_assets.synthesis.calls.collector import Outcome, Rejected, settled
from wethink_assets.synthesis.calls.item_calls import ItemCalls
from wethink_assets.synthesis.calls.non_replies import NON_REPLIES
from wethink_assets.synthesis.calls.reply_schemas import Question, Screening
from wethink_assets.synthesis.calls.session import Synthesis
from wethink_assets.synthesis.stages.captions import question_captions
from wethink_assets.synthesis.stages.option_order import order_suffix, proposed_letter, stored_options
from wethink_assets.synthesis.stages.question_filters import HONEST_WORDS, fault_of, known_abilities, repeats
from wethink_assets.synthesis.stages.question_slots import planned_slots, slots_of


def expected_items(descriptions: pl.DataFrame, settings: Settings) -> pl.Series:
    """Ids that the stage must account for: every slot planned for the described images."""
    return planned_slots(descriptions, settings).get_column("slot")


def write_questions(descriptions: pl.DataFrame, synthesis: Synthesis) -> StageOutput:
    """Write and filter the questions of a batch (schema `DESCRIPTIONS`); results follow `QUESTIONS`, one row a slot.

    The questions of one image are written in turn, so that each knows those before it; images are worked on side by side.

    Rejections: `malformed_reply`, `refused`, `filtered`, `cut_off`, `no_answer`, `wrong_language`, `not_wellformed` (the detail names the
    rule), `repeated_question`, `not_answerable`, `not_verifiable`, `endpoint_error`.
    """

    async def work(row: dict[str, Any]) -> Outcome:
        outcome = Outcome()
        asked: list[str] = []
        for slot in slots_of(row["image_id"], synthesis.settings):
            item = str(slot["slot"])
            one = await settled(
                STAGE.name, item, _write(slot, row["fine"], asked, ItemCalls(synthesis, item), synthesis.settings)
            )
            outcome.results += one.results
            outcome.rejected += one.rejected
        return outcome

    return synthesis.collect(descriptions.select("image_id", "fine"), work, QUESTIONS, STAGE.item)


async def _write(
    slot: dict[str, Any], description: str, asked: list[str], calls: ItemCalls, settings: Settings
) -> dict[str, Any]:
    kind = slot["kind"]
    written = await calls.parsed(
        "question", Question, description=description, kind=kind, abilities=slot["abilities"], asked=list(asked)
    )
    if repeats(written.question, asked):
        raise Rejected("repeated_question", written.question)
    fault = fault_of(written, kind, description)
    if fault:
        raise Rejected("not_wellformed", f"{fault}: {written.question}")
    asked.append(written.question)
    screening = await calls.parsed(
        "screen",
        Screening,
        description=description,
        question=written.question,
        kind=kind,
        options=written.options,
    )
    if not screening.answerable:
        raise Rejected("not_answerable", screening.reason)
    if not screening.verifiable:
        raise Rejected("not_verifiable", screening.reason)
    answer = written.answer
    row = row_id(slot["image_id"], kind, written.question, written.options)
    options = stored_options(row, written.options, settings)
    return {
        "slot": slot["slot"],
        "row_id": row,
        "image_id": slot["image_id"],
        "kind": kind,
        "ordinal": slot["ordinal"],
        "question": written.question,
        "options": options,
        "proposed_answer": proposed_letter(answer, written.options, options) if KINDS[kind].has_options else answer,
        "category": written.category,
        "abilities": known_abilities(written.abilities),
        "calls": calls.keys,
    }


STAGE = Stage(
    name="questions",
    description="Questions of each image with kind, options, category and abilities, as far as they pass both filters.",
    closes="Every planned question is kept or rejected, never both.",
    reads=("descriptions",),
    run=write_questions,
    item="slot",
    expected=expected_items,
    schema=QUESTIONS,
    logic_version="3",
    logic_changes={"2": NON_REPLIES, "3": HONEST_WORDS},
    variant=order_suffix,
    prompts=("question", "screen"),
    settings={"questions_per_image": (), "kinds": ("question",)},  # more questions an image add calls and change none
    items_per_row=lambda settings: settings.pipeline.questions_per_image,
    kinds=("llm",),
    preview=Preview(question_captions),
)
