"""Lines with the fields of the WeThink paper, as it publishes them and as the exports `jsonl` and `easyr1` write them.

EasyR1's rows have no reasoning path, and what grading needs as JSON in `ground_truth`.
"""

import json
from collections.abc import Iterator

from wethink_assets.dataset.imports.format import FIELDS, Fields, ImportFormat, Record


def recognises(record: Record) -> bool:
    """Whether a record has a `problem`, an answer and an image."""
    return (
        "problem" in record
        and bool({"answer", "ground_truth"} & record.keys())
        and bool({"image_path", "images", "image"} & record.keys())
    )


def fields_of(record: Record) -> Iterator[Fields]:
    """The one pair of a record."""
    fields = {name: record[name] for name in FIELDS if name in record}
    fields["image"] = next((record[name] for name in ("image_path", "images", "image") if record.get(name)), None)
    truth = record.get("ground_truth")
    if isinstance(truth, str):
        fields = {**_graded(truth), **fields}
    yield fields


def _graded(truth: str) -> Fields:
    """What a ground truth says: the fields that EasyR1's export puts there, or the plain answer."""
    try:
        graded = json.loads(truth)
    except ValueError:
        return {"answer": truth}
    if not isinstance(graded, dict) or "answer" not in graded:
        return {"answer": truth}
    return {name: value for name, value in graded.items() if name in FIELDS}


PAPER_JSONL = ImportFormat("lines with the fields of the WeThink paper, or of EasyR1", recognises, fields_of)
