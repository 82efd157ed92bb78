"""Retry of model calls: whether a fault may pass, how often a call is tried and with which pauses, which replicas are out, which request is to blame.

Timeouts, resets, 429 and 5xx are tried again with jittered pauses (`Retry`), on another replica where there is one.

Where there are several replicas, a dead one is left out, and a health check asks it until it answers again (`HealthCheck`). One that is a server of
our own, which its supervisor starts again, is waited for.

A request may end the server that works on it: a poison request. A server that ends is started again, and what it was working on is sent again
at once: mostly no call is to blame. Those during which it ends a second time are suspects and go one at a time, beside all others
(`Quarantine`), so that a third end shows which of them it was. That one fails alone; the others are suspects no more.

Where all this is used is one loop, `EndpointModel.chat` in `client.py`; what a response means is in `http.py`.
"""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from wethink_assets.models.endpoint.replicas import Replica

FaultKind = Literal["unreached", "hung", "refused", "overloaded", "broken"]
"""No connection, or one that was cut; no reply in time; 429; 503; another 5xx, or a reply that is none."""


class TransientFault(Exception):
    """A fault that may pass when the request is sent again.

    pause: seconds that the server asks to wait; sent: whether the request may have got there.
    """

    def __init__(self, kind: FaultKind, text: str, pause: float | None = None, *, sent: bool = True) -> None:
        super().__init__(text)
        self.kind = kind
        self.pause = pause
        self.sent = sent

    @property
    def is_load(self) -> bool:
        """Whether it says that fewer calls should be in flight."""
        return self.kind in ("hung", "refused", "overloaded")


LONGEST_PAUSE = 20.0
FREE_MOVES = 2  # moves of a call to another replica that cost no attempt


class Retry:
    """The attempts of one call: how many it has left, and how long it pauses before the next one."""

    def __init__(self, max_attempts: int, pause: float, patience: float) -> None:
        """Not tried yet.

        Args:
            max_attempts: a wait for an overloaded endpoint costs none.
            pause: seconds before the second attempt, doubled for each further one.
            patience: seconds that all pauses may take together.
        """
        self.failed_on: Replica | None = None
        self.failing_since = 0.0
        self.server_ends = ServerEnds()
        self._max_attempts, self._pause, self._patience = max_attempts, pause, patience
        self._attempts = 0
        self._moves = FREE_MOVES
        self._refusals = 0
        self._waited = 0.0

    @property
    def exhausted(self) -> bool:
        """Whether no attempt is left."""
        return self._attempts >= self._max_attempts or self._waited > self._patience

    def pause_after(self, fault: TransientFault, replica: "Replica", others: bool) -> float:
        """Count a failed attempt; returns the seconds to wait before the next one.

        They are 0 where the endpoint itself asks for a pause: the replica is paused then, and the call waits for room.

        Args:
            fault: what came of the attempt.
            replica: where it failed.
            others: whether another replica is worth an attempt.
        """
        self._failed_on(replica)
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
            # A request that hangs often hangs again: one more attempt is enough.
            self._attempts += (self._max_attempts + 1) // 2 if fault.kind == "hung" else 1
            pause = 0.0 if others and fault.kind != "overloaded" else self._backoff(self._attempts)
        self._waited += pause
        return pause

    def after_restart(self, replica: "Replica") -> None:
        """The replica that it failed on was started again, which costs neither an attempt nor a pause."""
        self._failed_on(replica)

    def _failed_on(self, replica: "Replica") -> None:
        self.failed_on, self.failing_since = replica, self.failing_since or time.monotonic()

    def _backoff(self, attempts: int) -> float:
        return min(LONGEST_PAUSE, self._pause * 2 ** min(attempts - 1, 10)) * random.uniform(0.5, 1.5)


PROBE_EVERY = 1.0  # seconds between probes of a dead replica at first
LONGEST_PROBE_PAUSE = 15.0
DOWN_AFTER = 5  # faults in a row, or calls that ran out of attempts, with no success between them
RestartWait = Callable[[str], Awaitable[float]]
"""Waits until the server at a URL, which could not be reached or is broken, serves; the Unix time since when it does, 0 where that is not known."""


class HealthCheck:
    """Takes dead replicas of one endpoint out of service, and back in when they answer. For one event loop."""

    def __init__(
        self,
        is_there: "Callable[[Replica], Awaitable[bool]]",
        single_replica: bool,
        restart_wait: RestartWait | None = None,
    ) -> None:
        """Nothing is watched yet.

        Args:
            is_there: whether a replica answers a small request.
            single_replica: there is no other one, so it cannot be left out.
            restart_wait: where the replicas are servers of our own.
        """
        self._is_there = is_there
        self._single_replica = single_replica
        self._restart_wait = restart_wait
        self._probes: dict[Replica, asyncio.Task[None]] = {}
        self._restarts: dict[Replica, asyncio.Task[float]] = {}

    @property
    def own_servers(self) -> bool:
        """Whether the replicas are servers of our own."""
        return self._restart_wait is not None

    def record(self, fault: TransientFault, replica: "Replica") -> None:
        """Take note of a fault: leave the replica out while it is dead, as far as others live, and probe it."""
        replica.failed_in_row += fault.kind != "refused" and fault.pause is None
        dead = fault.kind == "unreached" or replica.failed_in_row >= DOWN_AFTER
        if dead and not self._single_replica and not replica.down:
            delay = replica.mark_down(answers=fault.kind != "unreached")
            self._probes[replica] = asyncio.create_task(self._probe(replica, delay))

    async def _probe(self, replica: "Replica", delay: float) -> None:
        try:
            await asyncio.sleep(delay)
            pause = PROBE_EVERY
            while not await self._is_there(replica):
                await asyncio.sleep(pause * random.uniform(0.5, 1.5))
                pause = min(LONGEST_PROBE_PAUSE, 2 * pause)
        finally:  # when nobody probes it any more, it must not stay out for ever
            replica.mark_up()

    async def restarted(self, replica: "Replica", sent: float) -> bool:
        """Wait for a replica that could not be reached or is broken, if it is a server of ours; whether it was started again since a call was sent.

        Args:
            replica: where the call failed.
            sent: Unix time of that attempt.

        Raises `ModelError` when it did not come up again.
        """
        if self._restart_wait is None:
            return False
        joined = replica in self._restarts
        if not joined:  # all calls that failed on it wait for one and the same
            self._restarts[replica] = asyncio.ensure_future(self._restart_wait(replica.name))
            self._restarts[replica].add_done_callback(lambda done: self._restarts.pop(replica, None))
        ready_since = await asyncio.shield(self._restarts[replica])
        return ready_since > sent or (joined and await self.restarted(replica, sent))  # it may have looked before

    async def aclose(self) -> None:
        """Watch nothing any more."""
        tasks = [*self._probes.values(), *self._restarts.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._probes.clear()
        self._restarts.clear()


SUSPECT_AFTER, POISON_AFTER = 2, 3  # ends of the server during one call
_AT_ONCE = nullcontext()


class ServerEnds:
    """How often a server ended while it worked on one call."""

    def __init__(self) -> None:
        self.count = 0
        self.poison_known = 0  # poison requests that had been identified by then


class Quarantine:
    """Suspects among the calls of one server, tried one at a time until the poison request is identified. For one event loop."""

    def __init__(self) -> None:
        self._alone = asyncio.Lock()
        self._poison_known = 0

    def admission(self, ends: ServerEnds) -> AbstractAsyncContextManager[None]:
        """An attempt of a call: at once, or, of a suspect, when no other suspect is being tried."""
        return self._admission_alone(ends) if ends.count >= SUSPECT_AFTER else _AT_ONCE

    @asynccontextmanager
    async def _admission_alone(self, ends: ServerEnds) -> AsyncIterator[None]:
        async with self._alone:
            if ends.poison_known == self._poison_known:
                yield
                return
        ends.count = 0
        yield

    def is_poison(self, ends: ServerEnds) -> bool:
        """Count an end of the server during a call; whether that call is the poison request."""
        ends.count += 1
        ends.poison_known = self._poison_known
        if ends.count < POISON_AFTER:
            return False
        self._poison_known += 1
        return True
