"""Reader of tar archives: headers are walked once, members read at their offsets."""

import tarfile
from collections.abc import Iterator, Sequence

from wethink_assets.sources.readers.compressed_tar import COMPRESSED_TAR
from wethink_assets.sources.readers.compression import compression_of
from wethink_assets.sources.readers.entries import (
    MAX_FILE_BYTES,
    SUPERSEDED,
    Entry,
    Fetch,
    IgnoredEntries,
    Index,
    ReadFailure,
    Refusal,
    Relocate,
    given,
    ignored_kind,
    printable,
)
from wethink_assets.sources.readers.formats import OffsetFormat, read_extracted
from wethink_assets.sources.readers.split_archive import ArchiveStream
from wethink_assets.sources.readers.tar_members import Gap, TarStream, refused_member, tar_members
from wethink_assets.storage.store import Store


class TarFormat(OffsetFormat):
    """Uncompressed tar archives, whole or split. A member is known by its size and modification time."""

    name = "tar"
    ending = ".tar"

    def index(self, stream: ArchiveStream, path: str, etag: str, store: Store, include: str) -> Index:
        """Members by their headers; the stream seeks over their data."""
        if compression_of(stream):  # whatever it is called
            return COMPRESSED_TAR.index(stream, path, etag, store, "**")
        entries: dict[str, Entry] = {}
        refusals, ignored = [], IgnoredEntries()
        try:
            for each in tar_members(TarStream(stream, seekable=True)):
                if isinstance(each, Gap):
                    refusals.append(Refusal(path, "damaged_archive", each.detail))
                    continue
                member = each.info
                refused = refused_member(member)
                if not refused and member.offset_data + member.size > stream.size:
                    refused = ("damaged_archive", "the archive ends within it")
                if refused:
                    refusals.append(Refusal(f"{path}::{printable(member.name)}", *refused))
                elif kind := "directory" if member.isdir() else ignored_kind(member.name, nested=True):
                    ignored.add(f"{path}::{member.name}", kind)
                else:
                    # A later member of the same name replaces an earlier one, as on unpacking.
                    replaced = entries.pop(member.name, None)
                    if replaced:
                        refusals.append(Refusal(replaced.item, *SUPERSEDED))
                    etag_of_member = f"mtime:{member.mtime}"
                    entries[member.name] = Entry(path, member.name, member.offset, member.size, etag_of_member)
        except tarfile.TarError as error:
            if not entries:
                raise ReadFailure("damaged_archive", f"{path}: {error}") from error
            refusals.append(Refusal(path, "damaged_archive", f"what follows its first members cannot be read: {error}"))
        return Index(list(entries.values()), refusals, ignored)

    def read(
        self, stream: ArchiveStream, etag: str, store: Store, entries: Sequence[Entry], relocate: Relocate
    ) -> Iterator[tuple[Entry, Fetch]]:
        """Members at their offsets; of an archive that is compressed under the name of one that is not, from their blobs."""
        packed = entries[0].etag.startswith("sha256:") if entries else False
        return read_extracted(store, entries) if packed else super().read(stream, etag, store, entries, relocate)

    def at_offset(self, stream: ArchiveStream, entry: Entry) -> Fetch | None:
        """The member whose header is at the entry's offset, checked against it."""
        return _fetch(stream, entry)


TAR = TarFormat()


def _fetch(stream: ArchiveStream, entry: Entry) -> Fetch | None:
    """Bytes of the member whose header is at the entry's offset; None when another or none is there."""
    if (entry.size or 0) > MAX_FILE_BYTES:
        return None
    stream.seek(entry.offset)
    try:
        with tarfile.open(fileobj=stream, mode="r:") as archive:
            member = archive.next()
    except tarfile.TarError:
        return None
    if member is None or (member.name, member.size, f"mtime:{member.mtime}") != (entry.member, entry.size, entry.etag):
        return None
    stream.seek(member.offset_data)
    data = stream.read(member.size)
    if len(data) < member.size:
        raise ReadFailure("unreadable", f"{entry.item}: the archive ends within it")
    return given(data)
