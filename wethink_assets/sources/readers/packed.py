"""Readers of zip, tar and compressed tar: three names for one way of listing and reading, since the content of an archive decides what it is.

Members that lie in the file as they are, or packed each by itself, are read at their offsets. What can only be unpacked from start to end,
such as a compressed tar, is read once: while the index is built, each member's bytes are kept as a blob under their sha256, where ingestion finds
them. An image that is accepted later lies where it belongs already; what is rejected stays as a blob that no table names.
"""

import tarfile
from collections.abc import Iterator, Sequence
from typing import Literal

from wethink_assets.sources.images.formats import LFS_POINTER, format_of
from wethink_assets.sources.readers.entries import (
    MAX_FILE_BYTES,
    Entry,
    Fetch,
    IgnoredEntries,
    Index,
    ReadFailure,
    Relocate,
    given,
)
from wethink_assets.sources.readers.formats import OffsetFormat, kept_as_blob, read_extracted
from wethink_assets.sources.readers.members.content import HEAD, content_of
from wethink_assets.sources.readers.members.indexing import index_archive
from wethink_assets.sources.readers.members.names import may_be_name
from wethink_assets.sources.readers.split_archive import ArchiveStream
from wethink_assets.sources.readers.tars.compression import COMPRESSIONS, unread_form
from wethink_assets.sources.readers.tars.listing import MTIME
from wethink_assets.sources.readers.zips.packed_data import fetch_member
from wethink_assets.storage.store import Store


class PackedFormat(OffsetFormat):
    """Archives known by their content.

    A member of a zip is known by its CRC and size, one of a tar by its size and modification time, one that was kept as a blob by its sha256.
    """

    include_names: Literal["members", "archive"] = "members"

    def __init__(self, name: str, content: str, endings: tuple[str, ...], extracts_on_index: bool = False) -> None:
        """`content`: what an archive is taken for whose first bytes say nothing; `endings`: those of its names."""
        self.name = name
        self.extracts_on_index = extracts_on_index
        self._content = content
        self._endings = endings

    def recognises(self, path: str) -> bool:
        """Whether the name ends as such an archive's does."""
        return path.lower().endswith(self._endings)

    def index(self, stream: ArchiveStream, path: str, etag: str, store: Store, include: str) -> Index:
        """Members of the archive, and of those within it."""
        content = content_of(stream, path)
        if not content:
            begin = stream.peek(HEAD)[:HEAD]
            if begin.startswith(LFS_POINTER):
                raise ReadFailure("damaged_archive", f"{path} is a Git LFS pointer: run `git lfs pull`")
            if format_of(begin) and len(stream.starts) == 1:  # an image under an archive's name
                return Index([Entry(path, "", 0, stream.size, etag)], [], IgnoredEntries())
            if unread := unread_form(begin):
                raise ReadFailure("compression", f"{path}: {unread}")
            if self._content in COMPRESSIONS:
                raise ReadFailure("damaged_archive", f"{path} is no archive and not compressed, by its first bytes")
        return index_archive(stream, path, store, include, content or self._content)

    def read(
        self, stream: ArchiveStream, etag: str, store: Store, entries: Sequence[Entry], relocate: Relocate
    ) -> Iterator[tuple[Entry, Fetch]]:
        """Members at their offsets, or from their blobs where they were kept as such."""
        for entry in entries:
            if kept_as_blob(entry):
                yield from read_extracted(store, [entry])
            else:
                yield from super().read(stream, etag, store, [entry], relocate)

    def at_offset(self, stream: ArchiveStream, entry: Entry) -> Fetch | None:
        """The member whose header is at the entry's offset, checked against it; what is packed is unpacked by the fetch, in any thread."""
        return _tar_member(stream, entry) if entry.etag.startswith(MTIME) else fetch_member(stream, entry)


ZIP = PackedFormat("zip", "zip", (".zip", ".zipx"))
TAR = PackedFormat("tar", "tar", (".tar",))
COMPRESSED_TAR = PackedFormat(
    "tar",
    "gzip",
    (".tar.gz", ".tgz", ".tar.bz2", ".tbz", ".tbz2", ".tar.xz", ".txz", ".tar.zst", ".tar.zstd", ".tzst", ".tar.lz4"),
    extracts_on_index=True,
)


def _tar_member(stream: ArchiveStream, entry: Entry) -> Fetch | None:
    """Bytes of the member whose header is at the entry's offset; None when another or none is there."""
    if (entry.size or 0) > MAX_FILE_BYTES:
        return None
    stream.seek(entry.offset)
    try:
        with tarfile.open(fileobj=stream, mode="r:") as archive:
            member = archive.next()
    except tarfile.TarError:
        return None
    if member is None or (member.size, f"{MTIME}{member.mtime}") != (entry.size, entry.etag):
        return None
    raw = member.name.encode("utf-8", "surrogateescape")
    if not may_be_name(raw, entry.member) and not _ends_with(entry.member, raw):
        return None
    stream.seek(member.offset_data)
    data = stream.read(member.size)
    if len(data) < member.size:
        raise ReadFailure("unreadable", f"{entry.item}: the archive ends within it")
    return given(data)


def _ends_with(member: str, raw: bytes) -> bool:
    """Whether a member is the one of this name in an archive that lies in the file: `inner.tar/a.png`."""
    parts = member.split("/")
    return any(may_be_name(raw, "/".join(parts[start:])) for start in range(1, len(parts)))
