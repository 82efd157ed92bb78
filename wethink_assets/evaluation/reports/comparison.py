"""Paired comparison of two models on the same samples: a policy with its base, or one version with another."""

import json
from collections.abc import Sequence
from dataclasses import asdict

import polars as pl

from wethink_assets.config import Settings
from wethink_assets.evaluation.grading.clusters import Clusters
from wethink_assets.evaluation.grading.intervals import Comparison, averaged, compare
from wethink_assets.evaluation.runs.records import GREEDY, Score, read_replies
from wethink_assets.extensions.builtin import BENCHMARK_FORMS
from wethink_assets.identity import canonical_json, digest_of
from wethink_assets.storage.faults import optional_write
from wethink_assets.storage.store import Store

VERSION = 3
SIGNIFICANT = 0.05
"""Level of a star."""


def against_base(store: Store, settings: Settings, base: Sequence[Score], policy: Sequence[Score]) -> Comparison | None:
    """Paired comparison of two models on one benchmark: of the greedy replies, else of the mean over the sampling seeds that both have.

    None when the two were not scored on the same file with the same prompts and judge. What was compared once is kept with the policy's score.
    """
    pairs = matching(base, policy)
    if not pairs:
        return None
    scoring = settings.scoring
    ids = [
        [one.settings_digest, other.settings_digest, one.created.isoformat(), other.created.isoformat()]
        for one, other in pairs
    ]
    digest = digest_of([VERSION, pairs[0][0].model_digest, ids, scoring.resamples, scoring.confidence])
    path = f"{pairs[0][1].folder}/against-{digest[:32]}.json"
    kept = store.read_if_present(path)
    if kept is not None:
        return _read(kept)
    first, second = (averaged([_clusters(store, pair[side]) for pair in pairs]) for side in (0, 1))
    comparison = compare(first, second, scoring.resamples, scoring.confidence)
    if comparison is not None:
        finite = {name: value if value == value else None for name, value in asdict(comparison).items()}
        with optional_write():
            store.publish(path, canonical_json(finite))
    return comparison


def matching(base: Sequence[Score], policy: Sequence[Score]) -> list[tuple[Score, Score]]:
    """Scores of two models that may be compared: the same file, prompts, judge and decoding; greedy alone where both have it."""
    others = {score.settings_digest: score for score in policy}
    pairs = [(score, others[score.settings_digest]) for score in base if score.settings_digest in others]
    greedy = [pair for pair in pairs if pair[0].decoding == GREEDY]
    return greedy or pairs


def _clusters(store: Store, score: Score) -> Clusters:
    return BENCHMARK_FORMS[score.form].clusters(read_replies(store, score))


def _read(data: bytes) -> Comparison:
    values = json.loads(data)
    floats = {
        name: float("nan") if values[name] is None else values[name]
        for name in ("difference", "low", "high", "p", "spread")
    }
    return Comparison(**{**values, **floats})


def flipped_samples(store: Store, first: Score, second: Score) -> pl.DataFrame:
    """Samples whose verdict changed from one score to the other, with both replies: the benchmark's columns, and `before_*`, `after_*`."""
    before, after = read_replies(store, first), read_replies(store, second)
    columns = ["reply", "prediction", "extracted", "hit", "how", "status"]
    joined = before.rename({name: f"before_{name}" for name in columns}).join(
        after.select("index", *(pl.col(name).alias(f"after_{name}") for name in columns)),
        on="index",
        how="inner",
        maintain_order="left",
    )
    return joined.filter(pl.col("before_hit") != pl.col("after_hit"))


def detectable(comparison: Comparison | None, looks: int) -> float | None:
    """The smallest true difference that would get a star in four of five repetitions, among so many comparisons; None where none would."""
    return None if comparison is None else comparison.detectable(SIGNIFICANT / max(1, looks))
