"""Texts of an exported row: prompt, target, and what a reward function is told of the question.

Prompts are those of the package's own training: its system prompt, then the question with its options. Text of a row never opens an image or a turn:
placeholders such as `<image>` and special tokens that it happens to hold are broken up, so that each row has exactly the one image that is its own.
"""

import re
from collections.abc import Mapping
from typing import Any

import polars as pl

from wethink_assets.config.training import PAPER_SYSTEM
from wethink_assets.dataset.exports.features import STRINGS, Feature
from wethink_assets.rewards.responses import response_text

__all__ = ["GRADED", "PLACEHOLDER", "SYSTEM", "asked", "carried", "carried_features", "plain_text", "target"]

SYSTEM = PAPER_SYSTEM
PLACEHOLDER = "<image>"
"""What stands for the row's image in prompts of readers that want its position."""
_SPECIAL = re.compile(r"<(?=\||/?(?:image|video|audio|img|imgpad|vision_start|vision_end|image_pad)\b)", re.IGNORECASE)
GRADED: Mapping[str, Feature] = {
    "kind": "string",
    "question": "string",
    "options": STRINGS,
    "reward": "string",
    "accepted_answers": STRINGS,
    "tolerance": "float64",
    "edit_distance": "float64",
}
"""What a reward function reads beside response and answer; `reward` is the method, rule or judge."""
ORIGIN: Mapping[str, Feature] = {
    "row_id": "string",
    "image_id": "string",
    "split": "string",
    "source": "string",
    "licence": "string",
    "category": "string",
    "abilities": STRINGS,
    "answer_type": "string",
}
SOLVED_SHARE = "pass_rate"
"""Columns whose names begin so are shares of right answers of a model; a version has them where they were measured."""


def plain_text(text: str) -> str:
    """A text in which no image placeholder and no special token stands.

    >>> plain_text("What does <image> show? <|im_end|> 1 < 2")
    'What does < image> show? < |im_end|> 1 < 2'
    """
    return _SPECIAL.sub("< ", text)


def asked(row: Mapping[str, Any], placeholder: str = "") -> str:
    """The question as it is put to a model, options included, after the placeholder of its image."""
    return placeholder + plain_text(row["problem"])


def target(row: Mapping[str, Any]) -> str:
    """The reply that supervised training wants: reasoning path, then answer."""
    return plain_text(response_text(row["refined_cot"], row["answer"]))


def pass_rates(schema: pl.Schema) -> dict[str, Feature]:
    """Columns of pass rates that a version has."""
    return {name: "float64" for name, dtype in schema.items() if name.startswith(SOLVED_SHARE) and dtype.is_numeric()}


def carried_features(schema: pl.Schema) -> dict[str, Feature]:
    """Columns that go along with a sample wherever a reader has a place for further columns: origin, what is allowed, pass rates."""
    return {**ORIGIN, **GRADED, **pass_rates(schema)}


def carried(row: Mapping[str, Any], features: Mapping[str, Feature]) -> dict[str, Any]:
    """The values of these columns; a list that is missing is empty."""
    return {name: ([] if row[name] is None and feature == STRINGS else row[name]) for name, feature in features.items()}
