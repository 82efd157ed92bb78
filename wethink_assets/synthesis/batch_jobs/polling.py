"""Polling of open batch jobs: which stages can go on, told by a few short questions to the services, whoever asks and however many jobs there are."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from wethink_assets.config import Settings
from wethink_assets.errors import WeThinkError
from wethink_assets.identity import digest_of
from wethink_assets.models.endpoint.batch_api import ServiceJob
from wethink_assets.models.endpoint.retry import TransientFault
from wethink_assets.models.registry import Models
from wethink_assets.storage.store import Store
from wethink_assets.synthesis.batch_jobs.records import JobRecord, open_jobs

__all__ = ["Polled", "ReadyStage", "job_states", "poll_jobs", "wait_for_jobs"]

MOST_JOBS = 32
"""Jobs that are asked for at once; the others are next."""
WITHIN = 10.0
"""Seconds that a service has to answer."""
STUCK = 600.0
"""Seconds after which a job whose submission or ingestion does not go on is left to a new run."""


@dataclass(frozen=True)
class ReadyStage:
    """A stage over a batch of which a job has ended, so that a run of it comes further; `key` is another one when its jobs have changed."""

    stage: str
    batch: str
    budget: str
    key: str


@dataclass(frozen=True)
class Polled:
    """Stages that can go on, how many jobs are open, what services said that did not tell, and the last job that was asked for."""

    ready: list[ReadyStage] = field(default_factory=list)
    open: int = 0
    notes: list[str] = field(default_factory=list)
    last: str = ""


def poll_jobs(settings: Settings, store: Store, after: str = "") -> Polled:
    """Ask for the jobs that follow a job by name, in turn. Raises `StoreError` where a record is damaged; no service that is out of reach does."""
    jobs = sorted(open_jobs(store), key=lambda job: (job.name <= after, job.name))
    submitted = [job for job in jobs if job.state == "submitted"][:MOST_JOBS]
    states = job_states(settings, submitted)
    ended = [job for job in submitted if isinstance(state := states[job.name], ServiceJob) and state.ended]
    stuck = [job for job in jobs if job.state != "submitted" and _age(job) > STUCK]
    stages: defaultdict[tuple[str, str], list[JobRecord]] = defaultdict(list)
    for job in (*ended, *stuck):
        stages[job.stage, job.batch].append(job)
    ready = [
        ReadyStage(stage, batch, of_stage[0].budget, _key(of_stage)) for (stage, batch), of_stage in stages.items()
    ]
    notes = [state for state in states.values() if isinstance(state, str)]
    return Polled(ready, len(jobs), list(dict.fromkeys(notes)), submitted[-1].name if submitted else "")


def job_states(settings: Settings, jobs: Sequence[JobRecord], cancel: bool = False) -> dict[str, ServiceJob | str]:
    """State of submitted jobs at their services, by our names of them, or why that cannot be told; `cancel` has them stopped."""
    if not jobs:
        return {}
    with Models.open(settings) as models:
        states = models.run(_all(models, jobs, cancel))
    return {job.name: state for job, state in zip(jobs, states, strict=True)}


async def _all(models: Models, jobs: Sequence[JobRecord], cancel: bool) -> list[ServiceJob | str]:
    return list(await asyncio.gather(*(_state(models, job, cancel) for job in jobs)))


async def _state(models: Models, job: JobRecord, cancel: bool) -> ServiceJob | str:
    try:
        api = models.batch_api(job.role)
        if api.address != job.url:
            return f"{job.description} is open, and [roles.{job.role}] names another service by now"
        return await (api.cancel(job.job_id) if cancel else api.state(job.job_id, WITHIN))
    except (WeThinkError, TransientFault) as error:
        return f"{job.description}: {error}"


def _age(job: JobRecord) -> float:
    return (datetime.now(UTC) - job.changed).total_seconds()


def _key(jobs: Sequence[JobRecord]) -> str:
    return digest_of(sorted([job.name, job.state, job.changed.isoformat()] for job in jobs))[:16]


def wait_for_jobs(settings: Settings, store: Store, longest_pause: float = 60.0) -> Polled:
    """Wait until a stage can go on, or no job is open any more; pauses grow to `longest_pause` seconds."""
    pause, after = 1.0, ""
    while True:
        polled = poll_jobs(settings, store, after)
        if polled.ready or not polled.open:
            return polled
        after = polled.last
        time.sleep(pause)
        pause = min(2 * pause, longest_pause)
