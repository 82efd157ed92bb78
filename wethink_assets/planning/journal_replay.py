"""Replay of a stage with its journal alone, which shows the calls that would be found there: no model is asked, nothing is written."""

from collections.abc import Awaitable, Callable

import polars as pl

from wethink_assets.config import Settings
from wethink_assets.extensions.builtin import STAGES
from wethink_assets.models.chat import Completion
from wethink_assets.models.registry import Models
from wethink_assets.stages.order import upstream_of
from wethink_assets.storage.journal.calls import Call
from wethink_assets.storage.journal.journal import journaled_calls
from wethink_assets.storage.store import Store
from wethink_assets.storage.tables import Tables
from wethink_assets.synthesis.calls.collector import Rejected
from wethink_assets.synthesis.calls.session import Synthesis


class Replay:
    """A journal that only answers: a call that it does not hold ends the work on its item, and is counted."""

    def __init__(self, calls: pl.DataFrame) -> None:
        """`calls` follow `CALLS`, each key once."""
        self.folder = "replay"
        columns = ("text", "prompt_tokens", "completion_tokens", "finish_reason", "model")
        keys = calls.get_column("key")
        rows = calls.select(columns).iter_rows()
        self._replies = {key: Completion(*row) for key, row in zip(keys, rows, strict=True)}
        self.lacking: set[str] = set()

    async def once(self, key: str, make: Callable[[], Awaitable[Call]]) -> tuple[Completion, bool]:
        """The reply to a call, if it is held; `make` is never called."""
        reply = self._replies.get(key)
        if reply is None:
            self.lacking.add(key)
            raise Rejected("not_held", key)
        return reply, True

    async def abandon(self) -> None:
        """Nothing is in flight."""

    def flush(self) -> None:
        """Nothing is to be written."""


def held_work(
    store: Store, settings: Settings, models: Models, stage: str, batch: str
) -> tuple[dict[str, tuple[float, float, float]], int]:
    """Calls and tokens (of prompts, of replies) by prompt that a stage would find in its journal, and how many calls it would then lack.

    The tables in force are read as the stage would read them. An item goes as far as its first call that is lacking; what it would ask after
    that is not known, so the number of lacking calls is the least there are.

    Raises `StoreError` when an upstream table is missing.
    """
    tables = Tables(store)
    inputs = [tables.load(asset, batch).results for asset in upstream_of(stage)]
    replay = Replay(journaled_calls(store, stage, batch))
    synthesis = Synthesis(settings, store, models, stage, batch, replay)
    STAGES[stage].run(*inputs, synthesis)
    usage = synthesis.usage.as_dict()
    names = ("cached_calls", "cached_prompt_tokens", "cached_completion_tokens")
    held = {p: tuple(usage.get(f"prompt.{p}.{name}", 0.0) for name in names) for p in STAGES[stage].prompts}
    return {prompt: (work[0], work[1], work[2]) for prompt, work in held.items()}, len(replay.lacking)
