"""Log of erasures: records of what was deleted of taken-down images, which tell it from damage."""

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime

from pydantic import BaseModel, ConfigDict

from wethink_assets.storage.records import read_record
from wethink_assets.storage.store import Store
from wethink_assets.storage.takedowns import FOLDER, READERS

ERASED = f"{FOLDER}/erased"


class Erasure(BaseModel):
    """What was deleted of a batch: images, blobs, replies.

    tables: folder to the data version of what is left there, and record of an edit by hand to the digest of what is left of it.
    files: tables to the sha256 of what is left of them; records of before have none.
    """

    model_config = ConfigDict(frozen=True)

    schema_version: int = 1
    batch: str
    images: tuple[str, ...]
    blobs: tuple[str, ...]
    replies: int
    tables: dict[str, str]
    files: dict[str, str] = {}
    created: datetime


@dataclass(frozen=True)
class Erasures:
    """All erasures of a store, to hold against what is missing, changed or back.

    last: of each of `files`, the sha256 that the last erasure left.
    """

    images: frozenset[str]
    tables: Mapping[str, frozenset[str]]
    files: Mapping[str, frozenset[str]]
    blobs: frozenset[str] = frozenset()
    last: Mapping[str, str] = field(default_factory=dict)


def erasures_of(store: Store) -> Erasures:
    """Everything that was erased so far. Raises `StoreError` when a record is damaged."""
    with ThreadPoolExecutor(READERS) as pool:
        read = list(pool.map(lambda name: read_record(store, f"{ERASED}/{name}", Erasure), store.names(ERASED)))
    records = [record for record in read if record is not None]
    images = frozenset(image for record in records for image in record.images)
    last: dict[str, str] = {}
    for record in sorted(records, key=lambda record: record.created):
        last |= record.files
    return Erasures(
        images,
        _joined(record.tables for record in records),
        _joined(record.files for record in records),
        frozenset(blob for record in records for blob in record.blobs),
        last,
    )


def _joined(parts: Iterable[Mapping[str, str]]) -> dict[str, frozenset[str]]:
    joined: dict[str, set[str]] = {}
    for part in parts:
        for path, digest in part.items():
            joined.setdefault(path, set()).add(digest)
    return {path: frozenset(digests) for path, digests in joined.items()}
