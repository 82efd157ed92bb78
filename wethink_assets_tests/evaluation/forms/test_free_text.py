"""Answers in free text: grades by capability."""

from wethink_assets_tests.support.graded_rows import breakdown, headline


def test_mmvet_adds_grades_by_capability() -> None:
    rows = [{"index": "1", "category": "rec,ocr", "hit": 0.5}, {"index": "2", "category": "rec", "hit": 1.0}]
    parts = breakdown(rows, "mmvet")
    assert headline(rows, "mmvet") == 75 and (parts["rec"], parts["ocr"]) == (75, 50)
