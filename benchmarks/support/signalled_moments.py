"""Moments at which a command was sent signals: what was measured, what does not hold of it, and whether it could be measured at all."""

import signal
import threading
import time
from dataclasses import dataclass
from typing import Any

WITHIN, AT_ONCE = 2.0, 0.5  # seconds
LATE = 0.25  # seconds
TICK = 0.01


@dataclass(frozen=True)
class Moment:
    """One measured moment; seconds from the first signal and, where there were two, from the second to the end of the command."""

    number: int
    command: str
    sent: tuple[str, ...]
    after: float
    first: float
    second: float
    code: int
    left: tuple[str, ...]
    traceback: str
    late: float = 0.0  # the longest time for which the program that measures was not run by the machine

    @classmethod
    def of(cls, record: dict[str, Any]) -> "Moment":
        """The moment that a line of a state file tells of."""
        return cls(**{**record, "sent": tuple(record["sent"]), "left": tuple(record["left"])})

    @property
    def held_up(self) -> bool:
        """Whether its seconds are those of a machine that did not run the program that measures."""
        return self.late > LATE

    @property
    def early(self) -> bool:
        """Whether it came before a line of ours ran, while Python itself started."""
        return bool(self.traceback) and "/wethink_assets/" not in self.traceback

    def faults(self) -> list[str]:
        """What does not hold of it."""
        found = [f"{self.command} left {each}" for each in self.left]
        if self.first > WITHIN:
            found.append(f"{self.command} ended {self.first:.2f} s after the first of {', '.join(self.sent)}")
        if len(self.sent) > 1 and self.second > AT_ONCE:
            found.append(f"{self.command} ended {self.second:.2f} s after the second of {', '.join(self.sent)}")
        if self.traceback and not self.early:
            found.append(f"{self.command} showed a traceback: {self.traceback}")
        if self.code not in (130, 0, 1, -signal.SIGTERM, -signal.SIGINT):
            found.append(f"{self.command} ended with {self.code}")
        return [f"moment {self.number}: {each}, {self.after:.2f} s after its start" for each in found]


class Ticks:
    """A clock that ticks in a thread of this program: who measures seconds on a busy machine may itself be what was late."""

    def __init__(self) -> None:
        self._longest = 0.0
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        last = time.monotonic()
        while True:
            time.sleep(TICK)
            now = time.monotonic()
            self._longest, last = max(self._longest, now - last - TICK), now

    def begin(self) -> None:
        """Count from now on."""
        self._longest = 0.0

    def longest(self) -> float:
        """Seconds by which the latest tick since `begin` was late."""
        return self._longest
