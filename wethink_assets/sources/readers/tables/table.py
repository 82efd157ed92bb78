"""A table in a file, as parquet and Arrow have it: a schema and blocks of rows, each of which is read by itself."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from wethink_assets.errors import SourceError, StoreError
from wethink_assets.sources.readers.tables.image_columns import Column, value_counts

__all__ = ["Block", "Table"]

FIRST_VALUES = 16


class Block(NamedTuple):
    """Rows that are read together, such as a row group: the number of the first, and how many."""

    start: int
    rows: int


class Table(ABC):
    """An open table.

    schema: an Arrow schema.
    blocks: in the order of their rows.
    damage: what of the file cannot be read, with where it is; empty where all can.
    """

    schema: Any
    blocks: Sequence[Block]
    damage: str = ""

    @abstractmethod
    def batches(self, block: int, columns: Sequence[str]) -> Iterator[Any]:
        """Record batches of a block with some columns at the top, few rows each where the file allows it."""

    def counts(self, block: int, column: Column) -> Iterator[int]:
        """How many values each row of a block has in a column."""
        for batch in self.batches(block, [column.path[0]]):
            yield from value_counts(batch.column(0), column.path[1:]).tolist()

    def first_values(self, name: str) -> list[Any]:
        """Up to `FIRST_VALUES` values of a column at the top that hold anything, of the first block that can be read and has some."""
        for number in range(len(self.blocks)):
            values: list[Any] = []
            try:
                for value in self._values(number, name):
                    values.append(value)
                    if len(values) == FIRST_VALUES:
                        break
            except (SourceError, StoreError):
                raise
            except Exception:  # noqa: S112 # of a damaged block, which is named when its rows are asked for
                continue
            if values:
                return values
        return []

    def _values(self, block: int, name: str) -> Iterator[Any]:
        for batch in self.batches(block, [name]):
            array = batch.column(0)
            if array.null_count < len(array):
                yield from (value for each in array if _holds_something(value := each.as_py()))


def _holds_something(value: Any) -> bool:
    if isinstance(value, dict):
        return any(_holds_something(each) for each in value.values())
    if isinstance(value, list):
        return any(_holds_something(each) for each in value)
    return value is not None and value not in (b"", "")
