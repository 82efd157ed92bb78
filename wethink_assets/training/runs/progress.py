"""Progress reports of a training run: to the log of the Dagster run that started it, and to its own output."""

import os
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

PIPES = "DAGSTER_PIPES_CONTEXT"
STEP_INTERVAL = 4.0  # seconds between two lines about steps or images


class ProgressReporter:
    """Reports lines of text about a run: about steps now and then, about all else at once. `total` is the number of steps."""

    def __init__(self, pipes: Any = None, quiet: bool = False) -> None:
        self._pipes, self._quiet = pipes, quiet
        self._last_line = 0.0
        self.total = 0

    def report(self, line: str) -> None:
        """One line."""
        if self._quiet:
            return
        print(line, file=sys.stderr, flush=True)
        if self._pipes is not None:
            self._pipes.log.info(line)

    def report_now_and_then(self, line: str) -> None:
        """One line of many alike, unless another one was reported a moment ago."""
        if time.monotonic() - self._last_line >= STEP_INTERVAL:
            self._last_line = time.monotonic()
            self.report(line)

    def step(self, figures: Mapping[str, Any]) -> None:
        """Figures of a step, unless those of another one were reported a moment ago."""
        line = step_line(figures, self.total)
        if figures["step"] == self.total:
            self.report(line)
        else:
            self.report_now_and_then(line)

    def done(self, message: Mapping[str, Any]) -> None:
        """What the starter reads when the run is over."""
        if self._pipes is not None and not self._quiet:
            self._pipes.report_custom_message(dict(message))


SHOWN = {
    "reward": "reward {:.3f}",
    "accuracy": "accuracy {:.3f}",
    "format": "format {:.3f}",
    "zero_variance": "without variance {:.0%}",
    "judge_failed": "without grade {:.0%}",
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
    parts = [shape.format(figures[name]) for name, shape in SHOWN.items() if figures.get(name) is not None]
    return f"step {figures['step']}/{total}: {', '.join(parts)}"


@contextmanager
def progress_reporter(main: bool = True) -> Iterator[ProgressReporter]:
    """A reporter, connected to Dagster where it started this process; only the main process of several reports anything."""
    if PIPES not in os.environ or not main:
        yield ProgressReporter(quiet=not main)
        return
    from dagster_pipes import open_dagster_pipes

    with open_dagster_pipes() as pipes:
        yield ProgressReporter(pipes)
