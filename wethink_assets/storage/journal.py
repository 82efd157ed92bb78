"""Where is every finished model call kept, so that none is ever paid for twice?

A journal's scope is one stage over one batch: `journal/<stage>/<batch>/part-<number>-<sha256>.parquet`. Parts are written once; the
sha256 in a name is that of the file, so damage of any kind is seen, and the part is moved aside and its calls are made again. Of two replies
to one key the first in (part name, row) order counts, so whatever was used once stays in use.
"""

import asyncio
import io
import logging
import threading
from collections.abc import Awaitable, Callable, Sequence

import polars as pl

from wethink_assets.identity import sha256_hex
from wethink_assets.models.chat import Completion
from wethink_assets.storage.calls import CALLS, Call
from wethink_assets.storage.lease import Lease
from wethink_assets.storage.store import Store

MERGE_AFTER = 64  # parts that one run writes before it merges them, so that a long run does not leave thousands
log = logging.getLogger(__name__)


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
        self._frames: list[pl.DataFrame] = []
        self._places: dict[str, tuple[int, int]] = {}
        self._fresh: dict[str, Call] = {}
        self._written: list[str] = []
        self._pending: dict[str, asyncio.Task[Completion]] = {}
        for name in part_names(store, self.folder):
            frame = self._intact(name)
            if frame is not None:
                self._index(frame)

    def __len__(self) -> int:
        """Number of distinct calls, journaled or about to be."""
        with self._lock:
            return len(self._places) + sum(key not in self._places for key in self._fresh)

    def _index(self, frame: pl.DataFrame) -> None:
        number = len(self._frames)
        self._frames.append(frame)
        for row, key in enumerate(frame.get_column("key")):
            self._places.setdefault(key, (number, row))

    def find(self, key: str) -> Completion | None:
        """The reply to a call that was made before, or None."""
        with self._lock:
            place = self._places.get(key)
            if place is None:
                fresh = self._fresh.get(key)
                return fresh.completion if fresh else None
            frame, row = self._frames[place[0]], place[1]
        text, tokens_in, tokens_out, reason, model = (
            frame.get_column(name)[row]
            for name in ("text", "prompt_tokens", "completion_tokens", "finish_reason", "model")
        )
        return Completion(text, tokens_in, tokens_out, reason, model)

    def add(self, call: Call) -> None:
        """Keep a finished call; it is on the store after the next `flush`."""
        with self._lock:
            self._fresh.setdefault(call.key, call)

    async def once(self, key: str, make: Callable[[], Awaitable[Call]]) -> tuple[Completion, bool]:
        """Reply to a call and whether it was there already; calls of the same key at once are made once.

        A call that another item waits for goes on when the item that began it is cancelled.
        """
        found = self.find(key)
        if found is not None:
            return found, True
        task = self._pending.get(key)
        joined = task is not None
        if task is None:
            task = asyncio.create_task(self._make(key, make))
            self._pending[key] = task
            task.add_done_callback(lambda done: self._settled(key, done))
        return await asyncio.shield(task), joined

    async def _make(self, key: str, make: Callable[[], Awaitable[Call]]) -> Completion:
        call = await make()
        self.add(call)
        return call.completion

    def _settled(self, key: str, task: asyncio.Task[Completion]) -> None:
        self._pending.pop(key, None)
        if not task.cancelled():
            task.exception()  # whoever waited has it; without a waiter it must not be reported as never retrieved

    async def abandon(self) -> None:
        """Cancel the calls in flight; those that finished stay."""
        tasks = list(self._pending.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def flush(self) -> None:
        """Write what was added since the last flush as a new part.

        Raises `StoreError` when the batch's lease was taken over: then another run writes, and this one must stop.
        """
        with self._writing:
            self._flush()

    def _flush(self) -> None:
        with self._lock:
            calls = list(self._fresh.values())
        if not calls:
            return
        if self._lease is not None:
            self._lease.require()
        frame = pl.DataFrame([call.row() for call in calls], schema=CALLS)
        name = self._write(frame)
        with self._lock:
            self._index(frame)
            for call in calls:
                del self._fresh[call.key]
            self._written.append(name)
        if len(self._written) >= MERGE_AFTER:
            self._written = [self._merge(self._written)]

    def _write(self, frame: pl.DataFrame) -> str:
        buffer = io.BytesIO()
        frame.write_parquet(buffer, compression="zstd")
        data = buffer.getvalue()
        last = max((_number(name) for name in part_names(self._store, self.folder)), default=0)
        name = f"part-{last + 1:08d}-{sha256_hex(data)[:32]}.parquet"
        self._store.create(f"{self.folder}/{name}", data)
        return name

    def compact(self) -> None:
        """Merge all parts into one, once the batch is complete."""
        with self._writing:
            self._flush()
            names = part_names(self._store, self.folder)
            if len(names) > 1:
                if self._lease is not None:
                    self._lease.require()
                self._written = [self._merge(names)]

    def _merge(self, names: Sequence[str]) -> str:
        # The merged part sorts last and is complete before anything goes; then the last goes first. So whenever this stops, the parts
        # still there are the first ones and the merged one, and the first reply to each key is what it was.
        read = [(name, frame) for name in sorted(names) if (frame := self._intact(name)) is not None]
        if not read:
            return names[-1]
        frame = pl.concat([frame for _, frame in read]).unique("key", keep="first", maintain_order=True)
        merged = self._write(frame)
        if self._intact(merged) is None:
            return names[-1]
        for name, _ in reversed(read):
            if name != merged:
                self._store.delete(f"{self.folder}/{name}")
        return merged

    def _intact(self, name: str) -> pl.DataFrame | None:
        frame = read_part(self._store, f"{self.folder}/{name}")
        if frame is None:
            data = self._store.read_if_present(f"{self.folder}/{name}")
            if data is not None:
                aside = f"{self.folder}/damaged-{name}"
                self._store.create(aside, data)
                self._store.delete(f"{self.folder}/{name}")
                log.warning("%s is damaged: moved to %s, its calls are made again", name, self._store.link(aside))
        return frame


def _number(name: str) -> int:
    digits = name.split("-")[1]
    return int(digits) if digits.isdigit() else 0


def part_names(store: Store, folder: str) -> list[str]:
    """Names of a journal's parts in the order in which they count."""
    return [name for name in store.names(folder) if name.startswith("part-") and name.endswith(".parquet")]


def read_part(store: Store, path: str) -> pl.DataFrame | None:
    """One part, or None when it is missing or is not what its name says."""
    data = store.read_if_present(path)
    named = path.rpartition("-")[2].removesuffix(".parquet")
    if data is None or sha256_hex(data)[:32] != named:
        return None
    frame = pl.read_parquet(io.BytesIO(data))
    return frame if frame.schema == CALLS else None


def journaled_calls(store: Store, stage: str, batch: str) -> pl.DataFrame:
    """All calls in force of a stage over a batch (schema `CALLS`), to look at; nothing is moved or locked."""
    folder = journal_folder(stage, batch)
    frames = [
        frame for name in part_names(store, folder) if (frame := read_part(store, f"{folder}/{name}")) is not None
    ]
    return pl.concat([pl.DataFrame(schema=CALLS), *frames]).unique("key", keep="first", maintain_order=True)
