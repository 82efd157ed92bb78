"""Stability of a score: how far it moves when the judge is asked again, and when the question is worded otherwise. Measured on request.

Repeats of the judge are asked with other seeds about the very same replies, at the temperature that its role has; wordings add a sentence
that asks for nothing new to each question. Finished calls are in the journal of benchmark and model: a second measurement asks only what is
missing.
"""

import math
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from statistics import mean, stdev
from typing import Literal

from wethink_assets.config import Settings
from wethink_assets.errors import ConfigError
from wethink_assets.evaluation.benchmarks.files import BenchmarkFile
from wethink_assets.evaluation.grading.judge import JudgePrompts
from wethink_assets.evaluation.runs.aggregate import aggregate
from wethink_assets.evaluation.runs.calls import Calls
from wethink_assets.evaluation.runs.jobs import Job, jobs_with_scores
from wethink_assets.evaluation.runs.models import EvaluatedModel
from wethink_assets.evaluation.runs.replies import Progress, Prompts
from wethink_assets.evaluation.runs.score import kit_prompts
from wethink_assets.evaluation.runs.work import Work
from wethink_assets.evaluation.vlmevalkit.process import Kit
from wethink_assets.models.registry import Models
from wethink_assets.storage.store import Store

Source = Literal["judge", "wording"]
WORDINGS = (
    "Answer the question above.",
    "Look closely at the image before you answer.",
    "Answer what is asked, and nothing else.",
    "Please read the question carefully, then answer it.",
    "Base your answer on the image.",
)
"""Sentences that are added to a question, one for each wording."""


@dataclass(frozen=True, slots=True)
class Stability:
    """How far one score moves. values: the score as it is, then of each repeat; changed: share of samples whose verdict is not the same in all."""

    model: str
    benchmark: str
    decoding: str
    source: Source
    values: tuple[float | None, ...]
    changed: float

    @property
    def deviation(self) -> float | None:
        """Standard deviation of the score over all values, on the benchmark's scale; None where one has no value."""
        known = [value for value in self.values if value is not None and math.isfinite(value)]
        return stdev(known) if len(known) == len(self.values) > 1 else None

    @property
    def average(self) -> float | None:
        """Mean of the values; None as above."""
        return None if self.deviation is None else mean(value for value in self.values if value is not None)


Measured = tuple[float | None, dict[str, float]]
"""A score, and the verdict on each sample by index."""


def measure_stability(
    store: Store,
    settings: Settings,
    model: EvaluatedModel,
    files: Sequence[BenchmarkFile],
    *,
    judge_repeats: int = 0,
    wordings: int = 0,
    models: Models | None = None,
    kit: Kit | None = None,
    progress: Progress | None = None,
) -> list[Stability]:
    """Stability of a model's first decoding (greedy, where that is scored) on all usable files; the judge's only where one is asked.

    Raises `ConfigError` for more wordings than there are, `ModelError` when model or judge is gone, `SourceError` where VLMEvalKit fails on a file.
    """
    if wordings > len(WORDINGS):
        raise ConfigError(f"--wordings {wordings}: there are {len(WORDINGS)}")
    first: dict[str, Job] = {}
    for job, _ in jobs_with_scores(store, settings, model, files, models):
        first.setdefault(job.key, job)
    jobs = list(first.values())
    judged = [job for job in jobs if job.form.judged]
    with ExitStack() as resources:
        kit = kit or resources.enter_context(Kit(settings))
        if models is None:
            models = Models.open(model.settings(settings))
            resources.callback(models.close)
        prompts, failed = kit_prompts(kit, jobs)
        if failed:
            raise failed[0]
        calls = resources.enter_context(
            Calls.open(
                store, models, model.digest, JudgePrompts.of(settings), list(first), model.call_options(settings)
            )
        )

        def measured(asked: Sequence[Job], repeat: int = 0, wording: str = "") -> dict[str, Measured]:
            calls.repeat = repeat
            fresh = [replace(job, wording=wording, replies=[], counts=Counter()) for job in asked]
            return _measured(settings, model, fresh, models, calls, kit, prompts, progress)

        plain = measured(jobs)
        by_judge = [measured(judged, repeat=number) for number in range(1, judge_repeats + 1)]
        by_wording = [measured(jobs, wording=sentence) for sentence in WORDINGS[:wordings]]
    sources: tuple[tuple[Source, list[Job], list[dict[str, Measured]]], ...] = (
        ("judge", judged, by_judge),
        ("wording", jobs, by_wording),
    )
    return [
        _stability(model, job, source, [plain[job.key], *(one[job.key] for one in repeats)])
        for source, asked, repeats in sources
        for job in (asked if repeats else ())
    ]


def _measured(
    settings: Settings,
    model: EvaluatedModel,
    jobs: Sequence[Job],
    models: Models,
    calls: Calls,
    kit: Kit,
    prompts: Prompts,
    progress: Progress | None,
) -> dict[str, Measured]:
    work = Work(models, calls, settings, model, jobs, kit)
    models.run(work.run(prompts), lambda: work.report(progress))
    measured: dict[str, Measured] = {}
    for ended in work.ended:
        if fault := ended.failed or ended.waiting:
            raise fault
        score, _ = aggregate(settings, model, ended.job, "", ended.result)
        measured[ended.job.key] = score.value, {reply["index"]: reply["hit"] for reply in ended.job.replies}
    return measured


def _stability(model: EvaluatedModel, job: Job, source: Source, measured: Sequence[Measured]) -> Stability:
    verdicts = [hits for _, hits in measured]
    changed = sum(len({hits[index] for hits in verdicts}) > 1 for index in verdicts[0])
    values = tuple(value for value, _ in measured)
    return Stability(model.name, job.key, job.decoding.name, source, values, changed / max(1, len(verdicts[0])))
