"""pass@k and maj@k: what several sampled replies to each question come to, at one temperature.

pass@k is the chance that one of k replies is right, by the unbiased estimator over the n that there are (Chen et al. 2021, arXiv 2107.03374, section
2.1): 1 - C(n - c, k) / C(n, k) for a question with c right ones. maj@k is the score of the answer that most of the first k replies give (Wang et al.
2022, arXiv 2203.11171), where answers are the same by the strict equality of rewards and syntheses; of equal votes the answer that came first counts.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import polars as pl

from wethink_assets.config import Settings
from wethink_assets.evaluation.forms.form import Form
from wethink_assets.evaluation.grading.clusters import Clusters, Floats, right_or_wrong
from wethink_assets.evaluation.grading.intervals import interval
from wethink_assets.evaluation.reports.newest import newest
from wethink_assets.evaluation.runs.records import GREEDY, Score, read_replies
from wethink_assets.evaluation.runs.training_runs import ModelScores
from wethink_assets.extensions.builtin import BENCHMARK_FORMS
from wethink_assets.rewards.equivalence.answers import strict_key
from wethink_assets.storage.store import Store


@dataclass(frozen=True)
class Repeats:
    """One model on one benchmark: value, lower and upper bound by k, on the benchmark's scale.

    replies: to each question, sampled at `temperature`; passed: empty where the headline is no share of right answers (grades, means of several
    ratios, points), so that nothing is passed; voted: as the benchmark adds up the answers voted for.
    """

    benchmark: str
    replies: int
    temperature: float
    passed: dict[int, tuple[float, float, float]]
    voted: dict[int, tuple[float, float, float]]


def pass_at_k(right: Iterable[int], replies: int, k: int) -> Floats:
    """The unbiased estimate for each question, of which so many of n replies are right. Raises `ValueError` unless 1 <= k <= n and 0 <= c <= n.

    >>> pass_at_k([0, 1, 2, 4], 4, 2).round(4).tolist()
    [0.0, 0.5, 0.8333, 1.0]
    """
    counts = list(right)
    if not 1 <= k <= replies or any(not 0 <= count <= replies for count in counts):
        raise ValueError(f"pass@{k} of {replies} replies, of which {counts} are right, is not defined")
    every = math.comb(replies, k)
    return np.array([1 - math.comb(replies - count, k) / every for count in counts], dtype=np.float64)


def repeats_of(store: Store, settings: Settings, scores: Sequence[Score]) -> Repeats | None:
    """pass@k and maj@k of one benchmark's scores of a model, at k of 1, 2, 4, ... and n; None with fewer than two sampled ones.

    `scores`: as `leaderboard.newest` has them, sampled at one temperature.
    """
    sampled = [score for score in scores if score.decoding != GREEDY]
    if len(sampled) < 2:
        return None
    form, scale, confidence = BENCHMARK_FORMS[sampled[0].form], sampled[0].scale, settings.scoring.confidence
    frames = [read_replies(store, score).sort("index") for score in sampled]
    runs = [form.clusters(frame) for frame in frames]
    ks = [*(2**power for power in range(len(frames).bit_length()) if 2**power < len(frames)), len(frames)]

    def figures(clusters: Clusters) -> tuple[float, float, float]:
        bounds = interval(clusters, confidence)
        value, low, high = (round(scale * each, 6) for each in (bounds.value, bounds.low, bounds.high))
        return value, low, high

    passed = {}
    if all(right_or_wrong(run) for run in runs):
        right = np.sum([run.top[:, 0] for run in runs], axis=0).astype(int)
        for k in ks:
            each = pass_at_k(right.tolist(), len(runs), k)
            passed[k] = figures(Clusters(runs[0].names, each[:, None], runs[0].bottom))
    keys = [[answer_key(form, row) for row in frame.iter_rows(named=True)] for frame in frames]
    voted = {k: figures(form.clusters(_voted(frames[:k], keys[:k]))) for k in ks}
    temperature = sampled[0].settings.get("decoding", {}).get("temperature", math.nan)
    return Repeats(sampled[0].benchmark, len(frames), temperature, passed, voted)


def repeats_of_run(store: Store, settings: Settings, run: ModelScores) -> list[Repeats]:
    """Those of each benchmark of a model that has two sampled scores or more."""
    each = (repeats_of(store, settings, group) for group in newest(run.scores).values())
    return [one for one in each if one is not None]


def answer_key(form: Form, row: dict[str, Any]) -> str:
    """Key of a reply's answer, as the verdict read it: equal for answers that are the same; empty without an answer."""
    answer = row["extracted"] or row["prediction"]
    if not answer or not row["prediction"]:
        return ""
    options = list(form.options(row).values())
    return (
        strict_key(form.question_kind(row), answer, options, question=str(row["question"])) or f"as written: {answer}"
    )


def _voted(frames: Sequence[pl.DataFrame], keys: Sequence[Sequence[str]]) -> pl.DataFrame:
    """The rows with the verdict on the answer that most of the replies give."""
    hits = [frame["hit"].to_list() for frame in frames]
    chosen = []
    for place in range(frames[0].height):
        votes: dict[str, list[int]] = {}
        for number in range(len(frames)):
            if keys[number][place]:
                votes.setdefault(keys[number][place], []).append(number)
        most = max(votes.values(), key=len, default=[])  # of equal ones the first: that of the first seed
        chosen.append(hits[most[0]][place] if most else 0.0)
    return frames[0].with_columns(pl.Series("hit", chosen, pl.Float64))


def repeat_rows(repeats: Iterable[Repeats]) -> list[dict[str, str]]:
    """A row for each benchmark and k."""
    return [
        {
            "benchmark": one.benchmark,
            "k": f"{k} of {one.replies} at {one.temperature:g}",
            "pass@k": _text(one.passed.get(k)) or "not defined",
            "maj@k": _text(voted),
        }
        for one in repeats
        for k, voted in one.voted.items()
    ]


def as_record(repeats: Repeats) -> dict[str, Any]:
    """Plain values."""
    return asdict(repeats)


def _text(figures: tuple[float, float, float] | None) -> str:
    return "" if figures is None else f"{figures[0]:.1f} ({figures[1]:.1f} to {figures[2]:.1f})"
