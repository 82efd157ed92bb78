"""Stages of a batch whose questions were imported: the given question, answer and reasoning path in place of those that models would write.

Where what a pair lacks is synthesized, images are described as ever, and the describer answers each question from the image: the given answer stays
where both agree, or where the adjudicator takes its side. A path that is missing is rewritten from the thought behind the describer's answer.
Where it is marked instead, no model is asked: an answer that nobody checked has the agreement `unchecked`, and a path that is missing is empty.
"""

from collections.abc import Mapping
from typing import Any

import polars as pl

from wethink_assets.rewards.equivalence.answers import Allowed, answer_type
from wethink_assets.sources.catalog import Source
from wethink_assets.sources.imported_pairs import pairs_of
from wethink_assets.stages.output import StageOutput, rejections
from wethink_assets.stages.schemas import DESCRIPTIONS, QUESTIONS, SCHEMA_VERSION
from wethink_assets.storage.store import Store
from wethink_assets.synthesis.calls.collector import Rejected
from wethink_assets.synthesis.calls.item_calls import ItemCalls
from wethink_assets.synthesis.calls.reply_schemas import Adjudication
from wethink_assets.synthesis.calls.session import Synthesis
from wethink_assets.synthesis.stages.agreement import accepted_answer, compare
from wethink_assets.synthesis.stages.latitude import latitude_of

__all__ = [
    "UNCHECKED",
    "Pairs",
    "checked_answer",
    "expected_questions",
    "given_path",
    "given_questions",
    "imported_batch",
    "undescribed",
]

UNCHECKED = "unchecked"
"""Agreement of an answer that came with its question and that no model has answered, too."""
Pairs = Mapping[str, Mapping[str, Any]]
"""Imported pairs by slot."""


def imported_batch(synthesis: Synthesis) -> pl.DataFrame | None:
    """The imported pairs of the batch at work; None where its questions are written by models."""
    return pairs_of(synthesis.blobs.store, synthesis.batch)


def is_marked(pair: Mapping[str, Any]) -> bool:
    """Whether a row is marked as lacking what its pair lacks; else models are asked for it."""
    return bool(pair["missing"] == "mark")


def undescribed(images: pl.DataFrame, pairs: pl.DataFrame) -> StageOutput | None:
    """Empty descriptions of images whose rows are to be marked; None where models are asked."""
    if not pairs.height or not (pairs["missing"] == "mark").all():
        return None
    empty = images.select("image_id").with_columns(
        coarse=pl.lit(""),
        dialogue=pl.lit([], DESCRIPTIONS["dialogue"]),
        turns=pl.lit(0),
        fine=pl.lit(""),
        calls=pl.lit([], DESCRIPTIONS["calls"]),
        schema_version=pl.lit(SCHEMA_VERSION),
    )
    return StageOutput(empty.select(DESCRIPTIONS.names()).cast(DESCRIPTIONS).sort("image_id"), rejections([]))


def expected_questions(descriptions: pl.DataFrame, store: Store, batch: str) -> pl.Series | None:
    """Slots of the imported pairs about described images; None for a batch whose questions are written by models."""
    pairs = pairs_of(store, batch)
    return None if pairs is None else _about(pairs, descriptions)["slot"]


def _about(pairs: pl.DataFrame, images: pl.DataFrame) -> pl.DataFrame:
    return pairs.filter(pl.col("image_id").is_in(images["image_id"].implode())).sort("slot")


def given_questions(pairs: pl.DataFrame, descriptions: pl.DataFrame) -> StageOutput:
    """The questions of a batch as they came, those about images that were described (schema `QUESTIONS`)."""
    asked = _about(pairs, descriptions).with_columns(
        proposed_answer=pl.col("answer"),
        calls=pl.lit([], QUESTIONS["calls"]),
        schema_version=pl.lit(SCHEMA_VERSION),
    )
    return StageOutput(asked.select(QUESTIONS.names()).cast(QUESTIONS), rejections([]))


async def checked_answer(
    pair: Mapping[str, Any], description: str, source: Source, calls: ItemCalls, synthesis: Synthesis
) -> dict[str, Any]:
    """The row of `answers` of an imported pair: its answer held against the image, or marked as unchecked.

    Raises `Rejected`: `given_answer_refuted` where the adjudicator takes the describer's side, and as `answers` does.
    """
    kind, question, options, answer = (pair[name] for name in ("kind", "question", "options", "answer"))
    if is_marked(pair):
        found = {
            "image_answer": "",
            "image_thought": "",
            "agreed": bool(pair["agreed"]),
            "agreement": pair["agreement"] or UNCHECKED,
            "score": pair["score"],
            "verdict": pair["verdict"] or "none",
        }
        also: list[str] = []
    else:
        found, also = await _second_answer(pair, description, calls, synthesis)
    allowed = _allowed(pair, source)
    given = pair["accepted_answers"]
    return {
        "slot": pair["slot"],
        "row_id": pair["row_id"],
        "image_id": pair["image_id"],
        "kind": kind,
        **found,
        "text_answer": answer,
        "text_thought": pair["raw_cot"],
        "answer": answer,
        "answer_type": answer_type(kind, answer, options, question=question),
        "accepted_answers": also if given is None else given,
        "tolerance": allowed.tolerance,
        "edit_distance": allowed.edit_distance,
        "calls": calls.keys,
    }


async def _second_answer(
    pair: Mapping[str, Any], description: str, calls: ItemCalls, synthesis: Synthesis
) -> tuple[dict[str, Any], list[str]]:
    """What the image says of a given answer, and the image's answer where a judge found that it says the same."""
    asked = {name: pair[name] for name in ("question", "kind", "options")}
    answer = pair["answer"]
    chosen = synthesis.settings.pipeline
    accept = accepted_answer(asked["kind"], asked["options"], asked["question"], description)
    thought, seen = await calls.answer("answer_image", accept, certainty=chosen.answer_certainty, **asked)
    agreement = await compare(calls, **asked, reference=answer, candidate=seen, threshold=chosen.agreement_score)
    verdict = "none"
    if not agreement.agreed:
        ruling = await calls.parsed(
            "adjudicate", Adjudication, description=description, first=seen, second=answer, **asked
        )
        detail = f"image: {seen[:100]!r}, given: {answer[:100]!r}; {ruling.reason}"
        if ruling.verdict == "neither":
            raise Rejected("adjudicated_neither", detail)
        if ruling.verdict == "first":
            raise Rejected("given_answer_refuted", detail)
        verdict = ruling.verdict
    answers = {
        "image_answer": seen,
        "image_thought": thought,
        "agreed": agreement.agreed,
        "agreement": agreement.how,
        "score": agreement.score,
        "verdict": verdict,
    }
    return answers, [seen] if agreement.agreed and agreement.how == "judge" else []


def _allowed(pair: Mapping[str, Any], source: Source) -> Allowed:
    usual = latitude_of(source, pair["kind"], pair["question"], pair["answer"])
    tolerance, distance = pair["tolerance"], pair["edit_distance"]
    return Allowed(
        tolerance=usual.tolerance if tolerance is None else tolerance,
        edit_distance=usual.edit_distance if distance is None else distance,
    )


def given_path(pair: Mapping[str, Any], answer: str) -> dict[str, Any] | None:
    """The row of `reasoning_paths` of a pair that came with a path, or whose row is marked as lacking one; None where it is to be written."""
    if not pair["refined_cot"] and not is_marked(pair):
        return None
    return {
        "slot": pair["slot"],
        "row_id": pair["row_id"],
        "image_id": pair["image_id"],
        "answer": answer,
        "raw_cot": pair["raw_cot"],
        "refined_cot": pair["refined_cot"],
        "calls": [],
    }
