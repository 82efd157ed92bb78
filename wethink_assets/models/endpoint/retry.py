"""How often is one call tried, and how long does it wait in between?"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wethink_assets.models.endpoint.http import Exchange, PassingFault
    from wethink_assets.models.endpoint.replicas import Replica

SUSPECTED, BLAMED = 2, 3


class Record:
    """How often a server ended while it worked on one call."""

    def __init__(self) -> None:
        self.ends = 0
        self.found = 0  # calls that had been blamed by then


class Suspects:
    """The suspected calls of one server. For one event loop."""

    def __init__(self) -> None:
        self._alone = asyncio.Lock()
        self._found = 0

    @asynccontextmanager
    async def turn(self, record: Record) -> AsyncIterator[None]:
        """A try of a call: at once, or where it is suspected when no other suspect is being tried."""
        if record.ends >= SUSPECTED:
            async with self._alone:
                if record.found == self._found:
                    yield
                    return
            record.ends = 0
        yield

    def ended(self, record: Record) -> bool:
        """Take note that the server ended while it worked on a call; whether that call is to blame."""
        record.ends += 1
        record.found = self._found
        if record.ends < BLAMED:
            return False
        self._found += 1
        return True


LONGEST_PAUSE = 20.0


class Tries:
    """One call on its way: what it has been through."""

    def __init__(self, form: tuple[bool, bool], most: int, pause: float, patience: float) -> None:
        """Not tried yet.

        Args:
            form: whether it has a JSON schema, and an image.
            most: tries; a wait for an overloaded endpoint costs none.
            pause: seconds before the second try, doubled for each further one.
            patience: seconds that all pauses may take together.
        """
        self.form = form
        self.failed_on: Replica | None = None
        self.failing_since = 0.0
        self._most, self._pause, self._patience = most, pause, patience
        self._tried = 0
        self.record = Record()
        self._moves = 2  # moves to another replica that cost no try
        self._refusals = 0
        self._waited = 0.0

    @property
    def over(self) -> bool:
        """Whether none is left."""
        return self._tried >= self._most or self._waited > self._patience

    def failed(self, replica: Replica, fault: PassingFault, others: bool) -> float:
        """A try failed; returns the seconds to wait before the next one.

        Where the endpoint asks for a pause they are told as 0: the replica is paused, and the call waits for a place.

        Args:
            replica: where it failed.
            fault: how.
            others: whether another replica is worth a try.
        """
        self.failed_on, self.failing_since = replica, self.failing_since or time.monotonic()
        pause = 0.0
        if fault.pause is not None:
            self._waited += max(fault.pause, self._pause)
            return 0.0
        if fault.kind == "refused":
            self._refusals += 1
            pause = self._backoff(self._refusals)
        elif others and fault.kind == "unreached" and self._moves:
            self._moves -= 1
        else:
            # A request that hangs often hangs again: one more try is enough.
            self._tried += (self._most + 1) // 2 if fault.kind == "hung" else 1
            pause = 0.0 if others and fault.kind != "overloaded" else self._backoff(self._tried)
        self._waited += pause
        return pause

    def returned(self, replica: Replica) -> None:
        """The replica that it failed on was started again, which costs neither a try nor a pause."""
        self.failed_on, self.failing_since = replica, self.failing_since or time.monotonic()

    def _backoff(self, tried: int) -> float:
        return min(LONGEST_PAUSE, self._pause * 2 ** min(tried - 1, 10)) * random.uniform(0.5, 1.5)


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
