"""To whom does a run tell where it is: the log of its Dagster run where one started it, and its own output."""

import os
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

PIPES = "DAGSTER_PIPES_CONTEXT"
EVERY = 4.0  # seconds between two lines about steps


class Teller:
    """Lines of text about a run; about steps now and then, about all else at once."""

    def __init__(self, pipes: Any = None, quiet: bool = False) -> None:
        self._pipes, self._quiet = pipes, quiet
        self._said = 0.0
        self.total = 0

    def say(self, line: str) -> None:
        """One line."""
        if self._quiet:
            return
        print(line, file=sys.stderr, flush=True)
        if self._pipes is not None:
            self._pipes.log.info(line)

    def step(self, figures: Mapping[str, Any]) -> None:
        """Figures of a step, unless some were told a moment ago."""
        last = figures["step"] == self.total
        if last or time.monotonic() - self._said >= EVERY:
            self._said = time.monotonic()
            self.say(step_line(figures, self.total))

    def done(self, message: Mapping[str, Any]) -> None:
        """What the starter reads when the run is over."""
        if self._pipes is not None and not self._quiet:
            self._pipes.report_custom_message(dict(message))


SHOWN = {
    "reward": "reward {:.3f}",
    "accuracy": "accuracy {:.3f}",
    "format": "format {:.3f}",
    "zero_variance": "without variance {:.0%}",
    "kl": "KL {:.4f}",
    "length": "{:.0f} tokens",
    "loss": "loss {:.4f}",
    "tokens_per_second": "{:.0f} tokens/s",
}


def step_line(figures: Mapping[str, Any], total: int) -> str:
    """A step's figures in one line.

    >>> step_line({"step": 3, "reward": 0.5, "kl": None}, 45)
    'step 3/45: reward 0.500'
    """
    told = [shape.format(figures[name]) for name, shape in SHOWN.items() if figures.get(name) is not None]
    return f"step {figures['step']}/{total}: {', '.join(told)}"


@contextmanager
def telling(main: bool = True) -> Iterator[Teller]:
    """A teller, connected to Dagster where it started this process; only the main process of several tells anything."""
    if PIPES not in os.environ or not main:
        yield Teller(quiet=not main)
        return
    from dagster_pipes import open_dagster_pipes

    with open_dagster_pipes() as pipes:
        yield Teller(pipes)
