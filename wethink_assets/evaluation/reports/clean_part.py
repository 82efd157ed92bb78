"""Scores on the clean part: the samples of a benchmark of whose images the training version shows none, beside the whole."""

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from wethink_assets.config import Settings
from wethink_assets.dataset.versions.shown_samples import ShownSamples
from wethink_assets.errors import WeThinkError
from wethink_assets.evaluation.grading.clusters import Clusters
from wethink_assets.evaluation.grading.intervals import Comparison, averaged, compare, interval
from wethink_assets.evaluation.reports.comparison import matching
from wethink_assets.evaluation.reports.newest import newest
from wethink_assets.evaluation.runs.records import GREEDY, Score, read_replies
from wethink_assets.evaluation.runs.training_runs import RunScores, kept_scores
from wethink_assets.extensions.builtin import BENCHMARK_FORMS
from wethink_assets.storage.store import Store
from wethink_assets.training.policies.catalog import list_policies


@dataclass(frozen=True)
class CleanPart:
    """A policy on the clean part of a benchmark, on the benchmark's scale.

    units: groups of samples that are left, of `whole`: one goes as a whole where any of its samples is shown; shown: samples whose image the
    version shows; base: the base model's value on the same part; against_base: the paired comparison there; unknown: why it is not known which
    samples are shown, and then nothing else is there.
    """

    units: int = 0
    whole: int = 0
    shown: int = 0
    value: float | None = None
    low: float | None = None
    high: float | None = None
    base: float | None = None
    against_base: Comparison | None = None
    unknown: str = ""


def clean_parts(store: Store, settings: Settings, run: RunScores) -> dict[str, CleanPart]:
    """The clean part of each benchmark that a training run's policy has a score on, but for drawn stand-ins, which are compared with nothing."""
    scores = {key: group for key, group in newest(run.scores).items() if not group[0].sample}
    if not scores:
        return {}
    try:
        shown = ShownSamples(store, run.policy.version)
    except WeThinkError as error:
        return {key: CleanPart(unknown=str(error)) for key in scores}
    before = newest(run.base)
    parts = {}
    for key, group in scores.items():
        indices = shown.of(key, group[0].file_md5)
        if indices is None:
            version = run.policy.version
            parts[key] = CleanPart(
                unknown=f"{version} was not compared with this file: `wethink cut` compares all batches"
            )
        else:
            parts[key] = _clean(store, settings, group, before.get(key, []), indices)
    return parts


def clean_parts_of_all(store: Store, settings: Settings) -> dict[str, dict[str, CleanPart]]:
    """The clean parts of all training runs that have a policy, by run and benchmark."""
    return {
        policy.key: clean_parts(store, settings, kept_scores(store, settings, policy))
        for policy in list_policies(store)
    }


def _clean(
    store: Store, settings: Settings, policy: Sequence[Score], base: Sequence[Score], shown: Collection[str]
) -> CleanPart:
    scoring, scale = settings.scoring, policy[0].scale
    greedy = [score for score in policy if score.decoding == GREEDY]
    whole = averaged([_clusters(store, score) for score in greedy[:1] or policy])
    touched = BENCHMARK_FORMS[policy[0].form].units_of(read_replies(store, policy[0]), shown)
    own = without(whole, touched)
    bounds = interval(own, scoring.confidence)
    before, after = (
        [without(_clusters(store, pair[side]), touched) for pair in matching(base, policy)] for side in (0, 1)
    )
    first = averaged(before) if before else None
    comparison = None if first is None else compare(first, averaged(after), scoring.resamples, scoring.confidence)
    return CleanPart(
        units=len(own.names),
        whole=len(whole.names),
        shown=len(shown),
        value=_finite(scale * bounds.value),
        low=_finite(scale * bounds.low),
        high=_finite(scale * bounds.high),
        base=None if first is None else _finite(scale * first.headline()),
        against_base=comparison,
    )


def without(clusters: Clusters, names: Collection[str]) -> Clusters:
    """The clusters but for those with these names."""
    kept = np.array([name not in names for name in clusters.names], dtype=bool)
    left = tuple(name for name in clusters.names if name not in names)
    return Clusters(left, clusters.top[kept], clusters.bottom[kept])


def clean_text(part: CleanPart | None) -> str:
    """What a table shows.

    >>> clean_text(CleanPart(units=40, whole=48, shown=8, value=62.5, low=47.0, high=75.8, base=55.0)), clean_text(CleanPart(whole=48, units=48))
    ('62.5 (47.0 to 75.8) on 40 of 48, base 55.0', 'all of it')
    """
    if part is None:
        return ""
    if part.unknown:
        return "not known"
    if part.units == part.whole:
        return "all of it"
    if part.value is None or part.low is None or part.high is None:
        return f"none of {part.whole}"
    base = "" if part.base is None else f", base {part.base:.1f}"
    return f"{part.value:.1f} ({part.low:.1f} to {part.high:.1f}) on {part.units} of {part.whole}{base}"


def _clusters(store: Store, score: Score) -> Clusters:
    return BENCHMARK_FORMS[score.form].clusters(read_replies(store, score))


def _finite(value: float) -> float | None:
    return round(value, 6) if math.isfinite(value) else None
