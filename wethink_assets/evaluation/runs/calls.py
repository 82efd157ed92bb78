"""Calls of a scoring: each goes through the journal of its benchmark and model, so that none is paid for twice."""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Any, TypeVar

from wethink_assets.errors import ModelError
from wethink_assets.evaluation.forms.form import JudgeFailed
from wethink_assets.evaluation.grading.judge import JudgePrompts
from wethink_assets.identity import digest_of
from wethink_assets.models.chat import CallFailed, ChatModel, Completion, Message, Role, Sampling
from wethink_assets.models.finish_reasons import finish_reason_of
from wethink_assets.models.registry import Models
from wethink_assets.storage.journal.calls import Call, call_key, call_keys, now
from wethink_assets.storage.journal.journal import Journal, journal_folder
from wethink_assets.storage.lease import leased
from wethink_assets.storage.store import Store
from wethink_assets.synthesis.calls.replies import MalformedReply, final_text, whole_text

STAGE = "scores"
FLUSH_EVERY = 2.0
JUDGE_TRIES = 2
RETRY_TEMPERATURE = 0.7
EARLIER_TOKENS = 2048
"""Bound of replies by default, also where a model thinks, when calls did not name what they ask whatever their bound."""
T = TypeVar("T")
Counts = Counter[str]
"""Calls and tokens of one job, by role."""
log = logging.getLogger(__name__)


class JudgeGone(ModelError):
    """The judge cannot be asked any more, or never could: what needs it waits, while the model itself answers."""


def sampling_seed(seed: int, benchmark: str, index: str) -> int:
    """Seed of one sample's reply: 31 bits, the same whenever and beside whatever the call is made."""
    return int(digest_of(["scoring", seed, benchmark, index])[:8], 16) & 0x7FFF_FFFF


def scope_of(benchmark: str, model_digest: str) -> str:
    """Name of a journal's scope: one benchmark, one model."""
    return f"{benchmark}.{model_digest[:32]}"


class Calls:
    """The calls of one model on several benchmarks, and the judge's about its replies. Open it with `Calls.open`."""

    def __init__(
        self,
        models: Models,
        model_digest: str,
        judge_prompts: JudgePrompts,
        journals: dict[str, Journal],
        options: Mapping[str, Any] | None = None,
    ) -> None:
        self._models = models
        self._options = dict(options or {})
        self._digest = model_digest
        self._judge_prompts = judge_prompts
        self._journals = journals
        self._opened: dict[Role, ChatModel] = {}
        self._opening = asyncio.Lock()
        self.judge_gone: JudgeGone | None = None
        self.repeat = 0
        """Which time the judge is asked: more than 0 where its variance is measured, by other seeds and journal keys."""

    @classmethod
    @contextmanager
    def open(
        cls,
        store: Store,
        models: Models,
        model_digest: str,
        judge_prompts: JudgePrompts,
        benchmarks: Sequence[str],
        options: Mapping[str, Any] | None = None,
    ) -> Iterator["Calls"]:
        """Hold the leases of the benchmarks with this model; waits while another run scores the same.

        options: what the keys of the model's calls name beside those of its endpoint (`EvaluatedModel.call_options`).

        However the block ends, finished calls are kept.
        """
        with ExitStack() as leases:
            journals = {}
            for benchmark in sorted(benchmarks):
                scope = scope_of(benchmark, model_digest)
                lease = leases.enter_context(leased(store, journal_folder(STAGE, scope), poll=0.1))
                journals[benchmark] = Journal(store, STAGE, scope, lease)
            calls = cls(models, model_digest, judge_prompts, journals, options)
            try:
                yield calls
            except BaseException:
                calls.flush_quietly()
                raise
            for journal in journals.values():
                journal.compact()

    def flush_quietly(self) -> None:
        """Write finished calls while another error is on its way, which says more than one of the writing would."""
        for journal in self._journals.values():
            try:
                journal.flush()
            except Exception as error:
                log.warning("finished calls of %s could not be written: %s", journal.folder, error)

    async def reply(
        self, benchmark: str, index: str, messages: Sequence[Message], sampling: Sampling, prompt: str, counts: Counts
    ) -> tuple[str, Completion]:
        """Journal key and reply of the scored model. The key names its weights, never the place from which they were loaded.

        A whole reply that was asked for under another bound of its length, into which it fits, is not asked for again.
        """
        options = {**self._models.request_options("policy", with_schema=False), **self._options}
        key, request = call_keys("policy", self._digest, messages, None, sampling, 0, options)
        journal = self._journals[benchmark]
        found = journal.with_room(key, request, sampling.max_tokens)
        if found is None and sampling.max_tokens > EARLIER_TOKENS and journal.find(key) is None:
            bound = replace(sampling, max_tokens=EARLIER_TOKENS)
            other = call_key("policy", self._digest, messages, None, bound, 0, options)
            earlier = journal.find(other)
            if earlier is not None and finish_reason_of(earlier.finish_reason) == "stop":
                found = other, earlier
        if found is not None:
            counts["policy.cached_calls"] += 1
            return found
        return key, await self._once(benchmark, key, "policy", prompt, index, messages, sampling, 0, counts, request)

    async def judge(self, benchmark: str, index: str, name: str, counts: Counts, **variables: Any) -> Any:
        """What the judge says; None where this judge cannot be asked that.

        Raises `JudgeFailed` when it failed or was malformed twice, `JudgeGone` when it is gone.
        """
        rendered = self._judge_prompts.render(name, variables)
        if rendered is None:
            return None
        system, user = rendered
        messages = [Message("system", whole_text(system))] if system else []
        messages.append(Message("user", whole_text(user)))
        for sample in range(self.repeat * JUDGE_TRIES, (self.repeat + 1) * JUDGE_TRIES):
            sampling = self._judge_sampling(benchmark, index, sample)
            key = self._judge_key(messages, sampling, sample)
            try:
                reply = await self._once(benchmark, key, "judge", name, index, messages, sampling, sample, counts)
                return self._judge_prompts.read(name, reply.text, variables)
            except (MalformedReply, CallFailed):
                continue
        raise JudgeFailed(name)

    async def judge_reply(
        self, benchmark: str, messages: Sequence[Message], temperature: float, counts: Counts | None = None
    ) -> str:
        """What the judge says to a conversation that is not ours (VLMEvalKit's), without its thought; empty where nothing is left.

        Its length is the role's: a judge that thinks before it speaks needs more than the three tokens that some of them ask for.
        """
        item = digest_of([[message.role, message.text] for message in messages])[:32]
        role = self._models.sampling("judge", sampling_seed(self.repeat, benchmark, item))
        sampling = Sampling(temperature, role.top_p, role.max_tokens, role.seed if temperature else 0)
        key = self._judge_key(messages, sampling, self.repeat)
        reply = await self._once(benchmark, key, "judge", "vlmevalkit", item, messages, sampling, self.repeat, counts)
        try:
            return final_text(reply.text)
        except MalformedReply:
            return ""

    def _judge_key(self, messages: Sequence[Message], sampling: Sampling, sample: int) -> str:
        options = self._models.request_options("judge", with_schema=False)
        return call_key(*self._models.identity("judge"), messages, None, sampling, sample, options)

    def _judge_sampling(self, benchmark: str, index: str, sample: int) -> Sampling:
        first = self._models.sampling("judge", sampling_seed(sample, benchmark, index))
        if sample % JUDGE_TRIES and first.temperature == 0:  # greedy would only repeat the reply that could not be used
            return Sampling(RETRY_TEMPERATURE, first.top_p, first.max_tokens, first.seed)
        return first

    async def _once(
        self,
        benchmark: str,
        key: str,
        role: Role,
        prompt: str,
        item: str,
        messages: Sequence[Message],
        sampling: Sampling,
        sample: int,
        counts: Counts | None,
        request: str = "",
    ) -> Completion:
        async def make() -> Call:
            if role == "judge" and self.judge_gone is not None:
                raise self.judge_gone  # trying again takes as long as the first time, for each that needs it
            try:
                model = self._opened.get(role) or await self._open(role)
                began = time.monotonic()
                reply = await model.chat(messages, sampling=sampling)
            except CallFailed:
                raise
            except ModelError as error:
                if role != "judge":
                    raise
                self.judge_gone = JudgeGone(str(error))
                raise self.judge_gone from error
            completion = replace(reply, text=whole_text(reply.text))
            seconds, bound = time.monotonic() - began, sampling.max_tokens if request else 0
            return Call(key, role, prompt, item, sample, completion, seconds, now(), request, bound)

        completion, cached = await self._journals[benchmark].once(key, make)
        count: Counts = Counter() if counts is None else counts
        count[f"{role}.{'cached_calls' if cached else 'calls'}"] += 1
        if not cached:
            count[f"{role}.prompt_tokens"] += completion.prompt_tokens
            count[f"{role}.completion_tokens"] += completion.completion_tokens
        return completion

    async def _open(self, role: Role) -> ChatModel:
        async with self._opening:
            if role not in self._opened:
                self._opened[role] = await asyncio.to_thread(self._models.role, role)
            return self._opened[role]

    async def work_through(self, items: Iterable[T], work: Callable[[T], Awaitable[None]], width: int) -> None:
        """Do a piece of work per item, `width` at once, keeping finished calls every few seconds.

        Raises what a piece of work raises, after the others were stopped and finished calls were kept.
        """
        remaining = iter(items)

        async def worker() -> None:
            for item in remaining:
                await work(item)

        workers = [asyncio.create_task(worker()) for _ in range(width)]
        flusher = asyncio.create_task(self._flush_regularly())
        pool = asyncio.create_task(_all_of(workers))
        try:
            done, _ = await asyncio.wait([pool, flusher], return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in (*workers, pool, flusher):
                task.cancel()
            await asyncio.gather(*workers, flusher, pool, return_exceptions=True)
            await asyncio.to_thread(self.flush_quietly)

    async def _flush_regularly(self) -> None:
        while True:
            await asyncio.sleep(FLUSH_EVERY)
            for journal in self._journals.values():
                await asyncio.to_thread(journal.flush)


async def _all_of(tasks: Sequence["asyncio.Task[None]"]) -> None:
    await asyncio.gather(*tasks)
