"""Concurrency limit: the number of calls in flight at one endpoint, found while it works from the throughput that follows it.

The limit is raised for as long as completed calls a second follow it, and taken back where more of them only wait longer. That
is the idea of BBR (Cardwell et al., "BBR: Congestion-Based Congestion Control", ACM Queue 14(5), 2016; windows, start-up until the pipe is full,
then probing around it) with calls in the place of bytes, since the latency of a language model grows with its load long before its throughput is
exhausted, so that limits on latency alone (TCP Vegas, Netflix' Gradient2) would starve it. A refusal for overload cuts the limit by a share, as
in AIMD (Chiu and Jain 1989; Netflix concurrency-limits, `AIMDLimit`).
"""

import math
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Throughput:
    """Calls a second and mean latency while `limit` calls were allowed; `in_use` of them were in flight on average."""

    limit: int
    rate: float
    latency: float
    in_use: float


class ThroughputWindow:
    """Counts calls, and measures their throughput window by window.

    A window begins when the first call that began under the present limit ends, so that it holds nothing of what came before. It lasts for
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

    def answered(self, began: float, limit: int, calls: int) -> Throughput | None:
        """A call that began then was answered; returns the throughput of the window that this ends, if it does.

        Args:
            began: what `began` returned.
            limit: in force.
            calls: that a window must hold.
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
        measured = Throughput(limit, self._count / elapsed, self._latency / self._count, self._area / elapsed)
        self._open(now)
        return measured

    def discard(self) -> None:
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


START = 32
PAYS = 0.08
"""Of the share that the limit was raised by, so much must come back as throughput. Little, because too few calls cost more than too many."""
PAYS_AT_START = 0.15  # steps are large then, and windows short
FULL_GROWTH = 0.75  # share that comes back while nothing waits at the endpoint yet: then the limit doubles
HEADROOM = 1.1  # calls beyond those in service, so that the endpoint has the next one when one ends
IN_USE = 0.8  # share of the limit that must have been in flight for a window to say anything
CUT = 0.7
PROBE_AFTER = 5  # windows
PROBE_UP, PROBE_DOWN = 1.25, 0.9
LONGEST_PATIENCE = 7  # turns
CEILING_LASTS = 60.0  # seconds for which a limit that met refusals is not tried again


class AdaptiveLimit:
    """Limit of calls in flight at one endpoint. Tell it of each call's begin and end; read `limit` before each call.

    It is judged by windows (`ThroughputWindow`) of at least `limit` calls, or twice as many after the start.
    """

    def __init__(self, maximum: int, start: int = START, clock: Callable[[], float] = time.monotonic) -> None:
        """`maximum` bounds the limit for ever; `start` is where it begins, or half of `maximum` where that is less."""
        self.maximum = max(1, maximum)
        self.limit = max(1, min(start, (self.maximum + 1) // 2))
        self.reserved = 0  # handed to calls that are about to begin
        self._clock = clock
        self._starting = True
        self._best: Throughput | None = None  # at start: the last limit that paid
        self._misses = 0
        self._recent: deque[Throughput] = deque(maxlen=3)  # windows at the limit that is kept
        self._kept = 0  # the limit that a probe departs from; 0: no probe
        self._windows = 0  # since the last probe
        self._upwards = False
        self._least_latency = float("inf")  # least mean latency of a window
        self._deep = True  # whether the next probe downwards may be a long one
        self._patience = self._turns = 0  # turns to leave out after a probe downwards that cost throughput; those left
        self._cut_at = float("-inf")
        self._ceiling = 0
        self._calls = ThroughputWindow(clock)

    @property
    def in_flight(self) -> int:
        """Calls that have begun and not ended."""
        return self._calls.in_flight

    @property
    def room(self) -> int:
        """Calls that may begin now."""
        return self.limit - self.in_flight - self.reserved

    @property
    def load(self) -> float:
        """Outstanding work as a share of the limit."""
        return (self.in_flight + self.reserved) / self.limit

    def bound(self, maximum: int) -> None:
        """Let no more than `maximum` calls be in flight, whatever was allowed before."""
        self.maximum = max(1, min(self.maximum, maximum))
        self.limit = min(self.limit, self.maximum)

    def began(self) -> float:
        """A call begins; returns the moment, which its end must bring back."""
        return self._calls.began()

    def succeeded(self, began: float) -> None:
        """A call that began then was answered."""
        measured = self._calls.answered(began, self.limit, self.limit * (1 if self._starting else 2))
        if measured is not None:
            self._least_latency = min(self._least_latency, measured.latency)
            self._judge(measured)

    def failed(self, began: float) -> None:
        """A call ended without an answer, for reasons that say nothing about load."""
        self._calls.ended()

    def overloaded(self, began: float) -> None:
        """A call was refused, or not answered in time, because the endpoint has too much to do. Cuts once for all calls in flight."""
        now = self._calls.ended()
        if began < self._cut_at:
            return
        self._cut_at = now
        self._ceiling = self._kept or self.limit
        self._starting, self._kept, self._windows = False, 0, 0
        self._upwards = True
        self._recent.clear()
        self._set(math.floor(min(self.limit, self._ceiling) * CUT))

    def idle(self) -> None:
        """Nothing was allowed to be sent for a while: what was being measured is void."""
        self._calls.discard()

    def _set(self, limit: int) -> None:
        limit = min(self.maximum, max(1, limit))
        if limit != self.limit:
            self.limit = limit
            self.idle()

    def _judge(self, measured: Throughput) -> None:
        if measured.in_use < IN_USE * self.limit:  # there was less to do than allowed
            if self._kept:
                self._set(self._kept)
                self._kept = 0
        elif self._starting:
            self._start(measured)
        elif self._kept:
            self._weigh(measured)
        else:
            self._recent.append(measured)
            self._windows += 1
            if self._windows >= (1 if self._climbing() else PROBE_AFTER):
                self._probe()

    def _start(self, measured: Throughput) -> None:
        best = self._best
        if best is not None and measured.rate < best.rate * _worth(measured, best, PAYS_AT_START):
            self._misses += 1
            if self._misses >= 2:
                in_service = measured.rate * best.latency
                self._starting, self._windows = False, PROBE_AFTER
                self._set(min(measured.limit, max(best.limit, math.ceil(in_service * HEADROOM))))
            return
        full = best is None or measured.rate / best.rate - 1 >= FULL_GROWTH * (measured.limit / best.limit - 1)
        self._best, self._misses = measured, 0
        if measured.limit >= self.maximum:
            self._starting = False
        else:
            self._set(math.ceil(measured.limit * (2 if full else 1.5)))

    def _climbing(self) -> bool:
        return self._ceiling > 0 and self.limit * PROBE_UP < self._ceiling

    def _probe(self) -> None:
        """Try another limit for a window: upwards and downwards in turn, just below a limit that lately met refusals."""
        self._windows = 0
        if self._ceiling and self._clock() - self._cut_at > CEILING_LASTS:
            self._ceiling = 0
        up, self._upwards = self._upwards or self._climbing(), not self._upwards
        if up:
            target = min(self.maximum, max(self.limit + 1, math.ceil(self.limit * PROBE_UP)))
            target = min(target, self._ceiling - 1) if self._ceiling else target
            if target <= self.limit:
                return
        elif self._turns > 0:
            self._turns -= 1
            return
        else:
            target = math.floor(self.limit * PROBE_DOWN)
            if self._deep:  # by Little's law so many are in service if all that latency grew by is waiting
                target = min(
                    target, max(self.limit // 2, math.ceil(self._recent[-1].rate * self._least_latency * HEADROOM))
                )
            if target < 1 or target == self.limit:
                return
        self._kept = self.limit
        self._set(target)

    def _weigh(self, measured: Throughput) -> None:
        """Keep a probed limit or go back: upwards must pay, downwards must cost less than it saves in waiting."""
        kept, self._kept = self._kept, 0
        before = max(self._recent, key=lambda past: past.rate)
        rises = measured.limit > before.limit
        # By Little's law limit / latency is the rate, too: seen twice it is hardly chance.
        growth = (measured.rate / before.rate, (measured.limit / measured.latency) / (before.limit / before.latency))
        keep = min(growth) >= _worth(measured, before, PAYS) if rises else growth[0] >= (0.97 if self._deep else 0.99)
        if keep:
            self._deep, self._patience = True, 0
            self._recent.clear()
            self._recent.append(measured)
            self._upwards = rises
            self._windows = PROBE_AFTER  # and on in the same direction
            return
        if not rises:
            self._deep, self._patience = False, min(LONGEST_PATIENCE, 2 * self._patience + 1)
            self._turns = self._patience
        self._set(kept)


def _worth(measured: Throughput, before: Throughput, share: float) -> float:
    """By how much the rate must have grown for the raised limit to pay."""
    return 1 + share * (measured.limit / before.limit - 1)
