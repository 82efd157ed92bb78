"""Splits of a cut by groups of alike images: which image goes where, decided with the cut and kept as `splits/<digest>.parquet`.

The file (`dedup.image_groups.GROUPED`) holds the images of the cut that are in groups, and those that were compared with none; all others go where
the hash of their id puts them. A version follows from this file: pairs that are found later, or a better method, do not touch it.
"""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import Any

import polars as pl

from wethink_assets.dataset.cuts.cut import READERS, CutInput, list_cuts, read_cut
from wethink_assets.dataset.cuts.recipe import CutRecipe
from wethink_assets.dedup.image_groups import GROUPED, ImageGroups
from wethink_assets.dedup.link_files import read_steps
from wethink_assets.errors import StoreError
from wethink_assets.identity import data_version, split_of
from wethink_assets.storage.store import Store
from wethink_assets.storage.table_files import scan_table

__all__ = ["ImageSplits", "given_splits", "keep_splits", "read_splits", "splits_path"]

FOLDER = "splits"
MERGES = 50
"""Merges that are told by name; all are counted."""


def splits_path(digest: str) -> str:
    """Where the splits of a cut lie, by the digest of their content."""
    return f"{FOLDER}/{digest[:32]}.parquet"


def keep_splits(store: Store, recipe: CutRecipe, images: list[CutInput]) -> str:
    """Decide the splits of a cut's images (its tables of them) by all pairs that were found so far, and keep them; digest of what was kept.

    Empty where the recipe wants no groups, or where images were never compared.
    """
    steps = read_steps(store) if recipe.split_by == "group" else []
    if not steps:
        return ""
    groups = ImageGroups()
    for number, step in enumerate(steps, 1):
        groups.add(number, step)
    compared = pl.concat(steps).filter(~pl.col("unread")).select("image_id")
    with ThreadPoolExecutor(READERS) as pool:
        held = pool.map(lambda table: scan_table(store, table).select("image_id").collect(), images)
        ids = pl.concat([pl.DataFrame(schema={"image_id": pl.String()}), *held]).unique()
    grouped = groups.frame().join(ids, on="image_id", how="semi")
    lone = ids.join(compared, on="image_id", how="anti")
    lone = lone.with_columns(pl.Series("split", [split_of(image) for image in lone["image_id"]], dtype=pl.String))
    kept = pl.concat([GROUPED.to_frame(), grouped, lone], how="diagonal").with_columns(pl.col("moved").fill_null(False))
    kept = kept.sort("image_id")
    digest = data_version(kept)
    if not store.exists(splits_path(digest)):
        store.write_parquet(splits_path(digest), kept)
    return digest


def read_splits(store: Store, digest: str) -> "ImageSplits":
    """The splits that a cut names by their digest; those of an empty digest are the hashes of images.

    Raises `StoreError` naming a file that is missing, or holds something else.
    """
    if not digest:
        return ImageSplits(None)
    path = splits_path(digest)
    kept = store.read_parquet(path)
    if data_version(kept) != digest:
        raise StoreError(f"{store.link(path)} was altered: its content is not what the cut names")
    return ImageSplits(kept)


class ImageSplits:
    """Where images go. `kept`: `GROUPED`; None where splits are by the hash of each image alone."""

    def __init__(self, kept: pl.DataFrame | None) -> None:
        self.kept = kept
        self._rows = 0
        self._split = {} if kept is None else dict(kept.select("image_id", "split").iter_rows())

    def of(self, image: str) -> str:
        """`train` or `validation`."""
        return self._split.get(image) or split_of(image)

    @cached_property
    def _moved(self) -> pl.DataFrame:
        return (GROUPED.to_frame() if self.kept is None else self.kept).filter("moved").select("image_id")

    def count(self, rows: pl.DataFrame) -> None:
        """Count rows of the version (column `image_id`) that a merge of groups moved."""
        self._rows += rows.join(self._moved, on="image_id", how="semi").height

    def figures(self) -> dict[str, Any]:
        """What a version tells of its groups, as JSON; empty where splits are by image.

        groups, images: groups that images of the cut are in, and these images; largest: of the largest group; unchecked: images that were compared
        with none; moved: images and rows that went from validation to train; merged: groups that were joined to an older one; merges: `MERGES` of
        these at most, the largest first, with how many of their images are in the cut and how many of these moved.
        """
        if self.kept is None:
            return {}
        grouped = self.kept.drop_nulls("group")
        sizes = grouped.group_by("group").len()["len"]
        merged = (
            grouped.drop_nulls("joined")
            .group_by("group", "joined")
            .agg(pl.len().alias("images"), pl.col("moved").sum())
        )
        merges = merged.sort(pl.col("images"), "group", "joined", descending=[True, False, False])
        return {
            "groups": sizes.len(),
            "images": grouped.height,
            "largest": int(sizes.max() or 0),  # type: ignore[arg-type]
            "unchecked": self.kept.height - grouped.height,
            "moved": {"images": self._moved.height, "rows": self._rows},
            "merged": merges.height,
            "merges": merges.head(MERGES).to_dicts(),
        }


def given_splits(store: Store) -> Mapping[str, str]:
    """Splits that cuts gave to images by groups: `train` where two cuts differ."""
    given: dict[str, str] = {}
    for digest in {read_cut(store, version).splits for version in list_cuts(store)} - {""}:
        kept = read_splits(store, digest).kept
        assert kept is not None
        for image, split in kept.select("image_id", "split").iter_rows():
            given[image] = split if given.get(image, split) == split else "train"
    return given
