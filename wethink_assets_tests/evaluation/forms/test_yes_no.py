"""Yes and No: the three accuracies of HallusionBench."""

import pytest

from wethink_assets_tests.support.graded_rows import breakdown, headline


def hallusion(hits: dict[str, int]) -> list[dict[str, object]]:
    return [{"index": index, "category": "VD", "l2-category": "chart", "hit": hit} for index, hit in hits.items()]


def test_hallusionbench_is_the_mean_of_three_accuracies() -> None:
    # One set, two figures, two questions: figure 0 all right, figure 1 wrong on question 1.
    rows = hallusion({"VD_chart_1_0_0_0": 1, "VD_chart_1_0_0_1": 1, "VD_chart_1_0_1_0": 1, "VD_chart_1_0_1_1": 0})
    parts = breakdown(rows, "yes_no")
    assert (parts["aAcc"], parts["fAcc"], parts["qAcc"]) == (75, 50, 50)
    assert headline(rows, "yes_no") == pytest.approx((75 + 50 + 50) / 3)


def test_hallusionbench_keeps_sets_of_other_categories_apart() -> None:
    rows = hallusion({"VD_chart_1_0_0_0": 1, "VD_chart_1_0_1_0": 1})
    rows += [
        {**row, "index": str(row["index"]).replace("chart", "map"), "l2-category": "map", "hit": 0} for row in rows
    ]
    parts = breakdown(rows, "yes_no")
    assert (parts["aAcc"], parts["fAcc"], parts["qAcc"]) == (50, 50, 50)
    assert parts["chart qAcc"] == 100 and parts["map qAcc"] == 0


def test_yes_no_without_hallusions_index_is_plain_accuracy() -> None:
    assert headline([{"index": "1", "hit": 1}, {"index": "2", "hit": 0}], "yes_no") == 50
