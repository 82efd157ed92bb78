"""Torn claims: those that a power cut left without their bytes, as a batch was at work whose images were not yet on the disk.

A batch's claims are written as they come and are on the disk before its table is. So of a torn one no table tells, and it is nobody's.
"""

import logging
import threading
from collections.abc import Iterator
from contextlib import suppress

import polars as pl

from wethink_assets.errors import StoreError
from wethink_assets.storage.lease import leased
from wethink_assets.storage.store import Store
from wethink_assets.storage.table_files import scan_table
from wethink_assets.storage.tables import Tables

__all__ = ["drop_torn_claims", "is_torn"]

FOLDERS = ("claims", "rejected")
LEASE = "leases/claims"
log = logging.getLogger(__name__)
_lock = threading.Lock()


def is_torn(data: bytes) -> bool:
    """Whether these are the bytes of a claim of which some never came to the disk: none, the first ones, or zeros in their place."""
    return not data.rstrip(b"\0").endswith(b"}")


def drop_torn_claims(store: Store, path: str) -> None:
    """Remove all torn claims of images that no table holds, after `path` was found to be torn; nothing where another process did.

    One that a table holds was on the disk and is damaged: it stays, for `wethink verify` to name. Torn notes of further occurrences go
    whatever holds their image: the batch that wrote them writes them again.
    """
    with _lock, leased(store, LEASE, poll=0.1):
        data = store.read_if_present(path)
        if data is None or not is_torn(data):
            return
        torn = {path: _image(path) for path in _torn(store)}
        held = _held(store, set(torn.values()))
        dropped = [path for path, image in torn.items() if image not in held or _is_note(path)]
        for path in dropped:
            store.delete(path)
        if dropped:
            log.warning("%d claims of %s were torn by a power cut and are removed", len(dropped), store.url)


def _torn(store: Store) -> Iterator[str]:
    for folder in FOLDERS:
        for prefix in store.names(folder):
            for path in store.files(f"{folder}/{prefix}"):
                with suppress(StoreError):  # removed meanwhile
                    if is_torn(store.read(path)):
                        yield path


def _image(path: str) -> str:
    return path.split("/")[2].partition(".")[0]


def _is_note(path: str) -> bool:
    return path.count("/") > 2


def _held(store: Store, images: set[str]) -> set[str]:
    held: set[str] = set()
    for commit in Tables(store).commits("images"):
        table = scan_table(store, commit, "results").select("image_id")
        held |= set(table.filter(pl.col("image_id").is_in(list(images))).collect()["image_id"])
    return held
