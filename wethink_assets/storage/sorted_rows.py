"""Rows sorted without bound: millions of them in order, of which a few are in memory and the rest in a file that has no name.

Added rows become sorted runs, as in the external merge sort of Knuth (The Art of Computer Programming 3, section 5.4), and a run is written in chunks
whose first keys are kept. Tables in the same order are walked through side by side, one range of keys at a time, so that whatever depends on rows of
one key only is decided range by range, as if all were in memory. The file lies in the folder of temporary files (`TMPDIR`) and is gone with its
process, also when that is killed.
"""

import io
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from typing import IO, Any, NamedTuple

import polars as pl

from wethink_assets.storage.faults import reported

__all__ = ["SortedRows", "in_batches", "side_by_side"]

RUN_ROWS = 250_000
CHUNK_ROWS = 25_000
RANGE_CHUNKS = 6
"""Chunks that begin within one range of keys."""


class _Chunk(NamedTuple):
    """Sorted neighbours: in memory, or so many bytes of the file."""

    first: tuple[Any, ...]
    rows: pl.DataFrame | None
    at: int = 0
    size: int = 0


class SortedRows:
    """A table that is kept in the order of some columns, none of which is null; what is equal in them stays in the order in which it was added.

    height: rows that it has.
    """

    def __init__(self, schema: pl.Schema, by: Sequence[str]) -> None:
        self.height = 0
        self.schema = schema
        self.by = tuple(by)
        self._added: list[pl.DataFrame] = []
        self._added_rows = 0
        self._runs: list[list[_Chunk]] = []
        self._file: IO[bytes] | None = None

    def add(self, rows: pl.DataFrame) -> None:
        """Take rows in, with at least the columns of the schema; not while the table is walked through.

        Raises `StoreUnreachable` when the disk of temporary files takes no more.
        """
        if rows.height:
            self._added.append(rows.select(self.schema.names()))
            self._added_rows += rows.height
            self.height += rows.height
        if self._added_rows >= RUN_ROWS:
            self._runs.append([self._written(rows) for rows in self._last_run().iter_slices(CHUNK_ROWS)])
            self._added, self._added_rows = [], 0

    def parts(self) -> Iterator[pl.DataFrame]:
        """All rows in order, so many at a time; none of the parts is empty."""
        return (part for (part,) in side_by_side(self) if part.height)

    def read(self) -> pl.DataFrame:
        """All rows in order, in memory."""
        return pl.concat([self.schema.to_frame(), *self.parts()])

    def runs(self) -> list[list[_Chunk]]:
        """The sorted runs, in the order in which their rows were added."""
        if not self._added:
            return self._runs
        last = self._last_run()
        self._added = [last]  # sorted once
        return [*self._runs, [_Chunk(self._key(rows), rows) for rows in last.iter_slices(CHUNK_ROWS)]]

    def load(self, chunk: _Chunk) -> pl.DataFrame:
        """Rows of a chunk."""
        if chunk.rows is not None:
            return chunk.rows
        assert self._file is not None
        with reported(tempfile.gettempdir):
            self._file.seek(chunk.at)
            return pl.read_ipc(io.BytesIO(self._file.read(chunk.size)))

    def _last_run(self) -> pl.DataFrame:
        rows = pl.concat(self._added)
        # Listings mostly come in order, and finding that out costs less than sorting.
        return rows if _in_order(rows, self.by) else rows.sort(self.by, maintain_order=True)

    def _key(self, rows: pl.DataFrame) -> tuple[Any, ...]:
        return rows.select(self.by).row(0)

    def _written(self, rows: pl.DataFrame) -> _Chunk:
        buffer = io.BytesIO()
        rows.write_ipc(buffer, compression="lz4")
        data = buffer.getbuffer()
        with reported(tempfile.gettempdir):
            self._file = self._file or tempfile.TemporaryFile()  # noqa: SIM115 # closed with this
            at = self._file.seek(0, io.SEEK_END)
            self._file.write(data)
            self._file.flush()
        return _Chunk(self._key(rows), None, at, len(data))


class _Cursor:
    """How far a run was walked through."""

    def __init__(self, table: SortedRows, run: list[_Chunk]) -> None:
        self._table = table
        self._chunks = iter(run)
        self._next = next(self._chunks, None)
        self._rest: pl.DataFrame | None = None

    def before(self, bound: tuple[Any, ...] | None) -> list[pl.DataFrame]:
        """The rows from here on whose key is below a bound; all without one."""
        taken: list[pl.DataFrame] = []
        while True:
            if self._rest is None:
                if self._next is None or (bound is not None and self._next.first >= bound):
                    return taken
                self._rest = self._table.load(self._next)
                self._next = next(self._chunks, None)
            rest, self._rest = self._rest, None
            if bound is None or (self._next is not None and self._next.first < bound):
                taken.append(rest)
                continue
            below = int(rest.select(_below(self._table.by, bound).sum()).item())
            if below:
                taken.append(rest.head(below))
            if below < rest.height:
                self._rest = rest.slice(below)
                return taken


def side_by_side(*tables: SortedRows) -> Iterator[tuple[pl.DataFrame, ...]]:
    """Rows of tables in the same order, one range of keys after the other: of each table those of the range, sorted; some of them empty.

    Rows of one key are in one range, whichever table they are in. About `RANGE_CHUNKS` chunks are in memory, and one more of each run
    that the range cuts.
    """
    assert len({table.by for table in tables}) == 1
    runs = [table.runs() for table in tables]
    firsts = sorted(chunk.first for of_table in runs for run in of_table for chunk in run)
    bounds = list(dict.fromkeys(firsts[RANGE_CHUNKS::RANGE_CHUNKS]))
    cursors = [[_Cursor(table, run) for run in of_table] for table, of_table in zip(tables, runs, strict=True)]
    del runs
    for bound in (*bounds, None):
        yield tuple(
            _merged(table, [cursor.before(bound) for cursor in of_table])
            for table, of_table in zip(tables, cursors, strict=True)
        )


def in_batches(parts: Iterable[pl.DataFrame], size: int) -> Iterator[pl.DataFrame]:
    """The same rows in the same order, `size` at a time; the last ones may be fewer."""
    kept: list[pl.DataFrame] = []
    rows = 0
    for part in parts:
        kept.append(part)
        rows += part.height
        if rows < size:
            continue
        whole = pl.concat(kept)
        full = rows - rows % size
        yield from (whole.slice(start, size) for start in range(0, full, size))
        kept, rows = [whole.slice(full)], rows - full
    if rows:
        yield pl.concat(kept)


def _merged(table: SortedRows, by_run: list[list[pl.DataFrame]]) -> pl.DataFrame:
    of_runs = [parts for parts in by_run if parts]
    rows = pl.concat([table.schema.to_frame(), *(part for parts in of_runs for part in parts)])
    return rows if len(of_runs) < 2 else rows.sort(table.by, maintain_order=True)


def _below(by: Sequence[str], key: Sequence[Any]) -> pl.Expr:
    below = pl.lit(False)
    for column, value in reversed(list(zip(by, key, strict=True))):
        below = (pl.col(column) < value) | ((pl.col(column) == value) & below)
    return below


def _in_order(rows: pl.DataFrame, by: Sequence[str]) -> bool:
    descends = pl.lit(False)
    for column in reversed(by):
        here, before = pl.col(column), pl.col(column).shift(1)
        descends = (here < before) | ((here == before) & descends)
    return not rows.select(descends.fill_null(False).any()).item()
