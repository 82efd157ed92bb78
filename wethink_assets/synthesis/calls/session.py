"""Session of a stage on a batch: its models, prompts, budget and the journal that keeps the replies."""

import asyncio
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager, nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import polars as pl

from wethink_assets.config import Settings
from wethink_assets.extensions.builtin import STAGES
from wethink_assets.identity import digest_of
from wethink_assets.models.chat import ChatModel, Completion, Image, Message, Role, Sampling
from wethink_assets.models.registry import Models
from wethink_assets.stages.output import StageOutput
from wethink_assets.stages.prompts import PROMPTS
from wethink_assets.storage.blobs import Blobs
from wethink_assets.storage.journal.calls import Call, call_keys, now
from wethink_assets.storage.journal.journal import Journal, journal_folder
from wethink_assets.storage.lease import leased
from wethink_assets.storage.store import Store
from wethink_assets.synthesis.batch_jobs.batch_calls import BatchCalls
from wethink_assets.synthesis.batch_jobs.records import AskedCall
from wethink_assets.synthesis.budgets.allowance import Allowance
from wethink_assets.synthesis.budgets.progress import ProgressReporter
from wethink_assets.synthesis.budgets.spent_balance import BalanceGuard
from wethink_assets.synthesis.budgets.usage import Usage
from wethink_assets.synthesis.calls.collector import Collector, Outcome
from wethink_assets.synthesis.calls.echo_filter import pack_language
from wethink_assets.synthesis.calls.journal_flush import ReplyJournal, flush_quietly, flush_regularly
from wethink_assets.synthesis.calls.replies import kept_reply, require_usable, whole_text
from wethink_assets.synthesis.calls.worker_pool import Rows, Work, work_through
from wethink_assets.synthesis.prompt_examples import rotation_of
from wethink_assets.synthesis.prompt_packs import Prompt, keep_prompts, load_prompts

RETRY_TEMPERATURE = 0.7
ITEMS_FOR_A_CALL = 2


def _unpaid(_: Completion) -> None:
    """What a reply costs where no budget is to know."""


def sampling_seed(pipeline_seed: int, stage: str, item: str, sample: int) -> int:
    """Seed of a call's sampling: 31 bits, the same whenever and beside whatever the call is made."""
    return int(digest_of(["sampling", pipeline_seed, stage, item, sample])[:8], 16) & 0x7FFF_FFFF


class Synthesis:
    """One stage at work on one batch: models, prompts, the batch's journal, and counters.

    Open it with `Synthesis.open`; stage functions take it as their last argument. Not for two stages at once.
    """

    def __init__(
        self,
        settings: Settings,
        store: Store,
        models: Models,
        stage: str,
        batch: str,
        journal: ReplyJournal,
        progress: ProgressReporter | None = None,
        allowance: Allowance | None = None,
        prompts: Mapping[str, Prompt] | None = None,
        batch_calls: BatchCalls | None = None,
    ) -> None:
        """`prompts` are others than those of the settings' packs; `batch_calls` has those of roles in mode `batch`."""
        self.settings = settings
        self.models = models
        self.blobs = Blobs(store)
        self.stage = stage
        self.batch = batch
        self.progress = progress
        self.usage = Usage(settings)
        self.started = datetime.now(UTC)
        self.prompts: Mapping[str, Prompt] = prompts or load_prompts(settings, STAGES[stage].asked_prompts(settings))
        self.language = pack_language(prompt.text for prompt in self.prompts.values())
        self.identities = {role: models.identity(role) for role in STAGES[stage].roles}
        self._options = {
            role: [models.request_options(role, each) for each in (False, True)] for role in self.identities
        }
        self._journal = journal
        self._allowance = allowance
        self._batch_calls = batch_calls
        self._gate = models.gate
        self._rank = self._gate.rank(batch)
        self._balance = BalanceGuard()
        self._opened: dict[Role, ChatModel] = {}
        self._opening: defaultdict[Role, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._first = {role: models.sampling(role) for role in self.identities}
        self._answering: dict[Role, set[str]] = {}  # models that answered, by the role that asked
        self._done = 0

    @classmethod
    @contextmanager
    def open(
        cls,
        settings: Settings,
        store: Store,
        models: Models,
        stage: str,
        batch: str,
        progress: ProgressReporter | None = None,
        allowance: Allowance | None = None,
    ) -> Iterator["Synthesis"]:
        """Hold the batch's lease for a stage, with its journal; waits while another run works on the same.

        Calls are made as far as the `allowance` goes, where there is one: then `BudgetSpent` leaves the block. Calls of roles in mode `batch` are
        submitted as batch jobs: then `JobsPending` does, and so it does while none of these has ended.

        When the block ends well the journal is compacted; however it ends, finished calls are kept.

        Raises `ConfigError` for a missing prompt, `ModelError` for a missing checkpoint, before it waits for anything.
        """
        prompts = load_prompts(settings, STAGES[stage].asked_prompts(settings))
        for role in STAGES[stage].roles:
            models.identity(role)
        models.require(STAGES[stage].roles)
        with (
            leased(store, journal_folder(stage, batch)) as lease,
            allowance.stage_at_work() if allowance is not None else nullcontext(),
        ):
            journal = Journal(store, stage, batch, lease)
            try:
                with BatchCalls(settings, store, models, lease, stage, batch, allowance) as batch_calls:
                    batch_calls.receive(journal)
                    yield cls(settings, store, models, stage, batch, journal, progress, allowance, prompts, batch_calls)
                    journal.compact()
                    batch_calls.settle()
            except BaseException:
                flush_quietly(journal)
                raise
            finally:
                journal.close()

    def provenance(self) -> dict[str, Any]:
        """Fields of `Provenance` that the synthesis knows: prompts, models, settings, calls with their currency, started.

        The texts of the prompts are kept in the store by their hashes, so that whoever reads the hash later has the text.
        """
        keep_prompts(self.blobs.store, self.prompts.values())
        return {
            "prompts": {name: prompt.sha256 for name, prompt in self.prompts.items()},
            "models": {role: self._described(role) for role in STAGES[self.stage].roles},
            "settings": STAGES[self.stage].counted_settings(self.settings),
            "calls": self.usage.as_dict(),
            "currency": self.settings.pipeline.currency,
            "started": self.started,
        }

    def _described(self, role: Role) -> dict[str, Any]:
        """A role's model, with the names of what answered where those are others."""
        answering = self._answering.get(role, set()) - {self.identities[role][0], ""}
        return {**self.models.describe(role), **({"answered": sorted(answering)} if answering else {})}

    async def complete(
        self,
        prompt: str,
        item: str,
        variables: Mapping[str, Any],
        image: Image | None,
        schema: Mapping[str, Any] | None,
        sample: int,
        max_tokens: int = 0,
        certain: bool = False,
        temperature: float = 0.0,
    ) -> tuple[str, Completion]:
        """Journal key and reply of the `sample`-th call with a prompt, made now or found in the journal.

        `max_tokens` is another bound of its length than the role's. A reply to the same call under another bound that was not cut off, and is no
        longer than this one allows, is the reply to this one: then the key is that of the other. `certain`: the reply must say how certain the
        model was of it, which one that was journaled without being asked that does not. `temperature` takes the place of the role's.

        Raises `CallFailed` for a reply that its service gave up; that is not journaled, so the next run asks anew.
        Raises `ModelError` where the model should say how certain it was and does not.
        """
        role = PROMPTS[prompt].role
        asking = self.prompts[prompt]
        rotation = rotation_of(prompt, item, sample) if asking.examples else 0
        system, user = asking.render(rotation, **variables)
        messages = [Message("system", whole_text(system))] if system else []
        messages.append(Message("user", whole_text(user), (image,) if image else ()))
        sampling = self._sampling(role, item, sample, temperature)
        if max_tokens:
            sampling = replace(sampling, max_tokens=max_tokens)
        options = {**self._options[role][schema is not None], **({"certainty": True} if certain else {})}
        key, request = call_keys(*self.identities[role], messages, schema, sampling, sample, options)
        found = self._journal.with_room(key, request, sampling.max_tokens)
        if found is not None:
            self._count_found(role, prompt, *found)
            self._answering.setdefault(role, set()).add(found[1].model)
            return found

        async def make() -> Call:
            if self._batch_calls is not None and self._batch_calls.takes(role, key):
                call = AskedCall(key, role, prompt, item, sample, request, sampling.max_tokens, certain)
                async with self._gate.call(self._rank):
                    await self._batch_calls.ask(call, messages, schema, sampling)
            model = self._opened.get(role) or await self._open(role)
            async with self._gate.call(self._rank), self._admitted(role) as paid, self._balance:
                began = time.monotonic()
                reply = await model.chat(messages, schema=schema, sampling=sampling)
                seconds = time.monotonic() - began
                paid(reply)
            kept = kept_reply(reply)
            self.usage.made(role, prompt, kept, seconds)
            require_usable(role, kept, certain)
            return Call(key, role, prompt, item, sample, kept, seconds, now(), request, sampling.max_tokens)

        completion, cached = await self._journal.once(key, make)
        if cached:
            self._count_found(role, prompt, key, completion)
        self._answering.setdefault(role, set()).add(completion.model)
        return key, completion

    def _count_found(self, role: Role, prompt: str, key: str, completion: Completion) -> None:
        if self._batch_calls is not None and self._batch_calls.was_ingested(key):
            self.usage.made(role, prompt, completion, 0.0)
        else:
            self.usage.cached(role, prompt, completion)

    def room_for(self, prompt: str, replies: int) -> int:
        """Bound of a reply with so many entries; 0 for that of the role."""
        return self.models.room_for(PROMPTS[prompt].role, replies)

    def more_room(self, prompt: str, reply: Completion, max_tokens: int = 0) -> int:
        """Bound with which a reply that was cut off at `max_tokens` (0: the role's) is asked for again; 0 for no further try: `Models.more_room`."""
        return self.models.more_room(PROMPTS[prompt].role, reply, max_tokens)

    def _admitted(self, role: Role) -> AbstractAsyncContextManager[Callable[[Completion], None]]:
        """One call within the budget, if there is one; to be told the reply. Raises `BudgetSpent`."""
        return nullcontext(_unpaid) if self._allowance is None else self._within(self._allowance, role)

    @asynccontextmanager
    async def _within(self, allowance: Allowance, role: Role) -> AsyncIterator[Callable[[Completion], None]]:
        replies = list[Completion]()
        await allowance.admit()
        try:
            yield replies.append
        finally:
            if replies:
                reply = replies[0]
                allowance.finished(reply.prompt_tokens + reply.completion_tokens, self.usage.price(role, reply))
            else:
                allowance.failed()

    async def _open(self, role: Role) -> ChatModel:
        async with self._opening[role]:  # once, not for each of a thousand calls that begin together
            if role not in self._opened:
                self._opened[role] = await asyncio.to_thread(self.models.role, role)
            return self._opened[role]

    def _sampling(self, role: Role, item: str, sample: int, temperature: float = 0.0) -> Sampling:
        seed = sampling_seed(self.settings.pipeline.seed_of(self.stage), self.stage, item, sample)
        first = self._first[role]
        if not temperature:  # greedy would only repeat the reply that could not be used
            temperature = RETRY_TEMPERATURE if sample and first.temperature == 0 else first.temperature
        return Sampling(temperature, first.top_p, first.max_tokens, seed)

    def collect(
        self,
        rows: Rows,
        work: Work,
        schema: pl.Schema,
        item: str,
    ) -> StageOutput:
        """Do one piece of work a row, many at once, and gather what came of it.

        Args:
            rows: what there is to work on; the work on one does not depend on that on another. A frame holds a million in little memory.
            work: makes an outcome of a row; a `Rejected` must not leave it.
            schema: of the results table; `schema_version` is filled in.
            item: id column of the results, by which both tables are sorted.

        Raises whatever `work` raises, after the calls that finished were kept: `ModelError` when a model is gone.
        Raises `JobsPending` when items wait for batch jobs.
        """
        self._done = 0
        with Collector(schema, item) as collector:
            try:
                self.models.run(self._all(rows, work, collector), lambda: self._show(len(rows)))
            finally:
                self._show(len(rows))
            if self._batch_calls is not None:
                self._batch_calls.submit()
            return collector.output()

    def _show(self, total: int) -> None:
        if self.progress:
            self.progress(self._done, total, self.usage)

    async def _all(self, rows: Rows, work: Work, collector: Collector) -> None:
        def take(outcome: Outcome) -> None:
            collector.add(outcome)
            self._done += bool(outcome.results or outcome.rejected)

        # More items than calls: what an item does between two calls must not leave a place in flight empty.
        at_once = ITEMS_FOR_A_CALL * self.settings.pipeline.concurrency
        try:
            await work_through(rows, work, take, at_once, flush_regularly(self._journal, self._allowance))
        finally:
            await asyncio.to_thread(flush_quietly, self._journal)
