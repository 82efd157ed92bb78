"""Reader of tar archives: headers are walked once, members read at their offsets."""

import tarfile

from wethink_assets.sources.readers.entries import (
    MAX_FILE_BYTES,
    SUPERSEDED,
    Entry,
    Fetch,
    Index,
    ReadFailure,
    Refusal,
    given,
    is_passed_over,
    printable,
    unsafe_name,
    unsafe_size,
)
from wethink_assets.sources.readers.formats import OffsetFormat
from wethink_assets.sources.readers.split_archive import ArchiveStream
from wethink_assets.storage.store import Store


class TarFormat(OffsetFormat):
    """Uncompressed tar archives, whole or split. A member is known by its size and modification time."""

    name = "tar"
    ending = ".tar"

    def index(self, stream: ArchiveStream, path: str, etag: str, store: Store, include: str) -> Index:
        """Members by their headers; the stream seeks over their data."""
        entries: dict[str, Entry] = {}
        refusals, ignored = [], 0
        try:
            with tarfile.open(fileobj=stream, mode="r:") as archive:
                for member in archive:
                    refused = refused_member(member)
                    if not refused and member.offset_data + member.size > stream.size:
                        refused = ("damaged_archive", "the archive ends within it")
                    if refused:
                        refusals.append(Refusal(f"{path}::{printable(member.name)}", *refused))
                    elif member.isdir() or is_passed_over(member.name):
                        ignored += not member.isdir()
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

    def at_offset(self, stream: ArchiveStream, entry: Entry) -> Fetch | None:
        """The member whose header is at the entry's offset, checked against it."""
        return _fetch(stream, entry)


TAR = TarFormat()


def refused_member(member: tarfile.TarInfo) -> tuple[str, str] | None:
    """Reason and detail when a member must not be read."""
    fault = unsafe_name(member.name)
    bomb = unsafe_size(None, member.size)
    if fault:
        return "unsafe_path", fault
    if member.issym() or member.islnk():
        return "link", f"it is a link to {printable(member.linkname)}"
    if member.isdir():
        return None
    if not member.isreg() or member.issparse():
        return "special_file", "it is a device, pipe or sparse file"
    if bomb:
        return "bomb", bomb
    return None


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
