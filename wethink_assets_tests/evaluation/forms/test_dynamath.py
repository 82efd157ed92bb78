"""DynaMath: the worst case of the variants."""

import pytest

from wethink_assets_tests.support.graded_rows import breakdown, headline


def test_dynamath_worst_case_needs_all_variants() -> None:
    rows = [
        {
            "index": f"{q}{v}",
            "qid": str(q),
            "varid": str(v),
            "subject": "algebra",
            "knowledge_level": "high school",
            "hit": hit,
        }
        for q, hits in ((0, (1, 1, 1)), (1, (1, 0, 1)))
        for v, hit in enumerate(hits, 1)
    ]
    parts = breakdown(rows, "dynamath")
    assert parts["worst case"] == 50 and parts["average"] == pytest.approx(100 * 5 / 6)
    assert headline(rows, "dynamath") == 50
