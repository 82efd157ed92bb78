"""Whereabouts of an image: every file that holds it, every row made of it, and the versions, training runs and scores these are part of."""

from typing import Any

import polars as pl

from wethink_assets.dataset.lineage.downstream import uses_of
from wethink_assets.dataset.lineage.image_lookup import files_of_image, images_named
from wethink_assets.dataset.lineage.row_lookup import tables_in_force
from wethink_assets.dataset.versions.files import scan_file
from wethink_assets.dataset.versions.manifest import list_built
from wethink_assets.dataset.versions.rows import results
from wethink_assets.errors import VersionError
from wethink_assets.extensions.builtin import STAGES
from wethink_assets.sources.claims import Occurrence
from wethink_assets.stages.order import stage_names
from wethink_assets.stages.spec import SYNTHESIS
from wethink_assets.storage.erasures import erasures_of
from wethink_assets.storage.store import Store
from wethink_assets.storage.takedowns import Takedowns, takedowns_of

Story = dict[str, Any]
KEPT = ("row_id", "slot", "kind", "split", "batch")
LEFT_OUT = ("row_id", "slot", "kind", "batch", "reason", "survivor")


def whereabouts(store: Store, name: str) -> list[Story]:
    """All that the store knows of where an image is used, one entry per image that the name fits, as plain JSON values.

    Args:
        name: image id or its start, path of a blob, a file of this machine, or a file of a source (see `images_named`).

    Raises `VersionError` when no image fits.
    """
    images = images_named(store, name)
    if not images:
        raise VersionError(
            f"{store.url} holds no image {name!r}: give an image id (or its first 6 digits or more), a file of this machine, "
            "or a file as its source lists it"
        )
    covered, gone = takedowns_of(store), erasures_of(store).images
    return [_whereabouts(store, image, covered, image in gone) for image in images]


def _whereabouts(store: Store, image: str, covered: Takedowns, is_erased: bool) -> Story:
    files = files_of_image(store, image)
    versions = [entry for version in list_built(store) if (entry := _in_version(store, version, image))]
    trained_on = [entry["version"] for entry in versions if any(row["split"] == "train" for row in entry["rows"])]
    return {
        "image_id": image,
        "files": [file._asdict() for file in files],
        "retracted": _retracted_by(image, files, covered),
        "erased": is_erased,
        "in_force": _in_force(store, image, files),
        "versions": versions,
        "trained": uses_of(store, trained_on),
    }


def _in_version(store: Store, version: str, image: str) -> Story | None:
    """Rows of a version that show the image, and those it left out."""
    ours = pl.col("image_id") == image
    kept = scan_file(store, version, "rows.parquet").filter(ours).select(KEPT).collect()
    left_out = scan_file(store, version, "excluded.parquet").filter(ours).select(LEFT_OUT).collect()
    if kept.is_empty() and left_out.is_empty():
        return None
    return {"version": version, "rows": kept.to_dicts(), "left_out": left_out.to_dicts()}


def _retracted_by(image: str, files: list[Occurrence], covered: Takedowns) -> list[str]:
    """What takes the image down: itself, or source or licence of the file that it is held by."""
    held = files[:1]
    reasons = [f"image {image}"] if image in covered.images else []
    reasons += [f"source {file.source}" for file in held if file.source in covered.sources]
    return reasons + [f"licence {file.licence}" for file in held if file.licence in covered.licences]


def _in_force(store: Store, image: str, files: list[Occurrence]) -> list[Story]:
    """What the tables in force of the batch that holds the image make of it: how far each of its questions got."""
    if not files:
        return []
    batch = files[0].batch
    tables = tables_in_force(store, batch)
    reached: dict[tuple[str, str], str] = {}
    for stage in stage_names():
        if stage in tables and STAGES[stage].group == SYNTHESIS and STAGES[stage].item == "slot":
            rows = results(store, tables[stage]).filter(pl.col("image_id") == image).select("slot", "row_id").collect()
            reached.update(dict.fromkeys(rows.iter_rows(), stage))
    return [{"batch": batch, "slot": slot, "row_id": row, "reached": stage} for (slot, row), stage in reached.items()]
