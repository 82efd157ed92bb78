"""Parquet files as tables: the footer is read at once, row groups in few rows at a time."""

from collections.abc import Iterator, Sequence
from itertools import accumulate, pairwise
from typing import Any

from wethink_assets.sources.readers.entries import ReadFailure
from wethink_assets.sources.readers.split_archive import ArchiveStream
from wethink_assets.sources.readers.tables.image_columns import ELEMENT, Column, value_counts
from wethink_assets.sources.readers.tables.table import Block, Table

__all__ = ["ParquetTable"]

# Rows decoded at once: few, since one row may be many megabytes.
ROWS = 4
NAME = ".path"
COUNTED_ROWS = 1024  # rows whose numbers of images are counted at once, without the images
BUFFER = 2**20


class ParquetTable(Table):
    """A parquet file. Raises `ReadFailure` where it is encrypted, and Arrow's errors where it is damaged."""

    def __init__(self, stream: ArchiveStream, path: str) -> None:
        import pyarrow.parquet

        try:
            self._file = pyarrow.parquet.ParquetFile(stream, buffer_size=BUFFER, pre_buffer=False)
        except OSError as error:
            if "decrypt" in str(error) or "encrypt" in str(error):
                raise ReadFailure("encrypted", f"{path} is encrypted: write it anew without") from error
            raise
        self.schema = self._file.schema_arrow
        groups = self._file.num_row_groups
        starts = accumulate((self._file.metadata.row_group(number).num_rows for number in range(groups)), initial=0)
        self.blocks = [Block(start, end - start) for start, end in pairwise(starts)]

    def batches(self, block: int, columns: Sequence[str]) -> Iterator[Any]:
        """Four rows at a time."""
        return self._batches(block, columns, ROWS)

    def _batches(self, block: int, columns: Sequence[str], rows: int) -> Iterator[Any]:
        return iter(
            self._file.iter_batches(batch_size=rows, row_groups=[block], columns=list(columns), use_threads=False)
        )

    def counts(self, block: int, column: Column) -> Iterator[int]:
        """Lengths of lists from the shortest leaf of the column, so without the images where these have names."""
        leaf = self._shortest_leaf(column)
        rows = COUNTED_ROWS if leaf.endswith(NAME) else ROWS
        for batch in self._batches(block, [leaf], rows):
            yield from value_counts(batch.column(0), column.path[1:]).tolist()

    def _shortest_leaf(self, column: Column) -> str:
        leaves = [self._file.schema.column(number).path for number in range(len(self._file.schema))]
        names = [part for part in column.path if part != ELEMENT]
        own = [
            leaf
            for leaf in leaves
            if leaf.split(".")[0] == names[0] and all(f".{name}." in f".{leaf}." for name in names)
        ]
        return next((leaf for leaf in own if leaf.endswith(NAME)), own[0] if own else column.path[0])
