"""Image-question data as the Hugging Face hub has it: a column with the image, one with the question, one with the answer, perhaps options.

Columns are known by their usual names. The version's own export, and what a loader of shards gives, are read alike.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from wethink_assets.dataset.imports.format import FIELDS, Fields, ImportFormat, Record, first_of, is_image
from wethink_assets.kinds import LETTERS

__all__ = ["HUGGING_FACE", "NAMES"]

NAMES: Mapping[str, tuple[str, ...]] = {
    "image": (
        "image",
        "images",
        "img",
        "picture",
        "photo",
        "decoded_image",
        "image_1",
        "file_name",
        "image_path",
        "filepath",
    ),
    "question": ("question", "query", "problem", "prompt", "instruction", "text_input", "input"),
    "answer": (
        "answer",
        "answers",
        "label",
        "ground_truth",
        "gt_answer",
        "target",
        "solution",
        "output",
        "multiple_choice_answer",
    ),
    "options": ("options", "choices", "candidates", "answer_choices"),
    "refined_cot": ("refined_cot", "rationale", "explanation", "reasoning", "thought", "cot"),
    "category": ("category", "topic", "subject", "task", "question_type"),
    "abilities": ("abilities", "skills", "capability"),
    "licence": ("licence", "license"),
}
"""Column names of a field, the likeliest first."""


def recognises(record: Record) -> bool:
    """Whether a record has an image, a question and an answer under usual names, or turns of user and assistant with images."""
    named = {field: first_of(record, NAMES[field]) for field in ("image", "question", "answer")}
    return all(named.values()) or (first_of(record, NAMES["image"]) is not None and bool(_texts(record)))


def _texts(record: Record) -> list[Mapping[str, Any]]:
    texts = record.get("texts")
    usable = isinstance(texts, list) and all(isinstance(turn, Mapping) and "user" in turn for turn in texts)
    return texts if usable else []  # type: ignore[return-value]


def fields_of(record: Record) -> Iterator[Fields]:
    """The one pair of a record, or one for each of its `texts` of user and assistant."""
    fields = {name: record[name] for name in FIELDS if record.get(name) is not None}
    for field, names in NAMES.items():
        column = first_of(record, names)
        if column is not None and not (field == "question" and column == "problem"):
            fields.setdefault(field, record[column])
    if "options" not in fields and all(record.get(letter) is not None for letter in "AB"):
        fields["options"] = {letter: record[letter] for letter in LETTERS if record.get(letter) not in (None, "")}
    if not is_image(fields.get("image")):
        fields["image"] = next((value for value in record.values() if is_image(value)), fields.get("image"))
    texts = _texts(record)
    if texts:
        for turn in texts:
            yield {"image": fields["image"], "question": turn["user"], "answer": turn.get("assistant")}
        return
    yield fields


HUGGING_FACE = ImportFormat("image-question data of the Hugging Face hub", recognises, fields_of)
