"""Archives of a source: which files they are and what is in them. Each is indexed once, the index kept in the store."""

import io
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import polars as pl

from wethink_assets.errors import SourceError, SourceUnreachable, StoreError
from wethink_assets.identity import digest_of
from wethink_assets.sources.locations import FileInfo, Location
from wethink_assets.sources.readers.entries import (
    ENTRIES,
    Entry,
    Fetch,
    IgnoredEntries,
    Index,
    ReadFailure,
    Refusal,
    failing,
)
from wethink_assets.sources.readers.formats import ArchiveFormat, format_of, read_extracted
from wethink_assets.sources.readers.part_names import is_complete, whole_name
from wethink_assets.sources.readers.split_archive import ArchiveStream
from wethink_assets.storage.store import Store

# 2: several streams and joined tars are read to their end; 3: what is ignored is kept by kind; 4: tables name what is not read
INDEX_VERSION = 4


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


def archives_among(files: Iterable[FileInfo], reader: str) -> tuple[list[Archive], list[FileInfo]]:
    """Split a listing into archives, the parts of each brought together, and plain files."""
    parts: dict[str, list[FileInfo]] = {}
    plain = []
    for file in files:
        name = whole_name(file.path)
        if format_of(name, reader):
            parts.setdefault(name, []).append(file)
        else:
            plain.append(file)
    archives = []
    for name, files_of_name in sorted(parts.items()):
        archive_format = format_of(name, reader)
        whole = [file for file in files_of_name if file.path == name]
        members = whole or sorted(files_of_name, key=lambda file: (len(file.path), file.path))
        assert archive_format is not None
        archives.append(Archive(name, archive_format, tuple(members)))
    return archives, plain


@dataclass(frozen=True)
class ArchiveIndex:
    """Readable members (schema `ENTRIES`), members refused by name, and ignored ones by kind."""

    entries: pl.DataFrame
    refusals: list[Refusal]
    ignored: IgnoredEntries


def list_archive(store: Store, location: Location, archive: Archive, include: str) -> ArchiveIndex:
    """Index of an archive: from the store where it was built for the same location, size and etag, else built now.

    `include` matters only to formats that extract what they index. An archive that is damaged as a whole becomes one
    refusal.
    """
    described = [INDEX_VERSION, location.url, archive.path, archive.format.name, include]
    path = f"indexes/{digest_of([*described, [(part.size, part.etag) for part in archive.parts]])}.parquet"
    kept = store.read_if_present(path)
    if kept is not None:
        return _unpacked(store, path, kept)
    if not is_complete([part.path for part in archive.parts]):
        return _refused(archive, "incomplete_archive", "a part is missing")
    try:
        with archive.open(location) as stream:
            index = archive.format.index(stream, archive.path, archive.etag, store, include)
    except StoreError:
        raise
    except (
        Exception
    ) as error:  # readers raise a dozen types on bad input: one archive must not keep the others from being listed
        # Nothing is kept: the cause may be gone at the next registration.
        failure = _failure_of(archive, error)
        return _refused(archive, failure.reason, failure.detail)
    if include == "**" and not (index.entries or index.refusals or index.ignored):
        index.ignored.add(archive.path, "empty_archive")
    if index.ignored:
        with store.scratch() as folder:
            listed = folder / "ignored"
            with listed.open("wb") as out:
                index.ignored.write(out)
            store.publish_file(_ignored_path(path), listed)
    packed = _packed(index)
    store.create(path, packed)
    return _unpacked(store, path, packed)


def _refused(archive: Archive, reason: str, detail: str) -> ArchiveIndex:
    return ArchiveIndex(ENTRIES.to_frame(), [Refusal(archive.path, reason, detail)], IgnoredEntries())


def _failure_of(archive: Archive, error: Exception) -> ReadFailure:
    if isinstance(error, ReadFailure):
        return error
    if isinstance(error, OSError):
        return ReadFailure("unreadable_archive", str(error))
    return ReadFailure("damaged_archive", f"{archive.path}: {type(error).__name__} {error}")


def _packed(index: Index) -> bytes:
    frame = pl.DataFrame([(entry.item, *entry) for entry in index.entries], schema=ENTRIES, orient="row")
    buffer = io.BytesIO()
    metadata = {
        "refusals": json.dumps([list(refusal) for refusal in index.refusals]),
        "ignored": json.dumps({"counts": index.ignored.counts, "examples": index.ignored.examples}),
    }
    frame.write_parquet(buffer, compression="zstd", metadata=metadata)
    return buffer.getvalue()


def _ignored_path(index: str) -> str:
    """Where all ignored members of an archive stand, of which its index has the counts and a few."""
    return f"{index.replace('indexes/', 'ignored/', 1).removesuffix('.parquet')}.json.gz"


def _unpacked(store: Store, path: str, data: bytes) -> ArchiveIndex:
    metadata = pl.read_parquet_metadata(io.BytesIO(data))
    refusals = [Refusal(*row) for row in json.loads(metadata["refusals"])]
    ignored = json.loads(metadata["ignored"])
    kept = partial(store.open_read, _ignored_path(path)) if ignored["counts"] else None
    return ArchiveIndex(pl.read_parquet(io.BytesIO(data)), refusals, IgnoredEntries(**ignored, kept=kept))


def read_members(
    store: Store, location: Location, path: str, reader: str, entries: Sequence[Entry]
) -> Iterator[tuple[Entry, Fetch]]:
    """Each entry of the archive at `path`, in the given order, with a function that gives its bytes.

    The archive is read as the iterator advances; one that is gone makes every fetch a `ReadFailure`. Members that moved
    within an archive that was rewritten are found by its present index. A format that extracts on indexing needs the archive no more.
    """
    archive_format = format_of(path, reader)
    if archive_format and archive_format.extracts_on_index:
        yield from read_extracted(store, entries)
        return
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
    present: dict[str, Entry] = {}

    def relocate(entry: Entry) -> Entry | None:
        if not present:
            index = list_archive(store, location, archive, "**").entries.select(Entry._fields)
            present.update((row[1], Entry(*row)) for row in index.iter_rows())
        moved = present.get(entry.member)
        return moved if moved and (moved.size, moved.etag) == (entry.size, entry.etag) else None

    with stream:
        yield from _all_of(entries, archive.format.read(stream, archive.etag, store, entries, relocate))


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
    archives, _ = archives_among((file for file in near if whole_name(file.path) == path), reader)
    if not archives:
        raise ReadFailure("unreadable", "the archive is gone")
    return archives[0]
