"""Listings behind batches: the observations of a source that they were registered from."""

from bisect import bisect_left
from typing import Any

from wethink_assets.sources.batches import split_batch_key
from wethink_assets.storage.records import read_json
from wethink_assets.storage.store import Store

FOLDER = "listings"


def listings_behind(store: Store, source: str, batches: list[str]) -> list[dict[str, Any]]:
    """Listings of a source that batches came from: digest, files, refused, vanished, and how many of the batches.

    A listing records the last batch that it was registered through; a batch came from the first listing that reaches it.
    Batches of stores that were filled without a registration have none. Raises `StoreError` when a record is damaged.
    """
    records = sorted(_records(store, source), key=lambda record: int(record["registered_through"]))
    reached = [int(record["registered_through"]) for record in records]
    counts: dict[int, int] = {}
    for batch in batches:
        index = bisect_left(reached, split_batch_key(batch)[1])
        if index < len(records):
            counts[index] = counts.get(index, 0) + 1
    return [
        {
            "digest": records[index]["digest"],
            "files": records[index]["files"],
            "refused": len(records[index]["refused"]),
            "vanished": len(records[index]["vanished"]),
            "batches": count,
        }
        for index, count in sorted(counts.items())
    ]


def _records(store: Store, source: str) -> list[dict[str, Any]]:
    records = (read_json(store, f"{FOLDER}/{source}/{name}") for name in store.names(f"{FOLDER}/{source}"))
    return [record for record in records if record is not None]
