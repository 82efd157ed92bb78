"""The journal: every finished model call, kept so that none is ever paid for twice.

A journal's scope is one stage over one batch: `journal/<stage>/<batch>/part-*.parquet`, see `storage.parts`. Of two replies to one key the
first in (part name, row) order counts, so whatever was used once stays in use. Memory holds the keys, never the replies.
"""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Sequence

import polars as pl

from wethink_assets.models.chat import Completion
from wethink_assets.storage.journal.calls import CALLS, Call
from wethink_assets.storage.journal.files import (
    PART_BYTES,
    intact_part,
    intact_parts,
    part_names,
    read_part,
    write_part,
)
from wethink_assets.storage.journal.known_replies import REPLY, KnownReplies, KnownReply, fits
from wethink_assets.storage.lease import Lease
from wethink_assets.storage.store import Store

MERGE_AFTER = 64  # parts that one run writes before it merges them, so that a long run does not leave thousands


def journal_folder(stage: str, batch: str) -> str:
    """Folder of a journal, also of its lease."""
    return f"journal/{stage}/{batch}"


class Journal:
    """Finished calls of one stage over one batch. Safe to use from an event loop while another thread flushes."""

    def __init__(self, store: Store, stage: str, batch: str, lease: Lease | None = None) -> None:
        """Read what is journaled already; parts found damaged are moved aside."""
        self.folder = journal_folder(stage, batch)
        self._store = store
        self._lease = lease
        self._lock = threading.Lock()  # of what is in memory
        self._writing = threading.Lock()  # of parts: one flush at a time
        self._known = KnownReplies()
        self._sizes: dict[str, int] = {}  # bytes in memory of the parts seen
        self._fresh: dict[str, Call] = {}
        self._small: list[tuple[str, pl.DataFrame]] = []  # parts of this run that wait to be merged
        self._pending: dict[str, asyncio.Future[Completion | None]] = {}  # calls in flight; None: given up by its item
        for name, frame in intact_parts(store, self.folder, part_names(store, self.folder)):
            self._index(name, frame)

    def __len__(self) -> int:
        """Number of distinct calls, journaled or about to be."""
        with self._lock:
            return len(self._known) + sum(key not in self._known for key in self._fresh)

    def _index(self, name: str, frame: pl.DataFrame) -> list[int]:
        self._sizes[name] = int(frame.estimated_size())
        rows = frame.select("key", "request", "max_tokens", *REPLY).iter_rows()
        return self._known.add(
            KnownReply(key, Completion(*reply), request, max_tokens) for key, request, max_tokens, *reply in rows
        )

    def find(self, key: str) -> Completion | None:
        """The reply to a call that was made before, or None."""
        with self._lock:
            known = self._known.find(key)
            if known is None and key in self._fresh:
                return self._fresh[key].completion
            return known

    def with_room(self, key: str, request: str, max_tokens: int) -> tuple[str, Completion] | None:
        """Key and reply of a call that asked the same under another bound of length, where none was made under this one and the reply fits.

        A reply that was cut off fits no bound but its own.
        """
        with self._lock:
            if key in self._known or key in self._fresh or key in self._pending:
                return None
            known = self._known.whole(request)
        return (known.key, known.completion) if known is not None and fits(known, max_tokens) else None

    def add(self, call: Call) -> None:
        """Keep a finished call; it is on the store after the next `flush`."""
        with self._lock:
            self._fresh.setdefault(call.key, call)

    async def once(self, key: str, make: Callable[[], Awaitable[Call]]) -> tuple[Completion, bool]:
        """Reply to a call and whether it was there already; calls of the same key at once are made once.

        Where the item that began a call is cancelled, one that waits for it makes the call itself.
        """
        while True:
            known = self.find(key)
            if known is not None:
                return known, True
            pending = self._pending.get(key)
            if pending is None:
                return await self._make(key, make), False
            reply = await asyncio.shield(pending)
            if reply is not None:
                return reply, True

    async def _make(self, key: str, make: Callable[[], Awaitable[Call]]) -> Completion:
        # In the task that asks: one of its own for each call took a twentieth of the processor time of a call.
        pending: asyncio.Future[Completion | None] = asyncio.get_running_loop().create_future()
        self._pending[key] = pending
        try:
            call = await make()
        except asyncio.CancelledError:
            pending.set_result(None)
            raise
        except BaseException as error:
            pending.set_exception(error)
            pending.exception()  # whoever waits has it; without a waiter it must not be reported as never retrieved
            raise
        else:
            self.add(call)
            pending.set_result(call.completion)
            return call.completion
        finally:
            del self._pending[key]

    def flush(self) -> None:
        """Write what was added since the last flush as a new part.

        Raises `StoreError` when the batch's lease was taken over: then another run writes, and this one must stop.
        """
        with self._writing:
            self._flush()
            if len(self._small) >= MERGE_AFTER or sum(self._sizes[name] for name, _ in self._small) > PART_BYTES:
                self._merge_small()

    def _flush(self) -> None:
        with self._lock:
            calls = list(self._fresh.values())
        if not calls:
            return
        if self._lease is not None:
            self._lease.require()
        frame = pl.DataFrame([call.row() for call in calls], schema=CALLS)
        name = write_part(self._store, self.folder, frame)
        self._small.append((name, frame))
        with self._lock:
            self._index(name, frame)
            for call in calls:
                del self._fresh[call.key]

    def _merge_small(self) -> None:
        """Make one part of those that this run wrote lately; from memory, so that the next flush does not wait for reads."""
        mine, self._small = self._small, []
        names = [name for name, _ in mine]
        there = [name for name in part_names(self._store, self.folder) if names[0] <= name <= names[-1]]
        if there != names or len(names) == 1:
            return  # somebody else wrote between them: merged, they would count after what they came before
        if self._lease is not None:
            self._lease.require()
        frame = pl.concat([frame for _, frame in mine])
        merged = self._written(frame)
        self._replace(names, [merged])
        if self._sizes[merged] < PART_BYTES // 2:
            self._small = [(merged, frame)]

    def compact(self) -> None:
        """Merge all parts, once the batch is complete: into one, or of a large journal into a few of bounded size."""
        with self._writing:
            self._flush()
            self._small = []
            names = part_names(self._store, self.folder)
            if len(names) <= 1 or _groups([self._sizes.get(name, 0) for name in names]) == len(names):
                return
            if self._lease is not None:
                self._lease.require()
            merged, whole, waiting, seen = [], [], list[pl.DataFrame](), bytearray()
            size = 0
            for name, frame in intact_parts(self._store, self.folder, names):
                whole.append(name)
                first = self._first_replies(name, frame, seen)
                more = int(first.estimated_size())
                if waiting and size + more > PART_BYTES:
                    merged.append(self._written(pl.concat(waiting)))
                    waiting, size = [], 0
                waiting.append(first)
                size += more
            if waiting:
                merged.append(self._written(pl.concat(waiting)))
            self._replace(whole, merged)

    def _first_replies(self, name: str, frame: pl.DataFrame, seen: bytearray) -> pl.DataFrame:
        """Calls of a part whose keys no earlier part held; `seen` has a byte a key and is kept up to date."""
        with self._lock:
            numbers = self._index(name, frame)
            seen.extend(bytes(len(self._known) - len(seen)))
        new = []
        for number in numbers:
            new.append(not seen[number])
            seen[number] = 1
        return frame if all(new) else frame.filter(pl.Series(new, dtype=pl.Boolean))

    def _written(self, frame: pl.DataFrame) -> str:
        name = write_part(self._store, self.folder, frame)
        self._sizes[name] = int(frame.estimated_size())
        return name

    def _replace(self, old: Sequence[str], merged: Sequence[str]) -> None:
        # Merged parts sort last and are complete before anything goes; then the last goes first. So whenever this stops, the parts
        # still there are the first ones and the merged ones, and the first reply to each key is what it was.
        if all(intact_part(self._store, self.folder, name) is not None for name in merged):
            for name in reversed(old):
                if name not in merged:
                    self._store.delete(f"{self.folder}/{name}", durable=True)

    def close(self) -> None:
        """Let go of the replies held for look-ups; what was not flushed is gone."""
        with self._lock:
            self._known.close()


def _groups(sizes: Sequence[int]) -> int:
    """Number of parts that `Journal.compact` makes of parts of these sizes."""
    count, room = 0, -1
    for size in sizes:
        if count == 0 or size > room:
            count, room = count + 1, PART_BYTES
        room -= size
    return count


def journaled_calls(store: Store, stage: str, batch: str) -> pl.DataFrame:
    """All calls in force of a stage over a batch (schema `CALLS`), to look at; nothing is moved or locked."""
    folder = journal_folder(stage, batch)
    frames = [
        frame for name in part_names(store, folder) if (frame := read_part(store, f"{folder}/{name}")) is not None
    ]
    return pl.concat([pl.DataFrame(schema=CALLS), *frames]).unique("key", keep="first", maintain_order=True)
