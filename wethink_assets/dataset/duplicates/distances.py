"""Distances of a version's rows, what other thresholds would leave out, and near misses: all from the rows of its cut, compared once more.

Curves are no estimate: the rows are decided on again at each threshold, the others being what they are in force.
"""

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from wethink_assets.config.data import DedupSettings
from wethink_assets.dataset.cuts.cut import Cut
from wethink_assets.dataset.versions.rows import candidate_rows
from wethink_assets.dataset.versions.selection import compared_rows
from wethink_assets.dedup.duplicates import REASONS, Positions, apart, find_duplicates
from wethink_assets.dedup.methods import Comparison
from wethink_assets.dedup.row_index import RowIndex
from wethink_assets.dedup.texts import comparable_text, shingles
from wethink_assets.storage.store import Store

__all__ = ["Curve", "NearMiss", "RowDistances", "WordedMiss", "row_distances"]

FACTORS = (0.0, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0, 3.0)
"""Of the threshold in force, at which rows are decided on again."""
LOOSENED = 1.5
"""Factor of all thresholds within which a pair that they tell apart is a near miss."""
MOST_MISSES = 1_000
"""Near misses that are kept of each kind, the nearest ones."""
LEAST_ALIKE = 0.8
"""Jaccard similarity of the 5-grams of two questions from which they are a near miss."""
MOST_BESIDE = 40
"""Rows of one image, kind and answer whose questions are held against each other."""
MOST_BITS = 20
"""That `[dedup] phash_distance` may be."""
OF_METHOD = ("phash_distance", "pixel_difference")
"""Thresholds of image methods that declare none of their own."""


@dataclass(frozen=True, slots=True)
class Curve:
    """What would be left out at other values of a threshold.

    in_force: its value in the version; points: value, rows left out as duplicates or for conflicting answers, and of these as near duplicates.
    """

    threshold: str
    in_force: float
    points: tuple[tuple[float, int, int], ...]


@dataclass(frozen=True, slots=True)
class NearMiss:
    """Two rows of the version with one question and answer whose images are just too far apart to be duplicates. See `apart` for the distances."""

    row: str
    other: str
    bits: int
    difference: float


@dataclass(frozen=True, slots=True)
class WordedMiss:
    """Two rows of the version on one image, of one kind and with one answer, whose questions are worded almost alike.

    similarity: of their 5-grams, 0 to 1.
    """

    row: str
    other: str
    similarity: float


@dataclass(frozen=True, slots=True)
class RowDistances:
    """What was found by comparing the rows of a cut once more.

    apart: `bits` and `difference` of rows from their survivors, by `slot` and `batch`; near, worded: near misses, the nearest first, `MOST_MISSES` at
    most of `near_in_all` and `worded_in_all`.
    """

    apart: pl.DataFrame
    curves: tuple[Curve, ...]
    near: tuple[NearMiss, ...]
    near_in_all: int
    worded: tuple[WordedMiss, ...]
    worded_in_all: int


def row_distances(store: Store, cut: Cut, kept: pl.DataFrame, pairs: pl.DataFrame) -> RowDistances:
    """Compare the rows of a cut once more. Memory and time are those of a build without its files.

    Args:
        kept: rows of the version, columns `row_id`, `slot`, `batch`.
        pairs: whose distances are wanted, columns `slot`, `batch`, `survivor`.

    Raises `VersionError` or `StoreError` when tables of the cut are gone.
    """
    with (
        tempfile.TemporaryDirectory(prefix="wethink-duplicates-") as folder,
        compared_rows(store, cut, Path(folder), lambda: None) as compared,
    ):
        places = pl.concat(
            [
                compared.places(batch, candidate_rows(store, cut.tables[batch], ())).select(
                    "slot", "row_id", "position", pl.lit(batch).alias("batch")
                )
                for batch in cut.batches
            ]
        )
        index = compared.index
        own = places.join(kept.select("slot", "batch"), on=["slot", "batch"], how="semi").sort("position")
        near, near_in_all = _near_misses(index, own)
        worded, worded_in_all = _worded_misses(store, cut, index, own)
        return RowDistances(
            _apart(index, places, pairs), tuple(_curves(index)), near, near_in_all, worded, worded_in_all
        )


def _apart(index: RowIndex, places: pl.DataFrame, pairs: pl.DataFrame) -> pl.DataFrame:
    survivors = places.select(pl.col("row_id").alias("survivor"), pl.col("position").alias("other"))
    found = pairs.join(places.select("slot", "batch", "position"), on=["slot", "batch"]).join(
        survivors.sort("other").unique("survivor", keep="first", maintain_order=True), on="survivor"
    )
    bits, difference = apart(index, found["position"].to_numpy(), found["other"].to_numpy())
    measured = pl.DataFrame(
        {"bits": bits, "difference": difference}, schema={"bits": pl.UInt8, "difference": pl.Float32}
    )
    return found.select("slot", "batch").hstack(measured)


def _curves(index: RowIndex) -> Iterator[Curve]:
    comparison = index.comparison
    for name in thresholds_of(comparison):
        in_force = _value(comparison.settings, name)
        points = {}
        for factor in FACTORS:
            settings = _scaled(comparison.settings, [name], factor)
            value = _value(settings, name)
            if value not in points:
                reasons = _decided(index, settings)[0]
                counts = np.bincount(reasons, minlength=len(REASONS))
                points[value] = (value, int(counts[1:].sum()), int(counts[REASONS.index("duplicate_near")]))
        yield Curve(name, in_force, tuple(points[value] for value in sorted(points)))


def thresholds_of(comparison: Comparison) -> Sequence[str]:
    """Names of the thresholds by which an image method tells images apart."""
    return list(comparison.images.thresholds) or list(OF_METHOD)


def _value(settings: DedupSettings, name: str) -> float:
    return float(getattr(settings, name) if name in OF_METHOD else settings.threshold(name))


def _scaled(settings: DedupSettings, names: Sequence[str], factor: float) -> DedupSettings:
    """Settings with thresholds multiplied; bits are whole, and no more than images may differ in."""
    own: dict[str, Any] = {}
    given = dict(settings.thresholds)
    for name in names:
        value = _value(settings, name) * factor
        if name == "phash_distance":
            own[name] = min(MOST_BITS, round(value))
        elif name in OF_METHOD:
            own[name] = min(255.0, value)
        else:
            given[name] = value
    return settings.model_copy(update={**own, "thresholds": given})


def _decided(index: RowIndex, settings: DedupSettings) -> tuple[np.ndarray[Any, Any], Positions]:
    """Reasons and survivors of all rows at other settings."""
    in_force = index.comparison
    index.comparison = Comparison(settings, in_force.images, in_force.texts)
    try:
        found = find_duplicates(index)
    finally:
        index.comparison = in_force
    return found.reason, found.survivor


def _near_misses(index: RowIndex, own: pl.DataFrame) -> tuple[tuple[NearMiss, ...], int]:
    comparison = index.comparison
    loosened = _scaled(comparison.settings, thresholds_of(comparison), LOOSENED)
    reasons, survivors = _decided(index, loosened)
    first = np.flatnonzero(reasons == REASONS.index("duplicate_near"))
    ids = dict(own.select("position", "row_id").iter_rows())
    both = np.isin(first, list(ids)) & np.isin(survivors[first], list(ids))
    first = first[both]
    bits, difference = apart(index, first, survivors[first])
    order = np.lexsort((first, bits, difference))
    pairs = zip(first[order].tolist(), survivors[first][order].tolist(), bits[order], difference[order], strict=True)
    told = [
        NearMiss(ids[one], ids[other], int(b), round(float(d), 2)) for one, other, b, d in list(pairs)[:MOST_MISSES]
    ]
    return tuple(told), len(first)


def _worded_misses(store: Store, cut: Cut, index: RowIndex, own: pl.DataFrame) -> tuple[tuple[WordedMiss, ...], int]:
    at = own["position"].to_numpy()
    beside = own.with_columns(
        pl.Series("image", index.image_key[at]),
        pl.Series("answer", index.answer_key[at]),
        pl.Series("kind", index.kind_key[at]),
    ).filter(pl.len().over("image", "answer", "kind") > 1, ~pl.Series(index.descriptive[at]))
    found: list[WordedMiss] = []
    for (batch,), part in beside.group_by("batch", maintain_order=True):  # an image lies in one batch
        asked = candidate_rows(store, cut.tables[str(batch)], ()).select("slot", "question", "options")
        texts = part.join(asked, on="slot", how="left", maintain_order="left")
        for _, group in texts.group_by("image", "answer", "kind", maintain_order=True):
            found += _alike(group.sort("row_id").head(MOST_BESIDE))
    found.sort(key=lambda miss: (-miss.similarity, miss.row, miss.other))
    return tuple(found[:MOST_MISSES]), len(found)


def _alike(group: pl.DataFrame) -> Iterator[WordedMiss]:
    grams = [
        set(shingles(comparable_text(text, options or [])))
        for text, options in group["question", "options"].iter_rows()
    ]
    ids = group["row_id"].to_list()
    for second, own in enumerate(grams):
        for first, other in enumerate(grams[:second]):
            similarity = len(own & other) / len(own | other)
            if similarity >= LEAST_ALIKE:
                yield WordedMiss(ids[first], ids[second], round(similarity, 3))
