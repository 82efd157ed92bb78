"""Listing of a source: its readable files, those refused and those passed over, a digest of them, and how the files are read."""

import hashlib
import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import polars as pl

from wethink_assets.errors import SourceError
from wethink_assets.sources.archives import (
    Archive,
    ArchiveIndex,
    archives_among,
    content_formats,
    list_archive,
    read_members,
    stored_index,
)
from wethink_assets.sources.catalog import Source
from wethink_assets.sources.locations import FileInfo, Listed, Location, matches
from wethink_assets.sources.readers.entries import (
    ENTRIES,
    Entry,
    Fetch,
    Ignored,
    IgnoredEntries,
    Note,
    Refusal,
    ignored_kind,
    is_text,
    printable,
)
from wethink_assets.sources.readers.folder import read_files
from wethink_assets.sources.readers.references import (
    MOST_IN_A_FOLDER,
    may_be_metadata,
    metadata_among,
    unmet_references,
)
from wethink_assets.storage.sorted_rows import SortedRows
from wethink_assets.storage.store import Store

_PLAIN = pl.Schema({name: ENTRIES[name] for name in FileInfo._fields})
_PASSED = pl.Schema({"path": pl.String})
ROWS = 50_000  # of a listing that become Python's strings at a time


@dataclass(frozen=True)
class Listing:
    """Content of a source by name only.

    entries: one row a readable file (schema `ENTRIES`), by item; a listing has millions of them, so that they are not in memory.
    refusals: files that are not registered, with the reason; ignored: what is no image by its name or is no file, by kind;
    archives: files that are archives, or parts of some, and stand for their members, archives within archives among them; revision: the
    commit listed, where the store has such; notes: how archives had to be read; unread: archives that were left out, since nobody has read them yet.
    """

    entries: SortedRows
    refusals: list[Refusal]
    ignored: IgnoredEntries
    archives: int = 0
    revision: str = ""
    notes: tuple[Note, ...] = ()
    unread: int = 0

    @cached_property
    def digest(self) -> str:
        """sha256 of what is listed; the order of listing and the place in an archive do not matter."""
        refused = sorted("\0".join(("refused", refusal.name, refusal.reason)) for refusal in self.refusals)
        # A name holds no control character, so that sorted items give sorted rows.
        described = pl.concat_str("item", pl.col("size").cast(pl.String).fill_null("?"), "etag", separator="\0")
        rows = (part.select(row=described.sort())["row"] for part in self.entries.parts())
        digest, between = hashlib.sha256(), ""
        for some in filter(None, itertools.chain(_pieces(rows), [refused])):
            digest.update((between + "\n".join(some)).encode())
            between = "\n"
        return digest.hexdigest()


def list_source(store: Store, source: Source, *, read_archives: bool = True) -> Listing:
    """List a configured source. The index of an archive is taken from the store where it was built before.

    Without `read_archives` no other archive is read, and nothing is written that a store has to take.
    Raises `SourceError` when the location cannot be listed.
    """
    if not source.configured:
        raise SourceError(f'source {source.name} is not configured: give sources."{source.name}" a location')
    location = Location.open(source.location, source.options)
    ignored = IgnoredEntries()
    refusals: list[Refusal] = []
    files = _Files(source, ignored)
    listed = _files(location.listed(), refusals, ignored)
    archives = archives_among(listed, source.reader, content_formats(location, source.reader), files.add)
    files.pack()
    notes: list[Note] = []
    nested = unread = 0
    for archive in archives:
        index = _chosen(store, source, location, archive, read_archives)
        if index is None:
            unread += 1
            continue
        files.entries.add(index.entries)
        refusals += index.refusals
        ignored.extend(index.ignored)
        notes += index.notes
        nested += index.archives
    parts = [part.path for archive in archives for part in archive.parts]
    names = itertools.chain(parts, files.names())
    refusals += unmet_references(store, location, metadata_among(files.texts()), names)
    inside = len(parts) + nested
    return Listing(files.entries, sorted(refusals), ignored, inside, location.revision, tuple(notes), unread)


class _Files:
    """Files of a listing, as columns: those that are no archives one by one, members of archives an index at a time.

    entries: those taken in.
    """

    def __init__(self, source: Source, ignored: IgnoredEntries) -> None:
        self.entries = SortedRows(ENTRIES, ["item"])
        self._source = source
        self._ignored = ignored
        self._taken: list[FileInfo] = []
        self._texts: dict[str, list[FileInfo]] = {}
        self._passed: list[str] = []
        self._passed_names = SortedRows(_PASSED, _PASSED.names())

    def add(self, file: FileInfo) -> None:
        """Take a file that is no archive in, or pass over it where it is to be ignored."""
        kind = _ignored_kind(self._source, file.path)
        if not kind:
            self._taken.append(file)
            if len(self._taken) == ROWS:
                self.pack()
            return
        self._ignored.add(file.path, kind)
        if kind == "text" and may_be_metadata(file.path) and matches(self._source.include, file.path):
            beside = self._texts.setdefault(file.path.rpartition("/")[0], [])
            # One more than a folder may have is enough to know that they are none.
            if len(beside) <= MOST_IN_A_FOLDER:
                beside.append(file)
        self._passed.append(file.path)
        if len(self._passed) == ROWS:
            self.pack()

    def pack(self) -> None:
        """Make columns of what was added last."""
        columns = dict(zip(FileInfo._fields, zip(*self._taken, strict=True), strict=True)) if self._taken else {}
        frame = pl.DataFrame({name: columns.get(name, ()) for name in FileInfo._fields}, schema=_PLAIN)
        # The item is the path: both columns share its bytes.
        self.entries.add(frame.with_columns(item="path", member=pl.lit(""), offset=pl.lit(0, dtype=pl.Int64)))
        self._passed_names.add(pl.DataFrame({"path": self._passed}, schema=_PASSED))
        self._taken, self._passed = [], []

    def texts(self) -> Iterator[FileInfo]:
        """Those that may be metadata, whose references are to be in the source."""
        return itertools.chain.from_iterable(self._texts.values())

    def names(self) -> Iterator[str]:
        """Paths of all, those passed over among them; of members, the names in their archives."""
        name = pl.when(pl.col("member") == "").then("path").otherwise("member")
        taken = (part.select(name=name)["name"] for part in self.entries.parts())
        passed = (part["path"] for part in self._passed_names.parts())
        return itertools.chain.from_iterable(_pieces(itertools.chain(taken, passed)))


def _pieces(columns: Iterable[pl.Series]) -> Iterator[list[str]]:
    """Values of columns, so many at a time."""
    return (column.slice(start, ROWS).to_list() for column in columns for start in range(0, len(column), ROWS))


def _ignored_kind(source: Source, path: str) -> str:
    """Kind as which a plain file is ignored; empty for one that is to be registered."""
    if source.reader not in ("auto", "folder"):
        return "other_reader"
    return ignored_kind(path) or ("" if matches(source.include, path) else "not_included")


def read_entries(
    store: Store, source: Source, location: Location, entries: Iterable[Entry]
) -> Iterator[tuple[Entry, Fetch]]:
    """Each entry of a listing with a function that gives its bytes or raises `ReadFailure`; it may be called in another thread."""
    for (path, in_archive), group in itertools.groupby(entries, key=lambda entry: (entry.path, bool(entry.member))):
        if in_archive:
            yield from read_members(store, location, path, source.reader, list(group))
        else:
            yield from read_files(location, list(group))


def _chosen(
    store: Store, source: Source, location: Location, archive: Archive, read_archives: bool
) -> ArchiveIndex | None:
    """The index of an archive, what the source does not include ignored; None where the store has none and it is not to be read."""
    whole = matches(source.include, archive.path)
    if archive.format.include_names == "archive" and not whole:
        passed = IgnoredEntries()
        passed.add(archive.path, "not_included")
        return ArchiveIndex(ENTRIES.to_frame(), [], passed)
    extracts = archive.format.extracts_on_index
    find_index = list_archive if read_archives else stored_index
    index = find_index(store, location, archive, source.include if extracts and not whole else "**")
    if index is None:
        return None
    if whole:
        return index
    chosen = pl.Series([matches(source.include, member) for member in index.entries["member"]], dtype=pl.Boolean)
    passed = IgnoredEntries()
    passed.extend(index.ignored)
    for item in index.entries.filter(~chosen)["item"]:
        passed.add(item, "not_included")
    refusals = []
    for refusal in index.refusals:
        # What is wrong with the archive as a whole is about members that are included, too.
        if "::" not in refusal.name or matches(source.include, refusal.name.partition("::")[2]):
            refusals.append(refusal)
        else:
            passed.add(refusal.name, "not_included")
    return replace(index, entries=index.entries.filter(chosen), refusals=refusals, ignored=passed)


def _files(listed: Iterable[Listed], refusals: list[Refusal], ignored: IgnoredEntries) -> Iterator[FileInfo]:
    """The files of a listing whose names are text; what is no such file is added to `refusals` or `ignored`."""
    for each in listed:
        if isinstance(each, Refusal):
            refusals.append(each)
        elif isinstance(each, Ignored):
            ignored.add(*each)
        elif is_text(each.path):
            yield each
        else:
            fault = "the name holds control characters or no valid text"
            refusals.append(Refusal(printable(each.path), "unsafe_path", fault))
