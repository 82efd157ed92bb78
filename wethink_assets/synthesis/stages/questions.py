"""The stage `questions`: one question per slot about each image, filtered by rule and then by model, one by one or all of an image at once."""

from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

import polars as pl

from wethink_assets.config import Settings
from wethink_assets.identity import row_id
from wethink_assets.kinds import KINDS
from wethink_assets.models.chat import CallFailed
from wethink_assets.stages.output import StageOutput
from wethink_assets.stages.schemas import QUESTIONS
from wethink_assets.stages.spec import Editing, Look, Preview, Row, Stage
from wethink_assets.synthesis.calls.collector import Outcome, Rejected, Waiting, rejection, settled
from wethink_assets.synthesis.calls.grouped_replies import Entry
from wethink_assets.synthesis.calls.item_calls import ItemCalls
from wethink_assets.synthesis.calls.non_replies import NON_REPLIES
from wethink_assets.synthesis.calls.reply_schemas import Question, Screening
from wethink_assets.synthesis.calls.session import Synthesis
from wethink_assets.synthesis.imported_pairs import expected_questions, given_questions, imported_batch
from wethink_assets.synthesis.stages.captions import question_captions
from wethink_assets.synthesis.stages.option_order import order_suffix, proposed_letter, stored_options
from wethink_assets.synthesis.stages.question_filters import HONEST_WORDS, fault_of, known_abilities, repeats
from wethink_assets.synthesis.stages.question_slots import planned_slots, slots_of


def expected_items(descriptions: pl.DataFrame, settings: Settings) -> pl.Series:
    """Ids that the stage must account for: every slot planned for the described images."""
    return planned_slots(descriptions, settings).get_column("slot")


def write_questions(descriptions: pl.DataFrame, synthesis: Synthesis) -> StageOutput:
    """Write and filter the questions of a batch (schema `DESCRIPTIONS`); results follow `QUESTIONS`, one row a slot.

    The questions of one image are written in one call, and those that the rules let pass are screened in one; or in turn, so that each knows
    those before it, with a screening each. Images are worked on side by side. Imported questions are taken as they came.

    Rejections: `malformed_reply`, `refused`, `filtered`, `cut_off`, `no_answer`, `wrong_language`, `not_wellformed` (the detail names the
    rule), `repeated_question`, `not_answerable`, `not_verifiable`, `endpoint_error`.
    """

    pairs = imported_batch(synthesis)
    if pairs is not None:
        return given_questions(pairs, descriptions)

    async def work(row: dict[str, Any]) -> Outcome:
        try:
            return await _ImageQuestions(row["image_id"], row["fine"], synthesis).work()
        except Waiting:
            return Outcome()

    return synthesis.collect(descriptions.select("image_id", "fine"), work, QUESTIONS, STAGE.item)


@dataclass(slots=True)
class _Draft:
    """A question that the rules let pass, with the calls that were made for it."""

    slot: dict[str, Any]
    written: Question
    keys: list[str]

    @property
    def asked(self) -> dict[str, Any]:
        """What its screening is asked."""
        return {"question": self.written.question, "kind": self.slot["kind"], "options": self.written.options}


class _ImageQuestions:
    """The questions of one image. A question that goes costs no other one: each slot has its own rejection."""

    def __init__(self, image_id: str, description: str, synthesis: Synthesis) -> None:
        self._synthesis = synthesis
        self._description = description
        self._slots = slots_of(image_id, synthesis.settings)
        self._single = {slot["slot"]: ItemCalls(synthesis, str(slot["slot"])) for slot in self._slots}
        self._grouped = ItemCalls(synthesis, image_id)
        self._asked: list[str] = []
        self._outcome = Outcome()

    async def work(self) -> Outcome:
        """Rows of the questions that are kept, and rejections of the others."""
        drafts = await (self._all_drafts() if "questions" in self._synthesis.prompts else self._drafts_in_turn())
        screenings: list[Entry[Screening]] = []
        if "screenings" in self._synthesis.prompts and drafts:
            entries = [draft.asked for draft in drafts]
            screenings = await self._grouped.grouped("screenings", Screening, entries, description=self._description)
        for draft, screening in zip_longest(drafts, screenings):
            done = await settled(STAGE.name, draft.slot["slot"], self._row(draft, screening))
            self._outcome.results += done.results
            self._outcome.rejected += done.rejected
        return self._outcome

    async def _all_drafts(self) -> list[_Draft]:
        entries = [{"kind": slot["kind"], "abilities": slot["abilities"]} for slot in self._slots]
        written = await self._grouped.grouped(
            "questions",
            Question,
            entries,
            again=lambda values: {"asked": [value.question for value in values]},
            description=self._description,
            asked=[],
        )
        drafts = []
        for slot, entry in zip(self._slots, written, strict=True):
            try:
                drafts.append(self._draft(slot, entry.taken(), entry.keys))
            except (Rejected, CallFailed) as fate:
                self._outcome.rejected.append(rejection(STAGE.name, slot["slot"], fate))
        return drafts

    async def _drafts_in_turn(self) -> list[_Draft]:
        drafts = []
        for slot in self._slots:
            calls = self._single[slot["slot"]]
            try:
                written = await calls.parsed(
                    "question",
                    Question,
                    description=self._description,
                    kind=slot["kind"],
                    abilities=slot["abilities"],
                    asked=list(self._asked),
                )
                drafts.append(self._draft(slot, written, calls.keys))
            except Waiting:  # the next question must know this one
                raise
            except (Rejected, CallFailed) as fate:
                self._outcome.rejected.append(rejection(STAGE.name, slot["slot"], fate))
        return drafts

    def _draft(self, slot: dict[str, Any], written: Question, keys: list[str]) -> _Draft:
        """The question of a slot, if the rules let it pass; then it counts as asked. Raises `Rejected`."""
        if repeats(written.question, self._asked):
            raise Rejected("repeated_question", written.question)
        fault = fault_of(written, slot["kind"], self._description)
        if fault:
            raise Rejected("not_wellformed", f"{fault}: {written.question}")
        self._asked.append(written.question)
        return _Draft(slot, written, keys)

    async def _row(self, draft: _Draft, entry: Entry[Screening] | None) -> dict[str, Any]:
        """The row of a question that passes its screening, which is made here if it was not made with others. Raises `Rejected`."""
        slot, written, kind = draft.slot, draft.written, draft.slot["kind"]
        if entry is None:
            calls = self._single[slot["slot"]]
            screening = await calls.parsed("screen", Screening, description=self._description, **draft.asked)
            keys = calls.keys
        else:
            screening, keys = entry.taken(), entry.keys
        if not screening.answerable:
            raise Rejected("not_answerable", screening.reason)
        if not screening.verifiable:
            raise Rejected("not_verifiable", screening.reason)
        row = row_id(slot["image_id"], kind, written.question, written.options)
        options = stored_options(row, written.options, self._synthesis.settings)
        answer = written.answer
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
            "calls": list(dict.fromkeys([*draft.keys, *keys])),
        }


def edited_question(row: Row, before: Row | None, look: Look) -> dict[str, Any]:
    """Identity of a question that a person wrote or changed; its options stay in the order that they were given. Raises `Rejected`."""
    asked = {name: row[name] or [] for name in ("options", "abilities")}
    written = Question(question=row["question"], category=row["category"], answer=row["proposed_answer"], **asked)
    fault = fault_of(written, row["kind"])
    if fault:
        raise Rejected("not_wellformed", fault)
    if before and (before["question"], before["options"]) == (row["question"], row["options"]):
        return {}
    return {"row_id": row_id(row["image_id"], row["kind"], row["question"], asked["options"])}


STAGE = Stage(
    name="questions",
    description="Questions of each image with kind, options, category and abilities, as far as they pass both filters.",
    closes="Every planned question is kept or rejected, never both.",
    reads=("descriptions",),
    run=write_questions,
    item="slot",
    expected=expected_items,
    imported=expected_questions,
    schema=QUESTIONS,
    logic_version="3",
    logic_changes={"2": NON_REPLIES, "3": HONEST_WORDS},
    variant=order_suffix,
    prompts=("question", "screen", "questions", "screenings"),
    # More questions an image add calls in turn, and change those that ask for all of an image at once.
    settings={"questions_per_image": ("questions", "screenings"), "kinds": ("question", "questions")},
    items_per_row=lambda settings: settings.pipeline.questions_per_image,
    calls_per_item={
        "questions": lambda settings: 1 / settings.pipeline.questions_per_image,
        "screenings": lambda settings: 1 / settings.pipeline.questions_per_image,
    },
    kinds=("llm",),
    preview=Preview(question_captions),
    editing=Editing(follows=edited_question),
)
