"""Groups of rows of which a version kept one, or none: who stayed, who was left out for it, why, and how far they are apart."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from wethink_assets.dedup.duplicates import REASONS

__all__ = ["Cluster", "Member", "clusters_of", "of_duplicates"]


@dataclass(frozen=True, slots=True)
class Member:
    """A row that was left out.

    bits, difference: how far its image is from the survivor's (`dedup.duplicates.apart`), None where nobody can tell any more; verdict: of its
    picture beside the survivor's, empty where the two were not compared; distance: cosine distance of their signatures.
    """

    row: str
    slot: str
    batch: str
    source: str
    image: str
    reason: str
    detail: str
    bits: int | None
    difference: float | None
    verdict: str = ""
    distance: float | None = None


@dataclass(frozen=True, slots=True)
class Cluster:
    """Rows that are the same, or nearly so; survivor: the row that stayed, None where answers conflict, so that none did."""

    survivor: str | None
    members: tuple[Member, ...]

    @property
    def furthest(self) -> float:
        """The largest difference of a member's image from the survivor's: the more, the more doubtful."""
        return max((member.difference or 0.0 for member in self.members), default=0.0)

    @property
    def pictures(self) -> int:
        """Different images among those left out."""
        return len({member.image for member in self.members})


def of_duplicates(excluded: pl.LazyFrame) -> pl.LazyFrame:
    """Rows of `excluded.parquet` that were left out for others."""
    return excluded.filter(pl.col("reason").is_in([reason for reason in REASONS if reason]))


def clusters_of(
    duplicates: pl.DataFrame, apart: pl.DataFrame, verdicts: Mapping[tuple[str, str], tuple[str, float]]
) -> list[Cluster]:
    """Groups, those with the most distant images first, then the largest.

    Args:
        duplicates: of `of_duplicates`, with the column `kept_image` (null where there is none).
        apart: columns `slot`, `batch`, `bits`, `difference`.
        verdicts: of pairs of images (left out, kept), with the distance of their signatures.
    """
    group = pl.coalesce("survivor", pl.concat_str("image_id", "kind", separator="/"))
    rows = duplicates.join(apart, on=["slot", "batch"], how="left").sort(group, "row_id", "slot")
    found = [
        Cluster(part["survivor"][0], tuple(_member(row, verdicts) for row in part.iter_rows(named=True)))
        for _, part in rows.group_by(group, maintain_order=True)
    ]
    return sorted(found, key=lambda one: (-one.furthest, -len(one.members), one.members[0].row))


def _member(row: Mapping[str, Any], verdicts: Mapping[tuple[str, str], tuple[str, float]]) -> Member:
    verdict, distance = verdicts.get((row["image_id"], row["kept_image"] or ""), ("", None))
    difference = row["difference"]
    return Member(
        row["row_id"],
        row["slot"],
        row["batch"],
        row["source"],
        row["image_id"],
        row["reason"],
        row["detail"],
        row["bits"],
        None if difference is None else round(difference, 2),
        verdict,
        distance,
    )
