"""OCRBench: points by group."""

import polars as pl

from wethink_assets.extensions.builtin import BENCHMARK_FORMS
from wethink_assets_tests.support.graded_rows import breakdown, headline


def test_ocrbench_adds_up_its_five_groups() -> None:
    verdicts_by_category = [
        ("Digit String Recognition", 1),
        ("Handwriting Recognition", 1),
        ("Doc-oriented VQA", 0),
        ("Doc-oriented VQA", 1),
    ]
    rows = [
        {"index": str(i), "category": category, "hit": hit} for i, (category, hit) in enumerate(verdicts_by_category)
    ]
    assert breakdown(rows, "ocr") == {"points: Doc-oriented VQA": 1, "points: Text Recognition": 2}
    assert headline(rows, "ocr") == 75


def test_the_verdict_on_each_row_is_by_its_rule_where_vlmevalkit_only_counts() -> None:
    rows = pl.DataFrame({"index": ["1", "2", "3"], "answer": ["['Hello']"] * 3, "category": ["x"] * 3})
    verdicts = BENCHMARK_FORMS["ocr"].vlmevalkit_verdicts(rows, {"1": "hello!", "2": "help", "3": ""}, {})
    assert [(verdicts[index].hit, verdicts[index].extracted) for index in ("1", "2", "3")] == [
        (1, "hello!"),
        (0, "help"),
        (0, ""),
    ]
