"""Listing of a source: its readable files, those refused and those passed over, a digest of them, and how the files are read."""

import hashlib
import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

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
from wethink_assets.sources.readers.references import metadata_among, unmet_references
from wethink_assets.storage.store import Store

_PLAIN = pl.Schema({name: ENTRIES[name] for name in FileInfo._fields})
ROWS = 50_000  # of a listing that become Python's strings at a time


@dataclass(frozen=True)
class Listing:
    """Content of a source by name only.

    entries: one row a readable file (schema `ENTRIES`), sorted by path and place in the archive.
    refusals: files that are not registered, with the reason; ignored: what is no image by its name or is no file, by kind;
    archives: files that are archives, or parts of some, and stand for their members, archives within archives among them; revision: the
    commit listed, where the store has such; notes: how archives had to be read; unread: archives that were left out, since nobody has read them yet.
    """

    entries: pl.DataFrame
    refusals: list[Refusal]
    ignored: IgnoredEntries
    archives: int = 0
    revision: str = ""
    notes: tuple[Note, ...] = ()
    unread: int = 0

    @property
    def digest(self) -> str:
        """sha256 of what is listed; the order of listing and the place in an archive do not matter."""
        rows = self.entries.select(
            row=pl.concat_str("item", pl.col("size").cast(pl.String).fill_null("?"), "etag", separator="\0").sort()
        )
        refused = sorted("\0".join(("refused", refusal.name, refusal.reason)) for refusal in self.refusals)
        digest, between = hashlib.sha256(), ""
        parts: Iterator[list[str]] = itertools.chain(
            (some["row"].to_list() for some in rows.iter_slices(ROWS)), [refused]
        )
        for part in filter(None, parts):
            digest.update((between + "\n".join(part)).encode())
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
    plain = _PlainFiles(source, ignored)
    files = _files(location.listed(), refusals, ignored)
    archives = archives_among(files, source.reader, content_formats(location, source.reader), plain.add)
    frames = [plain.entries()]
    notes: list[Note] = []
    nested = unread = 0
    for archive in archives:
        index = _chosen(store, source, location, archive, read_archives)
        if index is None:
            unread += 1
            continue
        frames.append(index.entries)
        refusals += index.refusals
        ignored.extend(index.ignored)
        notes += index.notes
        nested += index.archives
    table = pl.concat(frames).sort("path", "offset", "member")
    del frames
    parts = [part.path for archive in archives for part in archive.parts]
    members = table.filter(pl.col("member") != "")["member"]
    names = itertools.chain(plain.names(), parts, itertools.chain.from_iterable(_pieces(members)))
    refusals += unmet_references(store, location, metadata_among(plain.texts), names)
    inside = len(parts) + nested
    return Listing(table, sorted(refusals), ignored, inside, location.revision, tuple(notes), unread)


class _PlainFiles:
    """Files of a listing that are no archives, as columns: a listing has millions of them, and an object of Python takes four times as much.

    texts: those that may be metadata, whose references are to be in the source.
    """

    def __init__(self, source: Source, ignored: IgnoredEntries) -> None:
        self.texts: list[FileInfo] = []
        self._source = source
        self._ignored = ignored
        self._taken: list[FileInfo] = []
        self._passed: list[str] = []
        self._frames = [ENTRIES.to_frame()]
        self._names = [pl.Series(dtype=pl.String)]

    def add(self, file: FileInfo) -> None:
        """Take a file in, or pass over it where it is to be ignored."""
        kind = _ignored_kind(self._source, file.path)
        if not kind:
            self._taken.append(file)
            if len(self._taken) == ROWS:
                self._pack()
            return
        self._ignored.add(file.path, kind)
        if kind == "text" and matches(self._source.include, file.path):
            self.texts.append(file)
        self._passed.append(file.path)
        if len(self._passed) == ROWS:
            self._pack()

    def _pack(self) -> None:
        columns = dict(zip(FileInfo._fields, zip(*self._taken, strict=True), strict=True)) if self._taken else {}
        frame = pl.DataFrame({name: columns.get(name, ()) for name in FileInfo._fields}, schema=_PLAIN)
        # The item is the path: both columns share its bytes.
        self._frames.append(
            frame.with_columns(item="path", member=pl.lit(""), offset=pl.lit(0, dtype=pl.Int64)).select(ENTRIES.names())
        )
        self._names.append(pl.Series(self._passed, dtype=pl.String))
        self._taken, self._passed = [], []

    def entries(self) -> pl.DataFrame:
        """Those taken in, of the schema `ENTRIES`."""
        self._pack()
        whole = pl.concat(self._frames)
        self._frames = [whole.select("path")]
        return whole

    def names(self) -> Iterator[str]:
        """Paths of all, those passed over among them."""
        for series in (*(frame["path"] for frame in self._frames), *self._names):
            yield from itertools.chain.from_iterable(_pieces(series))


def _pieces(series: pl.Series) -> Iterator[list[str]]:
    """Values of a column, so many at a time."""
    return (series.slice(start, ROWS).to_list() for start in range(0, len(series), ROWS))


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
