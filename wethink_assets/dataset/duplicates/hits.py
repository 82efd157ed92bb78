"""Contamination hits of a version: rows left out since a benchmark shows their image or asks their question, by benchmark and source."""

from dataclasses import dataclass
from typing import Any

import polars as pl

from wethink_assets.dataset.versions.benchmark_rows import REASONS

__all__ = ["Hit", "HitCount", "count_hits", "hits_of"]

VERDICTS = {reason: verdict for verdict, reason in REASONS.items()}


@dataclass(frozen=True, slots=True)
class Hit:
    """An image of the cut that a benchmark shows, or asks the question about.

    index: of the benchmark's row; verdict: `copy`, or `altered` where it shows the image with a local change, `text` where it asks the question,
    `both` where it asks nearly the question about the image; text: words of the question that both have, of one row.
    """

    benchmark: str
    index: str
    verdict: str
    image: str
    source: str
    batch: str
    rows: int
    text: str = ""


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
    parts = (
        pl.col("detail").str.split(": ").list
    )  # `benchmark_rows.DETAILS`, words of the question, benchmark and index
    text = pl.when(parts.len() > 2).then(parts.get(1, null_on_oob=True)).otherwise(pl.lit(""))
    keys = ["benchmark", "index", "reason", "image_id", "source", "batch"]
    counted = (
        left_out.with_columns(
            text.alias("text"),
            parts.last().str.splitn(" ", 2).struct.rename_fields(["benchmark", "index"]).alias("shown"),
        )
        .unnest("shown")
        .group_by(keys)
        .agg(pl.len(), pl.col("text").min())
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
