"""Plan of a scoring: what is missing, and what asking for it comes to in calls, tokens and money, before any model is asked."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from wethink_assets.config import RoleSettings, Settings
from wethink_assets.evaluation.benchmarks.files import BenchmarkFile
from wethink_assets.evaluation.forms.form import VLMEVALKIT
from wethink_assets.evaluation.runs.jobs import Job, jobs_with_scores
from wethink_assets.evaluation.runs.models import EvaluatedModel
from wethink_assets.evaluation.runs.records import Score, scores_of
from wethink_assets.storage.store import Store

MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class PlannedScore:
    """One model, benchmark and decoding that has no score yet.

    calls: of the model; judge_calls: at most, as rules decide what they can; reply_tokens: at most; prompt_tokens, usual_reply_tokens: by what
    a call of this model has taken, on this benchmark where it was scored, None before its first score; money: of the model alone, None where
    no price is set, else at the usual length of a reply, at the greatest before that is known.
    """

    model: str
    benchmark: str
    decoding: str
    calls: int
    judge_calls: int
    reply_tokens: int
    prompt_tokens: int | None
    usual_reply_tokens: int | None
    money: float | None


def plan_scores(
    store: Store, settings: Settings, models: Iterable[EvaluatedModel], files: Sequence[BenchmarkFile]
) -> list[PlannedScore]:
    """What is missing of the models on all usable files. No model is asked; finished calls of a killed scoring are counted again."""
    planned = []
    for model in {model.digest: model for model in models}.values():
        kept = list(scores_of(store, model.digest))
        for job, score in jobs_with_scores(store, settings, model, files):
            if score is None:
                planned.append(_planned(settings, model, job, kept))
    return planned


def _planned(settings: Settings, model: EvaluatedModel, job: Job, kept: Sequence[Score]) -> PlannedScore:
    count = job.rows.height
    measured = [score for score in kept if score.calls.get("policy.calls")]
    same = [score for score in measured if score.benchmark == job.key] or measured
    calls = sum(score.calls["policy.calls"] for score in same)
    prompt, reply = (
        round(count * sum(score.calls.get(f"policy.{name}", 0) for score in same) / calls) if calls else None
        for name in ("prompt_tokens", "completion_tokens")
    )
    most = count * job.decoding.max_tokens
    role = model.own or settings.scoring.endpoints.get(model.name)
    judged = job.form.judged or job.scorer == VLMEVALKIT
    return PlannedScore(
        model.name, job.key, job.decoding.name, count, count if judged else 0, most, prompt, reply,
        _money(role, prompt, most if reply is None else reply),
    )  # fmt: skip


def _money(role: RoleSettings | None, prompt: int | None, reply: int) -> float | None:
    if role is None or not (role.price_in or role.price_out):
        return None
    return round((role.price_in * (prompt or 0) + role.price_out * reply) / MILLION, 4)
