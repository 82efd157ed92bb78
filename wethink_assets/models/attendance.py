"""When is a replica dead, and when is it back?

Where there are several, a dead one is left out and looked after. One that is a server of our own, which its supervisor starts again, is waited
for.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable

from wethink_assets.models.exchange import Exchange, PassingFault
from wethink_assets.models.replicas import Replica

LOOK_EVERY = 1.0  # seconds between looks at a dead replica at first
LONGEST_LOOK = 15.0
DOWN_AFTER = 5  # faults in a row, or calls that ran out of tries, with no success between them
Comeback = Callable[[str], Awaitable[bool]]
"""Waits until the server at a URL, which ended by itself, is there again; False where it is not started again, or did not end."""


class Attendance:
    """Looks after the replicas of one endpoint. For one event loop."""

    def __init__(self, exchange: Exchange, alone: bool, comeback: Comeback | None = None) -> None:
        """`alone`: there is one replica only, which cannot be left out; `comeback`: where they are servers of our own."""
        self._exchange = exchange
        self._alone = alone
        self._comeback = comeback
        self._looking: dict[Replica, asyncio.Task[None]] = {}
        self._coming: dict[Replica, asyncio.Task[bool]] = {}

    @property
    def ours(self) -> bool:
        """Whether the replicas are servers of our own."""
        return self._comeback is not None

    def doubt(self, replica: Replica, fault: PassingFault) -> None:
        """Take note of a fault: leave the replica out while it is dead, as far as others live, and look after it."""
        replica.failed_in_row += fault.kind != "refused" and fault.pause is None
        dead = fault.kind == "unreached" or replica.failed_in_row >= DOWN_AFTER
        if dead and not self._alone and not replica.down:
            rest = replica.found_dead(answers=fault.kind != "unreached")
            self._looking[replica] = asyncio.create_task(self._look_after(replica, rest))

    async def _look_after(self, replica: Replica, rest: float) -> None:
        try:
            await asyncio.sleep(rest)
            pause = LOOK_EVERY
            while not await self._exchange.is_there(replica):
                await asyncio.sleep(pause * random.uniform(0.5, 1.5))
                pause = min(LONGEST_LOOK, 2 * pause)
        finally:  # when nobody looks after it any more, it must not stay out for ever
            replica.back()

    async def returned(self, replica: Replica) -> bool:
        """Wait for a replica that could not be reached or is broken, if it is a server of ours that is started again; whether it was and is back.

        Raises `ModelError` when it did not come up again.
        """
        if self._comeback is None:
            return False
        joined = replica in self._coming
        if not joined:  # all calls that failed on it wait for one and the same
            self._coming[replica] = asyncio.ensure_future(self._comeback(replica.name))
            self._coming[replica].add_done_callback(lambda done: self._coming.pop(replica, None))
        back = await asyncio.shield(self._coming[replica])
        return back or (joined and await self.returned(replica))  # it may have looked before this call failed

    async def aclose(self) -> None:
        """Look after nothing any more."""
        tasks = [*self._looking.values(), *self._coming.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._looking.clear()
        self._coming.clear()
