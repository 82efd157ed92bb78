"""Collector of outcomes: results and rejections of a million items as two sorted tables, in bounded memory.

Rows become columns by the thousand; of these only some are held, the others wait in files of a temporary folder, each sorted. In the end the table
is put together range by range of its ids.
"""

import tempfile
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from types import TracebackType
from typing import Any

import polars as pl

from wethink_assets.models.chat import CallFailed
from wethink_assets.stages.output import REJECTIONS, StageOutput
from wethink_assets.stages.schemas import SCHEMA_VERSION
from wethink_assets.storage.local_files import scan_files
from wethink_assets.synthesis.calls.replies import whole_text


class Rejected(Exception):
    """An item that does not go on: `reason` is a code that is counted, `detail` is for people."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


class Waiting(Rejected):
    """Ends the work on an item, for now, at a call that waits for a batch job: nothing became of it yet."""

    def __init__(self, key: str) -> None:
        super().__init__("waiting", key)


@dataclass(slots=True)
class Outcome:
    """What became of one piece of work: rows of the results table, and rejections."""

    results: list[dict[str, Any]] = field(default_factory=list)
    rejected: list[dict[str, str]] = field(default_factory=list)


async def settled(stage: str, item: str, work: Awaitable[dict[str, Any]]) -> Outcome:
    """Outcome of the work on one item: its row, or its rejection; nothing while it waits."""
    try:
        return Outcome(results=[await work])
    except Waiting:
        return Outcome()
    except (Rejected, CallFailed) as fate:
        return Outcome(rejected=[rejection(stage, item, fate)])


def rejection(stage: str, item: str, fate: Rejected | CallFailed) -> dict[str, str]:
    """The rejection of an item, as a row of the rejections table."""
    detail = fate.detail if isinstance(fate, Rejected) else str(fate)
    return {"item": item, "stage": stage, "reason": fate.reason, "detail": whole_text(detail)[:500]}


CHUNK = 2_000  # rows held as Python objects before they become columns
HELD = 40_000  # rows held as columns before they go to a file
GROUP = 256  # rows of a file that are read together
RANGE = 64_000  # rows that are sorted at once in the end, about


class SortedRows:
    """Rows in whatever order they come, as one frame in the order of some columns. Closes its folder as a context manager."""

    def __init__(self, schema: pl.Schema, by: Sequence[str]) -> None:
        """`schema` is that of the frame; values of the first column of `by` are texts, and hardly one is there twice."""
        self._schema = schema
        self._by = list(by)
        self._rows: list[dict[str, Any]] = []
        self._frames: list[pl.DataFrame] = []
        self._files: list[Path] = []
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    def __enter__(self) -> "SortedRows":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._folder is not None:
            self._folder.cleanup()

    def add(self, rows: Sequence[dict[str, Any]]) -> None:
        """Take some rows."""
        self._rows += rows
        if len(self._rows) >= CHUNK:
            self._to_columns()
            if sum(frame.height for frame in self._frames) >= HELD:
                self._spill()

    def _to_columns(self) -> None:
        self._frames.append(pl.DataFrame(self._rows, schema=self._schema))
        self._rows = []

    def _spill(self) -> None:
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="wethink-rows-")
        path = Path(self._folder.name, f"{len(self._files)}.parquet")
        # Small row groups in order: who wants a range of ids reads, and holds, little more than that.
        pl.concat(self._frames).sort(self._by).write_parquet(path, compression="zstd", row_group_size=GROUP)
        self._files.append(path)
        self._frames = []

    def frame(self) -> pl.DataFrame:
        """All rows in order. Nothing can be added after that."""
        self._to_columns()
        if not self._files:
            return pl.concat(self._frames).sort(self._by)
        self._spill()
        key = pl.col(self._by[0])
        waiting = scan_files(self._files)
        return pl.concat(
            waiting.filter(key >= low if high is None else (key >= low) & (key < high)).collect().sort(self._by)
            for low, high in pairwise(self._bounds())
        )

    def _bounds(self) -> list[str | None]:
        """Where ranges of about `RANGE` rows begin, told by every hundredth row of each file; the last one has no end."""
        name, step = self._by[0], 100
        some = pl.concat(scan_files([path]).select(name).collect().gather_every(step) for path in self._files)
        starts = some.get_column(name).unique().sort().gather_every(RANGE // step)
        return ["", *starts[1:], None]


class Collector:
    """Outcomes in whatever order they come, as the two tables of a stage. To be used as a context manager."""

    def __init__(self, schema: pl.Schema, item: str) -> None:
        """`schema` is that of the results; `schema_version` is filled in. `item` is their id column."""
        self._results = SortedRows(schema, [item])
        self._rejected = SortedRows(REJECTIONS, ["item", "reason", "detail"])

    def __enter__(self) -> "Collector":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._results.__exit__(kind, error, trace)
        self._rejected.__exit__(kind, error, trace)

    def add(self, outcome: Outcome) -> None:
        """Take what became of one piece of work."""
        self._results.add([row | {"schema_version": SCHEMA_VERSION} for row in outcome.results])
        self._rejected.add(outcome.rejected)

    def output(self) -> StageOutput:
        """Both tables, sorted by item, so that the order of arrival leaves no trace."""
        return StageOutput(self._results.frame(), self._rejected.frame())
