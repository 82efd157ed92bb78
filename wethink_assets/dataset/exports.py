"""The row format of the WeThink paper as JSON lines."""

from pathlib import Path

import polars as pl

FIELDS = ("problem", "answer", "category", "abilities", "refined_cot", "image_path", "reward")


def write_jsonl(rows: Path, target: Path) -> None:
    """Write one object a row, in the order of `rows`, with the fields of the paper.

    `image_path` is the blob's path below the store's root; `reward` names the method, `rule` or `judge`.
    """
    pl.scan_parquet(rows).select(FIELDS).sink_ndjson(target, maintain_order=True)
