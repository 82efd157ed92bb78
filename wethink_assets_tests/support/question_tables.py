"""Tables of the stages that ask models, for questions whose fate is known."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import polars as pl

from wethink_assets.identity import digest_of, row_id, slot_id
from wethink_assets.models.chat import Completion
from wethink_assets.stages import schemas
from wethink_assets.stages.output import StageOutput, rejections
from wethink_assets.storage.journal.journal import Call, Journal
from wethink_assets.storage.store import Store


@dataclass(frozen=True)
class Asked:
    """One question of an image and what became of it: kept, or rejected by the stage `rejected_by`; `reason` is its reasoning path."""

    question: str
    answer: str
    kind: str = "FIB"
    options: tuple[str, ...] = ()
    abilities: tuple[str, ...] = ("Reasoning", "Recognition")
    agreed: bool = True
    rejected_by: str = ""
    reason: str = ""


COLOUR = Asked("What colour is the largest block?", "red")
CHOICE = Asked("Which is largest?", "B", "MC", ("a circle", "a block"), ("Reasoning", "Spatial Awareness"))
STORY = Asked("Describe the picture.", "Blocks of many colours.", "DES", (), ("Reasoning", "Language Generation"))
CAT = Asked("What animal is shown in the picture?", "a cat", "FIB", (), ("Reasoning", "Knowledge"))


def synthesized(store: Store, batch: str, pictures: Sequence[tuple[str, Sequence[Asked]]]) -> dict[str, StageOutput]:
    """Tables of the stages from descriptions to reasoning paths over images with their questions; calls go into the journals."""
    tables: dict[str, list[dict[str, Any]]] = {
        name: [] for name in ("descriptions", "questions", "answers", "reasoning_paths")
    }
    refused: dict[str, list[dict[str, str]]] = {name: [] for name in tables}
    journals = {name: Journal(store, name, batch) for name in tables}
    for image, questions in pictures:
        described = _call(journals["descriptions"], "describe", image, f"A picture named {image[:6]}.")
        dialogue = [{"request": "What else?", "reply": "Nothing else."}]
        fine = {
            "image_id": image,
            "coarse": "A picture.",
            "dialogue": dialogue,
            "turns": 1,
            "fine": f"A fine picture, {image[:6]}.",
        }
        tables["descriptions"].append({**fine, "calls": [described], "schema_version": 1})
        ordinals: dict[str, int] = {}
        for asked in questions:
            ordinal = ordinals.get(asked.kind, 0)
            ordinals[asked.kind] = ordinal + 1
            slot = slot_id(image, asked.kind, ordinal)
            ids = {
                "slot": slot,
                "row_id": row_id(image, asked.kind, asked.question, asked.options),
                "image_id": image,
            }
            if asked.rejected_by == "questions":
                refused["questions"].append(
                    {"item": slot, "stage": "questions", "reason": "unanswerable", "detail": "guessing"}
                )
                continue
            calls = [_call(journals["questions"], "question", slot, asked.question)]
            tables["questions"].append(
                {
                    **ids,
                    "kind": asked.kind,
                    "ordinal": ordinal,
                    "question": asked.question,
                    "options": list(asked.options),
                    "proposed_answer": asked.answer,
                    "category": "colours",
                    "abilities": list(asked.abilities),
                    "calls": calls,
                    "schema_version": 1,
                }
            )
            if asked.rejected_by == "answers":
                refused["answers"].append(
                    {"item": slot, "stage": "answers", "reason": "no_agreement", "detail": "neither"}
                )
                continue
            tables["answers"].append(
                {
                    **ids,
                    "kind": asked.kind,
                    "image_answer": asked.answer,
                    "image_thought": "I look.",
                    "text_answer": asked.answer if asked.agreed else "something else",
                    "text_thought": "I read.",
                    "agreed": asked.agreed,
                    "agreement": "letter" if asked.kind == "MC" else "text",
                    "score": 1.0 if asked.agreed else 0.0,
                    "verdict": "none" if asked.agreed else "first",
                    "answer": asked.answer,
                    "calls": [_call(journals["answers"], "answer_image", slot, asked.answer)],
                    "schema_version": 1,
                }
            )
            if asked.rejected_by == "reasoning_paths":
                refused["reasoning_paths"].append(
                    {"item": slot, "stage": "reasoning_paths", "reason": "answer_lost", "detail": "another answer"}
                )
                continue
            path = asked.reason or f"I look, so it is {asked.answer}."
            calls = [_call(journals["reasoning_paths"], "rewrite", slot, path)]
            tables["reasoning_paths"].append(
                {
                    **ids,
                    "answer": asked.answer,
                    "raw_cot": f"Hm. {path}",
                    "refined_cot": path,
                    "calls": calls,
                    "schema_version": 1,
                }
            )
    for journal in journals.values():
        journal.compact()
    shapes = {
        "descriptions": schemas.DESCRIPTIONS,
        "questions": schemas.QUESTIONS,
        "answers": schemas.ANSWERS,
        "reasoning_paths": schemas.REASONING_PATHS,
    }
    return {
        name: StageOutput(
            pl.DataFrame(rows, schema=shapes[name]).sort("image_id" if name == "descriptions" else "slot"),
            rejections(refused[name]),
        )
        for name, rows in tables.items()
    }


def _call(journal: Journal, prompt: str, item: str, text: str) -> str:
    key = digest_of([prompt, item, text])
    reply = Completion(text, 10, 5, "stop", "seer-1")
    journal.add(Call(key, "describer", prompt, item, 0, reply, 0.1, datetime.now(UTC)))
    return key
