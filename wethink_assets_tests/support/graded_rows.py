"""Headline and breakdown of rows that are graded already, by the key of their form."""

from collections.abc import Mapping, Sequence

import polars as pl

from wethink_assets.extensions.builtin import BENCHMARK_FORMS

Rows = Sequence[Mapping[str, object]]


def graded(rows: Rows) -> pl.DataFrame:
    """A frame of verdicts."""
    return pl.DataFrame(rows).with_columns(pl.col("hit").cast(pl.Float64))


def headline(rows: Rows, form: str) -> float:
    """Headline in percent."""
    return 100 * BENCHMARK_FORMS[form].clusters(graded(rows)).headline()


def breakdown(rows: Rows, form: str) -> dict[str, float]:
    """Figures beside it."""
    return BENCHMARK_FORMS[form].breakdown(graded(rows))
