"""Difference between two versions, row by row, with the cause of each change."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import polars as pl
from pydantic_core import to_jsonable_python

from wethink_assets.dataset.cuts.cut import Cut, read_cut
from wethink_assets.dataset.cuts.image_splits import read_splits
from wethink_assets.dataset.lineage.diff_causes import BatchChange, Causes, batch_changes
from wethink_assets.dataset.versions.files import scan_file
from wethink_assets.dataset.versions.manifest import Manifest, Used, read_manifest
from wethink_assets.identity import digest_of
from wethink_assets.storage.store import Store

CHANGES = ("added", "removed", "changed", "replaced")
COMPARED = (
    "question",
    "answer",
    "category",
    "abilities",
    "refined_cot",
    "raw_cot",
    "reward",
    "agreed",
    "agreement",
    "score",
    "verdict",
    "source",
    "licence",
)
ROWS = pl.Schema(
    {
        "change": pl.String(),  # one of CHANGES
        "row_id": pl.String(),  # of the earlier version where it has the row
        "slot": pl.String(),
        "batch": pl.String(),
        "successor": pl.String(),  # row_id that has taken the slot: of replaced rows
        "columns": pl.List(pl.String()),  # that differ: of changed rows
        "cause": pl.String(),
        "detail": pl.String(),
    }
)
KEY = ("row_id", "slot", "batch", "image_id")


@dataclass(frozen=True)
class Difference:
    """Two versions held against each other.

    rows: schema `ROWS`, every row that is added, removed, changed or replaced, with its cause: `new_batch`, `batch_left_out`, `recipe`,
    `retracted`, a reason of `excluded.parquet`, or, where a batch was synthesized again, what its stages differ in: `stages`, `model`,
    `prompt`, `code`, or `resynthesized` where none of these does. same: rows that both hold, equal in all columns of `COMPARED`.
    splits: rows that both hold in different splits (`row_id`, `image_id`, `before`, `after`, `reason`); the reason names groups that were merged.
    """

    before: str
    after: str
    same: int
    rows: pl.DataFrame
    recipe: dict[str, list[Any]]
    models: dict[str, list[dict[str, Any]]]
    prompts: dict[str, list[dict[str, Any]]]
    batches: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    splits: list[dict[str, str]] = field(default_factory=list)

    @property
    def counts(self) -> dict[str, int]:
        """Rows by change."""
        counter = Counter(self.rows["change"])
        return {change: counter[change] for change in CHANGES}

    @property
    def causes(self) -> dict[str, dict[str, int]]:
        """Rows by change and cause, most frequent first."""
        counters = {change: Counter(self.rows.filter(pl.col("change") == change)["cause"]) for change in CHANGES}
        return {change: dict(counter.most_common()) for change, counter in counters.items() if counter}

    def as_json(self, rows: int = 0) -> dict[str, Any]:
        """Everything as plain JSON values, with `rows` rows of each change, all where that is 0."""
        shown = self.rows if not rows else self.rows.group_by("change", maintain_order=True).head(rows)
        return {
            "before": self.before,
            "after": self.after,
            "same": self.same,
            "counts": self.counts,
            "causes": self.causes,
            "recipe": self.recipe,
            "models": self.models,
            "prompts": self.prompts,
            "batches": self.batches,
            "splits": self.splits[: rows or None],
            "splits_moved": len(self.splits),
            "rows": shown.to_dicts(),
        }


def diff_versions(store: Store, before: str, after: str) -> Difference:
    """Hold two versions against each other.

    A row is *changed* when both have its row_id but not the same answer, reasoning or verdicts, and *replaced* when its slot holds
    another row_id now. How many files hold its image, and which calls made it, do not count.

    Raises `VersionError` when one of them does not exist or is not built.
    """
    first, second = read_manifest(store, before), read_manifest(store, after)
    cuts = read_cut(store, first.version), read_cut(store, second.version)
    old, new = (scan_file(store, manifest, "rows.parquet").select(*KEY, *COMPARED) for manifest in (first, second))
    changed, same = _changed(old, new)
    gone = old.join(new, on="row_id", how="anti").select(KEY).sort("row_id").collect()
    fresh = new.join(old, on="row_id", how="anti").select(KEY).sort("row_id").collect()
    changes = batch_changes(store, *cuts)
    causes = Causes(store, cuts, (first, second), changes)
    rows = pl.DataFrame([*causes.of_rows(changed, gone, fresh)], schema=ROWS)
    return Difference(
        before=first.version,
        after=second.version,
        same=same,
        rows=rows.sort("change", "row_id"),
        recipe=_recipe(first, second),
        models=_used(first.models, second.models),
        prompts=_used(first.prompts, second.prompts),
        batches=_batches(cuts, changes),
        splits=_splits(store, cuts),
    )


def _splits(store: Store, cuts: tuple[Cut, Cut]) -> list[dict[str, str]]:
    """Rows that both versions hold, but in different splits, with the reason."""
    old, new = (scan_file(store, cut.version, "rows.parquet").select("row_id", "image_id", "split") for cut in cuts)
    both = old.join(new.drop("image_id"), on="row_id", suffix="_new").filter(pl.col("split") != pl.col("split_new"))
    moved = both.sort("row_id").collect()
    if moved.is_empty():
        return []
    kept = read_splits(store, cuts[1].splits).kept
    groups = {} if kept is None else {row["image_id"]: row for row in kept.iter_rows(named=True)}
    return [
        {
            "row_id": row,
            "image_id": image,
            "before": before,
            "after": after,
            "reason": _why_moved(cuts, groups.get(image)),
        }
        for row, image, before, after in moved.iter_rows()
    ]


def _why_moved(cuts: tuple[Cut, Cut], group: Mapping[str, Any] | None) -> str:
    if group is None or group["group"] is None:
        return (
            f"{cuts[1].version} splits by single images" if not cuts[1].splits else "its image is in no group any more"
        )
    if group["joined"]:
        return f"its group, that of {group['joined']}, was merged into that of {group['group']}"
    if not group["moved"]:
        return f"it is in the group of {group['group']}"
    return f"a group was merged into its own, that of {group['group']}, which was held out before"


def _changed(old: pl.LazyFrame, new: pl.LazyFrame) -> tuple[pl.DataFrame, int]:
    """Rows that both have but not alike, with the columns that differ; and how many are alike."""
    both = old.join(new, on="row_id", how="inner", suffix="_new")
    differs = [
        pl.when(pl.col(name).ne_missing(pl.col(f"{name}_new"))).then(pl.lit(name)).otherwise(None) for name in COMPARED
    ]
    compared = both.select(*KEY, pl.concat_list(differs).list.drop_nulls().alias("columns")).collect()
    different = compared.filter(pl.col("columns").list.len() > 0)
    return different.sort("row_id"), compared.height - different.height


def _recipe(first: Manifest, second: Manifest) -> dict[str, list[Any]]:
    """Settings that differ: before and after."""
    old, new = (to_jsonable_python(dict(manifest.recipe)) for manifest in (first, second))
    return {name: [old[name], new[name]] for name in old if old[name] != new[name]}


def _used(first: Iterable[Used], second: Iterable[Used]) -> dict[str, list[dict[str, Any]]]:
    """Models or prompts that only one of two versions was made with."""
    old, new = ({(u.asset, u.name, digest_of(u.identity)): u for u in used} for used in (first, second))
    return {
        "only_before": [_told(old[key]) for key in sorted(old.keys() - new.keys())],
        "only_after": [_told(new[key]) for key in sorted(new.keys() - old.keys())],
    }


def _told(used: Used) -> dict[str, Any]:
    return {"stage": used.asset, "name": used.name, **used.identity, "batches": used.batches}


def _batches(cuts: tuple[Cut, Cut], changes: Mapping[str, BatchChange]) -> dict[str, list[dict[str, Any]]]:
    """Batches that only one version is made of, and those whose tables differ, with the cause."""
    old, new = (set(cut.batches) for cut in cuts)
    return {
        "only_before": [{"batch": batch} for batch in sorted(old - new)],
        "only_after": [{"batch": batch} for batch in sorted(new - old)],
        "synthesized_again": [
            {"batch": batch, "stage": change.stage, "cause": change.cause, "detail": change.detail}
            for batch, change in sorted(changes.items())
        ],
    }
