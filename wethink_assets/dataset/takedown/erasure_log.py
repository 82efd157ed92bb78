"""Log of erasures: records of what was deleted of taken-down images, which tell it from damage."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime

from pydantic import BaseModel, ConfigDict

from wethink_assets.storage.records import read_record
from wethink_assets.storage.store import Store
from wethink_assets.storage.takedowns import FOLDER, READERS

ERASED = f"{FOLDER}/erased"


class Erasure(BaseModel):
    """What was deleted of a batch: images, blobs, replies.

    tables: folder to the data version of what is left there, and record of an edit by hand to the digest of what is left of it.
    """

    model_config = ConfigDict(frozen=True)

    schema_version: int = 1
    batch: str
    images: tuple[str, ...]
    blobs: tuple[str, ...]
    replies: int
    tables: dict[str, str]
    created: datetime


@dataclass(frozen=True)
class Erasures:
    """All erasures of a store, to hold against what is missing or changed."""

    images: frozenset[str]
    tables: Mapping[str, frozenset[str]]


def erasures_of(store: Store) -> Erasures:
    """Everything that was erased so far. Raises `StoreError` when a record is damaged."""
    with ThreadPoolExecutor(READERS) as pool:
        read = list(pool.map(lambda name: read_record(store, f"{ERASED}/{name}", Erasure), store.names(ERASED)))
    records = [record for record in read if record is not None]
    tables: dict[str, set[str]] = {}
    for record in records:
        for folder, version in record.tables.items():
            tables.setdefault(folder, set()).add(version)
    images = frozenset(image for record in records for image in record.images)
    return Erasures(images, {folder: frozenset(versions) for folder, versions in tables.items()})
