"""Ages of a store's files, by which a collection of garbage tells what is being worked on from what nobody needs."""

import os
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from wethink_assets.errors import StoreError
from wethink_assets.storage.local_files import TEMPORARY
from wethink_assets.storage.removals import outlives_removals
from wethink_assets.storage.store import Store

__all__ = ["FileAge", "file_ages", "last_written", "renew"]

RENEWED_AFTER = 600.0  # seconds: far below the hour that is the least age at which files are collected


class FileAge(NamedTuple):
    """One file: its path in the store, its size in bytes and when it was last written, in seconds since 1970 by the clock of who keeps it."""

    path: str
    bytes: int
    written: float


def file_ages(store: Store, folder: str) -> Iterator[FileAge]:
    """All files below a folder, finished ones only; none where there is no folder."""
    if store.local:
        for parent, _, names in os.walk(store.path(folder)):
            for name in names:
                found = None if name.startswith(TEMPORARY) else _local(store, os.path.join(parent, name))
                if found:
                    yield found
        return
    store.fs.invalidate_cache()
    start = len(store.root) + 1
    for path, about in store.fs.find(store.path(folder), detail=True).items():
        if about["type"] == "file" and TEMPORARY not in path:
            yield FileAge(path[start:], int(about["size"]), _seconds(about))


def _local(store: Store, path: str) -> FileAge | None:
    try:
        about = os.stat(path)
    except FileNotFoundError:
        return None
    return FileAge(Path(path).relative_to(store.root).as_posix(), about.st_size, about.st_mtime)


def _seconds(about: dict[str, object]) -> float:
    modified = about.get("LastModified") or about.get("mtime") or about.get("updated")
    # Where a file system tells no time, a file is as young as can be: it is kept.
    return modified.timestamp() if isinstance(modified, datetime) else time.time()


def last_written(store: Store, path: str) -> float | None:
    """When one file was last written; None where there is none."""
    try:
        if store.local:
            return os.stat(store.path(path)).st_mtime
        store.fs.invalidate_cache(store.path(path).rpartition("/")[0])
        return _seconds(store.fs.info(store.path(path)))
    except FileNotFoundError:
        return None


def renew(store: Store, path: str) -> bool:
    """Make a file as young as one just written: who relies on one that was there already calls this first, and no collection takes it.

    False where it is gone: a collection was removing it, and it is to be written again.
    """
    written = last_written(store, path)
    if written is None:
        return False
    if time.time() - written < RENEWED_AFTER:
        return True
    try:
        if store.local:
            os.utime(store.path(path))
        else:
            store.publish(path, store.read(path))
    except FileNotFoundError:
        return False
    except StoreError:
        if store.exists(path):
            raise
        return False
    return outlives_removals(store, path)
