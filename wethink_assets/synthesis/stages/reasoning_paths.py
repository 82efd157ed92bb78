"""The stage `reasoning_paths`: the raw chain of thought from image and question to the answer, rewritten short and checked."""

from typing import Any

import polars as pl

from wethink_assets.stages.output import StageOutput
from wethink_assets.stages.schemas import REASONING_PATHS
from wethink_assets.stages.spec import Editing, Look, Preview, Row, Stage, every
from wethink_assets.synthesis.calls.collector import Outcome, Rejected, settled
from wethink_assets.synthesis.calls.images import pictures_by_id
from wethink_assets.synthesis.calls.item_calls import ItemCalls
from wethink_assets.synthesis.calls.markup import markup_in
from wethink_assets.synthesis.calls.non_replies import NON_REPLIES
from wethink_assets.synthesis.calls.session import Synthesis
from wethink_assets.synthesis.imported_pairs import given_path, imported_batch
from wethink_assets.synthesis.stages.agreement import ANSWERS_BY_TYPE, accepted_answer, compare
from wethink_assets.synthesis.stages.captions import ASKED, path_captions
from wethink_assets.synthesis.stages.path_filters import LONGEST_PATH, contradiction_in, leak_in


def refine_paths(
    answers: pl.DataFrame, questions: pl.DataFrame, images: pl.DataFrame, synthesis: Synthesis
) -> StageOutput:
    """Rewrite the thought behind each accepted answer from image and answer; results follow `REASONING_PATHS`, one row an answer.

    The raw thought is that of the side whose answer was kept (the description's where both agreed). A path that came with its question is kept.

    Rejections: `malformed_reply`, `refused`, `filtered`, `cut_off`, `no_answer`, `wrong_language`, `path_empty`, `path_too_long`,
    `path_misses_answer` (ends in another answer, or concludes one on the way), `leaks_prompt` (speaks of the description, the notes or the
    given answer, or holds a chat template's markup), `endpoint_error`.
    """
    pictures = pictures_by_id(images, synthesis.blobs)
    columns = ("slot", "row_id", "image_id", "kind", "answer", "verdict", "image_thought", "text_thought")
    rows = answers.select(columns).join(questions.select("slot", "question", "options"), on="slot", how="left")

    pairs = imported_batch(synthesis)
    given = {} if pairs is None else {pair["slot"]: pair for pair in pairs.iter_rows(named=True)}

    async def work(row: dict[str, Any]) -> Outcome:
        if pair := given.get(row["slot"]):
            kept = given_path(pair, row["answer"])
            if kept is not None:
                return Outcome(results=[kept])
            row["text_thought"] = row["image_thought"]  # the only one that there is
        calls = ItemCalls(synthesis, row["slot"], pictures[row["image_id"]])
        return await settled(STAGE.name, row["slot"], _refine(row, calls, synthesis))

    return synthesis.collect(rows, work, REASONING_PATHS, STAGE.item)


async def _refine(row: dict[str, Any], calls: ItemCalls, synthesis: Synthesis) -> dict[str, Any]:
    kind, options, answer = row["kind"], row["options"], row["answer"]
    raw = row["image_thought"] if row["verdict"] == "first" else row["text_thought"]
    asked = {"question": row["question"], "kind": kind, "options": options}
    accept = accepted_answer(kind, options, row["question"], f'"{answer}"')
    path, end = await calls.answer("rewrite", accept, shown=True, answer=answer, raw=raw, **asked)
    if not path:
        raise Rejected("path_empty", f"the reply is only {end[:80]!r}")
    if len(path) > LONGEST_PATH:
        raise Rejected("path_too_long", f"{len(path)} characters")
    leak = leak_in(path) or markup_in(path)
    if leak:
        raise Rejected("leaks_prompt", leak)
    threshold = synthesis.settings.pipeline.agreement_score
    agreement = await compare(calls, **asked, reference=answer, candidate=end, threshold=threshold)
    if not agreement.agreed:
        raise Rejected("path_misses_answer", f"ends in {end[:100]!r}, not in {answer[:100]!r}")
    other = contradiction_in(path, kind, options, answer)
    if other:
        raise Rejected("path_misses_answer", f"concludes {other[:100]!r}, not {answer[:100]!r}")
    return {
        "slot": row["slot"],
        "row_id": row["row_id"],
        "image_id": row["image_id"],
        "answer": answer,
        "raw_cot": raw,
        "refined_cot": path,
        "calls": calls.keys,
    }


def edited_path(row: Row, before: Row | None, look: Look) -> dict[str, Any]:
    """What a reasoning path that a person wrote or changed belongs to: row and answer of its slot. Raises `Rejected`."""
    answered = look("answers")
    if answered is None:
        raise Rejected("no_answer", f"{row['slot']} has no answer")
    if len(row["refined_cot"]) > LONGEST_PATH:
        raise Rejected("path_too_long", f"refined_cot has {len(row['refined_cot'])} characters, {LONGEST_PATH} at most")
    leak = markup_in(row["refined_cot"])
    if leak:
        raise Rejected("leaks_prompt", f"refined_cot holds {leak}")
    return {"row_id": answered["row_id"], "answer": answered["answer"]}


STAGE = Stage(
    name="reasoning_paths",
    description="Reasoning of each answer, rewritten from the image and the final answer, and checked to end in it.",
    closes="Every answer has a reasoning path or a rejection, never both.",
    reads=("answers", "questions", "images"),
    run=refine_paths,
    item="slot",
    expected=every("slot"),
    schema=REASONING_PATHS,
    logic_version="3",
    logic_changes={"2": ANSWERS_BY_TYPE, "3": NON_REPLIES},
    prompts=("rewrite", "judge"),
    settings={"agreement_score": ()},  # which paths pass follows from it, no call does
    kinds=("vlm", "llm"),
    preview=Preview(path_captions, beside=ASKED),
    editing=Editing(columns=("raw_cot", "refined_cot"), follows=edited_path),
)
