"""What came of the calls at one endpoint while their limit was what it is: calls a second, and how long one took?"""

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Round:
    """Calls a second and mean latency while `limit` calls were allowed; `in_use` of them were in flight on average."""

    limit: int
    rate: float
    latency: float
    in_use: float


class Rounds:
    """Counts calls into rounds.

    A round begins when the first call that began under the present limit ends, so that it holds nothing of what came before. It lasts for
    whole generations (until a call that began in the last one ends), since calls that began together end together, and for at least as
    many calls as asked for.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.in_flight = 0
        self._clock = clock
        self._since = clock()
        self._opened: float | None = None
        self._generation = self._since
        self._count = 0
        self._latency = 0.0
        self._area = 0.0  # integral of calls in flight over time
        self._counted_at = self._since

    def began(self) -> float:
        """A call begins; returns the moment, which its end must bring back."""
        now = self._tick()
        self.in_flight += 1
        return now

    def ended(self) -> float:
        """A call ended, and is not counted; returns the moment."""
        now = self._tick()
        self.in_flight -= 1
        return now

    def answered(self, began: float, limit: int, calls: int) -> Round | None:
        """A call that began then was answered; returns the round that this ends, if it does.

        Args:
            began: what `began` returned.
            limit: in force.
            calls: that a round must hold.
        """
        now = self.ended()
        if self._opened is None:
            if began >= self._since:
                self._open(now)
            return None
        self._count += 1
        self._latency += now - began
        if began < self._generation:
            return None
        self._generation = now
        if self._count < calls or now <= self._opened:
            return None
        elapsed = now - self._opened
        found = Round(limit, self._count / elapsed, self._latency / self._count, self._area / elapsed)
        self._open(now)
        return found

    def void(self) -> None:
        """What is being measured is void: the limit is another one, or nothing was allowed to be sent for a while."""
        self._since = self._clock()
        self._opened = None

    def _tick(self) -> float:
        now = self._clock()
        self._area += self.in_flight * (now - self._counted_at)
        self._counted_at = now
        return now

    def _open(self, now: float) -> None:
        self._opened = self._generation = now
        self._count, self._latency, self._area = 0, 0.0, 0.0
