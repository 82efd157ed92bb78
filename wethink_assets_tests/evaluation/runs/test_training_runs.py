"""A training run beside its base."""

import pytest

from wethink_assets.evaluation.reports.leaderboard_text import run_rows
from wethink_assets.evaluation.runs.training_runs import kept_scores, missing
from wethink_assets_tests.support.scored_training_run import ScoredRun


def test_a_training_run_beside_its_base(scored: ScoredRun) -> None:
    store, settings, policy = scored
    run = kept_scores(store, settings, policy)
    comparison = run.comparisons["mine"]
    assert (comparison.units, comparison.better, comparison.worse) == (20, 9, 1)
    assert comparison.difference == pytest.approx(0.4) and comparison.p == pytest.approx(12 / 1024)
    (row,) = run_rows(run)
    assert (
        row["base"].startswith("50.0 (")
        and row["policy"].startswith("90.0 (")
        and row["difference"].startswith("+40.0*")
    )
    assert (
        missing(store, settings, "v0001.grpo", ["mine"]) == 0
        and run.data_version == kept_scores(store, settings, policy).data_version
    )
