"""Submission of a round as batch jobs, such that a process that is killed at any point neither loses a job nor has it made twice.

The record goes first: `preparing` before the file is uploaded, `uploaded` before the job is made, `submitted` when its id is known. Who finds
`uploaded` asks the service's list of jobs whether one was made of that file. A job that is not there after a while never was: the record goes, and
its calls are asked anew.
"""

import asyncio
from datetime import UTC, datetime

from wethink_assets.errors import ModelError
from wethink_assets.models.endpoint.batch_api import BatchApi, ServiceJob
from wethink_assets.models.endpoint.retry import TransientFault
from wethink_assets.storage.lease import Lease
from wethink_assets.storage.store import Store
from wethink_assets.synthesis.batch_jobs.records import JobRecord, keep_calls
from wethink_assets.synthesis.batch_jobs.round import RequestFile
from wethink_assets.synthesis.budgets.allowance import Allowance
from wethink_assets.synthesis.budgets.job_accounts import close_account, reserve_calls

__all__ = ["resume", "submit"]

SETTLES = 10.0
"""Seconds after which a request whose sender is gone was carried out or never will be."""


async def submit(
    store: Store, lease: Lease, api: BatchApi, allowance: Allowance | None, job: JobRecord, file: RequestFile
) -> JobRecord | None:
    """Submit a file of requests as a job, as many of its calls as the budget has room for; None where that is none.

    Raises `ModelError` where the service takes no job; then the calls are free to be asked anew.
    """
    lease.require()
    budget = allowance.name if allowance is not None else ""
    await asyncio.to_thread(keep_calls, store, job, file.calls)
    job = await asyncio.to_thread(lambda: job.kept(store, calls=len(file.calls), budget=budget))
    if allowance is not None:
        count = await asyncio.to_thread(reserve_calls, store, allowance, job.name, job.batch, file.most)
        if not count:
            await asyncio.to_thread(drop, store, job)
            return None
        if count < len(file.calls):
            file.cut(count)
            await asyncio.to_thread(keep_calls, store, job, file.calls)
            job = await asyncio.to_thread(lambda: job.kept(store, calls=count))
    try:
        uploaded = await api.upload(job.name, file.path)
        lease.require()
        job = await asyncio.to_thread(lambda: job.kept(store, state="uploaded", input_file=uploaded))
        made = await _made(api, job)
    except ModelError:
        await asyncio.to_thread(drop, store, job)
        raise
    return await asyncio.to_thread(lambda: job.kept(store, state="submitted", job_id=made.id, status=made.status))


async def _made(api: BatchApi, job: JobRecord) -> ServiceJob:
    try:
        return await api.create(job.input_file, job.name)
    except TransientFault as fault:
        found = await _found(api, job)
        if found is not None:
            return found
        raise ModelError(
            f"{api.address} made no batch job of the file {job.input_file}: {fault}; start the run again"
        ) from None


async def resume(store: Store, api: BatchApi, job: JobRecord) -> JobRecord | None:
    """A job as it is after a run that was killed while it submitted it; None where it was never made."""
    if job.state == "uploaded":
        found = await _found(api, job)
        if found is not None:
            return await asyncio.to_thread(
                lambda: job.kept(store, state="submitted", job_id=found.id, status=found.status)
            )
        await api.delete(job.input_file)
    await asyncio.to_thread(drop, store, job)
    return None


async def _found(api: BatchApi, job: JobRecord) -> ServiceJob | None:
    """The job that the service made of an uploaded file, once what was under way has settled."""
    since = job.prepared.timestamp()
    found = await api.created(job.input_file, job.name, since)
    passed = (datetime.now(UTC) - job.changed).total_seconds()
    if found is None and passed < SETTLES:
        await asyncio.sleep(SETTLES - max(passed, 0.0))
        found = await api.created(job.input_file, job.name, since)
    return found


def drop(store: Store, job: JobRecord) -> None:
    """Forget a job that was never made, or of which nothing was done: it cost nothing."""
    close_account(store, job.budget, job.name, job.batch)
    job.forgotten(store)
