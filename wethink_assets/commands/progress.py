"""Progress of a long command: bars on a terminal, lines elsewhere."""

import os
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from wethink_assets.plain_text import visible

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
        self._console.print(visible(line), markup=False, soft_wrap=True)

    def table(self, title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """A table; the first column of each row is its name, the last row sums up."""
        table = Table(title=Text(title), show_footer=False)
        table.add_column("source")
        for column in columns:
            table.add_column(Text(column), justify="right")
        for number, row in enumerate(rows):
            table.add_row(*(Text(visible(cell)) for cell in row), end_section=number == len(rows) - 2)
        self._console.print(table)

    def rows(self, title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """A table whose first column names each row."""
        table = Table(title=Text(title))
        for number, column in enumerate(columns):
            table.add_column(Text(column), justify="right" if number else "left")
        for row in rows:
            table.add_row(*(Text(visible(cell)) for cell in row))
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
    def reading(self, what: str) -> Iterator[Callable[[str, int], None]]:
        """Show how many rows of files are read, whose number is not known before; yields a callback for a file and its rows so far."""
        with self._bars() as bars:
            self._announce(what)
            task = bars.add_task(what, total=None)
            yield lambda file, rows: bars.update(task, description=f"{what}: {file}", completed=rows)

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
        """Callback for a stage of a batch at work: items done, items in total and usage of the models."""
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


@dataclass
class _Batch:
    """A batch at work: which of all it is, its stages, the share of its work that is done, and the bar of its stage."""

    number: int
    stages: int
    bar: TaskID
    stage: int = 0
    share: float = 0.0


class BatchProgress:
    """Progress over batches, also of several at a time: weighted by images and stages, with the time left estimated from what is done."""

    def __init__(self, display: Display, bars: Progress, sizes: Mapping[str, int], currency: str = "") -> None:
        self._display, self._bars, self._sizes, self._currency = display, bars, sizes, currency
        self._spent: Counter[str] = Counter()  # by finished stages
        self._usage: dict[str, Usage] = {}  # of the stages at work, by batch
        self._started = time.monotonic()
        self._at_work: dict[str, _Batch] = {}
        self._begun = 0
        self._ended: list[str] = []
        self._interrupted = False
        self._lock = threading.RLock()
        self._whole = bars.add_task("batches", total=len(sizes))

    def begin(self, batch: str, stages: int) -> None:
        """A batch begins."""
        with self._lock:
            self._begun += 1
            self._at_work[batch] = _Batch(self._begun, stages, self._bars.add_task("", total=None, visible=False))
            self._show()

    def finish(self, batch: str, outcome: str = "done") -> None:
        """A batch ended, and what became of it."""
        with self._lock:
            ended = self._at_work.pop(batch)
            self._spent += _totals(self._usage.pop(batch, None))
            self._ended.append(batch)
            self._bars.remove_task(ended.bar)
            if not self._display.is_terminal:
                self._line(batch, ended, outcome, "")
            self._show()

    def end(self) -> None:
        """All batches are done."""
        for batch in list(self._at_work):
            self.finish(batch)

    def interrupt(self) -> None:
        """Let each stage at work raise `KeyboardInterrupt` when it next tells how far it is."""
        self._interrupted = True

    def _show(self) -> None:
        names = f"batch {', '.join(self._at_work)}" if self._at_work else "batches"
        self._bars.update(self._whole, description=names, completed=len(self._ended), left=self._left())

    @property
    def totals(self) -> dict[str, float]:
        """Usage of the models over all batches so far, by the names of `Usage.as_dict`."""
        with self._lock:
            totals = sum((_totals(usage) for usage in self._usage.values()), Counter(self._spent))
            return {name: round(value, 9) for name, value in sorted(totals.items())}

    def stage(self, stage: str, batch: str) -> "ProgressReporter":
        """Callback of a stage over a batch that was begun; any other is taken for one of the only batch at work."""
        from wethink_assets.synthesis.budgets.progress import Pace

        batch = batch if batch in self._at_work or len(self._at_work) != 1 else next(iter(self._at_work))
        work = self._at_work[batch]
        with self._lock:
            work.stage += 1
            self._spent += _totals(self._usage.pop(batch, None))
        number = work.stage
        self._bars.update(work.bar, description=stage, completed=0, total=None, visible=True, left="")
        pace = Pace(self._currency)
        reported = began = time.monotonic()

        def update(done: int, total: int, usage: "Usage | None" = None, /) -> None:
            nonlocal reported
            if self._interrupted:
                raise KeyboardInterrupt
            idle = not done and not (usage and usage.calls) and time.monotonic() - began < FIRST_LINE
            pace.update(done, total, usage)
            if usage is not None:
                self._usage[batch] = usage
            self._bars.update(work.bar, completed=done, total=total, left=pace.figures())
            work.share = (number - 1 + done / max(total, 1)) / max(work.stages, number)
            self._bars.update(self._whole, left=self._left())
            if not self._display.is_terminal and not idle and time.monotonic() - reported >= LINE_EVERY:
                reported = time.monotonic()
                self._line(batch, work, stage, pace.line())

        return update

    def _line(self, batch: str, work: _Batch, what: str, count: str) -> None:
        from wethink_assets.synthesis.budgets.progress import clock

        elapsed = clock(time.monotonic() - self._started)
        left = self._left()
        all_left = f"all batches {left}" if left else ""
        parts = [f"[{work.number}/{len(self._sizes)}] {batch} {what}", count, f"{elapsed} elapsed", all_left]
        self._display.report(", ".join(part for part in parts if part))

    def _left(self) -> str:
        from wethink_assets.synthesis.budgets.progress import clock

        total = sum(self._sizes.values())
        with self._lock:
            done = float(sum(self._sizes[batch] for batch in self._ended))
            done += sum(work.share * self._sizes[batch] for batch, work in self._at_work.items())
        if not done or done >= total:  # nothing is left, or nobody can tell
            return ""
        return f"about {clock((time.monotonic() - self._started) * (total - done) / done)} left"


def _totals(usage: "Usage | None") -> "Counter[str]":
    if usage is None:
        return Counter()
    return Counter({name: value for name, value in usage.as_dict().items() if "." not in name})
