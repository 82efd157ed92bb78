"""Plan of a scoring: what is missing, and what asking for it comes to in calls, tokens, time and money, before any model is asked."""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass

import polars as pl

from wethink_assets.config import RoleSettings, Settings
from wethink_assets.errors import StoreError
from wethink_assets.evaluation.benchmarks.files import BenchmarkFile
from wethink_assets.evaluation.runs.calls import STAGE, scope_of
from wethink_assets.evaluation.runs.jobs import Job, jobs_with_scores
from wethink_assets.evaluation.runs.models import EvaluatedModel
from wethink_assets.evaluation.runs.records import Score, scores_of
from wethink_assets.storage.journal.calls import CALLS
from wethink_assets.storage.journal.files import part_names
from wethink_assets.storage.journal.journal import journal_folder
from wethink_assets.storage.store import Store
from wethink_assets.synthesis.budgets.usage import price_of

CALL_TIMES = pl.Schema({name: CALLS[name] for name in ("seconds", "finished")})


@dataclass(frozen=True, slots=True)
class PlannedScore:
    """One model, benchmark and decoding that has no score yet.

    calls: of the model; judge_calls: at most, as rules decide what they can; reply_tokens: at most; prompt_tokens, usual_reply_tokens: by what
    a call of this model has taken, on this benchmark where it was scored, None before its first score; seconds: of the model's replies, at the
    speed with which it answered before (on this benchmark, else on any), None where no call of it is journaled; money: of the model alone, None
    where no price is set, else at the usual length of a reply, at the greatest before that is known.
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
    """How many calls a second a model has answered, by its journals: calls by the time in which at least one was under way."""

    def __init__(self, store: Store, model_digest: str) -> None:
        self._store, self._ending = store, scope_of("", model_digest)
        self._calls: dict[str, pl.DataFrame] = {}
        self._names = [name for name in store.names(f"journal/{STAGE}") if name.endswith(self._ending)]

    def of(self, benchmark: str) -> float | None:
        """Calls a second on a benchmark, where it was asked about it, else on all; None where no call is journaled."""
        own = f"{benchmark}{self._ending}"
        calls = self._read(own) if own in self._names else CALL_TIMES.to_frame()
        if calls.is_empty():
            calls = pl.concat([CALL_TIMES.to_frame(), *(self._read(name) for name in self._names)])
        return calls_a_second(calls)

    def _read(self, name: str) -> pl.DataFrame:
        if name not in self._calls:
            folder = journal_folder(STAGE, name)
            frames = [CALL_TIMES.to_frame()]
            for part in part_names(self._store, folder):
                with suppress(StoreError):  # a damaged part is moved aside by the next scoring
                    times = self._store.scan_parquet(f"{folder}/{part}").filter(role="policy")
                    frames.append(times.select(CALL_TIMES.names()).collect())
            self._calls[name] = pl.concat(frames)
        return self._calls[name]


def calls_a_second(calls: pl.DataFrame) -> float | None:
    """Calls by the seconds in which at least one was under way (columns `CALL_TIMES`); None without any.

    Two calls at once for two seconds, and one of a second later on:

    >>> from datetime import UTC, datetime, timedelta
    >>> at = datetime(2025, 1, 1, tzinfo=UTC)
    >>> ends = [at, at, at + timedelta(seconds=60)]
    >>> calls_a_second(pl.DataFrame({"seconds": [2.0, 2.0, 1.0], "finished": ends}, schema=CALL_TIMES))
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
    calls = sum(score.calls["policy.calls"] for score in same)
    prompt, reply = (
        round(count * sum(score.calls.get(f"policy.{name}", 0) for score in same) / calls) if calls else None
        for name in ("prompt_tokens", "completion_tokens")
    )
    most = count * job.decoding.max_tokens
    role = model.own or settings.scoring.endpoints.get(model.name)
    judged = job.form.judged
    speed = speeds.of(job.key)
    return PlannedScore(
        model.name, job.key, job.decoding.name, count, count if judged else 0, most, prompt, reply,
        _money(role, count, prompt, most if reply is None else reply), None if speed is None else round(count / speed, 3),
    )  # fmt: skip


def _money(role: RoleSettings | None, calls: int, prompt: int | None, reply: int) -> float | None:
    money = 0.0 if role is None else price_of(role, prompt or 0, reply, calls)
    return round(money, 4) if money else None
