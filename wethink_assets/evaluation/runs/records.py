"""Records of a scored benchmark: the score with all that it follows from, and the reply to each sample."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import polars as pl
from pydantic import BaseModel, ConfigDict, Field

from wethink_assets.dataset.inventory.sealing import seal_after
from wethink_assets.identity import digest_of
from wethink_assets.storage.records import read_record, replace_record
from wethink_assets.storage.store import Store

Scorer = Literal["vlmevalkit", "own"]
SCHEMA_VERSION = 1
SCORES = "scores"
SCORE, REPLIES, KIT_FILES, WAITING = "score.json", "replies.parquet", "vlmevalkit", "waiting.json"
GREEDY = "greedy"
REPLY_COLUMNS: dict[str, pl.DataType | type[pl.DataType]] = {
    "prompt": pl.String,
    "reply": pl.String,
    "status": pl.String,
    "fault": pl.String,
    "finish_reason": pl.String,
    "prompt_tokens": pl.Int64,
    "completion_tokens": pl.Int64,
    "prediction": pl.String,
    "extracted": pl.String,
    "how": pl.String,
    "hit": pl.Float64,
    "call": pl.String,
}
"""Columns that `replies.parquet` has beside the benchmark's own (without images).

reply: as the model gave it; status: `ok` or `failed` (no reply); fault: why a reply holds no answer; prediction: its answer without the thought;
extracted, how, hit: the verdict; call: journal key.
"""


@dataclass(frozen=True, slots=True)
class Decoding:
    """How replies were drawn. name: `greedy`, or `seed <n>`."""

    temperature: float
    top_p: float
    max_tokens: int
    seed: int

    @property
    def name(self) -> str:
        """How it is called in tables."""
        return GREEDY if self.temperature == 0 else f"seed {self.seed}"


class Score(BaseModel):
    """The score of one model on one benchmark with one decoding.

    units: how many clusters of samples; value, low, high: headline with its interval, on the benchmark's scale; parts: its
    breakdown; settings: all that the replies and verdicts follow from, `settings_digest` its sha256; failed_inference, failed_judging,
    no_answer: shares of samples; judged: share decided by the judge, None where VLMEvalKit asks it; scorer: who made prompts and verdicts;
    cut: share of replies that ended at their most tokens; answered: percent right, or mean grade, of the samples that have an answer;
    reported: all figures of VLMEvalKit's own.
    """

    model_config = ConfigDict(frozen=True)

    schema_version: int = SCHEMA_VERSION
    benchmark: str
    title: str
    form: str
    sample: bool
    headline: str
    scale: int
    model_digest: str
    model: dict[str, str]
    decoding: str
    settings: dict[str, Any]
    settings_digest: str
    file_md5: str
    file_note: str = ""
    samples: int
    units: int
    value: float | None
    low: float | None
    high: float | None
    parts: dict[str, float | None]
    failed_inference: float
    failed_judging: float
    no_answer: float
    judged: float | None
    flags: tuple[str, ...]
    calls: dict[str, float]
    created: datetime
    run_id: str = ""
    scorer: Scorer = "own"
    cut: float = 0.0
    answered: float | None = None
    reported: dict[str, float] = Field(default_factory=dict)

    @property
    def folder(self) -> str:
        """Where score and replies lie, relative to the store's root."""
        return score_folder(self.model_digest, self.benchmark, self.settings_digest)

    @property
    def percent(self) -> float | None:
        """The headline out of 100, as averages take it (OCRBench's points divided by ten)."""
        return None if self.value is None else 100 * self.value / self.scale


class Waiting(BaseModel):
    """A benchmark with its replies that waits for the judge; the next scoring goes on there, and asks for no reply again.

    reason: why the judge could not be asked.
    """

    model_config = ConfigDict(frozen=True)

    benchmark: str
    model_digest: str
    model: dict[str, str]
    decoding: str
    settings_digest: str
    samples: int
    reason: str
    created: datetime


def score_folder(model_digest: str, benchmark: str, settings_digest: str) -> str:
    """`scores/<model digest>/<benchmark>/<settings digest>`."""
    return f"{SCORES}/{model_digest}/{benchmark}/{settings_digest}"


def digest_of_settings(settings: dict[str, Any]) -> str:
    """Name of the settings in paths: 32 hex digits."""
    return digest_of(["scoring", SCHEMA_VERSION, settings])[:32]


def read_score(store: Store, folder: str) -> Score | None:
    """The score in a folder; None when it was never finished. Raises `StoreError` when it is damaged."""
    return read_record(store, f"{folder}/{SCORE}", Score)


def publish_score(store: Store, score: Score, replies: pl.DataFrame, files: Sequence[Path] = ()) -> None:
    """Keep the replies and VLMEvalKit's own result files (`vlmevalkit/`), then the score, which makes them count."""
    for file in files:
        store.publish(f"{score.folder}/{KIT_FILES}/{file.name}", file.read_bytes())
    store.write_parquet(f"{score.folder}/{REPLIES}", replies)
    replace_record(store, f"{score.folder}/{SCORE}", score)
    seal_after(store, [score.folder], command="wethink score")


def publish_waiting(store: Store, waiting: Waiting) -> None:
    """Note that a benchmark waits for the judge; its score, once it is there, goes before the note."""
    folder = score_folder(waiting.model_digest, waiting.benchmark, waiting.settings_digest)
    replace_record(store, f"{folder}/{WAITING}", waiting)
    seal_after(store, [folder], command="wethink score")


def read_replies(store: Store, score: Score) -> pl.DataFrame:
    """All samples of a score with the benchmark's columns and `REPLY_COLUMNS`."""
    return store.read_parquet(f"{score.folder}/{REPLIES}")


def scores_of(store: Store, model_digest: str) -> Iterator[Score]:
    """All finished scores of a model, by benchmark and settings."""
    return (record for record in records_of(store, model_digest) if isinstance(record, Score))


def records_of(store: Store, model_digest: str) -> Iterator[Score | Waiting]:
    """All finished scores of a model, and notes of what waits for the judge, by benchmark and settings."""
    for benchmark in store.names(f"{SCORES}/{model_digest}"):
        for settings in store.names(f"{SCORES}/{model_digest}/{benchmark}"):
            folder = score_folder(model_digest, benchmark, settings)
            record = read_score(store, folder) or read_record(store, f"{folder}/{WAITING}", Waiting)
            if record is not None:
                yield record
