"""Leaks of a built version: rows that a benchmark shows or asks, alike images on both sides of its splits, duplicates that remain.

They are looked for in the files that were built, by the verdicts and pairs that are kept now, so a benchmark that was signed after a version was cut
counts too, and what a recipe let pass is found as well as what went wrong.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import polars as pl

from wethink_assets.dataset.cuts.cut import Cut, read_cut
from wethink_assets.dataset.cuts.image_splits import read_splits
from wethink_assets.dataset.versions.benchmark_rows import benchmark_hits
from wethink_assets.dataset.versions.compared_benchmarks import ComparedBenchmarks
from wethink_assets.dataset.versions.files import scan_file
from wethink_assets.dataset.versions.rows import candidate_rows, table_of
from wethink_assets.dataset.versions.selection import with_keys
from wethink_assets.dedup.benchmark_verdicts import FOLDER, shown_images
from wethink_assets.dedup.contamination import (
    SHOWN,
    BenchmarkQuestions,
    questions_of,
    read_questions,
    signed_benchmarks,
)
from wethink_assets.dedup.duplicates import REASONS, find_duplicates
from wethink_assets.dedup.link_files import read_steps
from wethink_assets.dedup.row_index import KEYS, RowIndex
from wethink_assets.storage.store import Store

__all__ = ["KINDS", "Leak", "Leaks", "find_leaks"]

KINDS = ("contaminated", "across_splits", "duplicate")
SHOWN_OF_EACH = 20


@dataclass(frozen=True, slots=True)
class Leak:
    """A row, or an image, that should not be where it is. kind: of `KINDS`; detail: with whom and why."""

    kind: str
    name: str
    detail: str


@dataclass(slots=True)
class Leaks:
    """What leaks in a version.

    counts: by kind; examples: `SHOWN_OF_EACH` of each kind at most, the first by name; altered: rows whose image a benchmark shows with a local
    change, which the recipe lets stay; asked: rows whose question a benchmark asks by its text alone, which it lets stay; unchecked: images of the
    version that were compared with no others.
    """

    version: str
    rows: int
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(KINDS, 0))
    examples: list[Leak] = field(default_factory=list)
    altered: int = 0
    asked: int = 0
    unchecked: int = 0

    @property
    def tight(self) -> bool:
        """Whether nothing leaks."""
        return not any(self.counts.values())

    def __str__(self) -> str:
        kinds = ("rows that a benchmark shows or asks", "pairs of alike images across splits", "duplicates that remain")
        found = ", ".join(f"{count} {kind}" for kind, count in zip(kinds, self.counts.values(), strict=True))
        unchecked = f"; {self.unchecked} images were not compared with others" if self.unchecked else ""
        return f"{self.version}: {found} in {self.rows} rows{unchecked}"


def find_leaks(store: Store, version: str) -> Leaks:
    """Look for rows of a version that leak. Time and memory: those of finding duplicates when it was built.

    Raises `VersionError` for a version that is not there, `StoreError` naming a file that is missing or damaged.
    """
    cut = read_cut(store, version)
    rows = (
        scan_file(store, cut.version, "rows.parquet").select("row_id", "slot", "image_id", "batch", "split").collect()
    )
    leaks = Leaks(cut.version, rows.height)
    with store.scratch() as folder:
        _among_rows(store, cut, rows, folder, leaks)
    _add(leaks, "across_splits", _across_splits(store, cut, rows, leaks))
    return leaks


def _add(leaks: Leaks, kind: str, found: list[tuple[str, str]]) -> None:
    leaks.counts[kind] += len(found)
    leaks.examples += [Leak(kind, *one) for one in sorted(found)[:SHOWN_OF_EACH]]


def _among_rows(store: Store, cut: Cut, rows: pl.DataFrame, folder: Path, leaks: Leaks) -> None:
    """Rows that a benchmark shows or asks, and rows that are the same as others, batch by batch."""
    comparison = cut.recipe.comparison
    benchmarks, questions = ComparedBenchmarks(store, cut), _questions_of_now(store, cut)
    contaminated: list[tuple[str, str]] = []
    ids: list[str] = []
    with RowIndex(folder, comparison, cut.order_free) as index:
        for batch in cut.batches:
            own = rows.filter(batch=batch).select("slot", pl.col("row_id").alias("kept_as"))
            kept = candidate_rows(store, cut.tables[batch], comparison.columns).join(own, on="slot").sort("slot")
            shown = pl.concat([_verdicts_of_now(store, cut, batch), benchmarks.among(batch, kept)])
            shown = shown.unique("image_id", keep="first", maintain_order=True)
            hits = benchmark_hits(cut.recipe, kept, shown, questions).join(own, on="slot")
            leaks.altered += hits.filter(pl.col("verdict") == "altered").height
            leaks.asked += hits.filter("by_text", pl.col("reason").is_null()).height
            named = hits.drop_nulls("reason").select("kept_as", "shown_in", "asked_in", "text").iter_rows()
            contaminated += [(row, _told(*where)) for row, *where in named]
            columns = [*comparison.row_columns, *(KEYS if cut.order_free else ())]
            index.add(with_keys(kept, cut, comparison).select(columns))
            ids += kept["kept_as"].to_list()
        index.seal()
        duplicates = find_duplicates(index)
    _add(leaks, "contaminated", contaminated)
    doubled = np.flatnonzero(duplicates.reason)
    reasons = [REASONS[duplicates.reason[place]] for place in doubled]
    others = [int(max(duplicates.survivor[place], duplicates.opponent[place])) for place in doubled]
    told = [f"{why} of {ids[other]}" if other >= 0 else why for why, other in zip(reasons, others, strict=True)]
    _add(leaks, "duplicate", list(zip([ids[place] for place in doubled], told, strict=True)))


def _told(shown_in: str | None, asked_in: str | None, text: str | None) -> str:
    parts = [f"{shown_in} shows its image"] if shown_in else []
    return " and ".join([*parts, *([f'{asked_in} asks its question: "{text}"'] if asked_in else [])])


def _questions_of_now(store: Store, cut: Cut) -> BenchmarkQuestions:
    """Questions of the benchmarks of a cut, and of those that were signed after it."""
    now = questions_of(store, signed_benchmarks(store, cut.recipe.comparison))
    return read_questions(store, list(dict.fromkeys([*cut.questions, *now])))


def _verdicts_of_now(store: Store, cut: Cut, batch: str) -> pl.DataFrame:
    """Images of a batch that any benchmark shows by the verdicts that are kept, also of benchmarks that were signed after the cut (`SHOWN`)."""
    images = table_of(cut.tables[batch], "images").digest
    names = [name for name in store.names(f"{FOLDER}/{batch}") if name.startswith(f"{images}-")]
    found = [shown_images(store.read_parquet(f"{FOLDER}/{batch}/{name}")) for name in names]
    shown = pl.concat([SHOWN.to_frame(), *found]).sort(pl.col("verdict") != "copy", maintain_order=True)
    return shown.unique("image_id", keep="first", maintain_order=True)


def _across_splits(store: Store, cut: Cut, rows: pl.DataFrame, leaks: Leaks) -> list[tuple[str, str]]:
    """Pairs of images in different splits: those that were found alike, and those of one group that the cut names.

    Of a group that only images outside of the version hold together, and that the cut names no splits of, nothing is told.
    """
    splits: dict[str, str] = dict(rows.select("image_id", "split").unique().sort("image_id", "split").iter_rows())
    both = rows.group_by("image_id").agg(pl.col("split").n_unique()).filter(pl.col("split") > 1)
    found = [(image, "its own rows lie in both splits") for image in both["image_id"]]
    steps = read_steps(store)
    compared = {image for step in steps for image in step.filter(~pl.col("unread"))["image_id"]}
    leaks.unchecked = len(splits.keys() - compared)
    for one, other, verdict in _pairs(steps):
        if splits.get(one, "") != splits.get(other, "") and one in splits and other in splits:
            found.append((one, f"it is in {splits[one]}, and {other}, its {verdict}, in {splits[other]}"))
    known = {image for image, _ in found}
    kept = read_splits(store, cut.splits).kept
    if kept is not None:
        held = kept.drop_nulls("group").join(rows.select("image_id", lies_in="split").unique("image_id"), on="image_id")
        for image, group, split, lies_in in held.select("image_id", "group", "split", "lies_in").iter_rows():
            if split != lies_in and image not in known:
                found.append((image, f"it is in {lies_in}, and the group of {group} in {split}"))
    return found


def _pairs(steps: list[pl.DataFrame]) -> Iterator[tuple[str, str, str]]:
    for step in steps:
        for image, other in step.select("image_id", "alike").explode("alike").drop_nulls("alike").iter_rows():
            yield image, other["image_id"], "copy" if other["verdict"] == "copy" else "altered picture"
