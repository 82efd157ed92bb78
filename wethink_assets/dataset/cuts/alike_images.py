"""Comparison of the store's images with each other, before a cut: so that no two of a group lie in different splits of a version."""

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache

import polars as pl

from wethink_assets.dataset.cuts.cut import READERS, list_cuts, read_cut
from wethink_assets.dataset.cuts.decision import whole_inputs
from wethink_assets.dataset.cuts.image_splits import given_splits
from wethink_assets.dataset.cuts.recipe import CutRecipe
from wethink_assets.identity import split_of
from wethink_assets.storage.store import Store
from wethink_assets.storage.table_files import scan_table

__all__ = ["compare_images"]

log = logging.getLogger(__name__)


def compare_images(
    store: Store, recipe: CutRecipe, progress: Callable[[str, int, int], None] = lambda what, done, total: None
) -> int:
    """Compare the images of all batches that could be cut, whatever the recipe's sources, with each other; how many were new.

    progress: called with what is done, and images done and in all.

    What was compared before is not compared again; `dedup.image_links.link_images` tells the time. A recipe that splits by single images needs none.
    """
    if recipe.split_by != "group":
        return 0
    inputs = whole_inputs(store, CutRecipe(), "images")
    with ThreadPoolExecutor(READERS) as pool:
        held = pool.map(
            lambda table: scan_table(store, table).select("image_id", "batch", "blob").collect(), inputs.values()
        )
        images = pl.concat([pl.DataFrame(schema=dict.fromkeys(("image_id", "batch", "blob"), pl.String)), *held])
    if images.is_empty():
        return 0
    from wethink_assets.dedup.image_links import link_images

    cuts = list_cuts(store)
    versioned = set(read_cut(store, cuts[-1]).known) if cuts else set()
    given = cache(lambda: given_splits(store))
    new = link_images(
        store,
        images,
        lambda image, batch: given().get(image) or (split_of(image) if batch in versioned else None),
        progress,
    )
    if new:
        log.info("%d images compared with each other and with those of before", new)
    return new
