"""Replay of a stage with its journal alone, which shows the calls that would be found there: no model is asked, nothing is written."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from wethink_assets.config import Settings
from wethink_assets.extensions.builtin import STAGES
from wethink_assets.models.chat import Completion
from wethink_assets.models.registry import Models
from wethink_assets.stages.order import upstream_of
from wethink_assets.storage.journal.calls import Call
from wethink_assets.storage.journal.journal import journaled_calls
from wethink_assets.storage.journal.known_replies import REPLY, KnownReply, fits
from wethink_assets.storage.store import Store
from wethink_assets.storage.tables import Tables
from wethink_assets.synthesis.calls.collector import Rejected
from wethink_assets.synthesis.calls.session import Synthesis


class _NotHeld(Rejected):
    """Ends the work on an item at a call that the journal does not hold."""

    def __init__(self, key: str) -> None:
        super().__init__("not_held", key)


class Replay:
    """A journal that only answers: a call that it does not hold ends the work on its item."""

    def __init__(self, calls: pl.DataFrame) -> None:
        """`calls` follow `CALLS`, each key once."""
        self.folder = "replay"
        self._replies: dict[str, Completion] = {}
        self._whole: dict[str, KnownReply] = {}
        for key, request, max_tokens, *reply in calls.select("key", "request", "max_tokens", *REPLY).iter_rows():
            self._replies[key] = Completion(*reply)
            if request and self._replies[key].finish_reason != "length":
                self._whole.setdefault(request, KnownReply(key, self._replies[key], request, max_tokens))

    async def once(self, key: str, make: Callable[[], Awaitable[Call]]) -> tuple[Completion, bool]:
        """The reply to a call, if it is held; `make` is never called."""
        reply = self._replies.get(key)
        if reply is None:
            raise _NotHeld(key)
        return reply, True

    def with_room(self, key: str, request: str, max_tokens: int) -> tuple[str, Completion] | None:
        """As of `Journal`."""
        known = None if key in self._replies else self._whole.get(request)
        return (known.key, known.completion) if known is not None and fits(known, max_tokens) else None

    def flush(self) -> None:
        """Nothing is to be written."""


class ReplaySession(Synthesis):
    """A stage at work with a `Replay`. `lacking` has the keys of the calls that it does not hold, by prompt."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.lacking: dict[str, set[str]] = {}

    async def complete(self, prompt: str, *call: Any) -> tuple[str, Completion]:
        """As of `Synthesis`, from the journal alone."""
        try:
            return await super().complete(prompt, *call)
        except _NotHeld as fate:
            self.lacking.setdefault(prompt, set()).add(fate.detail)
            raise


@dataclass(frozen=True, slots=True)
class Replayed:
    """What a stage finds in its journal: calls and tokens (of prompts, of replies) by prompt; how many calls of each prompt it then lacks; and
    the results that it comes to without these.

    An item goes as far as its first call that is lacking; what it would ask after that is not known, so lacking calls are the least there are.
    """

    held: dict[str, tuple[float, float, float]]
    lacking: dict[str, int]
    results: pl.DataFrame


def replayed(
    store: Store,
    settings: Settings,
    models: Models,
    stage: str,
    batch: str,
    upstream: Mapping[str, pl.DataFrame] | None = None,
) -> Replayed:
    """Replay a stage over a batch. The tables in force are read as the stage would read them, where `upstream` has no others in their place.

    Raises `StoreError` when an upstream table is missing.
    """
    tables, given = Tables(store), upstream or {}
    inputs = [given[asset] if asset in given else tables.load(asset, batch).results for asset in upstream_of(stage)]
    replay = Replay(journaled_calls(store, stage, batch))
    session = ReplaySession(settings, store, models, stage, batch, replay)
    output = STAGES[stage].run(*inputs, session)
    usage = session.usage.as_dict()
    names = ("cached_calls", "cached_prompt_tokens", "cached_completion_tokens")
    held = {p: tuple(usage.get(f"prompt.{p}.{name}", 0.0) for name in names) for p in STAGES[stage].prompts}
    lacking = {prompt: len(keys) for prompt, keys in session.lacking.items()}
    return Replayed({p: (work[0], work[1], work[2]) for p, work in held.items()}, lacking, output.results)
