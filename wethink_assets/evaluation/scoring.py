"""How does a model come to its scores? Only what is missing runs: a pair of benchmark and settings that has a score is left alone."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import polars as pl

from wethink_assets.config import Settings
from wethink_assets.evaluation.asking import Calls, sampling_seed
from wethink_assets.evaluation.contenders import EMBEDDED_TOKENS, Contender
from wethink_assets.evaluation.files import BenchmarkFile, rows_of
from wethink_assets.evaluation.intervals import interval
from wethink_assets.evaluation.items import Row
from wethink_assets.evaluation.judge_prompts import JudgeWords
from wethink_assets.evaluation.parts import parts_of
from wethink_assets.evaluation.prompts import LOGIC_VERSION as PROMPTS_VERSION
from wethink_assets.evaluation.prompts import conversation
from wethink_assets.evaluation.records import (
    REPLY_COLUMNS,
    Decoding,
    Score,
    digest_of_settings,
    publish_score,
    read_score,
    score_folder,
)
from wethink_assets.evaluation.tsv import RESERVED, images_of
from wethink_assets.evaluation.units import units_of
from wethink_assets.evaluation.verdicts import FAILED, JUDGE, JUDGED, decide
from wethink_assets.evaluation.verdicts import LOGIC_VERSION as VERDICTS_VERSION
from wethink_assets.identity import sha256_hex
from wethink_assets.models.chat import Sampling
from wethink_assets.models.faults import CallFailed
from wethink_assets.models.roles import Models
from wethink_assets.storage.store import Store
from wethink_assets.synthesis.replies import MalformedReply, final_text, whole_text

OK = "ok"
Progress = Callable[[str, int, int], None]
"""Called with what is done, how many of it are done, and how many there are."""


@dataclass(slots=True)
class Job:
    """One benchmark with one decoding, to be scored; `found` gathers what each row came to."""

    file: BenchmarkFile
    decoding: Decoding
    settings: dict[str, Any]
    digest: str
    rows: pl.DataFrame
    found: list[dict[str, Any]] = field(default_factory=list)

    @property
    def key(self) -> str:
        """The benchmark."""
        return self.file.benchmark.key


def decodings(settings: Settings, contender: Contender) -> list[Decoding]:
    """The decodings that the configuration asks for, greedy first."""
    told = settings.scoring
    tokens = min(told.max_tokens, EMBEDDED_TOKENS) if contender.embedded else told.max_tokens
    greedy = [Decoding(0.0, 1.0, tokens, 0)] if told.greedy else []
    return [*greedy, *(Decoding(told.temperature, told.top_p, tokens, seed) for seed in told.seeds)]


def style_of(settings: Settings, contender: Contender) -> tuple[str, str]:
    """In which words questions are put, and the system prompt (none for an embedded policy, which was trained without)."""
    told = settings.scoring
    style = told.prompts if told.prompts != "auto" else "embedded" if contender.embedded else "vlmevalkit"
    return style, "" if style == "embedded" else told.system_prompt


def settings_of(
    settings: Settings, models: Models, words: JudgeWords, contender: Contender, file: BenchmarkFile, decoding: Decoding
) -> dict[str, Any]:
    """All that replies and verdicts of a benchmark follow from, beside the model's weights."""
    style, system = style_of(settings, contender)
    judge: dict[str, Any] = {}
    if file.benchmark.form in JUDGED:
        model, revision = models.identity("judge")
        role = settings.role("judge")
        judge = {"model": model, "revision": revision, "prompts": words.digest, "temperature": role.temperature,
                 "max_tokens": role.max_tokens}  # fmt: skip
    return {
        "file": file.md5,
        "form": file.benchmark.form,
        "decoding": {"temperature": decoding.temperature, "top_p": decoding.top_p, "max_tokens": decoding.max_tokens, "seed": decoding.seed},
        "prompts": {"style": style, "version": PROMPTS_VERSION, "system": sha256_hex(system.encode()) if system else ""},
        "verdicts": VERDICTS_VERSION,
        "judge": judge,
    }  # fmt: skip


def score_model(
    store: Store,
    settings: Settings,
    contender: Contender,
    files: Sequence[BenchmarkFile],
    *,
    progress: Progress | None = None,
    run_id: str = "",
    again: bool = False,
    models: Models | None = None,
) -> list[Score]:
    """Scores of a model on all usable files with all decodings, in that order; those that are there already are read.

    Args:
        again: score anew what was scored with failed calls; finished calls are not repeated.
        models: models to ask instead of the configured ones, with the contender as `policy`.

    Raises `ModelError` when the model or the judge cannot be asked any more; finished replies are kept.
    """
    words = JudgeWords.of(settings)
    jobs: list[Job] = []
    scores: dict[tuple[str, str], Score | None] = {}
    for job, score in pairs(store, settings, contender, files, models):
        scores[job.key, job.digest] = score
        if score is None or (again and score.failed_inference + score.failed_judging > 0):
            jobs.append(job)
    if jobs:
        scores |= _scored(store, settings, contender, jobs, words, progress, run_id, models)
    return [score for score in scores.values() if score is not None]


def pairs(
    store: Store, settings: Settings, contender: Contender, files: Sequence[BenchmarkFile], models: Models | None = None
) -> Iterator[tuple[Job, Score | None]]:
    """Each usable file with each decoding, and its score where there is one. No model is asked."""
    words, identities = JudgeWords.of(settings), models or Models.open(settings)
    for file in files:
        if not file.usable:
            continue
        for decoding in decodings(settings, contender):
            told = settings_of(settings, identities, words, contender, file, decoding)
            digest = digest_of_settings(told)
            score = read_score(store, score_folder(contender.digest, file.benchmark.key, digest))
            yield Job(file, decoding, told, digest, rows_of(file.path)), score


def _scored(
    store: Store,
    settings: Settings,
    contender: Contender,
    jobs: list[Job],
    words: JudgeWords,
    progress: Progress | None,
    run_id: str,
    given: Models | None,
) -> dict[tuple[str, str], Score]:
    models = given or Models.open(contender.settings(settings))
    try:
        with Calls.open(store, models, contender.digest, words, list({job.key for job in jobs})) as calls:
            width = settings.pipeline.concurrency
            _ask_all(models, calls, settings, contender, jobs, width, progress)
            _decide_all(models, calls, jobs, width, progress)
            scores = {}
            for job in jobs:
                score, replies = _finished(settings, contender, job, calls, run_id)
                publish_score(store, score, replies)
                scores[job.key, job.digest] = score
            return scores
    finally:
        if given is None:
            models.close()


def _each(jobs: Sequence[Job]) -> Iterator[tuple[Job, Row]]:
    for job in jobs:
        for row in job.rows.iter_rows(named=True):
            yield job, row


def _ask_all(
    models: Models,
    calls: Calls,
    settings: Settings,
    contender: Contender,
    jobs: Sequence[Job],
    width: int,
    progress: Progress | None,
) -> None:
    style, system = style_of(settings, contender)
    total = sum(job.rows.height for job in jobs)
    done = 0

    async def ask(place: tuple[Job, Row]) -> None:
        nonlocal done
        job, row = place
        messages = conversation(row, job.file.benchmark.form, images_of(job.file.path, row), style, system)
        drawn = job.decoding
        seed = sampling_seed(drawn.seed, job.key, row["index"]) if drawn.temperature else 0
        sampling = Sampling(drawn.temperature, drawn.top_p, drawn.max_tokens, seed)
        job.found.append(await _answered(calls, job, row, messages, sampling, style))
        done += 1

    def tell() -> None:
        if progress:
            progress(f"replies of {contender.name}", done, total)

    models.run(calls.work_through(_each(jobs), ask, width), tell)
    tell()


async def _answered(calls: Calls, job: Job, row: Row, messages: Any, sampling: Sampling, style: str) -> dict[str, Any]:
    found: dict[str, Any] = {"index": row["index"], "prompt": messages[-1].text, "prediction": ""}
    try:
        key, completion = await calls.reply(job.key, row["index"], messages, sampling, style)
    except CallFailed as error:
        return {**found, "status": "failed", "fault": whole_text(str(error))[:500], "reply": ""}
    found |= {
        "status": OK, "fault": "", "reply": completion.text, "call": key, "finish_reason": completion.finish_reason,
        "prompt_tokens": completion.prompt_tokens, "completion_tokens": completion.completion_tokens,
    }  # fmt: skip
    try:
        found["prediction"] = final_text(completion.text)
    except MalformedReply as fault:
        found["fault"] = str(fault)
    return found


def _decide_all(models: Models, calls: Calls, jobs: Sequence[Job], width: int, progress: Progress | None) -> None:
    total = sum(job.rows.height for job in jobs)
    done = 0

    def replies() -> Iterator[tuple[Job, Row, dict[str, Any]]]:
        for job in jobs:
            told = {found["index"]: found for found in job.found}
            for row in job.rows.iter_rows(named=True):
                yield job, row, told[row["index"]]

    async def judge(place: tuple[Job, Row, dict[str, Any]]) -> None:
        nonlocal done
        job, row, found = place

        async def ask(name: str, **variables: Any) -> Any:
            return await calls.judge(job.key, row["index"], name, **variables)

        verdict = await decide(row, job.file.benchmark.form, found["prediction"], ask)
        found |= {"hit": verdict.hit, "extracted": verdict.extracted, "how": verdict.how}
        done += 1

    def tell() -> None:
        if progress:
            progress("verdicts", done, total)

    models.run(calls.work_through(replies(), judge, width), tell)
    tell()


def _finished(
    settings: Settings, contender: Contender, job: Job, calls: Calls, run_id: str
) -> tuple[Score, pl.DataFrame]:
    replies = pl.DataFrame(job.found, schema={"index": pl.String, **REPLY_COLUMNS}, orient="row")
    own = [name for name in job.rows.columns if name not in REPLY_COLUMNS or name in RESERVED]
    frame = job.rows.select(own).join(replies, on="index", how="left", maintain_order="left")
    benchmark, told = job.file.benchmark, settings.scoring
    units = units_of(frame, benchmark.form)
    bounds = interval(units, told.resamples, told.confidence)
    count = frame.height

    def share(rows: pl.Expr) -> float:
        return frame.filter(rows).height / count if count else 0.0

    failed_inference = share(pl.col("status") != OK)
    failed_judging = share(pl.col("how") == FAILED)
    score = Score(
        benchmark=benchmark.key,
        title=benchmark.title,
        form=benchmark.form,
        sample=benchmark.sample,
        headline=benchmark.headline,
        scale=benchmark.scale,
        model_digest=contender.digest,
        model=contender.identity,
        decoding=job.decoding.name,
        settings=job.settings,
        settings_digest=job.digest,
        file_md5=job.file.md5,
        file_note=job.file.told,
        samples=count,
        units=len(units.names),
        value=_finite(benchmark.scale * bounds.value),
        low=_finite(benchmark.scale * bounds.low),
        high=_finite(benchmark.scale * bounds.high),
        parts={name: _finite(value) for name, value in parts_of(frame, benchmark.form).items()},
        failed_inference=failed_inference,
        failed_judging=failed_judging,
        no_answer=share((pl.col("status") == OK) & (pl.col("prediction") == "")),
        judged=share(pl.col("how") == JUDGE),
        flags=tuple(_flags(told.flag_above, failed_inference, failed_judging)) + (("other md5",) if job.file.state != "present" else ()),
        calls={name: float(value) for name, value in sorted(calls.counts[job.key].items())},
        created=datetime.now(UTC),
        run_id=run_id,
    )  # fmt: skip
    return score, frame


def _flags(above: float, inference: float, judging: float) -> Iterator[str]:
    if inference > above:
        yield f"{inference:.1%} of calls failed"
    if judging > above:
        yield f"{judging:.1%} of verdicts failed"


def _finite(value: float) -> float | None:
    return round(value, 6) if math.isfinite(value) else None
