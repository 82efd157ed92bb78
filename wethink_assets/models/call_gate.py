"""Gate of the calls in flight: so many at a time in one process, those of the batch that began first before those of later ones.

Batches are taken through their stages two or more at a time, so that where a stage of one ends, and its last calls leave places empty, another
fills them. Were all calls equal, the batches would keep step with each other and their stages end at the same moment; since the oldest has its way,
the next takes only what that leaves, and goes on from there when it is the oldest itself.
"""

import asyncio
import heapq
import itertools

BATCHES_AT_ONCE = 3
"""Batches at work at a time: the oldest, one that fills its gaps, and one for the gaps of both, such as between two stages."""


class CallGate:
    """Places for calls in flight. For one event loop."""

    def __init__(self, places: int) -> None:
        """`places` calls may be in flight at a time."""
        self._free = places
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []
        self._numbers = itertools.count()
        self._ranks: dict[str, int] = {}

    def rank(self, batch: str) -> int:
        """Rank of a batch: 0 for the first that was asked for, and so on."""
        return self._ranks.setdefault(batch, len(self._ranks))

    def call(self, rank: int) -> "_Place":
        """A place for one call of a batch with this rank; waits until there is one that no older batch wants."""
        return _Place(self, rank)

    async def enter(self, rank: int) -> None:
        """Wait for a place and take it; `leave` must follow."""
        if self._free > 0:  # then nobody waits
            self._free -= 1
            return
        place = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (rank, next(self._numbers), place))
        try:
            await place
        except asyncio.CancelledError:
            if place.done() and not place.cancelled():  # it was given one at the same moment
                self.leave()
            raise

    def leave(self) -> None:
        """Hand a place to the call of the oldest batch that waits, or keep it free."""
        while self._waiting:
            place = heapq.heappop(self._waiting)[2]
            if not place.done():
                place.set_result(None)
                return
        self._free += 1


class _Place:
    """A place of a `CallGate`, held within a block; each call passes one, so it is no generator."""

    __slots__ = ("_gate", "_rank")

    def __init__(self, gate: CallGate, rank: int) -> None:
        self._gate = gate
        self._rank = rank

    async def __aenter__(self) -> None:
        await self._gate.enter(self._rank)

    async def __aexit__(self, *_: object) -> None:
        self._gate.leave()
