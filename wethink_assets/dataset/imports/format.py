"""Formats of imported data: how a file's records become fields of the package's own names.

A format knows the names and nesting of its records and nothing else: what fields mean, which are missing and whether they are right is decided in
`wethink_assets.dataset.imports.pairs`, the same for all formats.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from wethink_assets.extensions.builtin import IMPORTS

__all__ = ["FIELDS", "Fields", "ImportFormat", "Record", "first_of", "format_of", "import_formats", "is_image"]

Record = Mapping[str, Any]
Fields = dict[str, Any]
"""Values by the names of `FIELDS`; what a record lacks is absent."""
FIELDS: Mapping[str, str] = {
    "problem": "the question with its options, if it has any, as it is put to a model",
    "question": "the question without its options",
    "options": "texts of the options: a list, or `label` and `text` lists, or a mapping by letter",
    "answer": "the right answer: text, letter or index of an option; a list of answers that are all right",
    "response": "a reply of the form `<think>...</think><answer>...</answer>`, in place of `refined_cot` and `answer`",
    "refined_cot": "the reasoning path",
    "image": "the image: its bytes, or a path; a list of one",
    "category": "what the question is about",
    "abilities": "what answering it takes",
    "kind": "kind of question",
    "reward": "how answers are graded: by rule, or by judge",
    "row_id": "the row's identity in the version that it was exported from",
    "source": "source of the image",
    "licence": "licence of the image",
    "accepted_answers": "what is right beside the answer",
    "tolerance": "relative tolerance of values",
    "edit_distance": "tolerated edits of texts",
    "raw_cot": "the thought that the reasoning path was rewritten from",
    "agreed": "whether two answers agreed",
    "agreement": "how they were compared",
    "score": "score of the comparison",
    "verdict": "which of them the adjudicator took",
}
"""Fields that pairs are made of."""


@dataclass(frozen=True, slots=True)
class ImportFormat:
    """A format that rows are imported from. Entries of the registry `IMPORTS`.

    title: what it is, for people. recognises: whether a record is of it, by its fields. fields: the pairs of a record, usually one.
    """

    title: str
    recognises: Callable[[Record], bool]
    fields: Callable[[Record], Iterable[Fields]]


def import_formats() -> dict[str, ImportFormat]:
    """All formats by name, in the order in which records are held against them."""
    return {name: IMPORTS[name] for name in IMPORTS}


def format_of(record: Record) -> str:
    """Name of the first format that a record is of; empty where none is."""
    return next((name for name, form in import_formats().items() if form.recognises(record)), "")


def first_of(record: Record, names: Iterable[str]) -> str | None:
    """The first of some names that a record has a value for, whatever the case of its letters."""
    known = {name.lower(): name for name in record if record[name] is not None}
    return next((known[name] for name in names if name in known), None)


def is_image(value: Any) -> bool:
    """Whether a value is an image with its bytes, or a struct that names one's file, as `datasets` stores it."""
    return isinstance(value, bytes) or (isinstance(value, Mapping) and "bytes" in value)
