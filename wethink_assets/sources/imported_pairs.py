"""Imported pairs: question-answer pairs that came with the images of an imported source, and what is known of where they come from.

`imports/<source>/source.json` describes the source, `imports/<source>/pairs/<number>.parquet` holds the pairs of a batch. They are written before the
batch is registered and stay as they are, but for pairs about images that are erased. The stages that ask models take the given question, answer and
reasoning path of such a batch in place of those that they would have asked for.
"""

from collections.abc import Collection, Iterator
from typing import Literal

import polars as pl
from pydantic import BaseModel, ConfigDict

from wethink_assets.sources.batches import DIGITS, source_of, split_batch_key
from wethink_assets.sources.catalog import Source
from wethink_assets.stages.schemas import STRINGS
from wethink_assets.storage.records import create_record, read_record
from wethink_assets.storage.store import Store

__all__ = [
    "FOLDER",
    "PAIRS",
    "ImportedSource",
    "create_imported_source",
    "forget_images",
    "imported_source",
    "imported_sources",
    "pairs_of",
    "read_imported_source",
    "scan_pairs",
    "write_pairs",
]

FOLDER = "imports"
Missing = Literal["synthesize", "mark"]
"""What becomes of what a pair lacks: models are asked for it, or the row is marked as one without it."""
PAIRS = pl.Schema(
    {
        "key": pl.String(),  # digest of image, question, answer and path: the same pair is imported once
        "slot": pl.String(),
        "row_id": pl.String(),
        "image_id": pl.String(),
        "blob": pl.String(),  # where the image lies in the store
        "item": pl.String(),  # the image as the file names it, or the file's row where the image is in it
        "kind": pl.String(),
        "ordinal": pl.Int16(),
        "question": pl.String(),
        "options": STRINGS,
        "answer": pl.String(),
        "category": pl.String(),
        "abilities": STRINGS,
        "refined_cot": pl.String(),  # empty where none came along
        "raw_cot": pl.String(),
        "accepted_answers": STRINGS,  # this and the next two are null where the file does not say
        "tolerance": pl.Float64(),
        "edit_distance": pl.Float64(),
        "agreed": pl.Boolean(),  # of the answers behind the row, where the file says; so are the next three
        "agreement": pl.String(),
        "score": pl.Float64(),
        "verdict": pl.String(),
        "missing": pl.String(),  # synthesize | mark
        "licence": pl.String(),
        "origin": pl.String(),  # source that the file itself names
        "file": pl.String(),
        "row": pl.Int64(),  # from 1 on
        "sha256": pl.String(),  # of the row as it was read
        "format": pl.String(),
        "importer": pl.String(),
        "given": pl.String(),  # the row as it was read, as JSON, images by their sha256
        "schema_version": pl.Int16(),
    }
)


class ImportedSource(BaseModel):
    """A source whose images came with questions."""

    model_config = ConfigDict(frozen=True)

    name: str
    title: str
    licence: str
    homepage: str = ""

    def as_source(self) -> Source:
        """As an entry of the catalog; its images lie in the store."""
        return Source(self.name, self.title, "imported pairs", self.homepage, "", self.licence)


def _record_path(name: str) -> str:
    return f"{FOLDER}/{name}/source.json"


def _pairs_path(batch: str) -> str:
    source, number = split_batch_key(batch)
    return f"{FOLDER}/{source}/pairs/{number:0{DIGITS}d}.parquet"


def imported_sources(store: Store) -> list[str]:
    """Names of all imported sources."""
    return [name for name in store.names(FOLDER) if store.exists(_record_path(name))]


def read_imported_source(store: Store, name: str) -> ImportedSource | None:
    """The description of an imported source; None where no source was imported under the name."""
    return read_record(store, _record_path(name), ImportedSource)


def create_imported_source(store: Store, source: ImportedSource) -> ImportedSource:
    """Describe a source unless it is described; the description in force."""
    create_record(store, _record_path(source.name), source)
    return read_imported_source(store, source.name) or source


def imported_source(store: Store, name: str) -> Source | None:
    """An imported source as an entry of the catalog; None where the name is none's."""
    record = read_imported_source(store, name)
    return record.as_source() if record else None


def pairs_of(store: Store, batch: str) -> pl.DataFrame | None:
    """The pairs of a batch (schema `PAIRS`), sorted by slot; None for a batch whose questions were not imported."""
    if not source_of(batch):
        return None
    path = _pairs_path(batch)
    return store.read_parquet(path) if store.exists(path) else None


def write_pairs(store: Store, batch: str, pairs: pl.DataFrame) -> None:
    """Keep the pairs of a batch that is about to be registered."""
    store.write_parquet(_pairs_path(batch), pairs.select(PAIRS.names()).cast(PAIRS).sort("slot"))


def scan_pairs(store: Store, batch: str) -> pl.LazyFrame:
    """The pairs of a batch as a lazy frame. Raises `StoreError` where it has none."""
    return store.scan_parquet(_pairs_path(batch))


def all_pairs(store: Store) -> Iterator[pl.LazyFrame]:
    """The pairs of every batch, also of those that are about to be registered."""
    for source in store.names(FOLDER):
        for name in store.names(f"{FOLDER}/{source}/pairs"):
            yield store.scan_parquet(f"{FOLDER}/{source}/pairs/{name}")


def forget_images(store: Store, batch: str, images: Collection[str]) -> int:
    """Delete the pairs about images of a batch, as an erasure does; how many they were."""
    pairs = pairs_of(store, batch)
    if pairs is None:
        return 0
    kept = pairs.filter(~pl.col("image_id").is_in(list(images)))
    if kept.height < pairs.height:
        write_pairs(store, batch, kept)
    return pairs.height - kept.height
