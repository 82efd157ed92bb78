"""Contamination hits of a version: rows left out since a benchmark shows their image, by benchmark and source, and what was compared at all."""

from dataclasses import dataclass
from typing import Any

import polars as pl

from wethink_assets.dataset.versions.selection import BENCHMARK_REASONS

__all__ = ["Hit", "HitCount", "count_hits", "hits_of"]

VERDICTS = {reason: verdict for verdict, reason in BENCHMARK_REASONS.items()}


@dataclass(frozen=True, slots=True)
class Hit:
    """An image of the cut that a benchmark shows. index: of the benchmark's row; verdict: `copy`, or `altered` where it does with a local change."""

    benchmark: str
    index: str
    verdict: str
    image: str
    source: str
    batch: str
    rows: int


@dataclass(frozen=True, slots=True)
class HitCount:
    """Hits of one benchmark in one source."""

    benchmark: str
    source: str
    verdict: str
    images: int
    rows: int


def hits_of(excluded: pl.LazyFrame) -> list[Hit]:
    """Hits among the rows of `excluded.parquet`, sorted by benchmark, verdict and image."""
    left_out = excluded.filter(pl.col("reason").is_in(list(VERDICTS))).select(
        "image_id", "source", "batch", "detail", pl.col("reason").replace_strict(VERDICTS, return_dtype=pl.String)
    )
    shown = pl.col("detail").str.split(": ").list.last()  # `selection.DETAILS`, then benchmark and index
    keys = ["benchmark", "index", "reason", "image_id", "source", "batch"]
    counted = (
        left_out.with_columns(shown.str.splitn(" ", 2).struct.rename_fields(["benchmark", "index"]).alias("shown"))
        .unnest("shown")
        .group_by(keys)
        .agg(pl.len())
        .sort("benchmark", "reason", "image_id", "index", "source", "batch")
        .collect()
    )
    return [Hit(*row) for row in counted.with_columns(pl.col("index").fill_null("")).iter_rows()]


def count_hits(hits: list[Hit]) -> list[HitCount]:
    """Hits by benchmark, source and verdict.

    >>> count_hits([Hit("MMMU", "7", "copy", "a", "coco", "coco.000001", 2), Hit("MMMU", "8", "copy", "b", "coco", "coco.000001", 1)])
    [HitCount(benchmark='MMMU', source='coco', verdict='copy', images=2, rows=3)]
    """
    counts: dict[tuple[str, str, str], list[Any]] = {}
    for hit in hits:
        one = counts.setdefault((hit.benchmark, hit.source, hit.verdict), [set(), 0])
        one[0].add(hit.image)
        one[1] += hit.rows
    return [HitCount(*key, len(images), rows) for key, (images, rows) in sorted(counts.items())]
