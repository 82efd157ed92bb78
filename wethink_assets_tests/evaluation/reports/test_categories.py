"""Scores by category: what belongs to each, as its benchmark adds it up, with intervals; categories of rows are set by hand."""

from typing import Any

import polars as pl
import pytest

from wethink_assets.evaluation.reports.categories import board_by_category, categories_of_run, category_rows
from wethink_assets.evaluation.runs.training_runs import kept_scores
from wethink_assets.extensions.builtin import BENCHMARK_FORMS
from wethink_assets_tests.support.scored_training_run import ScoredRun

MMSTAR = [
    {"index": str(i), "category": name, "l2-category": "dots", "hit": hit}
    for i, (name, hit) in enumerate([("red", 1.0), ("red", 0.0), ("blue", 1.0), (None, 0.0)])
]
CIRCULAR = [
    {"index": str(i + 1_000_000 * turn), "category": name, "hit": 1.0 if i else float(turn == 0)}
    for i, name in enumerate(("colour", "shape"))
    for turn in range(2)
]
HALLUSION = [
    {"index": f"0_VD_{kind}_{set_}_{figure}_0", "category": "VD", "l2-category": kind, "hit": hit}
    for set_, kind, figure, hit in (
        ("1", "table", 1, 1.0),
        ("1", "table", 2, 1.0),
        ("2", "chart", 1, 0.0),
        ("2", "chart", 2, 1.0),
    )
]
DYNAMATH = [
    {"index": str(i), "qid": str(i // 2), "subject": "algebra" if i < 4 else "graphs", "knowledge_level": "high school", "hit": hit}
    for i, hit in enumerate((1.0, 1.0, 1.0, 0.0, 1.0, 1.0))
]  # fmt: skip
WEMATH = [
    {"index": str(i), "ID": problem, "key": key, "hit": hit}
    for i, (problem, key, hit) in enumerate([
        ("1", "2steps_1", 1.0), ("1", "2steps_2", 1.0), ("1", "2steps_multi", 0.0),
        ("2", "3steps_1", 1.0), ("2", "3steps_2", 1.0), ("2", "3steps_3", 1.0), ("2", "3steps_multi", 1.0),
    ])
]  # fmt: skip
MATHVISTA = [
    {"index": "1", "task": "figure question answering", "skills": "['algebraic reasoning', 'statistical reasoning']", "hit": 1.0},
    {"index": "2", "task": "math word problem", "skills": "['algebraic reasoning']", "hit": 0.0},
]  # fmt: skip
MMMU = [
    {"index": f"{split}_{i}", "split": split, "category": "Art", "l2-category": "Humanities", "hit": hit}
    for i, (split, hit) in enumerate([("validation", 1.0), ("validation", 0.0), ("dev", 1.0)])
]
MMVET = [
    {"index": "v1_0", "category": "ocr,math", "hit": 0.5},
    {"index": "v1_1", "category": "ocr", "hit": 1.0},
]


@pytest.mark.parametrize(
    ("form", "rows", "expected"),
    [
        ("choice", MMSTAR, {"dots": (50, 4), "blue": (100, 1), "red": (50, 2)}),
        ("circular", CIRCULAR, {"colour": (0, 1), "shape": (100, 1)}),
        ("yes_no", HALLUSION, {"chart": (100 * (0.5 + 0.5 + 0) / 3, 1), "table": (100, 1)}),
        ("dynamath", DYNAMATH, {"algebra": (50, 2), "graphs": (100, 1), "high school": (200 / 3, 3)}),
        ("wemath", WEMATH, {"two steps": (50, 1), "three steps": (100, 1)}),
        ("mathvista", MATHVISTA, {"figure question answering": (100, 1), "math word problem": (0, 1),
                                  "algebraic reasoning": (50, 2), "statistical reasoning": (100, 1)}),
        ("mmmu", MMMU, {"Humanities": (50, 2), "Art": (50, 2)}),
        ("mmvet", MMVET, {"math": (50, 1), "ocr": (75, 2)}),
    ],
)  # fmt: skip
def test_each_category_is_added_up_as_its_benchmark_is(
    form: str, rows: list[dict[str, Any]], expected: dict[str, tuple[float, int]]
) -> None:
    added = {}
    for name, part in BENCHMARK_FORMS[form].categories(pl.DataFrame(rows)):
        clusters = BENCHMARK_FORMS[form].clusters(part)
        added[name] = (pytest.approx(100 * clusters.headline()), len(clusters.names))
    assert {name: added.get(name) for name in expected} == expected


def test_base_and_policy_stand_beside_each_other_with_intervals(scored: ScoredRun) -> None:
    store, settings, policy = scored
    run = categories_of_run(store, settings, kept_scores(store, settings, policy))
    assert list(run) == ["base-7b", "v0001.grpo"]
    (base,), (own,) = run.values()
    assert (base.category, base.samples, base.value, own.value) == ("dots", 20, 50, 90)
    assert own.low is not None and own.high is not None and own.low < 90 < own.high
    assert board_by_category(store, settings) == run
    (row,) = category_rows(run)
    assert row["category"] == "dots" and row["v0001.grpo"].endswith(" of 20")
