"""Place of an archive whose members are listed: at the top of a file, or within the archive that is."""

import io
import time
import zlib
from collections import deque
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import NamedTuple

from wethink_assets.identity import sha256_hex
from wethink_assets.sources.images.formats import extension_of
from wethink_assets.sources.readers.entries import NOT_IMAGES, ReadFailure
from wethink_assets.sources.readers.members.content import SMALLEST, is_archive_name, may_be_archive
from wethink_assets.sources.readers.members.table import Refused
from wethink_assets.storage.blobs import Blobs
from wethink_assets.storage.removals import unnamed_work
from wethink_assets.storage.store import Store

__all__ = ["BUFFER", "BlobWriter", "Blocks", "Budget", "Candidates", "Level", "Nested"]

MAX_UNPACKED = 200
"""Bytes that archives within a file may unpack to, for each byte of it."""
FREE_UNPACKED = 2**28
SKIMMED_SECONDS = 3.0
"""Time of the processor in which members of a tar are still named, once it has unpacked to more than that; 1 MB of gzip is done in less."""
MOST_NESTED = 10_000
MOST_LOOKS = 1_000
"""Members of an archive that are looked into, since their names do not say whether they are archives."""
BUFFER = 2**18
THREADS = 8
WINDOW_BYTES = 2**26


class Budget:
    """Bytes that may still be unpacked out of archives within one file, and the time in which what follows them may be skimmed.

    skims: whether a reader goes on for names alone once they are spent.
    """

    def __init__(self, size: int) -> None:
        self.skims = False
        self._left = FREE_UNPACKED + MAX_UNPACKED * size
        self._spent_at = 0.0

    @property
    def is_spent(self) -> bool:
        """Whether more was unpacked: nothing that follows is kept, and it may be skimmed for its names."""
        return self._left < 0

    def spend(self, size: int) -> None:
        """Count unpacked bytes. Raises `ReadFailure` (`bomb`) when they are too many; where a reader skims what follows, once that took long."""
        if not self.is_spent:
            self._left -= size
            self._spent_at = time.thread_time()
        if self.is_spent and not (self.skims and time.thread_time() - self._spent_at < SKIMMED_SECONDS):
            raise ReadFailure("bomb", f"the archives in it unpack to more than {MAX_UNPACKED} times its size")


@dataclass(frozen=True)
class Level:
    """Where an archive lies and how its members can be read.

    path: of the file; include: which members are kept as blobs, where they must be; budget: for unpacking; prefix: of its members' names;
    base: where it begins in the file, or where the member is that it was unpacked from; unpacked: whether it was.
    """

    path: str
    include: str
    budget: Budget
    prefix: str = ""
    base: int = 0
    unpacked: bool = False

    @property
    def nested(self) -> bool:
        """Whether the archive lies within another: those within it are not opened."""
        return bool(self.prefix)

    def within(self, name: str, base: int, unpacked: bool) -> "Level":
        """The level of an archive that is the member of this name."""
        return replace(self, prefix=f"{name}/", base=base, unpacked=unpacked)


class Nested(NamedTuple):
    """A member that is an archive, or may be one.

    offset: of its header; start: of its bytes, where these are known and stored as they are; mark: what it is known by as a member.
    """

    name: str | bytes
    offset: int
    start: int | None
    packed: int
    size: int
    mark: str
    method: int = 0
    crc: int | None = None
    refused: Refused | None = None


class Candidates:
    """Members of an archive that are to be looked into: those named as archives, and some of those whose names leave it open."""

    def __init__(self, level: Level, keep: bool = True) -> None:
        """`keep` them for later."""
        self._level = level
        self._keep = keep
        self._counts = {True: MOST_NESTED, False: MOST_LOOKS}
        self.taken: list[Nested] = []

    def take(self, member: Nested) -> bool:
        """Whether a member is one of them."""
        if self._level.nested or member.size < SMALLEST or (member.refused and member.refused[0] != "bomb"):
            return False
        name = member.name if isinstance(member.name, str) else member.name.decode("latin-1")
        named = is_archive_name(name)
        if not self._counts[named] or not (named or may_be_archive(name, NOT_IMAGES)):
            return False
        self._counts[named] -= 1
        if self._keep:
            self.taken.append(member)
        return True


class Blocks(io.RawIOBase):
    """What an iterator of blocks gives, as a stream that is read once, with its checksum and within a budget."""

    def __init__(self, blocks: Iterable[bytes], budget: Budget) -> None:
        self._blocks = iter(blocks)
        self._budget = budget
        self._left = b""
        self.size = 0
        self.crc = 0

    def readable(self) -> bool:
        """Always."""
        return True

    def tell(self) -> int:
        """Bytes that were given."""
        return self.size - len(self._left)

    def readinto(self, buffer) -> int:  # type: ignore[no-untyped-def]
        """Fill a buffer with the rest of a block, or the next one."""
        while not self._left:
            block = next(self._blocks, None)
            if block is None:
                return 0
            self._budget.spend(len(block))
            self.size += len(block)
            self.crc = zlib.crc32(block, self.crc)
            self._left = block
        data, self._left = self._left[: len(buffer)], self._left[len(buffer) :]
        buffer[: len(data)] = data
        return len(data)


class BlobWriter:
    """Writes blobs behind the reader's back, a bounded number of bytes at a time."""

    def __init__(self, store: Store) -> None:
        self._blobs = Blobs(store)
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="extract")
        self._pending: deque[tuple[int, Future[str]]] = deque()
        self._held = 0
        self._store = store
        self._work = ExitStack()

    def write(self, data: bytes) -> str:
        """Keep bytes as a blob; returns what they are known by."""
        if not self._pending:
            self._work.enter_context(unnamed_work(self._store))  # until the index of the archive names them
        digest, extension = sha256_hex(data), extension_of(data)
        while self._pending and self._held + len(data) > WINDOW_BYTES:
            size, oldest = self._pending.popleft()
            oldest.result()
            self._held -= size
        self._pending.append((len(data), self._pool.submit(self._blobs.put, data, extension, digest)))
        self._held += len(data)
        return f"sha256:{digest}.{extension}"

    def __enter__(self) -> "BlobWriter":
        return self

    def __exit__(self, *_: object) -> None:
        try:
            for _size, pending in self._pending:
                pending.result()
        finally:
            self._pool.shutdown()
            self._work.close()
