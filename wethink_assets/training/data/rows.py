"""Rows of a version that a policy is trained on: their selection, their order, and reading without holding them in memory.

The chosen rows are written once to an Arrow file that is mapped, not loaded; images stay in the store until a step needs them. The order is
a function of seed and epoch alone, so that a resumed run gets the very rows that come next.
"""

import json
import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from wethink_assets.config import RecipeSettings
from wethink_assets.dataset.takedown.takedown import takedowns_of
from wethink_assets.dataset.versions.rows import scan_rows
from wethink_assets.errors import TrainingError
from wethink_assets.stages.schemas import LATITUDE, with_latitude
from wethink_assets.storage.store import Store
from wethink_assets.training.policies.catalog import find_policy

COLUMNS = (
    "row_id",
    "image_id",
    "image_path",
    "width",
    "height",
    "kind",
    "problem",
    "question",
    "options",
    "answer",
    *LATITUDE,
    "reward",
    "refined_cot",
)
COMPLETIONS = "completions.parquet"


@dataclass(frozen=True, slots=True)
class RowSelection:
    """Counts of the rows of a split that a recipe takes, by kind, and of those that it leaves out, by reason."""

    rows: int
    left_out: dict[str, int]
    kinds: dict[str, int]

    def as_json(self) -> str:
        """All of it as JSON."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "RowSelection":
        """What `as_json` wrote."""
        return cls(**json.loads(text))


def version_rows(store: Store, version: str, split: str) -> pl.LazyFrame:
    """Rows of a version in one split (`train` or `validation`), in the order of their ids; those of an earlier version allow nothing."""
    rows = with_latitude(scan_rows(store, version))
    return rows.filter(pl.col("split") == split)


def share_position(row_id: pl.Expr) -> pl.Expr:
    """Position of a row between 0 and 1, by its id: shares of the data nest, as a row below 0.1 is below 0.3, too."""
    return row_id.str.slice(0, 8).str.to_integer(base=16, dtype=pl.Int64) / 2**32


def mark_left_out(
    store: Store, version: str, split: str, recipe: RecipeSettings, unreadable: Mapping[str, str] | None = None
) -> pl.LazyFrame:
    """Rows of a split with `_left_out`: why a recipe leaves a row out, null where it takes it.

    unreadable: the reason for which an image cannot be shown, by its path.
    """
    rows = version_rows(store, version, split)
    reasons = [(takedowns_of(store).covers(rows), "retracted")]
    if recipe.kinds:
        reasons.append((~pl.col("kind").is_in(list(recipe.kinds)), "kind"))
    if recipe.accuracy == "rules":
        reasons.append((pl.col("reward") != "rule", "needs_judge"))
    if recipe.data_share < 1 and split == "train":
        reasons.append((share_position(pl.col("row_id")) >= recipe.data_share, "data_share"))
    if recipe.difficulty_from and split == "train":
        rows = rows.join(row_accuracy(store, recipe.difficulty_from), on="row_id", how="left", maintain_order="left")
        low, high = recipe.difficulty
        reasons.append((~pl.col("_accuracy").is_between(low, high).fill_null(True), "difficulty"))
    first_reason = pl.coalesce([pl.when(applies).then(pl.lit(reason)) for applies, reason in reasons])
    if unreadable:
        shown = pl.col("image_path").replace_strict(unreadable, default=None, return_dtype=pl.String)
        first_reason = pl.coalesce(first_reason, shown)
    return rows.with_columns(first_reason.alias("_left_out"))


def row_accuracy(store: Store, key: str) -> pl.LazyFrame:
    """Mean accuracy of the completions that a training run wrote for each row. Raises `TrainingError` when there is no such run."""
    policy = find_policy(store, key)
    if policy is None:
        raise TrainingError(f"difficulty_from names {key}, which was not trained: `wethink policies` lists what was")
    completions = store.scan_parquet(f"{policy.folder}/{COMPLETIONS}")
    return completions.group_by("row_id").agg(pl.col("accuracy").mean().alias("_accuracy"))


def image_paths(store: Store, version: str, split: str, recipe: RecipeSettings, limit: int | None = None) -> list[str]:
    """Paths of the images of the rows of a split that a recipe takes, at most `limit` rows, each path once."""
    rows = _taken(mark_left_out(store, version, split, recipe), limit)
    return rows.select(pl.col("image_path").unique(maintain_order=True)).collect()["image_path"].to_list()


def _taken(marked: pl.LazyFrame, limit: int | None) -> pl.LazyFrame:
    taken = marked.filter(pl.col("_left_out").is_null())
    return taken if limit is None else taken.head(limit)


def select_rows(
    store: Store,
    version: str,
    split: str,
    recipe: RecipeSettings,
    target: Path,
    limit: int | None = None,
    unreadable: Mapping[str, str] | None = None,
) -> RowSelection:
    """Write the rows of a split that a recipe takes, at most `limit`, to an Arrow file; returns how many, and how many were left out why.

    unreadable: the reason for which an image cannot be shown, by its path.

    Raises `TrainingError` when none is left.
    """
    rows = mark_left_out(store, version, split, recipe, unreadable)
    counts = rows.group_by("_left_out", "kind").len().collect()
    left_out: Counter[str] = Counter()
    kinds: Counter[str] = Counter()
    for reason, kind, count in counts.iter_rows():
        (kinds if reason is None else left_out)[kind if reason is None else reason] += count
    if not kinds and split == "train":
        raise TrainingError(
            f"{version} has no row to train on: of its {left_out.total()} training rows all are left out"
            f" ({', '.join(f'{count} {reason}' for reason, count in sorted(left_out.items())) or 'there are none'})"
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_suffix(".writing")
    _taken(rows, limit).select(COLUMNS).sink_ipc(
        unfinished, compression="uncompressed", compat_level=pl.CompatLevel.oldest()
    )
    unfinished.rename(target)
    return RowSelection(kinds.total(), dict(sorted(left_out.items())), dict(sorted(kinds.items())))


class Rows(Sequence[Mapping[str, Any]]):
    """Rows of an Arrow file, mapped into memory when the first one is read; a worker process is given the path alone."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @cached_property
    def _table(self) -> Any:
        import pyarrow
        import pyarrow.ipc

        return pyarrow.ipc.open_file(pyarrow.memory_map(str(self._path))).read_all()

    def __len__(self) -> int:
        return int(self._table.num_rows)

    def __getitem__(self, index: Any) -> Any:
        return self._table.slice(range(len(self))[int(index)], 1).to_pylist()[0]

    def __getstate__(self) -> dict[str, Any]:
        return {"_path": self._path}


def row_order(rows: int, wanted: int, seed: int) -> NDArray[np.int32]:
    """Indices of the rows that come one after another: each epoch in an order of its own, until `wanted` are there."""
    indices: list[int] = []
    epoch = 0
    while len(indices) < wanted:
        order = list(range(rows))
        random.Random(f"order/{seed}/{epoch}").shuffle(order)
        indices += order[: wanted - len(indices)]
        epoch += 1
    return np.array(indices, np.int32)
