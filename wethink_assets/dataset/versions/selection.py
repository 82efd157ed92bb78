"""Selection of rows: those of a cut that stay in the version, and why each other one does not.

Rows are first compared with what was taken down, the recipe's licences and kinds and the benchmarks' images, then against each other, then
against the caps: so a cap counts rows that are all different. Whoever doubles a row that is over a cap is over it, too, so that a survivor that
is named is in the version.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from wethink_assets.dataset.cuts.cut import Cut
from wethink_assets.dataset.versions import benchmark_rows
from wethink_assets.dataset.versions.caps import Caps
from wethink_assets.dataset.versions.compared_benchmarks import ComparedBenchmarks
from wethink_assets.dataset.versions.rows import EXCLUDED, candidate_rows
from wethink_assets.dedup.duplicates import Duplicates, find_duplicates
from wethink_assets.dedup.methods import Comparison
from wethink_assets.dedup.row_index import KEYS, RowIndex
from wethink_assets.dedup.texts import answer_key, precedence, question_keys, stated_answer_key, worded_answer_key
from wethink_assets.errors import VersionError
from wethink_assets.stages.schemas import SCHEMA_VERSION
from wethink_assets.storage.store import Store

KEPT = "kept"
DETAILS = {
    "retracted": "its image, source or licence was taken down before the version was decided",
    "duplicate_exact": "same image and question as the survivor",
    "duplicate_near": "image and question nearly those of the survivor, same answer",
    "conflicting_answers": "the same question about the same image has another answer elsewhere",
    "filtered_licence": "the recipe does not list the image's licence",
    "filtered_kind": "the recipe does not list the question's kind",
    **benchmark_rows.DETAILS,
    "unsigned": "the image could not be read again, see the rejections of signatures",
    "over_cap": "more rows than the recipe's caps allow",
}


@dataclass(slots=True)
class _Batch:
    """Where a batch's rows stand among those compared, and which were left out before."""

    first: int
    early: pl.Series  # reason or null, one a candidate in slot order
    details: pl.Series  # of these reasons


@dataclass(slots=True)
class Selection:
    """Verdicts on all rows of a cut; memory: about 150 bytes a row and what `find_duplicates` holds while it works.

    opponents: slots of the rows that others' answers conflict with, by position. exact: whether what is told of a row left out is told exactly, as by
    the rules since version 5: with distances, opponents and survivors that are in the version.
    """

    duplicates: Duplicates
    caps: Caps
    row_ids: pl.Series
    benchmarks: ComparedBenchmarks
    batches: dict[str, _Batch] = field(default_factory=dict)
    opponents: dict[int, str] = field(default_factory=dict)
    exact: bool = True

    def verdicts(self, batch: str, candidates: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Slots of a batch that stay (column `slot`), and the rows that do not (schema `EXCLUDED`).

        Args:
            candidates: what `candidate_rows` gives for the batch.
        """
        position = self.batches[batch]
        early = position.early
        compared = int(early.null_count())
        late = self.duplicates.frame(position.first, compared).with_columns(
            pl.Series("capped", self.caps.over[position.first : position.first + compared])
        )
        late = late.with_columns(
            pl.when("capped").then(pl.lit("over_cap")).otherwise("reason").alias("reason"),
            self.row_ids.gather(late["survivor"].fill_null(0)).alias("row_id")
            if compared
            else pl.lit(None, pl.String).alias("row_id"),
            pl.col("reason").alias("found"),
        )
        reasons = early.to_list()
        survivors: list[str | None] = [None] * len(reasons)
        details = position.details.to_list()
        undecided = [index for index, reason in enumerate(reasons) if reason is None]
        for index, row in zip(undecided, late.iter_rows(named=True), strict=True):
            reasons[index] = row["reason"]
            if row["reason"] is not None:
                named = row["survivor"] is not None and not (self.exact and row["capped"])
                survivors[index] = row["row_id"] if named else None
                details[index] = DETAILS[row["reason"]] + (self._told(row) if self.exact else "")
        decided = candidates.with_columns(
            pl.Series("reason", reasons, dtype=pl.String),
            pl.Series("survivor", survivors, dtype=pl.String),
            pl.Series("detail", details, dtype=pl.String),
            pl.lit(batch).alias("batch"),
            pl.lit(SCHEMA_VERSION, dtype=pl.Int16).alias("schema_version"),
        )
        excluded = decided.filter(pl.col("reason").is_not_null())
        return decided.filter(pl.col("reason").is_null()).select("slot"), excluded.select(EXCLUDED.names())

    def over_caps(self, store: Store, cut: Cut) -> dict[str, Any] | None:
        """What the caps cut (`Caps.figures`)."""
        return self.caps.figures(
            lambda positions: _values(store, cut, self.batches, "question", np.array(sorted(positions), dtype=np.int64))
        )

    def _told(self, row: Mapping[str, Any]) -> str:
        """What else is to be told of a row of `late`."""
        if row["reason"] == "over_cap":
            return f"; it is a {row['found']} of {row['row_id']}, which is over them" if row["found"] else ""
        if row["reason"] == "conflicting_answers":
            return f": {self.opponents[row['opponent']]} ({self.row_ids[row['opponent']]})"
        if row["reason"] == "duplicate_near":
            question = "worded otherwise" if row["worded"] else "the same"
            apart = f"{row['bits']} of 64 bits and by {row['difference']:.2f} of 255 a byte of detail"
            return f": the images' signatures differ in {apart}, the question is {question}"
        return ""


@dataclass(slots=True)
class ComparedRows:
    """Rows of a cut that are compared with each other: all but those that are left out for what they are.

    row_ids: of each batch, in the order of the index.
    """

    index: RowIndex
    benchmarks: ComparedBenchmarks
    caps: Caps
    batches: dict[str, _Batch] = field(default_factory=dict)
    row_ids: list[pl.Series] = field(default_factory=list)

    def places(self, batch: str, candidates: pl.DataFrame) -> pl.DataFrame:
        """Those of a batch's candidates that are compared, with their `position` in the index. candidates: what `candidate_rows` gives."""
        own = self.batches[batch]
        compared = candidates.filter(own.early.is_null())
        return compared.with_columns(pl.int_range(own.first, own.first + pl.len(), dtype=pl.Int64).alias("position"))


@contextmanager
def compared_rows(store: Store, cut: Cut, folder: Path, progress: Callable[[], None]) -> Iterator[ComparedRows]:
    """The rows of a cut with the sealed index of those that are compared; it is gone with the context.

    Args:
        folder: scratch folder for what is mapped instead of held.
        progress: called after each batch.

    Raises `VersionError` when tables do not belong together, `StoreError` when one is gone.
    """
    recipe, comparison = cut.recipe, cut.recipe.comparison
    columns = [*comparison.row_columns, *(KEYS if cut.order_free else ())]
    majority = recipe.conflicting_answers == "majority"
    with RowIndex(folder, comparison, cut.order_free, majority) as index:
        rows_of = ComparedRows(index, ComparedBenchmarks(store, cut), Caps(recipe))
        for batch in cut.batches:
            candidates = candidate_rows(store, cut.tables[batch], comparison.columns)
            hits = rows_of.benchmarks.hits(batch, candidates).select("slot", by_benchmark="reason", hit="detail")
            rows = candidates.join(hits, on="slot", how="left", maintain_order="left").with_columns(
                pl.when(cut.retracted.covers(candidates))
                .then(pl.lit("retracted"))
                .when(pl.col("text_sha256").is_null())
                .then(pl.lit("unsigned"))
                .when(~_listed("licence", recipe.licences))
                .then(pl.lit("filtered_licence"))
                .when(~_listed("kind", recipe.kinds))
                .then(pl.lit("filtered_kind"))
                .otherwise("by_benchmark")
                .alias("early")
            )
            compared = with_keys(rows.filter(pl.col("early").is_null()), cut, comparison)
            told = pl.when(pl.col("early").is_in(list(benchmark_rows.DETAILS))).then("hit")
            detail = told.otherwise(pl.col("early").replace_strict(DETAILS, default=None, return_dtype=pl.String))
            rows_of.batches[batch] = _Batch(
                index.add(compared.select(columns)), rows["early"], rows.select(detail.alias("detail"))["detail"]
            )
            rows_of.row_ids.append(compared["row_id"])
            rows_of.caps.add(rows["source"][0] if rows.height else "", compared)
            progress()
        index.seal()
        yield rows_of


def select_rows(store: Store, cut: Cut, folder: Path, progress: Callable[[], None]) -> Selection:
    """Decide on every row of a cut.

    Args:
        folder: scratch folder for what is mapped instead of held.
        progress: called after each batch.

    Raises `VersionError` when nothing stays or tables do not belong together.
    """
    with compared_rows(store, cut, folder, progress) as compared:
        duplicates = find_duplicates(compared.index)
    positions, caps = compared.batches, compared.caps
    caps.decide(duplicates.reason == 0)
    if cut.order_free:
        doubles = np.flatnonzero(duplicates.survivor >= 0)
        caps.over[doubles] = caps.over[duplicates.survivor[doubles]]
    if not ((duplicates.reason == 0) & ~caps.over).any():
        raise VersionError(
            f"{cut.version} would hold no row: the recipe keeps none of {sum(b.early.len() for b in positions.values())}"
        )
    opponents = _values(store, cut, positions, "slot", np.unique(duplicates.opponent[duplicates.opponent >= 0]))
    row_ids = pl.concat(compared.row_ids)
    return Selection(duplicates, caps, row_ids, compared.benchmarks, positions, opponents, exact=cut.order_free)


def with_keys(rows: pl.DataFrame, cut: Cut, comparison: Comparison) -> pl.DataFrame:
    """Rows with what they are compared by under the rules of a cut."""
    asked = [
        (kind, answer, options or [], question)
        for kind, answer, options, question in rows["kind", "answer", "options", "question"].iter_rows()
    ]
    if not cut.order_free:
        key_of = answer_key if cut.typed else worded_answer_key
        return rows.with_columns(pl.Series("answer_key", [key_of(*one) for one in asked], dtype=pl.UInt64))
    answers = [stated_answer_key(*one) for one in asked]
    questions = [question_keys(kind, text, options, comparison.texts.near_text) for kind, _, options, text in asked]
    places = zip(rows["row_id"], rows["slot"], rows["source"], answers, strict=True)
    return rows.with_columns(
        pl.Series("answer_key", answers, dtype=pl.UInt64),
        pl.Series("same_key", [same for same, _ in questions], dtype=pl.UInt64),
        pl.Series("near_key", [near for _, near in questions], dtype=pl.UInt64),
        pl.Series("precedence", [precedence(*place) for place in places], dtype=pl.UInt64),
    )


def _values(
    store: Store, cut: Cut, batches: dict[str, _Batch], column: str, wanted: npt.NDArray[np.int64]
) -> dict[int, str]:
    """A column of some of the rows compared, by position; wanted: positions in order."""
    values: dict[int, str] = {}
    for batch, place in batches.items():
        first, last = np.searchsorted(wanted, [place.first, place.first + place.early.null_count()])
        if last > first:
            compared = candidate_rows(store, cut.tables[batch], ())[column].filter(place.early.is_null())
            own = wanted[first:last]
            values |= dict(zip(own.tolist(), compared.gather(own - place.first), strict=True))
    return values


def _listed(column: str, allowed: tuple[str, ...]) -> pl.Expr:
    return pl.col(column).is_in(list(allowed)) if allowed else pl.lit(True)
