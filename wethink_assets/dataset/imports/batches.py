"""Batches of imported pairs: at most so many images each, written one after another, and the keys of all pairs that a source has.

The pairs of a batch are written first and its membership last, by which it is registered. An import that is killed between the two leaves pairs that
the next one writes again.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from wethink_assets.dataset.imports.pairs import Pair
from wethink_assets.errors import SourceError
from wethink_assets.sources.batches import batch_key, batch_numbers, create_batch
from wethink_assets.sources.imported_pairs import PAIRS, scan_pairs, write_pairs
from wethink_assets.stages.schemas import MEMBERSHIP, SCHEMA_VERSION
from wethink_assets.storage.journal.key_numbers import KeyNumbers
from wethink_assets.storage.store import Store

__all__ = ["ImportBatches", "KeptImage"]

PAIRS_OF_AN_IMAGE = 64  # on average, at most: bounds a batch whose images have very many questions


@dataclass(frozen=True, slots=True)
class KeptImage:
    """An image that decodes, kept as a blob."""

    image_id: str
    blob: str
    bytes: int

    def member(self, item: str) -> dict[str, Any]:
        """It as a member of a batch."""
        return {
            "item": item,
            "path": item,
            "member": "",
            "offset": 0,
            "size": self.bytes,
            "etag": f"sha256:{self.image_id}",
            "change": "new",
            "schema_version": SCHEMA_VERSION,
        }


class ImportBatches:
    """Pairs gathered until they are a batch, and the keys of all that the source has."""

    def __init__(self, store: Store, source: str, size: int) -> None:
        self._store, self._source, self._size = store, source, size
        self._keys = KeyNumbers()
        self._last = 0
        for number in batch_numbers(store, source):
            for key in scan_pairs(store, batch_key(source, number)).select("key").collect()["key"]:
                self._keys.number(bytes.fromhex(key))
            self._last = number
        self._pairs: list[dict[str, Any]] = []
        self._members: dict[str, dict[str, Any]] = {}
        self._slots: set[str] = set()
        self._items: dict[str, str] = {}
        self.made: list[str] = []
        self.images = self.bytes = 0

    def add(self, pair: Pair, about: Mapping[str, Any], image: KeptImage) -> bool:
        """Put a pair into the batch that is being made; False for one that the source has."""
        key = bytes.fromhex(pair.key)
        if self._keys.find(key) is not None:
            return False
        image_id = pair.values["image_id"]
        full = len(self._members) >= self._size and image_id not in self._members
        if full or len(self._pairs) >= PAIRS_OF_AN_IMAGE * self._size:
            self.flush()
        self._keys.number(key)
        item = self._item(str(about["item"]), str(about["file"]), image_id)
        self._pairs.append(
            {**pair.values, **self._placed(pair), **about, "key": pair.key, "item": item, "blob": image.blob}
        )
        self._members.setdefault(image_id, image.member(item))
        return True

    def _item(self, name: str, file: str, image_id: str) -> str:
        """Name of an image in its batch: its own, after its data file's where another image has that already."""
        while self._items.setdefault(name, image_id) != image_id:
            name = f"{file}:{name}"
        return name

    def _placed(self, pair: Pair) -> dict[str, Any]:
        """Slot and ordinal, the next free ones where two questions of an image fall into one place."""
        slot, ordinal = pair.values["slot"], pair.values["ordinal"]
        stem = slot.rpartition(":")[0]
        while slot in self._slots:
            ordinal = ordinal % 32_000 + 1
            slot = f"{stem}:{ordinal}"
        self._slots.add(slot)
        return {"slot": slot, "ordinal": ordinal}

    def flush(self) -> None:
        """Write the batch: its pairs first, then its membership, by which it is registered."""
        if not self._pairs:
            return
        self._last += 1
        key = batch_key(self._source, self._last)
        self._store.sync()  # blobs, before the pairs name them
        write_pairs(self._store, key, pl.DataFrame(self._pairs, schema=PAIRS))
        members = pl.DataFrame(list(self._members.values()), schema=MEMBERSHIP).sort("item")
        if not create_batch(self._store, key, members):
            raise SourceError(
                f"batch {key} is there already: another import into {self._source} is at work; run this one again"
            )
        self.made.append(key)
        self.images += members.height
        self.bytes += int(members["size"].sum())
        self._pairs, self._members, self._slots, self._items = [], {}, set(), {}
