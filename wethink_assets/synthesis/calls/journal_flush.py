"""Regular flush of the journal while a stage is at work: a kill costs seconds of replies and no more."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from wethink_assets.models.chat import Completion
from wethink_assets.storage.journal.calls import Call
from wethink_assets.synthesis.budgets.allowance import Allowance

FLUSH_EVERY = 2.0
log = logging.getLogger(__name__)


class ReplyJournal(Protocol):
    """Where replies to calls are found and kept: the batch's `Journal`."""

    @property
    def folder(self) -> str:
        """What it is called in messages."""
        ...

    async def once(self, key: str, make: Callable[[], Awaitable[Call]]) -> tuple[Completion, bool]:
        """Reply to a call, made now or before, and whether it was there already."""
        ...

    def with_room(self, key: str, request: str, max_tokens: int) -> tuple[str, Completion] | None:
        """Key and reply of a call that asked the same under another bound of length, if there is none of this key."""
        ...

    def flush(self) -> None:
        """Write what was added since the last flush."""
        ...


async def flush_regularly(journal: ReplyJournal, allowance: Allowance | None) -> None:
    """Flush every few seconds, and tell other runs what was spent, until it is cancelled."""
    # On a thread of its own: behind a queue of pictures to be read from afar, replies would wait too long for the store.
    with ThreadPoolExecutor(1, "journal") as thread:
        while True:
            await asyncio.sleep(FLUSH_EVERY)
            await asyncio.get_running_loop().run_in_executor(thread, journal.flush)
            if allowance is not None:
                await allowance.sync()


def flush_quietly(journal: ReplyJournal) -> None:
    """Flush while another error is on its way (which says more), or before a `compact` that would raise it again."""
    try:
        journal.flush()
    except Exception as error:
        log.warning("finished calls of %s could not be written: %s", journal.folder, error)
