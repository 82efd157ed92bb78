"""Where an image went: every file that holds it, every row made of it, and the versions, training runs and scores these are part of."""

from typing import Any

import polars as pl

from wethink_assets.dataset.lineage.downstream import uses_of
from wethink_assets.dataset.lineage.image_lookup import images_named, places_in_sources
from wethink_assets.dataset.lineage.row_lookup import tables_in_force
from wethink_assets.dataset.takedown.erasure_log import erased
from wethink_assets.dataset.versions.manifest import list_built, version_folder
from wethink_assets.dataset.versions.rows import results
from wethink_assets.errors import VersionError
from wethink_assets.sources.claims import Occurrence
from wethink_assets.storage.store import Store
from wethink_assets.storage.takedowns import Retractions, retracted

Story = dict[str, Any]
KEPT = ("row_id", "slot", "kind", "split", "batch")
LEFT_OUT = ("row_id", "slot", "kind", "batch", "reason", "survivor")


def whereabouts(store: Store, name: str) -> list[Story]:
    """All that the store knows of where an image is used, one entry an image that the name fits, as plain JSON values.

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
    covered, gone = retracted(store), erased(store).images
    return [_whereabouts(store, image, covered, image in gone) for image in images]


def _whereabouts(store: Store, image: str, covered: Retractions, is_erased: bool) -> Story:
    places = places_in_sources(store, image)
    versions = [told for version in list_built(store) if (told := _in_version(store, version, image))]
    trained_on = [told["version"] for told in versions if any(row["split"] == "train" for row in told["rows"])]
    return {
        "image_id": image,
        "files": [place._asdict() for place in places],
        "retracted": _retracted_by(image, places, covered),
        "erased": is_erased,
        "in_force": _in_force(store, image, places),
        "versions": versions,
        "trained": uses_of(store, trained_on),
    }


def _in_version(store: Store, version: str, image: str) -> Story | None:
    """Rows of a version that show the image, and those it left out."""
    folder = version_folder(version)
    ours = pl.col("image_id") == image
    kept = store.scan_parquet(f"{folder}/rows.parquet").filter(ours).select(KEPT).collect()
    left_out = store.scan_parquet(f"{folder}/excluded.parquet").filter(ours).select(LEFT_OUT).collect()
    if kept.is_empty() and left_out.is_empty():
        return None
    return {"version": version, "rows": kept.to_dicts(), "left_out": left_out.to_dicts()}


def _retracted_by(image: str, places: list[Occurrence], covered: Retractions) -> list[str]:
    """What takes the image down: itself, or source or licence of the file that it is held by."""
    held = places[:1]
    found = [f"image {image}"] if image in covered.images else []
    found += [f"source {place.source}" for place in held if place.source in covered.sources]
    return found + [f"licence {place.licence}" for place in held if place.licence in covered.licences]


def _in_force(store: Store, image: str, places: list[Occurrence]) -> list[Story]:
    """What the tables in force of the batch that holds the image make of it: how far each of its questions got."""
    if not places:
        return []
    batch = places[0].batch
    tables = tables_in_force(store, batch)
    reached: dict[tuple[str, str], str] = {}
    for stage in ("questions", "answers", "reasoning_paths"):
        if stage in tables:
            found = results(store, tables[stage]).filter(pl.col("image_id") == image).select("slot", "row_id").collect()
            reached.update(dict.fromkeys(found.iter_rows(), stage))
    return [{"batch": batch, "slot": slot, "row_id": row, "reached": stage} for (slot, row), stage in reached.items()]
