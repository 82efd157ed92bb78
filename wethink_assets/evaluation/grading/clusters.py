"""Resampling clusters: the groups of samples that a headline adds up, and over which it may be resampled.

Every official headline here is a mean of ratios of sums: accuracy is one ratio, HallusionBench's score the mean of three. So verdicts come down
to numerators and denominators, one row for each group of samples that belong together (the rotations of a circular question, the
variants of a DynaMath question, the figures of a HallusionBench set). Bootstrap and paired tests draw those groups, never single samples
of one.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

Floats = npt.NDArray[np.float64]
HIT = pl.col("hit")
ONE = pl.lit(1.0)


@dataclass(frozen=True, slots=True)
class Clusters:
    """Groups of samples with what they add to each ratio: `top` and `bottom` have shape (groups, ratios)."""

    names: tuple[str, ...]
    top: Floats
    bottom: Floats

    def headline(self) -> float:
        """Mean of the ratios, 0 to 1; nan without samples."""
        return float(headlines(self.top.sum(0)[None], self.bottom.sum(0)[None])[0])


def headlines(top: Floats, bottom: Floats) -> Floats:
    """Mean over the last axis of sums divided by sums; nan where a ratio has nothing below it."""
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios: Floats = np.where(bottom > 0, top / np.where(bottom > 0, bottom, 1), np.nan)
    return np.asarray(ratios.mean(-1))


def clustered(frame: pl.DataFrame, by: str, top: Sequence[pl.Expr], bottom: Sequence[pl.Expr]) -> Clusters:
    """A cluster for each value of the column `by`; `top` and `bottom` aggregate its rows to one number per ratio."""
    grouped = frame.group_by(by, maintain_order=True).agg(
        *(part.cast(pl.Float64).alias(f"top{number}") for number, part in enumerate(top)),
        *(part.cast(pl.Float64).alias(f"bottom{number}") for number, part in enumerate(bottom)),
    )
    tops = grouped.select(pl.selectors.starts_with("top")).to_numpy()
    bottoms = grouped.select(pl.selectors.starts_with("bottom")).to_numpy()
    return Clusters(tuple(grouped[by].cast(pl.String)), tops.astype(np.float64), bottoms.astype(np.float64))


def right_or_wrong(clusters: Clusters) -> bool:
    """Whether the headline is a share of right clusters: one ratio, to which each adds 0 or 1 of 1."""
    ones = clusters.top.shape[1] == 1 and bool((clusters.bottom == 1).all())
    return ones and bool(np.isin(clusters.top, (0.0, 1.0)).all())


def single_samples(frame: pl.DataFrame) -> Clusters:
    """Each sample by itself: plain accuracy, or the mean grade."""
    return clustered(frame, "index", [HIT.sum()], [pl.len()])
