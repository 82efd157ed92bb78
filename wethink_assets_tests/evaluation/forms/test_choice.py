"""Choices: rotations count together, and of MMMU the validation split."""

import math

import polars as pl
import pytest

from wethink_assets.evaluation.forms.form import FAILED, VLMEVALKIT, Verdict
from wethink_assets.extensions.builtin import BENCHMARK_FORMS
from wethink_assets_tests.support.graded_rows import breakdown, graded, headline


def test_circular_counts_a_question_only_when_every_rotation_is_right() -> None:
    hits = {0: 1, 1_000_000: 1, 1: 1, 1_000_001: 0, 2: 1}
    rows = [{"index": str(index), "category": "x", "hit": hit} for index, hit in hits.items()]
    assert headline(rows, "circular") == pytest.approx(200 / 3)
    assert breakdown(rows, "circular")["each rotation by itself"] == 80


def test_circular_leaves_out_rotations_without_their_question() -> None:
    assert headline([{"index": "3", "hit": 1}, {"index": "1000004", "hit": 0}], "circular") == 100


def test_mmmu_is_the_validation_split() -> None:
    rows = [
        {"index": str(i), "split": split, "hit": hit}
        for i, (split, hit) in enumerate([("validation", 1), ("validation", 0), ("dev", 0)])
    ]
    assert headline(rows, "mmmu") == 50
    assert breakdown(rows, "mmmu")["split dev"] == 0


def test_without_samples_there_is_no_score() -> None:
    assert math.isnan(
        BENCHMARK_FORMS["choice"].clusters(pl.DataFrame(schema={"index": pl.String, "hit": pl.Float64})).headline()
    )


def test_vlmevalkits_verdict_on_a_question_is_that_of_all_its_rotations() -> None:
    rows = pl.DataFrame({"index": ["3", "1000003", "4", "1000004", "1000009"]})
    verdicts = {"3": Verdict(1.0, "B", VLMEVALKIT), "4": Verdict(0.0, "", FAILED)}
    taken = BENCHMARK_FORMS["circular"].vlmevalkit_verdicts(rows, {}, verdicts)
    assert [taken[index].hit for index in rows["index"]] == [1, 1, 0, 0, 0]
    assert [taken[index].how for index in rows["index"]] == [VLMEVALKIT, VLMEVALKIT, FAILED, FAILED, VLMEVALKIT]


def test_vlmevalkit_has_no_figure_for_single_rotations() -> None:
    frame = graded([{"index": "0", "category": "x", "hit": 1}, {"index": "1000000", "category": "x", "hit": 1}])
    form = BENCHMARK_FORMS["circular"]
    assert set(form.breakdown(frame)) - set(form.vlmevalkit_breakdown(frame)) == {"each rotation by itself"}
