"""Scores by category: each category of a benchmark as the benchmark adds it up, with an interval of its own."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from wethink_assets.config import Settings
from wethink_assets.evaluation.grading.clusters import Clusters
from wethink_assets.evaluation.grading.intervals import averaged, interval
from wethink_assets.evaluation.reports.leaderboard import leaderboard
from wethink_assets.evaluation.reports.newest import kept_of, newest
from wethink_assets.evaluation.runs.records import GREEDY, Score, read_replies
from wethink_assets.evaluation.runs.training_runs import ModelScores
from wethink_assets.extensions.builtin import BENCHMARK_FORMS
from wethink_assets.storage.store import Store


@dataclass(frozen=True)
class CategoryScore:
    """One model on one category of a benchmark. value, low, high: out of 100 (OCRBench's too), None without samples; units: groups of samples."""

    benchmark: str
    category: str
    samples: int
    units: int
    value: float | None
    low: float | None
    high: float | None


def categories_of(store: Store, settings: Settings, scores: Sequence[Score]) -> list[CategoryScore]:
    """Categories of one benchmark's scores of a model: of the greedy replies, else of the mean over the sampling seeds."""
    greedy = [score for score in scores if score.decoding == GREEDY]
    runs: dict[str, list[Clusters]] = {}
    samples: dict[str, int] = {}
    for score in greedy[:1] or scores:
        form = BENCHMARK_FORMS[score.form]
        for name, part in form.categories(read_replies(store, score)):
            runs.setdefault(name, []).append(form.clusters(part))
            samples[name] = part.height
    return [
        _category(scores[0].benchmark, name, samples[name], averaged(each), settings.scoring.confidence)
        for name, each in runs.items()
    ]


def _category(benchmark: str, name: str, samples: int, clusters: Clusters, confidence: float) -> CategoryScore:
    bounds = interval(clusters, confidence)
    value, low, high = (
        round(100 * each, 6) if math.isfinite(each) else None for each in (bounds.value, bounds.low, bounds.high)
    )
    return CategoryScore(benchmark, name, samples, len(clusters.names), value, low, high)


def categories_of_run(store: Store, settings: Settings, run: ModelScores) -> dict[str, list[CategoryScore]]:
    """Categories of a model, and of the base beside it, by name, base first."""
    named = {**({run.base_name: run.base} if run.base_name else {}), run.name: run.scores}
    return {
        name: [one for group in newest(scores).values() for one in categories_of(store, settings, group)]
        for name, scores in named.items()
    }


def board_by_category(store: Store, settings: Settings) -> dict[str, list[CategoryScore]]:
    """Categories of all models on the board that have scores, by the name of their row."""
    return {
        line.name: [
            category
            for group in kept_of(store, line.model_digest).groups.values()
            for category in categories_of(store, settings, group)
        ]
        for line in leaderboard(store, settings).lines
        if line.kind != "published"
    }


def category_text(score: CategoryScore | None) -> str:
    """Value with its interval, and how much it rests on.

    >>> category_text(CategoryScore("MMStar", "math", 12, 12, 50.0, 25.4, 74.6)), category_text(None)
    ('50.0 (25.4 to 74.6) of 12', '')
    """
    if score is None or score.value is None:
        return ""
    of = f"{score.samples}" if score.units == score.samples else f"{score.samples} in {score.units} units"
    return f"{score.value:.1f} ({score.low:.1f} to {score.high:.1f}) of {of}"


def category_rows(by_model: dict[str, list[CategoryScore]]) -> list[dict[str, str]]:
    """A row for each category of each benchmark, a column for each model."""
    keys = dict.fromkeys((one.benchmark, one.category) for scores in by_model.values() for one in scores)
    cells = {name: {(one.benchmark, one.category): one for one in scores} for name, scores in by_model.items()}
    return [
        {"benchmark": key[0], "category": key[1], **{name: category_text(of.get(key)) for name, of in cells.items()}}
        for key in keys
    ]


def as_records(scores: Sequence[CategoryScore]) -> list[dict[str, Any]]:
    """Plain values."""
    return [asdict(score) for score in scores]
