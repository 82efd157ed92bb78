"""Calls of roles in mode `batch`: they are not made, they wait for batch jobs.

A stage runs every item as far as the journal goes. What its items lack then is a round: it is submitted as jobs, and the run ends. The next run reads
what came of the jobs that have ended into the journal, and goes on from there. Roles in mode `live` are asked as ever meanwhile.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from wethink_assets.config import Settings
from wethink_assets.errors import ModelError, WeThinkError
from wethink_assets.models.chat import CallFailed, Message, Role, Sampling
from wethink_assets.models.endpoint.batch_api import BatchApi
from wethink_assets.models.registry import Models
from wethink_assets.storage.journal.journal import Journal
from wethink_assets.storage.lease import Lease
from wethink_assets.storage.store import Store
from wethink_assets.synthesis.batch_jobs.ingestion import ingest
from wethink_assets.synthesis.batch_jobs.records import (
    AskedCall,
    JobRecord,
    Unanswered,
    calls_of,
    jobs_of,
    unanswered_of,
)
from wethink_assets.synthesis.batch_jobs.round import Round
from wethink_assets.synthesis.batch_jobs.submission import resume, submit
from wethink_assets.synthesis.budgets.allowance import Allowance, BudgetSpent
from wethink_assets.synthesis.calls.collector import Waiting

__all__ = ["BatchCalls", "JobsPending"]


class JobsPending(WeThinkError):
    """A stage waits for batch jobs: its run ends as a success that yields nothing, and goes on when one of them has ended."""

    def __init__(self, stage: str, batch: str, jobs: Sequence[JobRecord], note: str = "") -> None:
        calls = sum(job.calls for job in jobs)
        names = ", ".join(job.description for job in jobs[:3]) + (", ..." if len(jobs) > 3 else "")
        super().__init__(
            f"{stage} of {batch} waits for {len(jobs)} batch job{'s' * (len(jobs) != 1)} with {calls:,} call{'s' * (calls != 1)} ({names}){note}"
        )
        self.stage = stage
        self.batch = batch
        self.jobs = len(jobs)
        self.calls = calls


class BatchCalls:
    """Batch jobs of one stage over one batch, for who holds its lease. To be used as a context manager."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        models: Models,
        lease: Lease,
        stage: str,
        batch: str,
        allowance: Allowance | None,
    ) -> None:
        self._settings = settings
        self._store = store
        self._models = models
        self._lease = lease
        self._stage = stage
        self._batch = batch
        self._allowance = allowance
        self._jobs = jobs_of(store, stage, batch)
        self._coming: set[str] = set()  # keys of calls of jobs that have not ended
        self._tries: dict[str, int] = {}
        self._given_up: dict[str, CallFailed] = {}
        self._fresh: set[str] = set()  # keys of calls that this run ingested, and that nothing has asked for yet
        self._awaited: set[str] = set()
        self._round = Round()

    def __enter__(self) -> "BatchCalls":
        return self

    def __exit__(self, *error: object) -> None:
        self._round.__exit__(None, None, None)

    @property
    def _open(self) -> list[JobRecord]:
        return [job for job in self._jobs if job.state != "ended"]

    def takes(self, role: Role, key: str) -> bool:
        """Whether a call that the journal lacks is one for a job: by its role's mode, or since a job has it, or had it and it failed."""
        return self._models.asks_in_batches(role) or key in self._coming or key in self._given_up

    def was_ingested(self, key: str) -> bool:
        """Whether this run ingested a call, told once: it counts as made and not as found."""
        fresh = key in self._fresh
        self._fresh.discard(key)
        return fresh

    async def ask(
        self, call: AskedCall, messages: Sequence[Message], schema: Mapping[str, Any] | None, sampling: Sampling
    ) -> None:
        """Have a call go with the next round, unless a job has it. Always raises: `Waiting`, or `CallFailed` for a call that was given up."""
        failed = self._given_up.get(call.key)
        if failed is not None:
            raise CallFailed(str(failed), failed.reason)
        if call.key not in self._coming:
            role: Role = call.role  # type: ignore[assignment]
            tried = replace(call, tries=self._tries.get(call.key, 0))
            await self._round.add(
                self._models.batch_api(role), self._settings.role(role), tried, messages, schema, sampling
            )
        self._awaited.add(call.key)
        raise Waiting(call.key)

    def receive(self, journal: Journal) -> None:
        """Take what came of jobs since the last run. Raises `JobsPending` when nothing did and some are open, `ModelError` when the run must stop."""
        if self._jobs:
            self._models.run(self._receive(journal))

    async def _receive(self, journal: Journal) -> None:
        stop: ModelError | None = None
        refused: ModelError | None = None
        jobs: list[JobRecord] = []
        came = False
        for job in self._jobs:
            if job.state == "ended":
                self._note(unanswered_of(self._store, job))
                jobs.append(job)
                continue
            api = self._api_of(job)
            submitted = job if job.state == "submitted" else await resume(self._store, api, job)
            if submitted is None:
                continue
            state = await api.state(submitted.job_id)
            if not state.ended:
                jobs.append(submitted)
                self._coming |= {call.key for call in calls_of(self._store, submitted)}
                continue
            ingested = await ingest(self._store, journal, api, self._settings.role(job.role), submitted, state)
            self._fresh |= set(ingested.keys)
            self._note(ingested.unanswered)
            if ingested.full:
                refused = ingested.stop
            else:
                stop = stop or ingested.stop
            if state.status != "failed":
                came = True
                jobs.append(submitted.model_copy(update={"state": "ended"}))
        self._jobs = jobs
        if stop is not None:
            raise stop
        if self._open and (refused is not None or not came):
            raise JobsPending(self._stage, self._batch, self._open)
        if refused is not None and not came:
            raise ModelError(
                f"{refused}. A job with fewer calls may be taken: set batch_lines in [roles] of the role that asks"
            )

    def _note(self, unanswered: Iterable[Unanswered]) -> None:
        for call in unanswered:
            self._tries[call.key] = max(call.tries, self._tries.get(call.key, 0))
            if call.reason:
                self._given_up[call.key] = CallFailed(call.message, call.reason)

    def _api_of(self, job: JobRecord) -> BatchApi:
        """The service that has a job. Raises `ModelError` where the role names another by now: it must not see this one's calls or key."""
        role = self._settings.role(job.role)
        api = self._models.batch_api(job.role) if role.replicas else None
        if api is None or api.address != job.url:
            raise ModelError(
                f"{self._stage} of {self._batch}: the batch job {job.description} is open, and [roles.{job.role}] names another service by now. "
                f"Name that one again until the job has ended, or remove {self._store.link(job.folder)}: then its calls are paid and lost"
            )
        return api

    def submit(self) -> None:
        """Submit what items wait for. Raises `JobsPending` when any does, `BudgetSpent` when nothing of it can be paid."""
        if self._awaited:
            self._models.run(self._submit())

    async def _submit(self) -> None:
        left = 0
        for file in self._round.files():
            if left:
                left += len(file.calls)
                continue
            api, wanted = self._models.batch_api(file.role), len(file.calls)
            model = self._models.identity(file.role)[0]
            fields = {"role": file.role, "model": model, "url": api.address, "calls": wanted}
            job = JobRecord.new(self._stage, self._batch, **fields)
            submitted = await submit(self._store, self._lease, api, self._allowance, job, file)
            left += wanted - (submitted.calls if submitted is not None else 0)
            if submitted is not None:
                self._jobs.append(submitted)
        if not self._open and self._allowance is not None:
            raise BudgetSpent(
                self._allowance.name, f"{left:,} calls of a batch job do not fit in at the most that they can take"
            )
        note = f"; the budget has no room for {left:,} calls more until then" if left else ""
        raise JobsPending(self._stage, self._batch, self._open, note)

    def settle(self) -> None:
        """The stage is done: records of its ended jobs are put away."""
        for job in self._jobs:
            if job.state == "ended":
                job.settled(self._store)
