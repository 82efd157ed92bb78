"""Progress of a long command: bars on a terminal, lines elsewhere."""

import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from wethink_assets.synthesis.budgets.progress import ProgressReporter
    from wethink_assets.synthesis.budgets.usage import Usage

LINE_EVERY = 5.0  # seconds between two lines about the same stage where there is no terminal
FIRST_LINE = (
    60.0  # seconds before a line about a stage that has nothing to show yet: what it fails of is to stand near the top
)


class Display:
    """Output of a command for people: standard error, as it was when the command started.

    Dagster captures a step's output by exchanging the file descriptor, so this one keeps a copy of its own.
    """

    def __init__(self) -> None:
        try:
            stream = os.fdopen(os.dup(sys.stderr.fileno()), "w", buffering=1, encoding="utf-8", errors="replace")
            self._owned = True
        except (OSError, ValueError, AttributeError):
            stream, self._owned = sys.stderr, False  # type: ignore[assignment]
        self._stream = stream
        self._console = Console(file=stream, highlight=False, width=None if stream.isatty() else 160)
        self._work: BatchProgress | None = None

    def __enter__(self) -> "Display":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._owned:
            with suppress(OSError):
                self._stream.close()

    def report(self, line: str) -> None:
        """One line, above the bars where there are any."""
        self._console.print(line, markup=False, soft_wrap=True)

    def table(self, title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """A table; the first column of each row is its name, the last row sums up."""
        table = Table(title=Text(title), show_footer=False)
        table.add_column("source")
        for column in columns:
            table.add_column(Text(column), justify="right")
        for number, row in enumerate(rows):
            table.add_row(*map(Text, row), end_section=number == len(rows) - 2)
        self._console.print(table)

    def rows(self, title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """A table whose first column names each row."""
        table = Table(title=Text(title))
        for number, column in enumerate(columns):
            table.add_column(Text(column), justify="right" if number else "left")
        for row in rows:
            table.add_row(*map(Text, row))
        self._console.print(table)

    @contextmanager
    def busy(self, what: str) -> Iterator[None]:
        """Show that something takes a while and cannot be counted."""
        self._announce(what)
        with self.waiting(what):
            yield

    @contextmanager
    def waiting(self, what: str) -> Iterator[None]:
        """Show on a terminal that something takes a few seconds; say nothing elsewhere."""
        if not self._console.is_terminal:
            yield
            return
        with self._console.status(Text(what)):
            yield

    @contextmanager
    def counting(self, what: str, total: int) -> Iterator[Callable[[], None]]:
        """Show how much of `total` is done; yields a callback for each item."""
        with self._bars() as bars:
            self._announce(what)
            task = bars.add_task(what, total=total)
            yield lambda: bars.advance(task)

    @contextmanager
    def batches(self, sizes: Mapping[str, int], currency: str = "") -> Iterator["BatchProgress"]:
        """Show the progress of batches of so many images; yields what is notified when a batch begins, with usage in the end."""
        with self._bars() as bars:
            work = self._work = BatchProgress(self, bars, sizes, currency)
            try:
                yield work
                work.end()
            finally:
                self._work = None

    def of(self, stage: str, batch: str) -> "ProgressReporter":
        """Callback for a stage of the running batch: items done, items in total and usage of the models."""
        work = self._work
        return work.stage(stage, batch) if work else lambda done, total, usage=None, /: None

    @property
    def is_terminal(self) -> bool:
        """Whether bars can be drawn."""
        return self._console.is_terminal

    def _announce(self, what: str) -> None:
        if not self._console.is_terminal:
            self.report(what)

    def _bars(self) -> Progress:
        columns = (
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
        )
        tail = TextColumn("{task.fields[left]}")
        return _Bars(*columns, tail, console=self._console, transient=True, disable=not self._console.is_terminal)


class _Bars(Progress):
    def add_task(self, description: str, *args: object, **fields: object) -> TaskID:
        """A task whose time left is unknown at first."""
        return super().add_task(description, *args, **{"left": "", **fields})  # type: ignore[arg-type]


class BatchProgress:
    """Progress over batches: they are weighted by images and stages, and the time left is estimated from what is done."""

    def __init__(self, display: Display, bars: Progress, sizes: Mapping[str, int], currency: str = "") -> None:
        self._display, self._bars, self._sizes, self._currency = display, bars, sizes, currency
        self._spent: Counter[str] = Counter()  # by finished stages
        self._usage: Usage | None = None  # of the running stage
        self._started = time.monotonic()
        self._number = 0
        self._images = 0  # of batches that are done
        self.outcome = "done"
        """What became of the running batch."""
        self._batch, self._stages, self._stage_number = "", 1, 0
        self._whole = bars.add_task("batches", total=len(sizes))
        self._part = bars.add_task("", total=None, visible=False)

    def begin(self, batch: str, stages: int) -> None:
        """A batch begins; the former one is done."""
        self._finish()
        self._number += 1
        self.outcome = "done"
        self._batch, self._stages, self._stage_number = batch, stages, 0
        self._bars.update(self._whole, description=f"batch {batch}", completed=self._number - 1, left=self._left(0))

    def end(self) -> None:
        """The last batch is done."""
        self._finish()
        self._bars.update(self._whole, completed=self._number)

    def _finish(self) -> None:
        if self._batch:
            self._images += self._sizes[self._batch]
            if not self._display.is_terminal:
                self._line(self.outcome, "", 0)

    @property
    def totals(self) -> dict[str, float]:
        """Usage of the models over all batches so far, by the names of `Usage.as_dict`."""
        totals = self._spent + _totals(self._usage)
        return {name: round(value, 9) for name, value in sorted(totals.items())}

    def stage(self, stage: str, batch: str) -> "ProgressReporter":
        """Callback of a stage over the running batch."""
        from wethink_assets.synthesis.budgets.progress import Pace

        self._stage_number += 1
        number = self._stage_number
        self._spent += _totals(self._usage)
        self._usage = None
        self._bars.update(self._part, description=stage, completed=0, total=None, visible=True, left="")
        pace = Pace(self._currency)
        reported = began = time.monotonic()

        def update(done: int, total: int, usage: "Usage | None" = None, /) -> None:
            nonlocal reported
            idle = not done and not (usage and usage.calls) and time.monotonic() - began < FIRST_LINE
            pace.update(done, total, usage)
            self._usage = usage
            self._bars.update(self._part, completed=done, total=total, left=pace.figures())
            share = (number - 1 + done / max(total, 1)) / max(self._stages, number)
            self._bars.update(self._whole, left=self._left(share))
            if not self._display.is_terminal and not idle and time.monotonic() - reported >= LINE_EVERY:
                reported = time.monotonic()
                self._line(stage, pace.line(), share)

        return update

    def _line(self, what: str, count: str, share: float = 1.0) -> None:
        from wethink_assets.synthesis.budgets.progress import clock

        elapsed = clock(time.monotonic() - self._started)
        left = self._left(share)
        all_left = f"all batches {left}" if left else ""
        parts = [f"[{self._number}/{len(self._sizes)}] {self._batch} {what}", count, f"{elapsed} elapsed", all_left]
        self._display.report(", ".join(part for part in parts if part))

    def _left(self, share: float) -> str:
        from wethink_assets.synthesis.budgets.progress import clock

        total = sum(self._sizes.values())
        done = self._images + share * (self._sizes[self._batch] if self._batch and share else 0)
        if not done:
            return ""
        return f"about {clock((time.monotonic() - self._started) * (total - done) / done)} left"


def _totals(usage: "Usage | None") -> "Counter[str]":
    if usage is None:
        return Counter()
    return Counter({name: value for name, value in usage.as_dict().items() if "." not in name})
