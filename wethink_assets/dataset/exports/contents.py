"""Contents of an export in figures: rows and images by split, source, licence and kind, counted of what is shown, not of what was built."""

from dataclasses import dataclass

import polars as pl

from wethink_assets.dataset.versions.manifest import Manifest
from wethink_assets.synthesis.imported_pairs import UNCHECKED

__all__ = ["COUNTED", "Contents", "Licence", "contents_of"]

COUNTED = ("split", "kind", "answer_type", "source", "licence")


@dataclass(frozen=True, slots=True)
class Licence:
    """Rows and images that a source gave under a licence."""

    source: str
    licence: str
    rows: int
    images: int


@dataclass(frozen=True, slots=True)
class Contents:
    """Figures of an export.

    counts: rows by each value of the columns of `COUNTED` and of `abilities`, most first. taken_down: rows of the version that are not shown.
    unchecked: rows whose answer came with them and was checked by no model.
    """

    version: str
    manifest: Manifest
    rows: int
    images: int
    taken_down: int
    counts: dict[str, dict[str, int]]
    licences: tuple[Licence, ...]
    unchecked: int = 0

    @property
    def splits(self) -> dict[str, int]:
        """Rows of each split that has any, in the order of their names."""
        return dict(sorted(self.counts["split"].items()))


def contents_of(rows: pl.LazyFrame, manifest: Manifest) -> Contents:
    """Count rows (schema `dataset.versions.rows.rows_schema`), reading columns of few values only."""
    read = rows.select(*COUNTED, "abilities", "image_id", "agreement").collect(engine="streaming")
    counts = {name: _counted(read[name]) for name in COUNTED}
    counts["ability"] = _counted(read["abilities"].explode(empty_as_null=True).drop_nulls())
    licences = read.group_by("source", "licence").agg(
        pl.len().alias("rows"), pl.col("image_id").n_unique().alias("images")
    )
    return Contents(
        manifest.version,
        manifest,
        read.height,
        read["image_id"].n_unique(),
        manifest.rows - read.height,
        counts,
        tuple(Licence(*row) for row in licences.sort("source", "licence").iter_rows()),
        read.filter(pl.col("agreement") == UNCHECKED).height,
    )


def _counted(values: pl.Series) -> dict[str, int]:
    counts = (
        values.drop_nulls().rename("value").value_counts(name="rows").sort(["rows", "value"], descending=[True, False])
    )
    return dict(counts.iter_rows())
