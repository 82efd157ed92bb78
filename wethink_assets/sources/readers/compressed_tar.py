"""Reader of compressed tar archives, which can only be read from start to end.

Listing one means unpacking all of it, so that is done once and no more: while the index is built, each member's bytes
are kept as a blob under their sha256, where ingestion finds them. An image that is accepted later lies where it belongs
already; what is rejected stays as a blob that no table names.
"""

import tarfile
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Literal

from wethink_assets.identity import sha256_hex
from wethink_assets.sources.images.formats import extension_of
from wethink_assets.sources.locations import matches
from wethink_assets.sources.readers.compression import FAULTS, compression_of, covers_all, is_fault, unpacked
from wethink_assets.sources.readers.entries import (
    MAX_RATIO,
    SUPERSEDED,
    Entry,
    Fetch,
    IgnoredEntries,
    Index,
    ReadFailure,
    Refusal,
    Relocate,
    ignored_kind,
    printable,
)
from wethink_assets.sources.readers.formats import read_extracted
from wethink_assets.sources.readers.split_archive import ArchiveStream
from wethink_assets.sources.readers.tar_members import Gap, TarStream, refused_member, tar_members
from wethink_assets.storage.blobs import Blobs
from wethink_assets.storage.store import Store

MAX_SKIPPED = 4 * 2**30
RATIO_FREE_BYTES = 2**28
THREADS = 8
WINDOW_BYTES = 2**26
_SUFFIXES = (
    ".tar.gz",
    ".tgz",
    ".tar.bz2",
    ".tbz",
    ".tbz2",
    ".tar.xz",
    ".txz",
    ".tar.zst",
    ".tar.zstd",
    ".tzst",
    ".tar.lz4",
)


class CompressedTarFormat:
    """Tar archives packed by gzip, bzip2, xz, zstd or lz4, whole or split. A member is known by its sha256."""

    name = "tar"
    extracts_on_index = True
    include_names: Literal["members", "archive"] = "members"

    def recognises(self, path: str) -> bool:
        """Whether the name ends as a compressed tar's does."""
        return path.lower().endswith(_SUFFIXES)

    def index(self, stream: ArchiveStream, path: str, etag: str, store: Store, include: str) -> Index:
        """Members in one pass, their bytes kept as blobs. `include` chooses by member name."""
        entries: dict[str, Entry] = {}
        refusals, ignored = [], IgnoredEntries()
        plain = unpacked(stream, compression_of(stream))
        with _BlobWriter(store) as blobs:
            try:
                for number, member in enumerate(tar_members(TarStream(plain, seekable=plain is stream))):
                    if isinstance(member, Gap):
                        refusals.append(Refusal(path, "damaged_archive", member.detail))
                        continue
                    archive, info = member
                    refused = refused_member(info)
                    if refused:
                        refusals.append(Refusal(f"{path}::{printable(info.name)}", *refused))
                    elif kind := "directory" if info.isdir() else ignored_kind(info.name, nested=True):
                        ignored.add(f"{path}::{info.name}", kind)
                    elif not matches(include, info.name):
                        ignored.add(f"{path}::{info.name}", "not_included")
                    else:
                        file = archive.extractfile(info)
                        data = file.read() if file else b""
                        if len(data) < info.size:
                            raise tarfile.ReadError("unexpected end of data")
                        replaced = entries.pop(info.name, None)
                        if replaced:
                            refusals.append(Refusal(replaced.item, *SUPERSEDED))
                        entries[info.name] = Entry(path, info.name, number, info.size, blobs.write(data))
                    if _is_bomb(info, stream):
                        refusals.append(Refusal(path, "bomb", f"what follows {printable(info.name)} is not read"))
                        break
            except (tarfile.TarError, *FAULTS) as error:
                if not is_fault(error):
                    raise
                if covers_all(error) or not entries:
                    raise ReadFailure("damaged_archive", f"{path}: {error}") from error
                refusals.append(Refusal(path, "damaged_archive", f"its end cannot be read: {error}"))
        return Index(list(entries.values()), refusals, ignored)

    def read(
        self, stream: ArchiveStream, etag: str, store: Store, entries: Sequence[Entry], relocate: Relocate
    ) -> Iterator[tuple[Entry, Fetch]]:
        """Members from their blobs; the archive itself is not read again."""
        yield from read_extracted(store, entries)


COMPRESSED_TAR = CompressedTarFormat()


def _is_bomb(member: tarfile.TarInfo, stream: ArchiveStream) -> bool:
    unpacked = member.offset_data
    huge = member.size > MAX_SKIPPED
    return huge or (unpacked > RATIO_FREE_BYTES and unpacked > MAX_RATIO * max(stream.tell(), 1))


class _BlobWriter:
    """Writes blobs behind the reader's back, a bounded number of bytes at a time."""

    def __init__(self, store: Store) -> None:
        self._blobs = Blobs(store)
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="extract")
        self._pending: deque[tuple[int, Future[str]]] = deque()
        self._held = 0

    def write(self, data: bytes) -> str:
        """Keep bytes as a blob; returns what they are known by."""
        digest, extension = sha256_hex(data), extension_of(data)
        while self._pending and self._held + len(data) > WINDOW_BYTES:
            size, oldest = self._pending.popleft()
            oldest.result()
            self._held -= size
        self._pending.append((len(data), self._pool.submit(self._blobs.put, data, extension, digest)))
        self._held += len(data)
        return f"sha256:{digest}.{extension}"

    def __enter__(self) -> "_BlobWriter":
        return self

    def __exit__(self, *_: object) -> None:
        try:
            for _size, pending in self._pending:
                pending.result()
        finally:
            self._pool.shutdown()
