"""A parquet file sorted by row_id that is larger than memory: rows go into buckets of ids, each bucket is sorted, all are joined.

Row ids are hexadecimal hashes, so equal stretches of them hold about equally many rows.
"""

from pathlib import Path
from typing import Any

import polars as pl

from wethink_assets.storage.local_files import scan_files

BUCKET_ROWS = 100_000
ROW_GROUP = 64_000


class SortedFile:
    """Collects frames of one schema; `write` makes the sorted file. About `bucket_rows` rows are held in memory."""

    def __init__(
        self,
        folder: Path,
        schema: pl.Schema,
        expected_rows: int,
        sort_by: tuple[str, ...] = ("row_id",),
        bucket_rows: int = BUCKET_ROWS,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._schema, self._sort_by, self._bucket_rows = folder, schema, sort_by, bucket_rows
        self._buckets = max(1, -(-expected_rows // bucket_rows))
        self._waiting: list[pl.DataFrame] = []
        self._rows = 0
        self._parts = 0
        self.rows = 0

    def add(self, frame: pl.DataFrame) -> None:
        """Add rows; they must have the file's schema and its sort columns first among them a hexadecimal `row_id`."""
        self._waiting.append(frame)
        self._rows += frame.height
        self.rows += frame.height
        if self._rows >= self._bucket_rows:
            self._spill()

    def _spill(self) -> None:
        frame = pl.concat([pl.DataFrame(schema=self._schema), *self._waiting])
        bucket = pl.col("row_id").str.head(4).str.to_integer(base=16) * self._buckets // 65_536
        for (number,), part in (
            frame.with_columns(bucket.alias("_bucket")).partition_by("_bucket", as_dict=True).items()
        ):
            part.drop("_bucket").write_parquet(
                self._folder / f"{number:05d}-{self._parts:05d}.parquet", compression="lz4"
            )
        self._parts += 1
        self._waiting, self._rows = [], 0

    def write(self, target: Path, schema: Any = None) -> None:
        """Write all rows, sorted, in row groups of at most 64,000.

        Args:
            schema: Arrow schema of the file, with metadata; without one it is that which polars writes.
        """
        self._spill()
        ordered = []
        for number in range(self._buckets):
            parts = sorted(self._folder.glob(f"{number:05d}-*.parquet"))
            if parts:
                ordered.append(self._folder / f"sorted-{number:05d}.parquet")
                scan_files(parts).collect().sort(*self._sort_by).write_parquet(ordered[-1], compression="lz4")
                for part in parts:
                    part.unlink()
        if schema is not None:
            _write_as(target, ordered, schema)
            return
        lazy = scan_files(ordered) if ordered else pl.LazyFrame(schema=self._schema)
        lazy.sink_parquet(target, compression="zstd", row_group_size=ROW_GROUP, maintain_order=True)


def _write_as(target: Path, ordered: list[Path], schema: Any) -> None:
    # polars writes texts as types that readers of the metadata take for others than it names.
    import pyarrow.parquet

    with pyarrow.parquet.ParquetWriter(target, schema, compression="zstd") as writer:
        for path in ordered:
            part = scan_files([path]).collect().to_arrow(compat_level=pl.CompatLevel.oldest())
            writer.write_table(part.cast(schema), row_group_size=ROW_GROUP)
