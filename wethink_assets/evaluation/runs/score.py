"""Scoring of a model: only what is missing runs, a pair of benchmark and settings that has a score is left alone."""

from collections.abc import Sequence
from contextlib import ExitStack

from wethink_assets.config import Settings
from wethink_assets.errors import SourceError
from wethink_assets.evaluation.benchmarks.files import BenchmarkFile
from wethink_assets.evaluation.forms.form import VLMEVALKIT
from wethink_assets.evaluation.grading.judge import JudgePrompts
from wethink_assets.evaluation.runs.aggregate import aggregate
from wethink_assets.evaluation.runs.calls import Calls
from wethink_assets.evaluation.runs.grades import grade_all, grade_by_kit
from wethink_assets.evaluation.runs.jobs import Job, jobs_with_scores
from wethink_assets.evaluation.runs.models import EvaluatedModel
from wethink_assets.evaluation.runs.records import Score, publish_score
from wethink_assets.evaluation.runs.replies import Progress, Prompts, ask_all
from wethink_assets.evaluation.vlmevalkit.process import Kit
from wethink_assets.evaluation.vlmevalkit.scoring import prompts_of
from wethink_assets.models.registry import Models
from wethink_assets.storage.store import Store

Scores = dict[tuple[str, str], Score]


def score_model(
    store: Store,
    settings: Settings,
    model: EvaluatedModel,
    files: Sequence[BenchmarkFile],
    *,
    progress: Progress | None = None,
    run_id: str = "",
    again: bool = False,
    models: Models | None = None,
    kit: Kit | None = None,
) -> list[Score]:
    """Scores of a model on all usable files with all decodings, in that order; those that are there already are read.

    Args:
        again: score anew what was scored with failed calls; finished calls are not repeated.
        models: models to ask instead of the configured ones, with the evaluated one as `policy`.
        kit: VLMEvalKit's process, shared with the scoring of other models; None: one of this call's own, if it is needed.

    Raises `ModelError` when the model or the judge cannot be asked any more, finished replies are kept; `SourceError` when VLMEvalKit fails
    on a file, after all others were scored.
    """
    jobs: list[Job] = []
    scores: dict[tuple[str, str], Score | None] = {}
    for job, score in jobs_with_scores(store, settings, model, files, models):
        scores[job.key, job.digest] = score
        if score is None or (again and score.failed_inference + score.failed_judging > 0):
            jobs.append(job)
    failed: list[SourceError] = []
    if jobs:
        with ExitStack() as resources:
            kit = kit or resources.enter_context(Kit(settings))
            if models is None:
                models = Models.open(model.settings(settings))
                resources.callback(models.close)
            scored, failed = _scored(store, settings, model, jobs, models, kit, progress, run_id)
            scores |= scored
    if failed:
        raise SourceError("; ".join(str(error) for error in failed))
    return [score for score in scores.values() if score is not None]


def _scored(
    store: Store,
    settings: Settings,
    model: EvaluatedModel,
    jobs: list[Job],
    models: Models,
    kit: Kit,
    progress: Progress | None,
    run_id: str,
) -> tuple[Scores, list[SourceError]]:
    prompts, failed = _prompts(kit, jobs)
    jobs = [job for job in jobs if job.scorer != VLMEVALKIT or job.key in prompts]
    theirs, ours = ([job for job in jobs if (job.scorer == VLMEVALKIT) == by_kit] for by_kit in (True, False))
    scores: Scores = {}
    keys, options = list({job.key for job in jobs}), model.call_options(settings)
    with Calls.open(store, models, model.digest, JudgePrompts.of(settings), keys, options) as calls:
        ask_all(models, calls, settings, model, jobs, prompts, progress)
        if ours:
            grade_all(models, calls, settings, ours, progress)
        for job in ours:
            score, replies = aggregate(settings, model, job, calls, run_id)
            publish_score(store, score, replies)
            scores[job.key, job.digest] = score
        if theirs:
            results, more = grade_by_kit(models, calls, settings, kit, model.identity["kind"], theirs, progress)
            failed += more
            for number, result in results.items():
                score, replies = aggregate(settings, model, theirs[number], calls, run_id, result)
                publish_score(store, score, replies, result.files)
                scores[score.benchmark, score.settings_digest] = score
    return scores, failed


def _prompts(kit: Kit, jobs: Sequence[Job]) -> tuple[Prompts, list[SourceError]]:
    """VLMEvalKit's prompts of all files that it scores, and the files that it has none for."""
    prompts: Prompts = {}
    failed: dict[str, SourceError] = {}
    for job in jobs:
        if job.scorer == VLMEVALKIT and job.key not in prompts and job.key not in failed:
            try:
                prompts[job.key] = prompts_of(kit, job.file)
            except SourceError as error:
                failed[job.key] = error
    return prompts, list(failed.values())
