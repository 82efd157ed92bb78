"""Captions of previews: what is shown of a question, an answer and a reasoning path below its image."""

from collections.abc import Mapping
from typing import Any

from wethink_assets.kinds import lettered

Row = Mapping[str, Any]
Pairs = list[tuple[str, str]]
ASKED: Mapping[str, tuple[str, ...]] = {"questions": ("question", "options")}
"""Columns of a question that the captions of its answer need beside the results."""


def question_captions(row: Row) -> Pairs:
    """Captions of a question."""
    options = [f"{letter}) {option}" for letter, option in lettered(row["options"] or [])]
    return [
        (row["kind"], row["question"]),
        ("Options", "  ".join(options)),
        ("Abilities", ", ".join(row.get("abilities") or [])),
    ]


def answer_captions(row: Row) -> Pairs:
    """Captions of an answer."""
    fate = "agreed" if row["agreed"] else f"adjudicated: {row['verdict']}"
    both = f"{row['image_answer']} / {row['text_answer']} ({fate})"
    return [*question_captions(row), ("Image / description", both), ("Answer", row["answer"])]


def path_captions(row: Row) -> Pairs:
    """Captions of a reasoning path."""
    return [("Question", row["question"]), ("Reasoning", row["refined_cot"]), ("Answer", row["answer"])]
