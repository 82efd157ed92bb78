"""Answers in free text: grades by capability, and what a file's questions allow."""

import asyncio
from typing import Any

import pytest

from wethink_assets.evaluation.forms.form import UNDECIDED, Verdict
from wethink_assets.evaluation.forms.free_text import FREE
from wethink_assets_tests.support.graded_rows import breakdown, headline


def test_mmvet_adds_grades_by_capability() -> None:
    rows = [{"index": "1", "category": "rec,ocr", "hit": 0.5}, {"index": "2", "category": "rec", "hit": 1.0}]
    parts = breakdown(rows, "mmvet")
    assert headline(rows, "mmvet") == 75 and (parts["rec"], parts["ocr"]) == (75, 50)


def verdict(reply: str, row: dict[str, str | None]) -> Verdict:
    """Verdict without a judge."""

    async def nobody(*_: Any, **__: Any) -> None:
        return None

    return asyncio.run(FREE.verdict({"index": "1", "question": "What is the value?", **row}, reply, nobody))


@pytest.mark.parametrize(
    ("row", "right", "wrong"),
    [
        ({"answer": "['sofa', 'couch']"}, "Couch.", "chair"),
        ({"answer": "12.4", "tolerance": "0.05"}, "12.6", "14"),
        ({"answer": "12.4", "tolerance": None}, "12.40", "12.6"),
        ({"answer": "12.4", "tolerance": "much"}, "12.4", "12.6"),
        ({"answer": "University of Washington", "edit_distance": "0.1"}, "Univercity of Washington", "Washington"),
    ],
)
def test_a_file_says_what_its_questions_allow(row: dict[str, str | None], right: str, wrong: str) -> None:
    assert verdict(right, row).hit == 1
    assert (verdict(wrong, row).hit, verdict(wrong, row).how) == (0, UNDECIDED)
