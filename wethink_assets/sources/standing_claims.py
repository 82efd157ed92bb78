"""Standing of claims: whether the batch that claimed an image has it, and which images are to be looked for elsewhere since it has not.

A batch claims an image before its table is published. When it is killed in between, and the file changes or goes before it runs again, its table
comes out without the image: the claim is void, and the next batch that meets the image succeeds to it. Until that table is there nobody can tell. So
a batch that rejects a file for the claim of one that has no table yet notes the image as doubtful, as does a batch that had an image and, run
again, has it no longer; registration offers the files of such an image again as soon as its claim is void.
"""

import json
import threading
from collections import OrderedDict
from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from enum import Enum, auto
from typing import NamedTuple

import polars as pl

from wethink_assets.identity import digest_of
from wethink_assets.sources.batches import split_batch_key
from wethink_assets.sources.claims import Occurrence, holder, occurrences
from wethink_assets.sources.recopied_files import LOGGED, log_numbers, logged_contents
from wethink_assets.storage.store import Store
from wethink_assets.storage.table_files import scan_table
from wethink_assets.storage.tables import Tables

__all__ = ["ClaimStandings", "Standing", "images_made", "note_doubtful", "offered_again"]

FOLDER = "doubtful"
RETRACTED = "retracted"
TABLES_IN_MEMORY = 16
READERS = 16


class Standing(Enum):
    """Whether a claim stands: its batch has the image, it has no table yet, or it has one without the image."""

    HELD = auto()
    PENDING = auto()
    VOID = auto()


class _Made(NamedTuple):
    images: frozenset[str]
    retracted: frozenset[str]  # items


class ClaimStandings:
    """The standings of claims, by the tables of their batches as these were made: what a person took out of a table by hand stays out."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._by_batch: OrderedDict[str, _Made | None] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, image: str, claimed: Occurrence) -> Standing:
        """The standing of the claim of an occurrence on an image. What its batch took down stays down, whoever else has the file."""
        made = self._made(claimed.batch)
        if made is None:
            return Standing.PENDING
        return Standing.HELD if image in made.images or claimed.item in made.retracted else Standing.VOID

    def _made(self, batch: str) -> _Made | None:
        with self._lock:
            if batch not in self._by_batch:
                self._by_batch[batch] = _made(self._store, batch)
                if len(self._by_batch) > TABLES_IN_MEMORY:
                    self._by_batch.popitem(last=False)
            self._by_batch.move_to_end(batch)
            return self._by_batch[batch]


def _made(store: Store, batch: str) -> _Made | None:
    commit = Tables(store).current("images", batch)
    if commit is None:
        return None
    images = scan_table(store, commit.as_made, "results").select("image_id").collect()["image_id"]
    rejected = scan_table(store, commit.as_made, "rejections").filter(pl.col("reason") == RETRACTED)
    return _Made(frozenset(images), frozenset(rejected.select("item").collect()["item"]))


def images_made(store: Store, batch: str) -> frozenset[str]:
    """Images of a batch's table in force, as it was made; none before its first."""
    made = _made(store, batch)
    return made.images if made else frozenset()


def note_doubtful(store: Store, batch: str, images: Collection[str]) -> None:
    """Note images of a batch that may be held by nobody; to be called before its table is published, so that they are on the disk by then."""
    if images:
        source, number = split_batch_key(batch)
        noted = sorted(images)
        path = f"{FOLDER}/{source}/{number:06d}-{digest_of(noted)[:32]}.json"
        store.create(path, json.dumps({"images": noted}).encode())


def offered_again(store: Store, source: str) -> list[tuple[str, int]]:
    """Files of a source with a doubtful image whose claim is void: item, with the number of the batch that rejected it, or `LOGGED`."""
    images = _noted(store)
    if not images:
        return []
    standings = ClaimStandings(store)

    def rejected(image: str) -> list[Occurrence] | None:
        held = holder(store, image)
        if held is not None and standings.of(image, held) is not Standing.VOID:
            return None
        return [one for one in occurrences(store, image) if one.source == source]

    with ThreadPoolExecutor(1 if store.local else READERS) as pool:
        found = dict(zip(images, pool.map(rejected, images), strict=True))
    void = [image for image, places in found.items() if places is not None]
    rows = [(one.item, split_batch_key(one.batch)[1]) for places in found.values() for one in places or ()]
    for number in log_numbers(store, source) if void else ():
        logged = logged_contents(store, source, number).filter(pl.col("content").is_in(void))
        rows += [(item, LOGGED) for item in logged["item"]]
    return sorted(set(rows))


def _noted(store: Store) -> list[str]:
    return sorted({image for path in _notes(store) for image in json.loads(store.read(path))["images"]})


def _notes(store: Store) -> Iterator[str]:
    for source in store.names(FOLDER):
        for name in store.names(f"{FOLDER}/{source}"):
            yield f"{FOLDER}/{source}/{name}"
