"""Ingestion of a batch job that ended: its replies become calls of the journal, its errors what they are for live calls.

An error that may pass (overload, a limit, a broken reply) is tried again in the next round, five times at most; moderation and refused requests are
the fates of their items; a spent balance, a refused key and a wrong setup end the run. Calls that an expired or cancelled job did not come to are
asked anew. All of it is read from the service's files, so it can be repeated until the record says `ended`: whatever was journaled before is left as
it is. Replies about images that were erased since then are paid, counted and not kept.
"""

import asyncio
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import cast

from wethink_assets.config import RoleSettings
from wethink_assets.errors import ModelError
from wethink_assets.models.chat import CallFailed, Completion, Role
from wethink_assets.models.endpoint.batch_api import BatchApi, LineReply, ServiceJob
from wethink_assets.models.endpoint.retry import TransientFault
from wethink_assets.models.token_counts import TokenCounter
from wethink_assets.storage.journal.calls import Call, now
from wethink_assets.storage.journal.journal import Journal
from wethink_assets.storage.store import Store
from wethink_assets.storage.table_files import scan_table
from wethink_assets.storage.tables import Tables
from wethink_assets.synthesis.batch_jobs.records import AskedCall, JobRecord, Unanswered, calls_of, keep_unanswered
from wethink_assets.synthesis.batch_jobs.submission import drop
from wethink_assets.synthesis.budgets.job_accounts import close_account
from wethink_assets.synthesis.budgets.usage import price_of
from wethink_assets.synthesis.calls.replies import kept_reply, require_usable

__all__ = ["Ingested", "ingest"]

MOST_TRIES = 5
FLUSH_AT = 5_000
TOO_MUCH = ("token_limit_exceeded", "enqueued token limit", "too many batches", "batch limit")
"""Words of a service that takes no further job until others have ended."""


@dataclass
class Ingested:
    """What came of an ended job: the keys of new calls, those to be tried again or given up, and why the run must stop, if it must."""

    keys: list[str] = field(default_factory=list)
    unanswered: list[Unanswered] = field(default_factory=list)
    stop: ModelError | None = None
    full: bool = False
    """Whether the service took the job for one too many, and will take it when others have ended."""


async def ingest(
    store: Store,
    journal: Journal,
    api: BatchApi,
    role: RoleSettings,
    job: JobRecord,
    state: ServiceJob,
) -> Ingested:
    """Journal what came of a job that has ended. Raises `ModelError` where the service does not hand it out."""
    if state.status == "failed":
        await asyncio.to_thread(drop, store, job)
        await api.delete(job.input_file)
        failure = api.failure(state)
        return Ingested(stop=failure, full=any(words in state.errors.lower() for words in TOO_MUCH))
    calls = await asyncio.to_thread(lambda: {call.key: call for call in calls_of(store, job)})
    replies = _Replies(journal, role, calls, await asyncio.to_thread(_erased, store, job.batch, calls.values()))
    with tempfile.TemporaryDirectory(prefix="wethink-batch-") as folder:
        for file in filter(None, (state.output_file, state.error_file)):
            async for reply in api.replies(file, Path(folder)):
                replies.take(reply)
                if replies.fresh >= FLUSH_AT:
                    replies.fresh = 0
                    await asyncio.to_thread(journal.flush)
    if state.status == "completed":
        replies.take_missing()
    ingested = replies.ingested
    await asyncio.to_thread(journal.flush)
    await asyncio.to_thread(keep_unanswered, store, job, ingested.unanswered)
    await asyncio.to_thread(
        close_account, store, job.budget, job.name, job.batch, replies.answered, replies.tokens, replies.money
    )
    spent = {"answered": replies.answered, "tokens": replies.tokens, "money": replies.money}
    await asyncio.to_thread(lambda: job.kept(store, state="ended", status=state.status, **spent))
    for file in filter(None, (job.input_file, state.output_file, state.error_file)):
        await api.delete(file)
    if state.status == "cancelled" and ingested.stop is None:
        ingested.stop = ModelError(
            f"the batch job {job.description} was cancelled at its service after {replies.answered} of {job.calls} calls, which are in the "
            "journal; start the run again to have the others asked"
        )
    return ingested


def _erased(store: Store, batch: str, calls: Iterable[AskedCall]) -> frozenset[str]:
    """Images that calls are about and the batch holds no more; none where its images were never published."""
    commit = Tables(store).current("images", batch)
    if commit is None:
        return frozenset()
    held = scan_table(store, commit).select("image_id").collect()["image_id"]
    return frozenset(call.image_id for call in calls).difference(held)


class _Replies:
    """Replies of one job, as they are read."""

    def __init__(
        self, journal: Journal, role: RoleSettings, calls: dict[str, AskedCall], erased: frozenset[str]
    ) -> None:
        self._journal = journal
        self._erased = erased
        self._role = role
        self._calls = calls
        self.ingested = Ingested()
        self.answered = self.tokens = self.fresh = 0
        self.money = 0.0

    def take(self, reply: LineReply) -> None:
        """Take what came of a call; of two replies to one the first counts, and what nobody asked for is left."""
        call = self._calls.pop(reply.key, None)
        if call is None:
            return
        if reply.completion is not None:
            self._take_completion(call, reply.completion)
        elif reply.error is not None:
            self._take_error(call, reply.error)

    def take_missing(self) -> None:
        """Calls of which a completed job tells nothing."""
        for call in list(self._calls.values()):
            self._take_error(call, TransientFault("broken", "the batch job was completed without a reply to this call"))

    def _take_completion(self, call: AskedCall, reply: Completion) -> None:
        counted = not reply.prompt_tokens or bool(reply.text and not reply.completion_tokens)
        if counted:
            prompt = reply.prompt_tokens or call.prompt_tokens
            said = reply.completion_tokens or TokenCounter.of_text(reply.text)
            reply = replace(reply, prompt_tokens=prompt, completion_tokens=said, counted=True)
        self.answered += 1
        self.tokens += reply.prompt_tokens + reply.completion_tokens
        tokens = (reply.prompt_tokens, reply.completion_tokens)
        self.money = round(self.money + price_of(self._role, *tokens, cached_tokens=reply.cached_tokens), 12)
        if call.image_id in self._erased:
            return
        try:
            kept = kept_reply(reply)
            require_usable(cast(Role, call.role), kept, call.certain)
        except ModelError as error:
            self._take_error(call, error)
            return
        self.ingested.keys.append(call.key)
        if self._journal.find(call.key) is None:
            self.fresh += 1
            self._journal.add(
                Call(
                    call.key,
                    call.role,
                    call.prompt,
                    call.item,
                    call.sample,
                    kept,
                    0.0,  # nobody knows how long the service worked on it
                    now(),
                    call.request,
                    call.max_tokens,
                )
            )

    def _take_error(self, call: AskedCall, error: Exception) -> None:
        tries = call.tries + 1
        if isinstance(error, CallFailed):
            reason = error.reason
        elif isinstance(error, ModelError):  # of no call alone
            self.ingested.stop = self.ingested.stop or error
            reason, tries = "", call.tries
        else:
            reason = "endpoint_error" if tries >= MOST_TRIES else ""
        self.ingested.unanswered.append(Unanswered(call.key, reason, str(error), tries))
