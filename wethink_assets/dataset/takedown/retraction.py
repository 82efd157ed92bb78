"""How an image, a source or a licence is taken down: a record in the store, and a list of what it touches.

From then on ingestion refuses what the record covers, the next version leaves it out, and listings, cards and exports of older versions,
which are not edited, are shown without it. `wethink_assets.dataset.takedown.erasure` deletes what is kept of it.
"""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import polars as pl

from wethink_assets.dataset.lineage.downstream import uses_of
from wethink_assets.dataset.lineage.image_lookup import images_named
from wethink_assets.dataset.versions.manifest import list_built, version_folder
from wethink_assets.errors import VersionError
from wethink_assets.sources.batches import source_of
from wethink_assets.sources.claims import holder
from wethink_assets.sources.known_sources import KNOWN_SOURCES
from wethink_assets.storage.records import create_record
from wethink_assets.storage.store import Store
from wethink_assets.storage.tables import Tables
from wethink_assets.storage.takedowns import (
    KINDS,
    Retraction,
    RetractionKind,
    Retractions,
    find_retraction,
    list_retractions,
    retracted,
)

__all__ = ["Retraction", "Retractions", "Subject", "find_subject", "list_retractions", "record", "retracted", "touched"]

READERS = 16


def touching(store: Store, taken_down: Retractions, batches: Iterable[str]) -> Retractions:
    """What was taken down, without the images and sources that none of the batches holds: those change no version."""
    whole = set(batches)
    sources = {source_of(batch) for batch in whole}

    def held(image: str) -> bool:
        found = holder(store, image)
        return found is None or found.batch in whole

    with ThreadPoolExecutor(READERS) as pool:
        near_by = list(pool.map(held, taken_down.images))
    return Retractions(
        images=tuple(image for image, near in zip(taken_down.images, near_by, strict=True) if near),
        sources=tuple(source for source in taken_down.sources if source in sources),
        licences=taken_down.licences,
    )


@dataclass(frozen=True, slots=True)
class Subject:
    """What is to be taken down."""

    kind: RetractionKind
    name: str

    def as_retractions(self) -> Retractions:
        """The subject as if it were all that was ever taken down."""
        return Retractions.model_validate({f"{self.kind}s": (self.name,)})

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


def find_subject(store: Store, name: str, kind: RetractionKind | None = None) -> Subject:
    """What a name stands for: an image (id, start of one, or file), a source, or a licence as rows name it.

    Raises `VersionError` when nothing, or more than one thing, bears the name.
    """
    name = name.strip()
    found = [Subject(one, known) for one in KINDS if kind in (None, one) for known in _known(store, one, name)]  # type: ignore[arg-type]
    if not found:
        raise VersionError(
            f"{store.url} knows no {kind or 'image, source or licence'} {name!r}: an image is named by its id or its file in a source, "
            "a licence as `wethink lineage` shows it"
        )
    if len(found) > 1:
        told = ", ".join(map(str, found[:5]))
        raise VersionError(f"{name!r} may mean {told}: say which with --kind, or give the image's id")
    return found[0]


def _known(store: Store, kind: str, name: str) -> list[str]:
    if kind == "source":
        sources = {source.name for source in KNOWN_SOURCES} | set(store.names("batches"))
        sources |= {source_of(batch) for batch in store.names("tables/images")} - {""}
        return [name] if name in sources else []
    if kind == "licence":
        return [name] if name in known_licences(store) else []
    return images_named(store, name)


def known_licences(store: Store) -> set[str]:
    """Licences of all images that were ingested; reads one column of every batch."""
    tables = Tables(store)

    def licences(batch: str) -> list[str]:
        commit = tables.current("images", batch)
        if commit is None:
            return []
        table = store.scan_parquet(f"{commit.folder}/results.parquet")
        return table.select(pl.col("licence").unique()).collect()["licence"].to_list()

    with ThreadPoolExecutor(READERS) as pool:
        return {name for found in pool.map(licences, store.names("tables/images")) for name in found}


def record(store: Store, subject: Subject, reason: str = "") -> tuple[Retraction, bool]:
    """Take a subject down; returns the record in force and whether it is new."""
    made = Retraction(kind=subject.kind, name=subject.name, reason=reason, created=datetime.now(UTC))
    if create_record(store, made.path, made):
        return made, True
    found = find_retraction(store, subject.kind, subject.name)
    return found or made, False


def touched(store: Store, subject: Subject) -> dict[str, Any]:
    """What a takedown touches, as plain JSON values.

    `versions`: rows of each version that it covers; `trained`: training runs on these versions, with their scores; `look_alikes`: images
    that a version left out as near-duplicates of what is taken down, and that the next one may take in.
    """
    covered = subject.as_retractions()
    versions: list[dict[str, Any]] = []
    look_alikes: set[str] = set()
    for version in list_built(store):
        rows = retracted_rows(store, version, covered)
        if rows.is_empty():
            continue
        versions.append({"version": version, "rows": rows.height, "images": rows["image_id"].n_unique()})
        table = store.scan_parquet(f"{version_folder(version)}/excluded.parquet")
        near = table.filter(pl.col("survivor").is_in(rows["row_id"].to_list())).select("image_id").unique().collect()
        look_alikes |= set(near["image_id"]) - set(rows["image_id"])
    return {
        "versions": versions,
        "trained": uses_of(store, [entry["version"] for entry in versions]),
        "look_alikes": sorted(look_alikes),
    }


def retracted_rows(store: Store, version: str, covered: Retractions) -> pl.DataFrame:
    """Rows of a version that retractions cover: row_id, slot, image_id, source, licence, split, batch."""
    table = store.scan_parquet(f"{version_folder(version)}/rows.parquet").select(
        "row_id", "slot", "image_id", "source", "licence", "split", "batch"
    )
    return table.filter(covered.covers(table)).collect() if covered else table.head(0).collect()
