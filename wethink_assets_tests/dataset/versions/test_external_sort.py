"""A sorted file that is larger than memory."""

from pathlib import Path

import polars as pl

from wethink_assets.dataset.versions.external_sort import SortedFile
from wethink_assets.identity import sha256_hex


def test_many_rows_are_sorted_through_buckets(tmp_path: Path) -> None:
    schema = pl.Schema({"row_id": pl.String, "n": pl.Int64})
    frame = pl.DataFrame(
        {"row_id": [sha256_hex(str(n).encode())[:32] for n in range(1234)], "n": range(1234)}, schema=schema
    )
    writer = SortedFile(tmp_path / "parts", schema, 1234, bucket_rows=100)
    for part in frame.iter_slices(130):
        writer.add(part)
    writer.write(tmp_path / "rows.parquet")
    assert pl.read_parquet(tmp_path / "rows.parquet").equals(frame.sort("row_id"))
    empty = SortedFile(tmp_path / "none", schema, 0)
    empty.write(tmp_path / "none.parquet")
    assert pl.read_parquet(tmp_path / "none.parquet").schema == schema
