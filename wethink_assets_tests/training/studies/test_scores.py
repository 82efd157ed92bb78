"""Means over seeds and samples: what the intervals say, and what is compared with what."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wethink_assets.training.studies.scores import GradedAnswers
from wethink_assets.training.studies.statistics import estimate


@settings(max_examples=30, deadline=None)
@given(seeds=st.integers(1, 5), samples=st.integers(1, 40), number=st.integers(0, 99))
def test_the_mean_lies_in_its_interval(seeds: int, samples: int, number: int) -> None:
    values = np.random.default_rng(number).integers(0, 2, (seeds, samples)).astype(float)
    found = estimate(values, resamples=400)
    assert 0 <= found.low <= found.mean + 1e-4 and found.mean <= found.high + 1e-4 <= 1 + 2e-4
    assert found.mean == pytest.approx(values.mean(), abs=1e-4)


def test_equal_values_leave_no_doubt() -> None:
    found = estimate(np.full((3, 50), 0.25))
    assert (found.mean, found.low, found.high) == (0.25, 0.25, 0.25)


def test_one_seed_gives_the_interval_of_the_samples() -> None:
    values = np.random.default_rng(0).integers(0, 2, (1, 400)).astype(float)
    found = estimate(values)
    spread = 1.96 * values.std() / 20
    assert found.high - found.low == pytest.approx(2 * spread, rel=0.1)


def test_seeds_that_differ_widen_the_interval() -> None:
    rng = np.random.default_rng(0)
    alike = rng.random((4, 500)) < 0.5
    apart = rng.random((4, 500)) < np.array([[0.2], [0.4], [0.6], [0.8]])
    widths = [found.high - found.low for found in (estimate(alike.astype(float)), estimate(apart.astype(float)))]
    assert widths[1] > 2 * widths[0]


def test_the_interval_holds_the_truth_about_as_often_as_it_says() -> None:
    rng, held = np.random.default_rng(1), 0
    for _ in range(200):
        seeds, samples = rng.normal(0, 0.1, (5, 1)), rng.normal(0, 0.3, (1, 60))
        found = estimate(seeds + samples + rng.normal(0, 0.3, (5, 60)), resamples=300)
        held += found.low <= 0 <= found.high
    assert 170 <= held <= 200


def test_no_value_has_no_mean() -> None:
    with pytest.raises(ValueError, match="no value"):
        estimate(np.zeros((2, 0)))


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
