"""Scoring of a model: only what is missing runs, a pair of benchmark and settings that has a score is left alone."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime

from wethink_assets.config import Settings
from wethink_assets.errors import SourceError
from wethink_assets.evaluation.benchmarks.files import BenchmarkFile
from wethink_assets.evaluation.forms.form import VLMEVALKIT
from wethink_assets.evaluation.grading.judge import JudgePrompts
from wethink_assets.evaluation.runs.aggregate import aggregate
from wethink_assets.evaluation.runs.calls import Calls
from wethink_assets.evaluation.runs.jobs import Job, jobs_with_scores
from wethink_assets.evaluation.runs.models import EvaluatedModel
from wethink_assets.evaluation.runs.records import Score, Waiting, publish_score, publish_waiting
from wethink_assets.evaluation.runs.replies import Progress, Prompts
from wethink_assets.evaluation.runs.work import Work
from wethink_assets.evaluation.vlmevalkit.process import Kit
from wethink_assets.evaluation.vlmevalkit.scoring import prompts_of
from wethink_assets.models.registry import Models
from wethink_assets.storage.store import Store

Scores = dict[tuple[str, str], Score]
OnScore = Callable[[Score], None]


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
    on_score: OnScore | None = None,
) -> list[Score]:
    """Scores of a model on all usable files with all decodings, in that order; those that are there already are read.

    Each is published when it is done, while others are asked for. What needs a judge that cannot be asked is left out, and noted in the store
    as waiting for it (`records.Waiting`); its replies are kept.

    Args:
        again: score anew what was scored with failed calls; finished calls are not repeated.
        models: models to ask instead of the configured ones, with the evaluated one as `policy`.
        kit: VLMEvalKit's process, shared with the scoring of other models; None: one of this call's own, if it is needed.
        on_score: called with each new score when it is published, in this thread.

    Raises `ModelError` when the model cannot be asked any more, finished scores and replies are kept; `SourceError` when VLMEvalKit fails
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
            scored, failed = _scored(store, settings, model, jobs, models, kit, run_id, progress, on_score)
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
    run_id: str,
    progress: Progress | None,
    on_score: OnScore | None,
) -> tuple[Scores, list[SourceError]]:
    prompts, failed = kit_prompts(kit, jobs)
    jobs = [job for job in jobs if job.scorer != VLMEVALKIT or job.key in prompts]
    scores: Scores = {}
    keys, options = list({job.key for job in jobs}), model.call_options(settings)
    with Calls.open(store, models, model.digest, JudgePrompts.of(settings), keys, options) as calls:
        work = Work(models, calls, settings, model, jobs, kit)

        def publish() -> None:
            work.report(progress)
            while work.ended:
                ended = work.ended.popleft()
                job = ended.job
                if ended.failed is not None:
                    failed.append(ended.failed)
                elif ended.waiting is not None:
                    publish_waiting(store, _waiting(model, job, str(ended.waiting)))
                else:
                    score, replies = aggregate(settings, model, job, run_id, ended.result)
                    publish_score(store, score, replies, ended.result.files if ended.result else ())
                    scores[job.key, job.digest] = score
                    if on_score:
                        on_score(score)
                job.replies.clear()  # they are in the store: a scoring of many benchmarks holds those at work alone

        try:
            models.run(work.run(prompts), publish)
        finally:
            publish()
    return scores, failed


def _waiting(model: EvaluatedModel, job: Job, reason: str) -> Waiting:
    return Waiting(
        benchmark=job.key,
        model_digest=model.digest,
        model=model.identity,
        decoding=job.decoding.name,
        settings_digest=job.digest,
        samples=job.rows.height,
        reason=reason,
        created=datetime.now(UTC),
    )


def kit_prompts(kit: Kit, jobs: Sequence[Job]) -> tuple[Prompts, list[SourceError]]:
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
