"""Takedowns: images, sources and licences that may no longer be used. Each is one small file below `retractions/`, written once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Literal

import polars as pl
from pydantic import BaseModel, ConfigDict

from wethink_assets.identity import digest_of
from wethink_assets.storage.records import parse_record, read_record
from wethink_assets.storage.store import Store

FOLDER = "retractions"
KINDS = ("image", "source", "licence")
COLUMNS = {"image_id": "images", "source": "sources", "licence": "licences"}
READERS = 16
TakedownKind = Literal["image", "source", "licence"]


class Takedown(BaseModel):
    """One takedown: of an image (by id), of all that a source holds, or of all under a licence."""

    model_config = ConfigDict(frozen=True)

    schema_version: int = 1
    kind: TakedownKind
    name: str
    reason: str = ""
    created: datetime

    @property
    def path(self) -> str:
        """Where it lies in the store. An image's file is named by its id, so that listing a folder tells all images."""
        name = self.name if self.kind == "image" else digest_of([self.kind, self.name])[:32]
        return f"{FOLDER}/{self.kind}/{name}.json"


class Takedowns(BaseModel):
    """All that was taken down, each list sorted."""

    model_config = ConfigDict(frozen=True)

    images: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    licences: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.images or self.sources or self.licences)

    def covers(self, frame: pl.DataFrame | pl.LazyFrame) -> pl.Expr:
        """Boolean expression over the frame's rows: whether one is taken down, by whichever columns it has.

        Columns looked at: `image_id`, `source`, `licence`. A row counts by the source and licence under which its image is held; that
        another source holds the same bytes under other terms does not matter.
        """
        names = frame.columns if isinstance(frame, pl.DataFrame) else frame.collect_schema().names()
        listed = [(column, getattr(self, field)) for column, field in COLUMNS.items() if column in names]
        conditions = [pl.col(column).is_in(list(values)).fill_null(False) for column, values in listed if values]
        return pl.any_horizontal(conditions) if conditions else pl.lit(False)


def takedowns_of(store: Store) -> Takedowns:
    """Everything that was taken down so far. Raises `StoreError` when a record is damaged."""
    images = [name.removesuffix(".json") for name in store.names(f"{FOLDER}/image")]
    return Takedowns(
        images=tuple(sorted(images)),
        sources=tuple(sorted(record.name for record in _records(store, "source"))),
        licences=tuple(sorted(record.name for record in _records(store, "licence"))),
    )


def takedown_paths(taken_down: Takedowns) -> list[str]:
    """Where the records lie of all that was taken down."""
    kinds: tuple[tuple[TakedownKind, tuple[str, ...]], ...] = (
        ("image", taken_down.images),
        ("source", taken_down.sources),
        ("licence", taken_down.licences),
    )
    return [Takedown(kind=kind, name=name, created=datetime.min).path for kind, names in kinds for name in names]


def list_takedowns(store: Store) -> list[Takedown]:
    """The records themselves, oldest first. Raises `StoreError` when one is damaged."""
    records = [record for kind in KINDS for record in _records(store, kind)]
    return sorted(records, key=lambda record: (record.created, record.kind, record.name))


def find_takedown(store: Store, kind: TakedownKind, name: str) -> Takedown | None:
    """The record that takes down exactly this image, source or licence."""
    path = Takedown(kind=kind, name=name, created=datetime.min).path
    return read_record(store, path, Takedown)


def _records(store: Store, kind: str) -> list[Takedown]:
    paths = [f"{FOLDER}/{kind}/{name}" for name in store.names(f"{FOLDER}/{kind}")]
    if not paths:
        return []
    with ThreadPoolExecutor(READERS) as pool:
        return list(pool.map(lambda path: parse_record(store, path, store.read(path), Takedown), paths))
