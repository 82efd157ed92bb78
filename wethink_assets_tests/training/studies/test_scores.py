"""Variants are compared on the samples and seeds that they share."""

import polars as pl
import pytest

from wethink_assets.training.studies.scores import GradedAnswers


def answers(accuracy: list[float | None]) -> pl.DataFrame:
    kinds = ["MC", "FIB", "MC", "DES"]
    return pl.DataFrame(
        {"row_id": list("abcd"), "kind": kinds, "accuracy": accuracy}, schema_overrides={"accuracy": pl.Float64}
    )


def test_variants_are_compared_on_the_samples_that_all_were_graded_on() -> None:
    graded = GradedAnswers(
        {
            "base": answers([0, 0, 1, 1]),
            "one": answers([1, 0, 1, None]),
            "two": answers([1, 1, 1, 0.5]).reverse(),
            "other": answers([0, 1, 1, 0]),
        },
        "row_id",
    )
    assert graded.groups == ["all", "MC", "FIB"]  # the only DES row was not graded for every model
    assert graded.means("base") == {"all": 0.3333, "MC": 0.5, "FIB": 0.0}
    scores = graded.scores("base", {1: "one", 2: "two"}, {1: "other", 3: "base"})
    assert scores["all"].n == 3
    assert scores["all"].accuracy.mean == pytest.approx(5 / 6, abs=1e-4)
    assert scores["all"].gain.mean == pytest.approx(5 / 6 - 1 / 3, abs=1e-4)
    difference = scores["MC"].difference
    assert difference is not None and difference.mean == 0.5  # seed 1 alone: both have it
    assert graded.scores("base", {1: "one"}, None)["all"].difference is None
    assert graded.scores("base", {1: "one"}, {2: "two"})["all"].difference is None
    assert graded.gains("base", "two")["FIB"]["gain"] == 1.0
