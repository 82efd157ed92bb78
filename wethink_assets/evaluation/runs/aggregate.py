"""Aggregation of a job's verdicts to its score, with interval, breakdown and flags."""

import math
from collections.abc import Iterator
from datetime import UTC, datetime

import polars as pl

from wethink_assets.config import Settings
from wethink_assets.evaluation.benchmarks.tsv import RESERVED
from wethink_assets.evaluation.forms.form import FAILED, JUDGE
from wethink_assets.evaluation.grading.breakdown import percent_of
from wethink_assets.evaluation.grading.intervals import Interval, interval
from wethink_assets.evaluation.runs.jobs import Job
from wethink_assets.evaluation.runs.models import EvaluatedModel
from wethink_assets.evaluation.runs.records import REPLY_COLUMNS, Score
from wethink_assets.evaluation.runs.replies import CUT, NO_ROOM, OK
from wethink_assets.evaluation.vlmevalkit.scoring import KitResult
from wethink_assets.models.finish_reasons import finish_reason_of

CLOSE = 0.06
"""Points by which VLMEvalKit's number may differ from the sum of its verdicts: it rounds some to one place."""


def aggregate(
    settings: Settings, model: EvaluatedModel, job: Job, run_id: str, kit: KitResult | None = None
) -> tuple[Score, pl.DataFrame]:
    """Score and replies of a job whose replies have their verdicts; `kit`: VLMEvalKit's result, whose number then is the score."""
    replies = pl.DataFrame(job.replies, schema={"index": pl.String, **REPLY_COLUMNS}, orient="row")
    own = [name for name in job.rows.columns if name not in REPLY_COLUMNS or name in RESERVED]
    frame = job.rows.select(own).join(replies, on="index", how="left", maintain_order="left")
    benchmark, scoring = job.file.benchmark, settings.scoring
    clusters = job.form.clusters(frame)
    bounds = interval(clusters, scoring.confidence)
    value, differs = _headline(benchmark.scale, bounds, kit)
    count = frame.height

    def share(rows: pl.Expr) -> float:
        return frame.filter(rows).height / count if count else 0.0

    failed_inference = share(pl.col("status") != OK)
    failed_judging = share(pl.col("how") == FAILED)
    cut = share((pl.col("status") == OK) & pl.col("finish_reason").is_in(_cut_words(frame)))
    no_answer = share((pl.col("status") == OK) & (pl.col("prediction") == ""))
    refused = share(pl.col("fault").str.starts_with(NO_ROOM))
    flags = [*_flags(scoring.flag_above, failed_inference, failed_judging, cut, no_answer, refused), *differs]
    breakdown = job.form.breakdown(frame) if kit is None else job.form.vlmevalkit_breakdown(frame)
    score = Score(
        benchmark=benchmark.key,
        title=benchmark.title,
        form=benchmark.form,
        sample=benchmark.sample,
        headline=benchmark.headline,
        scale=benchmark.scale,
        model_digest=model.digest,
        model=model.identity,
        decoding=job.decoding.name,
        settings=job.settings,
        settings_digest=job.digest,
        file_md5=job.file.md5,
        file_note=job.file.remedy,
        samples=count,
        units=len(clusters.names),
        value=value,
        low=None if differs else _finite(benchmark.scale * bounds.low),
        high=None if differs else _finite(benchmark.scale * bounds.high),
        parts={name: _finite(value) for name, value in breakdown.items()},
        failed_inference=failed_inference,
        failed_judging=failed_judging,
        no_answer=no_answer,
        cut=cut,
        answered=_finite(percent_of(frame.filter(pl.col("prediction") != "")["hit"])),
        judged=None if kit is not None else share(pl.col("how") == JUDGE),
        flags=(*flags, *(("other md5",) if job.file.state != "present" else ())),
        calls={name: float(value) for name, value in sorted(job.counts.items())},
        created=datetime.now(UTC),
        run_id=run_id,
        scorer=job.scorer,
        reported=kit.figures if kit is not None else {},
    )  # fmt: skip
    return score, frame


def _headline(scale: int, bounds: Interval, kit: KitResult | None) -> tuple[float | None, list[str]]:
    """The score, and a flag where VLMEvalKit's number is not what its verdicts add up to: it counts on the full benchmark's size.

    Where it counts rows without an answer as right, the verdicts without those are the score.
    """
    summed = _finite(scale * bounds.value)
    if kit is None or kit.headline is None or kit.withdrawn:
        return summed, []
    if summed is not None and abs(kit.headline - summed) <= CLOSE * scale / 100:
        return _finite(kit.headline), []
    return _finite(kit.headline), [f"VLMEvalKit's number; its verdicts add up to {summed}"]


def _cut_words(frame: pl.DataFrame) -> list[str]:
    """The words by which services of these replies say that they were cut off."""
    words = frame["finish_reason"].drop_nulls().unique().to_list()
    return [word for word in words if finish_reason_of(word) == CUT]


def _flags(
    above: float, inference: float, judging: float, cut: float, no_answer: float, refused: float
) -> Iterator[str]:
    if inference > above:
        yield f"{inference:.1%} of calls failed" + (f": {NO_ROOM} as long, lower max_tokens" if refused else "")
    if judging > above:
        yield f"{judging:.1%} of verdicts failed"
    if cut > above:
        yield f"{cut:.1%} of replies were cut off: raise scoring.max_tokens"
    if no_answer - cut > above:
        yield f"{no_answer - cut:.1%} of replies ended without an answer"


def _finite(value: float) -> float | None:
    return round(value, 6) if math.isfinite(value) else None
