"""The duplicates report of a version, as plain values: groups with distances, near misses, curves of thresholds, contamination, compared pictures."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import polars as pl

from wethink_assets.dataset.cuts.cut import Cut, read_cut
from wethink_assets.dataset.duplicates.clusters import Cluster, clusters_of, of_duplicates
from wethink_assets.dataset.duplicates.distances import Curve, NearMiss, RowDistances, WordedMiss, row_distances
from wethink_assets.dataset.duplicates.hits import Hit, HitCount, count_hits, hits_of
from wethink_assets.dataset.takedown.takedown import takedowns_of
from wethink_assets.dataset.versions.files import read_statistics, scan_file
from wethink_assets.dataset.versions.joined_pictures import JoinedPictures, image_files, joined_pictures
from wethink_assets.errors import StoreError, VersionError
from wethink_assets.storage.store import Store

__all__ = ["DuplicateReport", "duplicate_report"]

NONE_APART = pl.DataFrame(schema={"slot": pl.String, "batch": pl.String, "bits": pl.UInt8, "difference": pl.Float32})


@dataclass(frozen=True)
class DuplicateReport:
    """What a version decided on duplicates.

    kept: rows of the version; left_out: duplicates by reason; taken_down: rows of these that are told nowhere here since their image, source or
    licence was taken down; fault: why distances, curves and near misses are missing, empty where they are not; compared: what the version's
    statistics say of benchmarks (`compared_benchmarks.figures`); pictures: verdicts on images of near duplicates.
    """

    version: str
    kept: int
    left_out: Mapping[str, int]
    taken_down: int
    clusters: tuple[Cluster, ...]
    curves: tuple[Curve, ...]
    near: tuple[NearMiss, ...]
    near_in_all: int
    worded: tuple[WordedMiss, ...]
    worded_in_all: int
    fault: str
    hits: tuple[Hit, ...]
    hit_counts: tuple[HitCount, ...]
    compared: Mapping[str, Any]
    pictures: JoinedPictures

    def as_json(self) -> dict[str, Any]:
        """All of it as plain JSON values."""
        return {**asdict(self), "pictures": {**asdict(self.pictures), "counts": self.pictures.counts}}


def duplicate_report(store: Store, version: str, pictures: int = 0) -> DuplicateReport:
    """The report. Memory: about 150 bytes a row of the cut and 1 kB a row left out; what was taken down is counted, not told.

    Args:
        pictures: pairs of images compared at most, 0 for all.

    Raises `VersionError` for a version that is not there, or whose files are damaged.
    """
    cut = read_cut(store, version)
    excluded, rows = (scan_file(store, version, f"{name}.parquet") for name in ("excluded", "rows"))
    covered = takedowns_of(store)
    told = excluded.filter(~covered.covers(excluded))
    hits = hits_of(told)
    duplicates = of_duplicates(told).collect()
    all_duplicates = of_duplicates(excluded).select(pl.len()).collect().item()
    files = image_files(store, version, duplicates["batch"].unique().sort().to_list())
    duplicates = duplicates.join(
        files, on="image_id", how="semi"
    )  # a licence that was taken down is told by these alone
    kept = rows.filter(~covered.covers(rows)).select("row_id", "slot", "batch", "image_id").collect()
    duplicates = duplicates.join(
        kept.select(pl.col("row_id").alias("survivor"), pl.col("image_id").alias("kept_image")),
        on="survivor",
        how="left",
    )
    measured, fault = _measured(store, cut, kept, duplicates)
    judged = joined_pictures(store, version, pictures)
    verdicts = {(pair.left_out, pair.kept): (str(pair.verdict), pair.distance) for pair in judged.pairs}
    return DuplicateReport(
        version=version,
        kept=rows.select(pl.len()).collect().item(),
        left_out=dict(sorted(Counter(duplicates["reason"]).items())),
        taken_down=all_duplicates - duplicates.height,
        clusters=tuple(clusters_of(duplicates, measured.apart, verdicts)),
        curves=measured.curves,
        near=measured.near,
        near_in_all=measured.near_in_all,
        worded=measured.worded,
        worded_in_all=measured.worded_in_all,
        fault=fault,
        hits=tuple(hits),
        hit_counts=tuple(count_hits(hits)),
        compared=read_statistics(store, version).get("benchmarks", {}),
        pictures=judged,
    )


def _measured(store: Store, cut: Cut, kept: pl.DataFrame, duplicates: pl.DataFrame) -> tuple[RowDistances, str]:
    """Distances, and why there are none where tables of the cut were erased or lost since."""
    try:
        return row_distances(
            store, cut, kept, duplicates.drop_nulls("survivor").select("slot", "batch", "survivor")
        ), ""
    except (StoreError, VersionError) as error:
        return RowDistances(NONE_APART, (), (), 0, (), 0), str(error)
