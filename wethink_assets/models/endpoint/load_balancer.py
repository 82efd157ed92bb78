"""Load balancer: the replica that takes the next call, and when it may.

A call waits until one of its role's replicas has room, and goes to the one with the least outstanding work for its limit. Calls about one image
go to one replica as long as that has hardly more to do than the others, since it has the image in its prefix cache: every image has an order of its
own of all replicas (rendezvous hashing: Thaler and Ravishankar 1998), and the first of it that is not too busy is taken. So roles and runs that know
nothing of each other agree on it, and of a replica that dies only its own images move. A replica that is dead is left out while another
lives, and so is one whose service allows no further request for now (`ApiKeys`).
"""

import asyncio
import itertools
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b

from wethink_assets.models.endpoint.api_keys import ApiKeys, Permit
from wethink_assets.models.endpoint.replicas import Replica

NEAR = 1.25  # times the load of the least busy replica that the one which knows an image may have
SLACK = 4  # and so many calls beyond
LOOK_AHEAD = 32  # calls in line among which one is looked for whose image the replica that has room knows
OVERTAKEN = 32  # times that a call in line lets others go first, at most


@dataclass(slots=True, eq=False)
class _WaitingCall:
    """A call in line."""

    number: int
    order: tuple[Replica, ...]
    granted: asyncio.Future[Permit]
    overtaken: int = 0


class LoadBalancer:
    """Hands the calls of one role to its replicas. For one event loop."""

    _numbers = itertools.count()

    def __init__(self, replicas: Sequence[Replica], keys: ApiKeys | None = None) -> None:
        """`keys` say when a request may be sent to a replica; None: whenever it has room."""
        self.replicas = tuple(replicas)
        self._keys = keys or ApiKeys("", (), cautious=False)
        self._waiting: deque[_WaitingCall] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._wakes_at = 0.0
        for replica in self.replicas:
            replica.users.append(self)

    @property
    def waits(self) -> bool:
        """Whether a call waits."""
        while self._waiting and self._waiting[0].granted.done():  # cancelled meanwhile
            self._waiting.popleft()
        return bool(self._waiting)

    @property
    def oldest(self) -> int:
        """Number of the call that waits longest; there must be one."""
        return self._waiting[0].number

    def others_live(self, replica: Replica) -> bool:
        """Whether another replica is worth a try."""
        return any(other is not replica and not other.down for other in self.replicas)

    def preference(self, image: str) -> tuple[Replica, ...]:
        """All replicas in the order in which calls about an image prefer them; empty where there is no image, or no choice."""
        if not image or len(self.replicas) < 2:
            return ()
        return tuple(
            sorted(
                self.replicas,
                key=lambda replica: blake2b(f"{image} {replica.name}".encode(), digest_size=8).digest(),
            )
        )

    async def acquire(self, avoid: Replica | None = None, image: str = "") -> Permit:
        """Wait for room, and reserve it: `AdaptiveLimit.began` must follow at once.

        Args:
            avoid: replica that the same call has just failed on: another one is preferred, and the call goes before those that were never
                tried.
            image: digest of the image that the conversation begins with.
        """
        preferred = self.preference(image)
        order = tuple(replica for replica in preferred if replica is not avoid) if preferred else ()
        best = self._best(avoid, order)
        if best is not None and (avoid is not None or not self.waits):
            return self._keys.permit(best)
        waiter: asyncio.Future[Permit] = asyncio.get_running_loop().create_future()
        if avoid is None:
            self._waiting.append(_WaitingCall(next(self._numbers), order, waiter))
        else:
            self._waiting.appendleft(_WaitingCall(-1, order, waiter, OVERTAKEN))
        if any(replica.limit.room > 0 for replica in self._living()):  # else a call in flight ends first, and wakes it
            self._wake_after_pause()
        try:
            permit = await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled():
                waiter.result().replica.limit.reserved -= 1
                waiter.result().replica.offer()
            raise
        permit.replica.limit.reserved -= 1
        return permit

    def serve(self) -> bool:
        """Let a call go that waits, if there is room; whether one went. Mostly the one that waits longest."""
        if not self.waits:
            return False
        best = self._best(None, ())
        if best is None:
            self._wake_after_pause()
            return False
        call = self._next_for(best)
        best.limit.reserved += 1
        self._waiting.remove(call)
        call.granted.set_result(self._keys.permit(best))
        return True

    def _next_for(self, replica: Replica) -> _WaitingCall:
        """The first call in line that has no image, or one that the replica knows; else, or when it was passed by often, the very first."""
        first = self._waiting[0]
        if first.overtaken < OVERTAKEN:
            for call in itertools.islice(self._waiting, LOOK_AHEAD):
                home = next((each for each in call.order if not each.down), replica)
                if home is replica and not call.granted.done():
                    first.overtaken += call is not first
                    return call
        return first

    def _living(self) -> Sequence[Replica]:
        return [replica for replica in self.replicas if not replica.down] or self.replicas

    def _best(self, avoid: Replica | None, order: Sequence[Replica]) -> Replica | None:
        now = time.monotonic()
        free = [each for each in self._living() if each.limit.room > 0 and self._keys.ready_at(each, now) <= now]
        free = [replica for replica in free if replica is not avoid] or free
        if not free:
            return None
        least = min(free, key=lambda replica: replica.limit.load)
        for replica in order:
            if replica in free and replica.limit.load <= NEAR * least.limit.load + SLACK / replica.limit.limit:
                return replica
        return least

    def _wake_after_pause(self) -> None:
        """Wake calls that wait when a pause is over. Where nothing is in flight nobody else does."""
        now = time.monotonic()
        ready = [at for at in (self._keys.ready_at(replica, now) for replica in self.replicas) if at > now]
        if any(each.limit.room > 0 and self._keys.ready_at(each, now) <= now for each in self._living()):
            ready.append(now)  # its pause has ended since it was looked at
        if not ready or (self._timer is not None and self._wakes_at <= min(ready)):
            return
        if self._timer is not None:
            self._timer.cancel()
        self._wakes_at = min(ready)
        self._timer = asyncio.get_running_loop().call_later(self._wakes_at - now + 0.001, self._wake)

    def _wake(self) -> None:
        self._timer = None
        for replica in self.replicas:
            replica.offer()

    def close(self) -> None:
        """Leave the replicas to others."""
        if self._timer is not None:
            self._timer.cancel()
        for replica in self.replicas:
            if self in replica.users:
                replica.users.remove(self)
