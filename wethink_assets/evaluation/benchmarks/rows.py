"""What is asked in one row of a benchmark, whatever its form: question, options, kind."""

from collections.abc import Mapping
from typing import Any

from wethink_assets.evaluation.benchmarks.catalog import Form
from wethink_assets.evaluation.grading.rules import list_of
from wethink_assets.kinds import DESCRIPTIVE, FILL_IN, KINDS, LETTERS, MULTIPLE_CHOICE

Row = Mapping[str, Any]
OTHER = "Other Answers"


def options_of(row: Row, form: Form) -> dict[str, str]:
    """Options by letter: of the columns A, B, ..., or of the list in `choices`; an open MMMU question gets the two that its scoring gives it."""
    if form in ("mathvista", "mathvision"):
        return dict(zip(LETTERS, list_of(row.get("choices")), strict=False))
    columns = {letter: str(row[letter]) for letter in LETTERS if row.get(letter) is not None}
    if form == "mmmu" and "A" not in columns:
        return {"A": str(row["answer"]), "B": OTHER}
    return columns


def shown_options(row: Row, form: Form) -> dict[str, str]:
    """Options as the model sees them: none of an open question."""
    return {} if form == "mmmu" and row.get("A") is None else options_of(row, form)


def kind_of(row: Row, form: Form) -> str:
    """MC, FIB or DES. Drawn stand-ins say it; of other files, what has options is MC and what MM-Vet asks is DES."""
    told = row.get("kind")
    if told in KINDS:
        return str(told)
    if shown_options(row, form):
        return MULTIPLE_CHOICE.code
    return DESCRIPTIVE.code if form == "mmvet" else FILL_IN.code


def right_option(row: Row, form: Form) -> str:
    """Letter of the right option; MMMU's open questions have it in the first."""
    answer = str(row["answer"])
    return "A" if form == "mmmu" and answer not in LETTERS else answer


def reference_of(row: Row) -> str:
    """The reference answer as people read it."""
    return str(row["answer"]) if row.get("answer") is not None else ""
