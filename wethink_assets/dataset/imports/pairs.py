"""Pairs of imported records: fields and image held against the rules that grown rows pass, and what is missing recognised.

Rules cost no call: form of the question and of its answer, options, reasoning path. Whether the answer is right is told by the stage `answers`, with
models.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations
from typing import Any

from wethink_assets.dataset.imports.format import Fields
from wethink_assets.dataset.imports.texts import (
    Asked,
    answers_of,
    asked_of,
    options_of,
    reply_parts,
    strings_of,
    without_placeholders,
)
from wethink_assets.identity import digest_of, row_id, slot_id
from wethink_assets.kinds import DESCRIPTIVE, FILL_IN, KINDS, MULTIPLE_CHOICE
from wethink_assets.rewards.equivalence.answers import answer_type
from wethink_assets.synthesis.calls.collector import Rejected
from wethink_assets.synthesis.calls.markup import markup_in
from wethink_assets.synthesis.calls.replies import MalformedReply
from wethink_assets.synthesis.calls.reply_schemas import Question
from wethink_assets.synthesis.stages.agreement import accepted_answer
from wethink_assets.synthesis.stages.path_filters import LONGEST_PATH, contradiction_in, leak_in
from wethink_assets.synthesis.stages.question_filters import fault_of
from wethink_assets.synthesis.stages.question_slots import ABILITIES, REASONING

__all__ = ["UNSPECIFIED", "Pair", "pair_of"]

UNSPECIFIED = "unspecified"
"""Category of a row whose file names none."""
FIRST_ORDINAL = 1000
ORDINALS = 30_000
"""Slots of imported questions begin after those that are planned, at a place that follows from the row: the same question has the same slot."""
SENTENCE_WORDS = 8
STAND_INS = ("Reasoning", "Recognition")
GRADED_BY_A_MODEL = ("judge", "llm", "model")


@dataclass(frozen=True, slots=True)
class Pair:
    """A pair that the rules let pass: its values by the columns of `PAIRS`, without those that say where it comes from."""

    values: Mapping[str, Any]

    @property
    def key(self) -> str:
        """What it consists of, whatever file it came in."""
        kept = {name: value for name, value in self.values.items() if name not in ("slot", "ordinal")}
        return digest_of(kept)[:32]


def pair_of(fields: Fields, image_id: str) -> Pair:
    """A pair of an image and a record's fields.

    Raises `Rejected`: `no_question`, `unknown_kind`, `not_wellformed` (the detail names the rule), `no_answer`, `ambiguous_answer`, `no_option`,
    `path_too_long`, `leaks_prompt`, `path_misses_answer`, and what `accepted_answer` refuses an answer for.
    """
    asked = _asked(fields)
    path, given = _reply(fields)
    answer, others = answers_of(given, asked.options)
    kind = _kind(fields, asked, answer)
    options = list(asked.options)
    stored = _stored(kind, options, asked.question, answer)
    _require_question(asked, kind, stored, fields)
    path = path.strip()
    if path:
        _require_path(path, kind, options, stored)
    accepted = fields.get("accepted_answers")
    row = _row_id(fields, image_id, kind, asked.question, options)
    ordinal = FIRST_ORDINAL + int(row[:8], 16) % ORDINALS
    return Pair(
        {
            "slot": slot_id(image_id, kind, ordinal),
            "row_id": row,
            "image_id": image_id,
            "kind": kind,
            "ordinal": ordinal,
            "question": asked.question,
            "options": options,
            "answer": stored,
            "category": str(fields.get("category") or UNSPECIFIED).strip(),
            "abilities": strings_of(fields.get("abilities")),
            "refined_cot": path,
            "raw_cot": str(fields.get("raw_cot") or ""),
            "accepted_answers": strings_of(list(accepted)) if accepted is not None else (others or None),
            "tolerance": _number(fields.get("tolerance")),
            "edit_distance": _number(fields.get("edit_distance")),
            "agreed": fields.get("agreed") if isinstance(fields.get("agreed"), bool) else None,
            "agreement": str(fields.get("agreement") or ""),
            "score": _number(fields.get("score")),
            "verdict": str(fields.get("verdict") or ""),
        }
    )


def _asked(fields: Fields) -> Asked:
    """Question and options. What a file has apart counts, else they are read out of the problem."""
    written = fields.get("question") or fields.get("problem")
    if not isinstance(written, str) or not written.strip():
        raise Rejected("no_question", "the row has no question")
    bare, _ = without_placeholders(written)
    options = options_of(fields.get("options"))
    if options or (fields.get("question") and fields.get("kind")):
        apart = asked_of(bare)
        return Asked(apart.question if apart.options == options else bare, options)
    return asked_of(bare)


def _reply(fields: Fields) -> tuple[str, Any]:
    """Reasoning path, and the answer as it was given."""
    thought, answer = reply_parts(fields["response"]) if isinstance(fields.get("response"), str) else ("", None)
    path = fields.get("refined_cot")
    given = fields.get("answer")
    return (path if isinstance(path, str) and path else thought), (given if given not in (None, "", []) else answer)


def _kind(fields: Fields, asked: Asked, answer: str) -> str:
    """The kind that is named, or that follows from options, grading and the length of the answer."""
    named = fields.get("kind")
    if named:
        if named not in KINDS:
            raise Rejected("unknown_kind", f"{str(named)[:60]!r}; known: {', '.join(KINDS)}")
        return str(named)
    if asked.options:
        return MULTIPLE_CHOICE.code
    reward = str(fields.get("reward") or "").lower()  # "rule", "rule-based", "model_based reward"
    if any(word in reward for word in GRADED_BY_A_MODEL):
        return DESCRIPTIVE.code
    if "rule" in reward:
        return FILL_IN.code
    prose = (
        len(answer.split()) > SENTENCE_WORDS and answer_type(FILL_IN.code, answer, question=asked.question) == "text"
    )
    return DESCRIPTIVE.code if prose else FILL_IN.code


def _require_question(asked: Asked, kind: str, answer: str, fields: Fields) -> None:
    """Raise `Rejected` (`not_wellformed`) where a rule on questions is broken; category and abilities that are missing break none."""
    given = strings_of(fields.get("abilities"))
    known = (
        given
        if given and all(name in ABILITIES for name in given) and REASONING in given and len(given) > 1
        else STAND_INS
    )
    longest = KINDS[kind].longest_proposal  # of what a question's writer has in mind; an answer may be longer
    proposed = "" if longest is not None and len(answer) > longest else answer
    try:
        question = Question(
            question=asked.question,
            options=list(asked.options),
            answer=proposed,
            category=str(fields.get("category") or UNSPECIFIED),
            abilities=list(known),
        )
    except ValueError as error:
        raise Rejected("not_wellformed", " ".join(str(error).split())[:300]) from error
    fault = fault_of(question, kind)
    if fault:
        raise Rejected("not_wellformed", f"{fault}: {asked.question[:200]}")


def _stored(kind: str, options: Sequence[str], question: str, answer: str) -> str:
    """An answer as rows keep it. Raises `Rejected` with the code of the rule that refuses it."""
    try:
        return accepted_answer(kind, options, question, f'"{answer}"')(answer)
    except MalformedReply as error:
        raise Rejected(error.code, error.detail) from error


def _require_path(path: str, kind: str, options: Sequence[str], answer: str) -> None:
    if len(path) > LONGEST_PATH:
        raise Rejected("path_too_long", f"{len(path)} characters")
    leak = leak_in(path) or markup_in(path)
    if leak:
        raise Rejected("leaks_prompt", leak)
    other = contradiction_in(path, kind, options, answer)
    if other:
        raise Rejected("path_misses_answer", f"concludes {other[:100]!r}, not {answer[:100]!r}")


def _row_id(fields: Fields, image_id: str, kind: str, question: str, options: list[str]) -> str:
    """Identity of the row: the one that it had, where that is of this image and question with the options in some order."""
    own = row_id(image_id, kind, question, options)
    named = fields.get("row_id")
    if not isinstance(named, str) or named == own or not options or len(options) > 6:
        return own
    return named if any(row_id(image_id, kind, question, order) == named for order in permutations(options)) else own


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) and value == value else None
