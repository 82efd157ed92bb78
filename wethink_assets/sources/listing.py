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

    Without `read_archives` no other archive is read, and nothing is written.
    Raises `SourceError` when the location cannot be listed.
    """
    if not source.configured:
        raise SourceError(f'source {source.name} is not configured: give sources."{source.name}" a location')
    location = Location.open(source.location, source.options)
    ignored = IgnoredEntries()
    refusals: list[Refusal] = []
    files = list(_files(location.listed(), refusals, ignored))
    archives, plain = archives_among(files, source.reader, content_formats(location, source.reader))
    entries: list[Entry] = []
    for file in plain:
        if kind := _ignored_kind(source, file.path):
            ignored.add(file.path, kind)
        else:
            entries.append(Entry(file.path, "", 0, file.size, file.etag))
    frames = [_frame(entries)]
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
    refusals += unmet_references(store, location, _metadata(source, plain), _names(files, table))
    inside = len(files) - len(plain) + nested
    return Listing(table, sorted(refusals), ignored, inside, location.revision, tuple(notes), unread)


def _metadata(source: Source, plain: Iterable[FileInfo]) -> list[FileInfo]:
    """Plain files that may be metadata, whose references are to be in the source."""
    if source.reader not in ("auto", "folder"):
        return []
    included = (file for file in plain if ignored_kind(file.path) == "text" and matches(source.include, file.path))
    return metadata_among(included)


def _names(files: Iterable[FileInfo], entries: pl.DataFrame) -> Iterator[str]:
    """Names of all files of a source, and of the members of its archives."""
    yield from (file.path for file in files)
    yield from entries.filter(pl.col("member") != "")["member"]


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


def _frame(entries: Iterable[Entry]) -> pl.DataFrame:
    rows = [(entry.item, *entry) for entry in entries]
    return pl.DataFrame(rows, schema=ENTRIES, orient="row")


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
