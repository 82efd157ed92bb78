"""Progress of a stage: its rates, its cost so far and the time it has left."""

import time
from collections import deque
from collections.abc import Callable
from typing import Protocol

from wethink_assets.synthesis.budgets.usage import Usage

WINDOW = 60.0  # seconds over which rates are taken


class ProgressReporter(Protocol):
    """Where a stage tells items done, items in total and, where it asks models, what they took so far."""

    def __call__(self, done: int, total: int, usage: Usage | None = None, /) -> None:
        """Take note of where the stage is."""
        ...


class Pace:
    """Rates of one stage over the last minute; feed it now and then, from one thread."""

    def __init__(self, currency: str = "", clock: Callable[[], float] = time.monotonic) -> None:
        self._currency = currency
        self._clock = clock
        self._seen: deque[tuple[float, int, int, int]] = deque()  # time, items, calls, tokens
        self._done, self._total = 0, 0
        self._usage: Usage | None = None
        self._note(0, None)

    def update(self, done: int, total: int, usage: Usage | None = None) -> None:
        """Take note of items done, items in total and usage so far."""
        self._done, self._total, self._usage = done, total, usage
        self._note(done, usage)

    def _note(self, done: int, usage: Usage | None) -> None:
        now = self._clock()
        while len(self._seen) > 2 and now - self._seen[1][0] > WINDOW:
            self._seen.popleft()
        self._seen.append((now, done, usage.calls if usage else 0, usage.tokens if usage else 0))

    def _rate(self, of: int) -> float:
        first, last = self._seen[0], self._seen[-1]
        return (last[of] - first[of]) / max(last[0] - first[0], 1e-3)

    @property
    def seconds_left(self) -> float | None:
        """Seconds until the stage is done, as items went in the last minute; None while none did."""
        rate = self._rate(1)
        return (self._total - self._done) / rate if rate > 0 else None

    def figures(self) -> str:
        """Calls and tokens a second, and what the stage cost so far; empty where it asks no models."""
        if self._usage is None:
            return ""
        rates = f"{self._rate(2):.1f} calls/s, {self._rate(3):,.0f} tokens/s"
        return f"{rates}, {money(self._usage.money, self._currency)}" if self._usage.money else rates

    def line(self) -> str:
        """Items, rates, cost and time left."""
        left = self.seconds_left
        parts = [f"{self._done} of {self._total} items", self.figures()]
        if left is not None and self._done < self._total:
            parts.append(f"about {clock(left)} left")
        return ", ".join(part for part in parts if part)


def clock(seconds: float) -> str:
    """A duration as people read it.

    >>> clock(75), clock(3725)
    ('1:15', '1:02:05')
    """
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def money(amount: float, currency: str) -> str:
    """An amount with its currency, to the cent, or to two digits where it is less than a cent.

    >>> money(1234.5, "USD"), money(0.00123, "EUR")
    ('1,234.50 USD', '0.0012 EUR')
    """
    digits = f"{amount:,.2f}" if amount >= 0.01 or not amount else f"{amount:.2g}"
    return f"{digits} {currency}".strip()
