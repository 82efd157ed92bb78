"""Archives of a source: which files they are and what is in them. Each is indexed once, the index kept in the store."""

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import polars as pl

from wethink_assets.errors import SourceChanged, SourceError, SourceUnreachable, StoreError
from wethink_assets.extensions.builtin import READERS
from wethink_assets.identity import digest_of
from wethink_assets.sources.archive_index import INDEX_VERSION, ArchiveIndex, ignored_path, packed_index, unpacked_index
from wethink_assets.sources.locations import FileInfo, Location
from wethink_assets.sources.readers.entries import (
    ENTRIES,
    NOT_IMAGES,
    Entry,
    Fetch,
    IgnoredEntries,
    ReadFailure,
    Refusal,
    failing,
    ignored_kind,
)
from wethink_assets.sources.readers.formats import ArchiveFormat, format_of, kept_as_blob, kept_blob, read_extracted
from wethink_assets.sources.readers.members.content import (
    COMPRESSED_TAR,
    COMPRESSIONS,
    HEAD,
    SMALLEST,
    TAR,
    ZIP,
    content_of,
    content_of_head,
    is_archive_name,
    is_program,
    may_be_archive,
    packed_content,
)
from wethink_assets.sources.readers.part_names import in_order, missing_parts, whole_name
from wethink_assets.sources.readers.split_archive import ArchiveStream
from wethink_assets.storage.file_ages import renew
from wethink_assets.storage.store import Store

MOST_FAR_LOOKS = 5_000
CHANGED = "changed_while_listed"
"""Reason of a refusal that the next registration takes back."""


@dataclass(frozen=True)
class Archive:
    """One archive of a source: its path (without the suffix of a part), its format, and the files it consists of."""

    path: str
    format: ArchiveFormat
    parts: tuple[FileInfo, ...]

    @property
    def etag(self) -> str:
        """Changes when any part does."""
        if len(self.parts) == 1:
            return self.parts[0].etag
        return f"parts:{digest_of([(part.size, part.etag) for part in self.parts])[:32]}"

    def open(self, location: Location) -> ArchiveStream:
        """A seekable stream over the whole archive, its parts one after the other."""
        return ArchiveStream(location, self.parts)

    def require_unchanged(self, location: Location) -> None:
        """To be called after it was read. Raises `SourceChanged` where it is another by now, so that what was read may be of no state it was in."""
        for part in self.parts:
            if not location.is_as_listed(part):
                raise location.changed(part.path)


def archives_among(
    files: Iterable[FileInfo],
    reader: str,
    looked_into: Callable[[FileInfo], ArchiveFormat | None] | None = None,
    plain: Callable[[FileInfo], None] = lambda file: None,
) -> list[Archive]:
    """Archives of a listing, the parts of each brought together; `plain` is called with each file that is none.

    `looked_into` gives the format of a file whose name leaves it open whether it is an archive; see `content_formats`.
    """
    parts: dict[str, list[FileInfo]] = {}
    archives = []
    for file in files:
        name = whole_name(file.path)
        if format_of(name, reader):
            parts.setdefault(name, []).append(file)
        elif looked_into and (found := looked_into(file)):
            archives.append(Archive(file.path, found, (file,)))
        else:
            plain(file)
    for name, files_of_name in sorted(parts.items()):
        archive_format = format_of(name, reader)
        assert archive_format is not None
        by_path = {file.path: file for file in files_of_name}
        archives.append(Archive(name, archive_format, tuple(by_path[path] for path in in_order(name, list(by_path)))))
    return archives


def stored_index(store: Store, location: Location, archive: Archive, include: str) -> ArchiveIndex | None:
    """Index of an archive as `list_archive` built it for the same location, size and etag; None where it did not."""
    path = _index_path(location, archive, include)
    kept = store.read_if_present(path)
    return None if kept is None else unpacked_index(store, path, kept)


def _index_path(location: Location, archive: Archive, include: str) -> str:
    described = [INDEX_VERSION, location.url, archive.path, archive.format.name, include]
    return f"indexes/{digest_of([*described, [(part.size, part.etag) for part in archive.parts]])}.parquet"


def list_archive(store: Store, location: Location, archive: Archive, include: str) -> ArchiveIndex:
    """Index of an archive: from the store where it was built for the same location, size and etag, else built now.

    `include` matters only to formats that extract what they index. An archive that is damaged as a whole becomes one
    refusal. Raises `SourceUnreachable` when nothing can be read for now.
    """
    known = stored_index(store, location, archive, include)
    if known is not None:
        return known
    path = _index_path(location, archive, include)
    if missing := missing_parts(archive.path, [part.path for part in archive.parts]):
        return _refused(archive, "incomplete_archive", f"parts are missing: {missing}")
    try:
        with archive.open(location) as stream:
            index = archive.format.index(stream, archive.path, archive.etag, store, include)
        archive.require_unchanged(location)
    except SourceChanged as error:
        return _refused(archive, CHANGED, str(error))
    except (StoreError, SourceUnreachable):
        raise
    except (
        Exception
    ) as error:  # readers raise a dozen types on bad input: one archive must not keep the others from being listed
        # Far away a reader's error looks like a client's: whether the archive can be opened now tells them apart.
        told = isinstance(error, (ReadFailure, SourceError)) or not location.is_outage(error)
        if not told and (location.local or not location.opens(archive.parts[0].path)):
            raise location.unreachable(archive.path, error) from error
        # Nothing is kept: the cause may be gone at the next registration.
        failure = _failure_of(archive, error)
        return _refused(archive, failure.reason, failure.detail)
    if include == "**" and not (len(index.entries) or index.refusals or index.ignored):
        index.ignored.add(archive.path, "empty_archive")
    if index.ignored:
        with store.scratch() as folder:
            listed = folder / "ignored"
            with listed.open("wb") as out:
                index.ignored.write(out)
            store.publish_file(ignored_path(path), listed)
    packed = packed_index(index)
    _require_kept(store, archive, index.frame)
    store.create(path, packed)
    return unpacked_index(store, path, packed)


def _require_kept(store: Store, archive: Archive, members: pl.DataFrame) -> None:
    """Renew blobs of members, which may have been written hours ago: nothing named them, and they are named from now on."""
    for entry in members.filter(pl.col("etag").str.starts_with("sha256:")).select(Entry._fields).iter_rows():
        blob = kept_blob(Entry(*entry))
        if blob and not renew(store, blob):
            raise StoreError(
                f"{store.link(blob)} was removed while {archive.path} was read: run the command again, and `wethink gc` not before it is done"
            )


def _refused(archive: Archive, reason: str, detail: str) -> ArchiveIndex:
    return ArchiveIndex(ENTRIES.to_frame(), [Refusal(archive.path, reason, detail)], IgnoredEntries())


def _failure_of(archive: Archive, error: Exception) -> ReadFailure:
    if isinstance(error, ReadFailure):
        return error
    if isinstance(error, OSError):
        return ReadFailure("unreadable_archive", str(error))
    return ReadFailure("damaged_archive", f"{archive.path}: {type(error).__name__} {error}")


def read_members(
    store: Store, location: Location, path: str, reader: str, entries: Sequence[Entry]
) -> Iterator[tuple[Entry, Fetch]]:
    """Each entry of the archive at `path`, in the given order, with a function that gives its bytes.

    The archive is read as the iterator advances; one that is gone makes every fetch a `ReadFailure`. Members that moved
    within an archive that was rewritten are found by its present index. A format that extracts on indexing needs the archive no more.
    """
    for kept, group in itertools.groupby(entries, key=kept_as_blob):
        if kept:
            yield from read_extracted(store, list(group))
        else:
            yield from _read_where_it_lies(store, location, path, reader, list(group))


def _read_where_it_lies(
    store: Store, location: Location, path: str, reader: str, entries: Sequence[Entry]
) -> Iterator[tuple[Entry, Fetch]]:
    try:
        archive = _archive_at(location, path, reader)
        stream = archive.open(location)
    except Exception as error:
        if isinstance(error, SourceUnreachable):
            raise
        if not isinstance(error, (ReadFailure, SourceError)) and location.is_outage(error):
            raise location.unreachable(path, error) from error
        yield from ((entry, failing("unreadable", f"{path}: {error}")) for entry in entries)
        return
    present: dict[str, Entry] | None = None

    def relocate(entry: Entry) -> Entry | None:
        nonlocal present
        if present is None:
            index = list_archive(store, location, archive, "**").entries.select(Entry._fields)
            named = index.filter(pl.col("member").is_in([each.member for each in entries]))
            present = {row[1]: Entry(*row) for row in named.iter_rows()}
        moved = present.get(entry.member)
        return moved if moved and (moved.size, moved.etag) == (entry.size, entry.etag) else None

    with stream:
        yield from _all_of(entries, archive.format.read(stream, archive.etag, store, entries, relocate))
    archive.require_unchanged(location)


def _all_of(entries: Sequence[Entry], given: Iterator[tuple[Entry, Fetch]]) -> Iterator[tuple[Entry, Fetch]]:
    """What a reader gives, and a failing fetch of each entry that it does not give, or that follows where it broke off."""
    missing = dict.fromkeys(entries)
    reason, detail = "corrupt", "is announced by its archive, and is not in it"
    try:
        for entry, fetch in given:
            missing.pop(entry, None)
            yield entry, fetch
    except (SourceError, StoreError):
        raise
    except Exception as error:  # readers raise a dozen types on bad input
        reason = "unreadable" if isinstance(error, OSError) else "corrupt"
        detail = f"cannot be read: {type(error).__name__} {error}"[:300]
    yield from ((entry, failing(reason, f"{entry.item} {detail}")) for entry in missing)


def _archive_at(location: Location, path: str, reader: str) -> Archive:
    near = location.file_or_parts(path)
    looked_into = content_formats(location, reader)
    archives = archives_among((file for file in near if whole_name(file.path) == path), reader, looked_into)
    if not archives:
        raise ReadFailure("unreadable", "the archive is gone")
    return archives[0]


def content_formats(location: Location, reader: str) -> Callable[[FileInfo], ArchiveFormat | None]:
    """Formats of files by their first bytes, for files whose names do not say what they are; nothing is read of the others.

    Of a location that is far away some thousand files are looked into, and those that are named as archives. A file that cannot be read is none:
    ingestion will tell. Raises `SourceUnreachable` when nothing can be read for now.
    """
    looks = itertools.count()

    def content(file: FileInfo) -> str:
        head = location.begin(file, HEAD)
        content = content_of_head(head)
        if content in COMPRESSIONS or is_program(head):
            with ArchiveStream(location, [file]) as stream:
                content = content or content_of(stream, file.path)
                if content in COMPRESSIONS:
                    content = COMPRESSED_TAR if packed_content(stream, content) in (TAR, ZIP) else ""
        return content

    def looked_into(file: FileInfo) -> ArchiveFormat | None:
        named = is_archive_name(file.path)
        if reader == "folder" or file.size < SMALLEST or not (named or may_be_archive(file.path, NOT_IMAGES)):
            return None
        if ignored_kind(file.path) in ("hidden", "system_file"):
            return None
        if not named and not location.local and next(looks) >= MOST_FAR_LOOKS:
            return None
        try:
            known = content(file)
        except (SourceError, StoreError):
            raise
        except Exception as error:  # clients of remote stores have types of their own
            if location.is_outage(error):
                raise location.unreachable(file.path, error) from error
            return None
        if known not in READERS:
            return None
        return READERS[known] if reader in ("auto", known, READERS[known].name) else None

    return looked_into
