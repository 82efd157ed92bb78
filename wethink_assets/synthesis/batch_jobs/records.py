"""Records of batch jobs in the store: which calls a job has, how far it is, and which calls came to nothing.

`batch_jobs/open/<job>/` holds `job.json`, the record that counts; `calls.parquet`, the job's calls; and once its replies are in the journal
`unanswered.parquet`, calls that were answered with an error. When the stage is done the record moves to `batch_jobs/done/`. A record is written
before anything that it is about is done at the service:

    preparing   the file of requests may be on its way up; no job was made
    uploaded    the file is there; the job may have been made, which the service's list of jobs tells
    submitted   the job was made, under `job_id`
    ended       its replies are in the journal

Only who holds the lease of a stage's batch writes the records of its jobs.
"""

import uuid
from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Literal

import polars as pl
from pydantic import BaseModel, ConfigDict

from wethink_assets.models.chat import Role
from wethink_assets.storage.records import read_record, replace_record
from wethink_assets.storage.store import Store

__all__ = ["AskedCall", "JobRecord", "Unanswered", "jobs_about", "open_jobs"]

OPEN, DONE = "batch_jobs/open", "batch_jobs/done"


class JobRecord(BaseModel):
    """A batch job: whose calls it has, where it is, and how far; `name` is ours, `job_id` and the files the service's."""

    model_config = ConfigDict(frozen=True)

    name: str
    stage: str
    batch: str
    role: Role
    model: str
    url: str
    budget: str = ""
    calls: int
    state: Literal["preparing", "uploaded", "submitted", "ended"] = "preparing"
    changed: datetime
    prepared: datetime
    input_file: str = ""
    job_id: str = ""
    status: str = ""
    answered: int = 0
    tokens: int = 0
    money: float = 0.0

    @classmethod
    def new(cls, stage: str, batch: str, **fields: Any) -> "JobRecord":
        """The record of a job that is about to be prepared."""
        now = datetime.now(UTC)
        name = f"{stage}.{batch}.{uuid.uuid4().hex[:12]}"
        return cls(name=name, stage=stage, batch=batch, changed=now, prepared=now, **fields)

    @property
    def folder(self) -> str:
        """Its folder, while it is open."""
        return f"{OPEN}/{self.name}"

    @property
    def description(self) -> str:
        """The job for messages."""
        return f"{self.job_id or self.name} at {self.url}"

    def kept(self, store: Store, **changes: Any) -> "JobRecord":
        """The record with changes, as it is in the store from now on."""
        changed = self.model_copy(update={**changes, "changed": datetime.now(UTC)})
        replace_record(store, f"{self.folder}/job.json", changed)
        return changed

    def forgotten(self, store: Store) -> None:
        """Forget a job of which nothing came: its calls are free to be asked otherwise."""
        store.delete(f"{self.folder}/job.json")
        store.delete(self.folder)

    def settled(self, store: Store) -> None:
        """Put the record of an ended job away: its stage is done."""
        replace_record(store, f"{DONE}/{self.name}.json", self)
        self.forgotten(store)


@dataclass(frozen=True, slots=True)
class AskedCall:
    """One call of a job: fields of its `Call` in the journal, what must come with the reply, and its tries before this one.

    certain: the reply must say how certain the model was; prompt_tokens: as counted here, for a service that tells none.
    """

    key: str
    role: str
    prompt: str
    item: str
    sample: int
    request: str
    max_tokens: int
    certain: bool
    prompt_tokens: int = 0
    tries: int = 0

    @property
    def image_id(self) -> str:
        """The image that it is about."""
        return self.item.partition(":")[0]


@dataclass(frozen=True, slots=True)
class Unanswered:
    """A call that was answered with an error: to be tried again, or, with a `reason`, given up as `CallFailed`."""

    key: str
    reason: str
    message: str
    tries: int


_CALLS = pl.Schema(
    {
        "key": pl.String,
        "role": pl.String,
        "prompt": pl.String,
        "item": pl.String,
        "sample": pl.Int16,
        "request": pl.String,
        "max_tokens": pl.Int64,
        "certain": pl.Boolean,
        "prompt_tokens": pl.Int64,
        "tries": pl.Int16,
    }
)
_UNANSWERED = pl.Schema({"key": pl.String, "reason": pl.String, "message": pl.String, "tries": pl.Int16})


def open_jobs(store: Store) -> list[JobRecord]:
    """Jobs of all stages and batches that are not settled."""
    records = (read_record(store, f"{OPEN}/{name}/job.json", JobRecord) for name in store.names(OPEN))
    return [record for record in records if record is not None]


def jobs_about(store: Store, images: Collection[str]) -> list[JobRecord]:
    """Open jobs with calls about any of these images: their services have the images, or descriptions of them, until they have ended."""
    wanted = frozenset(images)
    waiting = (job for job in open_jobs(store) if job.state != "ended")
    return [job for job in waiting if any(call.image_id in wanted for call in calls_of(store, job))]


def jobs_of(store: Store, stage: str, batch: str) -> list[JobRecord]:
    """Jobs of one stage over one batch that are not settled, for who holds its lease: what a killed run left of others is swept away."""
    jobs = []
    for name in store.names(OPEN):
        if name.rpartition(".")[0] != f"{stage}.{batch}":
            continue
        record = read_record(store, f"{OPEN}/{name}/job.json", JobRecord)
        if record is None:
            store.delete(f"{OPEN}/{name}")
        else:
            jobs.append(record)
    return jobs


def keep_calls(store: Store, job: JobRecord, calls: Sequence[AskedCall]) -> None:
    """Keep the calls of a job, before its record."""
    store.write_parquet(f"{job.folder}/calls.parquet", pl.DataFrame([asdict(call) for call in calls], schema=_CALLS))


def calls_of(store: Store, job: JobRecord) -> Iterator[AskedCall]:
    """The calls of a job. Raises `StoreError` where they are missing."""
    rows = store.read_parquet(f"{job.folder}/calls.parquet").select(_CALLS.names()).iter_rows()
    return (AskedCall(*row) for row in rows)


def keep_unanswered(store: Store, job: JobRecord, calls: Sequence[Unanswered]) -> None:
    """Keep which calls of a job were answered with an error."""
    frame = pl.DataFrame([asdict(call) for call in calls], schema=_UNANSWERED)
    store.write_parquet(f"{job.folder}/unanswered.parquet", frame)


def unanswered_of(store: Store, job: JobRecord) -> Iterator[Unanswered]:
    """Calls of an ended job that were answered with an error."""
    rows = store.read_parquet(f"{job.folder}/unanswered.parquet").select(_UNANSWERED.names()).iter_rows()
    return (Unanswered(*row) for row in rows)
