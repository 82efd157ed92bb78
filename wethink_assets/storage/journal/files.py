"""Files of a journal on the store, and what happens to one that was damaged.

A part is `part-<number>-<first half of its sha256>.parquet` and never changes. Parts count in the order of their names. One that is not
what its name says is moved aside as `damaged-<name>`: its calls are then made again, and the file stays for whoever looks into it.
"""

import io
import logging
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import polars as pl

from wethink_assets.errors import StoreError
from wethink_assets.identity import sha256_hex
from wethink_assets.storage.faults import optional_write
from wethink_assets.storage.journal.calls import CALLS, LATER
from wethink_assets.storage.store import Store

PART_BYTES = (
    16 << 20
)  # of calls in memory that go into one merged part, at most: whoever merges or reads holds a few of them
READERS = 8  # parts read at once, at most: each is a file that may be far away
AHEAD = 2 * PART_BYTES  # of calls in memory that are read before they are asked for, about
log = logging.getLogger(__name__)


def part_names(store: Store, folder: str) -> list[str]:
    """Names of a journal's parts in the order in which they count."""
    return [name for name in store.names(folder) if name.startswith("part-") and name.endswith(".parquet")]


def read_part(store: Store, path: str) -> pl.DataFrame | None:
    """One part (schema `CALLS`, whatever columns of `LATER` it lacks), or None when it is missing or is not what its name says.

    Raises `StoreError` for a part that is whole but was written by a release with another schema: its calls are paid for.
    """
    data = store.read_if_present(path)
    named = path.rpartition("-")[2].removesuffix(".parquet")
    if data is None or sha256_hex(data)[:32] != named:
        return None
    try:
        frame = pl.read_parquet(io.BytesIO(data))
    except pl.exceptions.PolarsError:
        return None
    absent = [pl.lit(value, CALLS[name]).alias(name) for name, value in LATER.items() if name not in frame.columns]
    frame = frame.with_columns(absent)
    if dict(frame.schema) != dict(CALLS):
        raise StoreError(f"{store.link(path)} was written by another release of wethink: use that one, or move it away")
    return frame.select(CALLS.names())


def intact_part(store: Store, folder: str, name: str) -> pl.DataFrame | None:
    """One part, or None where there is none, or a damaged one, which is moved aside where the store takes writes."""
    frame = read_part(store, f"{folder}/{name}")
    if frame is None:
        data = store.read_if_present(f"{folder}/{name}")
        if data is not None:
            aside, left = f"{folder}/damaged-{name}", f"{folder}/{name}"
            with optional_write():
                store.create(aside, data)
                store.delete(f"{folder}/{name}")
                left = aside
            log.warning("%s is damaged: it is in %s, its calls are made again", name, store.link(left))
    return frame


def intact_parts(store: Store, folder: str, names: Sequence[str]) -> Iterator[tuple[str, pl.DataFrame]]:
    """The parts that are whole, in order, some read ahead; damaged ones are moved aside."""
    left, size = deque(names), PART_BYTES  # of the last one read: the next will hardly be larger
    coming: deque[tuple[str, Future[pl.DataFrame | None]]] = deque()
    with ThreadPoolExecutor(min(READERS, len(names)) or 1) as pool:
        while left or coming:
            while left and len(coming) < max(1, min(READERS, AHEAD // max(size, 1))):
                name = left.popleft()
                coming.append((name, pool.submit(intact_part, store, folder, name)))
            name, reading = coming.popleft()
            frame = reading.result()
            if frame is not None:
                size = int(frame.estimated_size())
                yield name, frame


def write_part(store: Store, folder: str, frame: pl.DataFrame) -> str:
    """Write calls as the last part of a journal; returns its name."""
    buffer = io.BytesIO()
    frame.write_parquet(buffer, compression="zstd")
    data = buffer.getvalue()
    last = max((part_number(name) for name in part_names(store, folder)), default=0)
    name = f"part-{last + 1:08d}-{sha256_hex(data)[:32]}.parquet"
    store.create(f"{folder}/{name}", data)
    return name


def part_number(name: str) -> int:
    """Number in a part's name; 0 where it has none."""
    digits = name.split("-")[1]
    return int(digits) if digits.isdigit() else 0
