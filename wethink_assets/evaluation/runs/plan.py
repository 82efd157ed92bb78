"""Plan of a scoring: what is missing, and what asking for it comes to in calls, tokens, time and money, before any model is asked."""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

import polars as pl

from wethink_assets.config import RoleSettings, Settings
from wethink_assets.errors import StoreError
from wethink_assets.evaluation.benchmarks.files import BenchmarkFile
from wethink_assets.evaluation.runs.calls import STAGE, scope_of
from wethink_assets.evaluation.runs.jobs import Job, jobs_with_scores
from wethink_assets.evaluation.runs.models import EvaluatedModel
from wethink_assets.evaluation.runs.records import Score, scores_of
from wethink_assets.models.chat import Role
from wethink_assets.storage.journal.calls import CALLS
from wethink_assets.storage.journal.files import part_names
from wethink_assets.storage.journal.journal import journal_folder
from wethink_assets.storage.store import Store
from wethink_assets.synthesis.budgets.usage import price_of

CALL_TIMES = pl.Schema({name: CALLS[name] for name in ("role", "seconds", "finished")})


@dataclass(frozen=True, slots=True)
class PlannedScore:
    """One model, benchmark and decoding that has no score yet.

    calls: of the model; judge_calls: at most, as rules decide what they can; reply_tokens: at most; prompt_tokens, usual_reply_tokens: by what
    a call of this model has taken, on this benchmark where it was scored, None before its first score; seconds: of the model's replies, at the
    speed with which it answered before (on this benchmark, else on any), None where no call of it is journaled; money: of the model alone, None
    where no price is set, else at the usual length of a reply, at the greatest before that is known. usual_judge_calls: as often as the judge was
    asked about this model's replies to the benchmark before; judge_seconds, judge_money: of these calls, else of the most, at the speed and
    length with which judges answered about this model's replies, None before the first.
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
    seconds: float | None = None
    usual_judge_calls: int | None = None
    judge_seconds: float | None = None
    judge_money: float | None = None


def plan_scores(
    store: Store, settings: Settings, models: Iterable[EvaluatedModel], files: Sequence[BenchmarkFile]
) -> list[PlannedScore]:
    """What is missing of the models on all usable files. No model is asked; finished calls of a killed scoring are counted again."""
    planned = []
    for model in {model.digest: model for model in models}.values():
        kept = list(scores_of(store, model.digest))
        speeds = Speeds(store, model.digest)
        for job, score in jobs_with_scores(store, settings, model, files):
            if score is None:
                planned.append(_planned(settings, model, job, kept, speeds))
    return planned


class Speeds:
    """How many calls a second a model has answered, and a judge about its replies, by its journals: calls by the time in which any was under way."""

    def __init__(self, store: Store, model_digest: str) -> None:
        self._store, self._ending = store, scope_of("", model_digest)
        self._calls: dict[str, pl.DataFrame] = {}
        self._names = [name for name in store.names(f"journal/{STAGE}") if name.endswith(self._ending)]

    def of(self, benchmark: str, role: Role = "policy") -> float | None:
        """Calls a second on a benchmark, where the role was asked about it, else on all; None where no call is journaled."""
        own = f"{benchmark}{self._ending}"
        calls = self._read(own).filter(role=role) if own in self._names else CALL_TIMES.to_frame()
        if calls.is_empty():
            calls = pl.concat([CALL_TIMES.to_frame(), *(self._read(name) for name in self._names)]).filter(role=role)
        return calls_a_second(calls)

    def _read(self, name: str) -> pl.DataFrame:
        if name not in self._calls:
            folder = journal_folder(STAGE, name)
            frames = [CALL_TIMES.to_frame()]
            for part in part_names(self._store, folder):
                with suppress(StoreError):  # a damaged part is moved aside by the next scoring
                    times = self._store.scan_parquet(f"{folder}/{part}")
                    frames.append(times.select(CALL_TIMES.names()).collect())
            self._calls[name] = pl.concat(frames)
        return self._calls[name]


def calls_a_second(calls: pl.DataFrame) -> float | None:
    """Calls by the seconds in which at least one was under way (columns `CALL_TIMES`); None without any.

    Two calls at once for two seconds, and one of a second later on:

    >>> from datetime import UTC, datetime, timedelta
    >>> at = datetime(2025, 1, 1, tzinfo=UTC)
    >>> ends = [at, at, at + timedelta(seconds=60)]
    >>> calls_a_second(pl.DataFrame({"role": "policy", "seconds": [2.0, 2.0, 1.0], "finished": ends}, schema=CALL_TIMES))
    1.0
    """
    if calls.is_empty():
        return None
    spans = calls.select(
        (pl.col("finished").dt.epoch("us") / 1e6 - pl.col("seconds")).alias("start"),
        (pl.col("finished").dt.epoch("us") / 1e6).alias("end"),
    ).sort("start")
    before = pl.col("end").cum_max().shift(1)
    fresh = pl.max_horizontal(pl.col("end") - pl.max_horizontal("start", before), 0.0)
    busy = spans.select(fresh.sum()).item()
    return calls.height / busy if busy > 0 else None


def _planned(
    settings: Settings, model: EvaluatedModel, job: Job, kept: Sequence[Score], speeds: Speeds
) -> PlannedScore:
    count = job.rows.height
    measured = [score for score in kept if score.calls.get("policy.calls")]
    same = [score for score in measured if score.benchmark == job.key] or measured
    prompt, reply = (_tokens(same, "policy", name, count) for name in ("prompt_tokens", "completion_tokens"))
    most = count * job.decoding.max_tokens
    role = model.own or settings.scoring.endpoints.get(model.name)
    planned = PlannedScore(
        model.name, job.key, job.decoding.name, count, 0, most, prompt, reply,
        _money(role, count, prompt, most if reply is None else reply), _seconds(count, speeds.of(job.key)),
    )  # fmt: skip
    return _judged(settings, planned, kept, speeds) if job.form.judged else planned


def _judged(settings: Settings, planned: PlannedScore, kept: Sequence[Score], speeds: Speeds) -> PlannedScore:
    """The same with what the judge's part comes to."""
    before = [score for score in kept if score.benchmark == planned.benchmark and _asked(score, "policy")]
    replies = sum(_asked(score, "policy") for score in before)
    usual = round(planned.calls * sum(_asked(score, "judge") for score in before) / replies) if replies else None
    calls = planned.calls if usual is None else usual
    asked = [score for score in kept if score.calls.get("judge.calls")]
    prompt, reply = (_tokens(asked, "judge", name, calls) for name in ("prompt_tokens", "completion_tokens"))
    role = settings.role("judge")
    return replace(
        planned,
        judge_calls=planned.calls,
        usual_judge_calls=usual,
        judge_seconds=_seconds(calls, speeds.of(planned.benchmark, "judge")) if calls else 0.0,
        judge_money=None if reply is None else _money(role, calls, prompt, reply),
    )


def _asked(score: Score, role: Role) -> int:
    return int(score.calls.get(f"{role}.calls", 0) + score.calls.get(f"{role}.cached_calls", 0))


def _tokens(scores: Sequence[Score], role: Role, name: str, count: int) -> int | None:
    calls = sum(score.calls.get(f"{role}.calls", 0) for score in scores)
    return round(count * sum(score.calls.get(f"{role}.{name}", 0) for score in scores) / calls) if calls else None


def _seconds(calls: int, speed: float | None) -> float | None:
    return None if speed is None else round(calls / speed, 3)


def _money(role: RoleSettings | None, calls: int, prompt: int | None, reply: int) -> float | None:
    money = 0.0 if role is None else price_of(role, prompt or 0, reply, calls)
    return round(money, 4) if money else None
