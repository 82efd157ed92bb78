"""What does the UI show of a stage's results: rows, pictures with what was said about them, and what was rejected?"""

from collections.abc import Callable
from typing import Any

import polars as pl

from wethink_assets.defs.metadata.previews import Captions, picture_gallery, rejected_table, sample_table
from wethink_assets.kinds import lettered
from wethink_assets.stages.output import StageOutput
from wethink_assets.storage.blobs import Blobs


def shown(
    output: StageOutput, captions: Captions, images: pl.DataFrame, blobs: Blobs, rows: pl.DataFrame | None = None
) -> dict[str, Any]:
    """Sample, pictures and rejections of a stage; `rows` are the results with what the captions need beside them."""
    return {
        "preview": picture_gallery(output.results if rows is None else rows, images, blobs, captions),
        "sample": sample_table(output.results),
        "rejected": rejected_table(output),
    }


def with_questions(
    captions: Captions, questions: StageOutput, images: StageOutput
) -> Callable[[StageOutput, Blobs], dict[str, Any]]:
    """Shows a stage whose captions need the question and options of a result's slot."""

    def show(output: StageOutput, blobs: Blobs) -> dict[str, Any]:
        asked_there = questions.results.select("slot", "question", "options")
        rows = output.results.join(asked_there, on="slot", how="left")
        return shown(output, captions, images.results, blobs, rows)

    return show


def asked(row: Any) -> list[tuple[str, str]]:
    """Captions of a question."""
    options = [f"{letter}) {option}" for letter, option in lettered(row["options"] or [])]
    return [
        (row["kind"], row["question"]),
        ("Options", "  ".join(options)),
        ("Abilities", ", ".join(row.get("abilities") or [])),
    ]


def answered(row: Any) -> list[tuple[str, str]]:
    """Captions of an answer."""
    fate = "agreed" if row["agreed"] else f"adjudicated: {row['verdict']}"
    told = f"{row['image_answer']} / {row['text_answer']} ({fate})"
    return [*asked(row), ("Image / description", told), ("Answer", row["answer"])]


def reasoned(row: Any) -> list[tuple[str, str]]:
    """Captions of a reasoning path."""
    return [("Question", row["question"]), ("Reasoning", row["refined_cot"]), ("Answer", row["answer"])]
