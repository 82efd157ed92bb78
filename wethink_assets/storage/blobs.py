"""Blobs: the bytes of images, one file per sha256, written once, never changed."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from wethink_assets.errors import StoreError
from wethink_assets.identity import sha256_hex
from wethink_assets.storage.file_ages import renew
from wethink_assets.storage.removals import outlives_removals
from wethink_assets.storage.store import Store

log = logging.getLogger(__name__)


def blob_path(sha256: str, extension: str) -> str:
    """`blobs/<first two hex>/<sha256>.<ext>`."""
    return f"blobs/{sha256[:2]}/{sha256}.{extension}"


@dataclass(frozen=True)
class Blobs:
    """Content-addressed bytes of a store."""

    store: Store

    def put(self, data: bytes, extension: str, sha256: str | None = None) -> str:
        """Keep `data` under its sha256 and return its path; it is on the disk after `Store.sync`, of all blobs of a batch together.

        A blob that is there already is left as it is, unless a power cut took its bytes: then it is written again.
        """
        path = blob_path(sha256 or sha256_hex(data), extension)
        while not (self.store.create(path, data, durable=False) or self._kept(path, data)):
            continue  # it was collected as garbage in between
        return path

    def _kept(self, path: str, data: bytes) -> bool:
        """Rely on a blob that was there; False where it is gone."""
        there = self.store.read_if_present(path) if self.store.local else data
        if there is None or there == data:
            return there is not None and renew(self.store, path)
        log.warning("%s was damaged, and is written anew", self.store.link(path))
        self.store.publish(path, data)
        return outlives_removals(self.store, path)

    def read(self, path: str) -> bytes:
        """Bytes of a blob, checked against its name. Raises `StoreError` when it is missing or altered."""
        return self._checked(path, self.store.read(path))

    def read_many(self, paths: Sequence[str]) -> list[bytes]:
        """Bytes of many blobs, in their order, each checked as by `read`; far away, many at once."""
        return [self._checked(path, data) for path, data in zip(paths, self.store.read_many(paths), strict=True)]

    def _checked(self, path: str, data: bytes) -> bytes:
        named = path.rpartition("/")[2].partition(".")[0]
        if sha256_hex(data) != named:
            raise StoreError(f"{self.store.link(path)} was altered: its content is not what its name says")
        return data
