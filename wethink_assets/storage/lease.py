"""Leases: who works on a batch right now, so that a second run of it waits instead of paying twice.

A lease is the highest of the files `lease-<n>.json` in a folder. Each is made by one create-only put, so one process gets number n;
its holder renews the heartbeat inside, and marks it released at the end. It is taken over by creating number n + 1:
at once when its process was on this host and is gone, else when its heartbeat was seen standing still for `STALE` seconds.
Standing still is timed by the waiter's own clock, so hosts whose clocks differ do not rob each other.
"""

import logging
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from pydantic import BaseModel, ConfigDict

from wethink_assets.errors import StoreError
from wethink_assets.storage.process_identity import process_start, this_boot
from wethink_assets.storage.store import Store

HEARTBEAT = 5.0
STALE = 20.0
ABANDONED = 600.0  # a heartbeat this old by the clock is not watched any longer: no two clocks differ by that much
PREFIX = "lease-"
log = logging.getLogger(__name__)


class Holder(BaseModel):
    """Who holds a lease: content of a lease file."""

    model_config = ConfigDict(frozen=True)

    host: str
    boot: str
    process: int
    process_start: str
    acquired: float
    heartbeat: float
    expiry: float
    released: bool = False


def holder_is_gone(holder: Holder) -> bool:
    """Whether the holder's process certainly ended: it ran on this host, in this boot, and is not there any more."""
    if (holder.host, holder.boot) != (socket.gethostname(), this_boot()):
        return False
    start = process_start(holder.process)
    return start is None or bool(start and holder.process_start and start != holder.process_start)


class Lease:
    """A lease held by this process; `lost` is set when another process took it over."""

    def __init__(self, store: Store, folder: str, number: int, holder: Holder, heartbeat: float = HEARTBEAT) -> None:
        self._store = store
        self._folder = folder
        self._number = number
        self._holder = holder
        self._every = heartbeat
        self._ended = threading.Event()
        self.lost = False
        self._thread = threading.Thread(target=self._beat, name=f"lease of {folder}", daemon=True)
        self._thread.start()

    def require(self) -> None:
        """Raise `StoreError` when another process has taken the lease over."""
        if self.lost:
            raise StoreError(
                f"{self._store.link(self._folder)} was taken over by another run because this one stood still for"
                f" {STALE:.0f} s; its finished calls are kept: start it again"
            )

    def _beat(self) -> None:
        while not self._ended.wait(self._every):
            try:
                if _highest(self._store, self._folder) > self._number:
                    self.lost = True
                    return
                self._write(released=False)
            except Exception as error:  # the store may be back at the next beat; a take-over shows then
                log.warning("heartbeat of %s failed: %s", self._folder, error)

    def _write(self, *, released: bool) -> None:
        now = time.time()
        self._holder = self._holder.model_copy(update={"heartbeat": now, "expiry": now + STALE, "released": released})
        data = self._holder.model_dump_json().encode()
        self._store.publish(_file(self._folder, self._number), data, durable=False)  # no holder outlives a power cut

    def release(self) -> None:
        """Let the next one in. A store that is gone by now is no fault of the work done: the next one waits until the lease is stale."""
        self._ended.set()
        self._thread.join()
        if self.lost:
            return
        try:
            self._write(released=True)
        except Exception as error:
            log.warning("lease of %s could not be given back: %s", self._store.link(self._folder), error)


def held_since(store: Store, folder: str) -> float | None:
    """When a lease was taken by a process that is still at work, in seconds since 1970 by its clock; None where nobody holds it."""
    number = _highest(store, folder)
    holder = _read(store, folder, number) if number else None
    if holder is None or holder.released or holder_is_gone(holder) or time.time() - holder.heartbeat > ABANDONED:
        return None
    return holder.acquired


def _file(folder: str, number: int) -> str:
    return f"{folder}/{PREFIX}{number:08d}.json"


def _numbers(store: Store, folder: str) -> list[int]:
    names = (name.removeprefix(PREFIX).removesuffix(".json") for name in store.names(folder) if name.startswith(PREFIX))
    return sorted(int(name) for name in names if name.isdigit())


def _highest(store: Store, folder: str) -> int:
    return max(_numbers(store, folder), default=0)


def _read(store: Store, folder: str, number: int) -> Holder | None:
    data = store.read_if_present(_file(folder, number))
    try:
        return Holder.model_validate_json(data) if data else None
    except ValueError:
        return None


def _try(store: Store, folder: str, number: int, heartbeat: float) -> Lease | None:
    now = time.time()
    holder = Holder(
        host=socket.gethostname(),
        boot=this_boot(),
        process=os.getpid(),
        process_start=process_start(os.getpid()) or "",
        acquired=now,
        heartbeat=now,
        expiry=now + STALE,
    )
    if not store.create(_file(folder, number), holder.model_dump_json().encode(), durable=False):
        return None
    if (
        _highest(store, folder) != number
    ):  # made from a listing that was out of date: the number had been used and removed
        store.delete(_file(folder, number))
        return None
    for old in _numbers(store, folder):
        if old < number:
            store.delete(_file(folder, old))
    return Lease(store, folder, number, holder, heartbeat)


@contextmanager
def leased(
    store: Store, folder: str, *, heartbeat: float = HEARTBEAT, stale: float = STALE, poll: float = 0.5
) -> Iterator[Lease]:
    """Hold the lease of `folder` while the block runs; waits for whoever holds it now.

    Args:
        store: where the folder is.
        folder: what is leased, relative to the store's root.
        heartbeat: seconds between two renewals.
        stale: seconds without renewal after which a holder on another host counts as dead.
        poll: seconds between two looks while waiting.
    """
    lease = _wait(store, folder, heartbeat, stale, poll)
    try:
        yield lease
    finally:
        lease.release()


def _wait(store: Store, folder: str, heartbeat: float, stale: float, poll: float) -> Lease:
    seen: tuple[int, float] | None = None
    since = time.monotonic()
    reported = False
    while True:
        number = _highest(store, folder)
        holder = _read(store, folder, number) if number else None
        beat = (number, holder.heartbeat if holder else 0.0)
        if beat != seen:
            seen, since = beat, time.monotonic()
        still = time.monotonic() - since
        free = (
            number == 0
            or (holder is not None and (holder.released or holder_is_gone(holder)))
            or (holder is not None and time.time() - holder.heartbeat > ABANDONED)
            or still > stale
        )
        if free:
            lease = _try(store, folder, number + 1, heartbeat)
            if lease is not None:
                return lease
        elif not reported and holder is not None:
            reported = True
            log.warning("%s is worked on by process %d on %s: waiting for it", folder, holder.process, holder.host)
        time.sleep(poll)
