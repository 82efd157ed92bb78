"""Removals: which files a collection of garbage is about to remove, announced before it looks at their ages for the last time.

Whoever relies on a file that was there makes it young, then looks for announcements (`storage.file_ages.renew`). So one of the two sees the other in
whatever order they come (Dekker's exclusion): the collection finds the file young and leaves it, or the other one waits for the lease under which
files are removed, and looks whether the file is still there. An announcement of a collection that was killed counts as long as its lease.
"""

import math
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from pydantic import BaseModel, ConfigDict

from wethink_assets.storage.lease import Lease, held_since, leased
from wethink_assets.storage.records import read_record
from wethink_assets.storage.store import Store

__all__ = ["announced", "outlives_removals", "unnamed_since", "unnamed_work"]

FOLDER = "collecting"
LEASES = "leases"
LEASE = f"{LEASES}/garbage"
WORK = "unnamed-"
STALE = 120.0  # more than other leases have: whoever removes files must not be taken for dead


class Announcement(BaseModel):
    """Files, and folders with all that is in them, which are removed now unless they are found to be young."""

    model_config = ConfigDict(frozen=True)

    paths: tuple[str, ...]


@contextmanager
def announced(store: Store, paths: Sequence[str]) -> Iterator[Lease]:
    """Hold the lease under which files are removed, after these were announced; `Lease.require` is to be called before each goes.

    Of two collections at once one waits.
    """
    with _alone(store) as lease:
        path = f"{FOLDER}/{os.getpid()}-{os.urandom(8).hex()}.json"
        store.publish(path, Announcement(paths=tuple(paths)).model_dump_json().encode(), durable=False)
        try:
            yield lease
        finally:
            store.delete(path)


def outlives_removals(store: Store, path: str) -> bool:
    """Whether a file that was just made young stays; False where it was removed meanwhile. Waits for a collection that has announced it."""
    names = {path, path.rpartition("/")[0]}
    for name in store.names(FOLDER):
        announcement = read_record(store, f"{FOLDER}/{name}", Announcement)
        if announcement and names & set(announcement.paths):
            with _alone(store):
                break
    # Also without an announcement: it may have come and gone since the file was made young.
    return store.exists(path)


@contextmanager
def _alone(store: Store) -> Iterator[Lease]:
    with leased(store, LEASE, stale=STALE, poll=0.1) as lease:
        for name in store.names(FOLDER):  # of collections that were killed
            store.delete(f"{FOLDER}/{name}")
        yield lease


@contextmanager
def unnamed_work(store: Store) -> Iterator[None]:
    """Keep what is written in the block from collections, though nothing names it until later: what is younger than such a lease stays."""
    folder = f"{LEASES}/{WORK}{os.getpid()}-{os.urandom(8).hex()}"
    try:
        with leased(store, folder):
            yield
    finally:
        store.delete(folder)


def unnamed_since(store: Store) -> float:
    """When the oldest work began of which nothing may be named yet, in seconds since 1970; infinity where nobody is at work."""
    folders = [f"{LEASES}/{name}" for name in store.names(LEASES) if name.startswith(WORK)]
    folders += [f"imports/{name}/lease" for name in store.names("imports")]
    return min((since for folder in folders if (since := held_since(store, folder)) is not None), default=math.inf)
