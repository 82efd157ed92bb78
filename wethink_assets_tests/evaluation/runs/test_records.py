"""Replies are kept with their question."""

import polars as pl

from wethink_assets.evaluation.reports.newest import newest
from wethink_assets.evaluation.runs.records import scores_of
from wethink_assets_tests.support.scored_training_run import HOSTILE, ScoredRun


def test_replies_keep_the_question_so_that_a_score_can_be_read_without_its_file(
    scored: ScoredRun,
) -> None:
    store, _, policy = scored
    after = newest(scores_of(store, policy.model_digest))["mine"][0]
    frame = store.read_parquet(f"{after.folder}/replies.parquet")
    assert frame.filter(pl.col("index") == "3")["question"].item().endswith(HOSTILE)
    assert f"scores/{'c' * 64}/mine/{after.settings_digest}" == after.folder
