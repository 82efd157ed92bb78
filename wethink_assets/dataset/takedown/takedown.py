"""Takedown of an image, a source or a licence: a record in the store, and what it touches.

From then on ingestion refuses what the record covers, the next version leaves it out, and listings, cards and exports of older versions,
which are not edited, are shown without it. `wethink_assets.dataset.takedown.erasure` deletes what is kept of it.
"""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import polars as pl

from wethink_assets.dataset.inventory.sealing import seal_after
from wethink_assets.dataset.lineage.downstream import uses_of
from wethink_assets.dataset.lineage.image_lookup import images_named
from wethink_assets.dataset.versions.files import scan_file
from wethink_assets.dataset.versions.manifest import list_built
from wethink_assets.errors import VersionError
from wethink_assets.sources.batches import source_of
from wethink_assets.sources.claims import holder
from wethink_assets.sources.known_sources import KNOWN_SOURCES
from wethink_assets.storage.records import create_record
from wethink_assets.storage.store import Store
from wethink_assets.storage.table_files import scan_table
from wethink_assets.storage.tables import Tables
from wethink_assets.storage.takedowns import (
    KINDS,
    Takedown,
    TakedownKind,
    Takedowns,
    find_takedown,
    list_takedowns,
    takedowns_of,
)

__all__ = [
    "Subject",
    "Takedown",
    "Takedowns",
    "find_subject",
    "list_takedowns",
    "take_down",
    "takedown_impact",
    "takedowns_of",
]

READERS = 16
TAKEN = ("row_id", "slot", "image_id", "source", "licence", "split", "batch")


def takedowns_touching(store: Store, taken_down: Takedowns, batches: Iterable[str]) -> Takedowns:
    """What was taken down, without the images and sources that none of the batches holds: those change no version."""
    whole = set(batches)
    sources = {source_of(batch) for batch in whole}

    def held(image: str) -> bool:
        claim = holder(store, image)
        return claim is None or claim.batch in whole

    with ThreadPoolExecutor(READERS) as pool:
        near_by = list(pool.map(held, taken_down.images))
    return Takedowns(
        images=tuple(image for image, near in zip(taken_down.images, near_by, strict=True) if near),
        sources=tuple(source for source in taken_down.sources if source in sources),
        licences=taken_down.licences,
    )


@dataclass(frozen=True, slots=True)
class Subject:
    """What is to be taken down."""

    kind: TakedownKind
    name: str

    def as_takedowns(self) -> Takedowns:
        """The subject as if it were all that was ever taken down."""
        return Takedowns.model_validate({f"{self.kind}s": (self.name,)})

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


def find_subject(store: Store, name: str, kind: TakedownKind | None = None) -> Subject:
    """What a name stands for: an image (id, start of one, or file), a source, or a licence as rows name it.

    Raises `VersionError` when nothing, or more than one thing, bears the name.
    """
    name = name.strip()
    subjects = [Subject(one, known) for one in KINDS if kind in (None, one) for known in _known(store, one, name)]  # type: ignore[arg-type]
    if not subjects:
        raise VersionError(
            f"{store.url} knows no {kind or 'image, source or licence'} {name!r}: an image is named by its id or its file in a source, "
            "a licence as `wethink lineage` shows it"
        )
    if len(subjects) > 1:
        candidates = ", ".join(map(str, subjects[:5]))
        raise VersionError(f"{name!r} may mean {candidates}: say which with --kind, or give the image's id")
    return subjects[0]


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
        table = scan_table(store, commit)
        return table.select(pl.col("licence").unique()).collect()["licence"].to_list()

    with ThreadPoolExecutor(READERS) as pool:
        return {name for names in pool.map(licences, store.names("tables/images")) for name in names}


def take_down(store: Store, subject: Subject, reason: str = "") -> tuple[Takedown, bool]:
    """Take a subject down; returns the record in force and whether it is new."""
    made = Takedown(kind=subject.kind, name=subject.name, reason=reason, created=datetime.now(UTC))
    if create_record(store, made.path, made):
        seal_after(store, (), [made.path], command="wethink retract")
        return made, True
    existing = find_takedown(store, subject.kind, subject.name)
    return existing or made, False


def takedown_impact(store: Store, subject: Subject) -> dict[str, Any]:
    """What a takedown touches, as plain JSON values.

    `versions`: rows of each version that it covers; `trained`: training runs on these versions, with their scores; `look_alikes`: images
    that a version left out as near-duplicates of what is taken down, and that the next one may take in.
    """
    covered = subject.as_takedowns()
    versions: list[dict[str, Any]] = []
    look_alikes: set[str] = set()
    for version in list_built(store):
        rows = rows_taken_down(store, version, covered)
        if rows.is_empty():
            continue
        versions.append({"version": version, "rows": rows.height, "images": rows["image_id"].n_unique()})
        table = scan_file(store, version, "excluded.parquet")
        near = table.filter(pl.col("survivor").is_in(rows["row_id"].to_list())).select("image_id").unique().collect()
        look_alikes |= set(near["image_id"]) - set(rows["image_id"])
    return {
        "versions": versions,
        "trained": uses_of(store, [entry["version"] for entry in versions]),
        "look_alikes": sorted(look_alikes),
    }


def rows_taken_down(store: Store, version: str, covered: Takedowns) -> pl.DataFrame:
    """Rows of a version that takedowns cover: row_id, slot, image_id, source, licence, split, batch."""
    if not covered:
        return pl.DataFrame(schema=dict.fromkeys(TAKEN, pl.String()))
    table = scan_file(store, version, "rows.parquet").select(TAKEN)
    return table.filter(covered.covers(table)).collect()
