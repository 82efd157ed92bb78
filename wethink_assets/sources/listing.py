"""Listing of a source: its readable files, those refused and those passed over, and a digest of them."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

import polars as pl

from wethink_assets.errors import SourceError
from wethink_assets.sources.archives import Archive, archives_among, list_archive
from wethink_assets.sources.catalog import Source
from wethink_assets.sources.locations import FileInfo, Location, matches
from wethink_assets.sources.readers.entries import ENTRIES, Entry, Refusal, is_passed_over, is_text, printable
from wethink_assets.storage.store import Store


@dataclass(frozen=True)
class Listing:
    """Content of a source by name only.

    entries: one row a readable file (schema `ENTRIES`), sorted by path and place in the archive.
    refusals: files that are not registered, with the reason; ignored: how many files are no images by their name.
    """

    entries: pl.DataFrame
    refusals: list[Refusal]
    ignored: int

    @property
    def digest(self) -> str:
        """sha256 of what is listed; the order of listing and the place in an archive do not matter."""
        rows = self.entries.select(
            pl.concat_str("item", pl.col("size").cast(pl.String).fill_null("?"), "etag", separator="\0").sort()
        ).to_series()
        refused = sorted("\0".join(("refused", refusal.name, refusal.reason)) for refusal in self.refusals)
        return hashlib.sha256("\n".join([*rows, *refused]).encode()).hexdigest()


def list_source(store: Store, source: Source) -> Listing:
    """List a configured source. The index of an archive is taken from the store where it was built before.

    Raises `SourceError` when the location cannot be listed.
    """
    if not source.configured:
        raise SourceError(f'source {source.name} is not configured: give sources."{source.name}" a location')
    location = Location.open(source.location, source.options)
    files, refusals = _encodable(location.files())
    archives, plain = archives_among(files, source.reader)
    entries: list[Entry] = []
    ignored = 0
    for file in plain:
        if source.reader not in ("auto", "folder") or is_passed_over(file.path):
            ignored += 1
        elif matches(source.include, file.path):
            entries.append(Entry(file.path, "", 0, file.size, file.etag))
    frames = [_frame(entries)]
    for archive in archives:
        frame, refused, passed = _archive_entries(store, source, location, archive)
        frames.append(frame)
        refusals += refused
        ignored += passed
    table = pl.concat(frames).sort("path", "offset", "member")
    return Listing(table, sorted(refusals), ignored)


def _archive_entries(
    store: Store, source: Source, location: Location, archive: Archive
) -> tuple[pl.DataFrame, list[Refusal], int]:
    whole = matches(source.include, archive.path)
    if archive.format.include_names == "archive" and not whole:
        return ENTRIES.to_frame(), [], 0
    extracts = archive.format.extracts_on_index
    index = list_archive(store, location, archive, source.include if extracts and not whole else "**")
    if whole:
        return index.entries, index.refusals, index.ignored
    chosen = [matches(source.include, member) for member in index.entries["member"]]
    refusals = [refusal for refusal in index.refusals if matches(source.include, refusal.name.partition("::")[2])]
    return index.entries.filter(pl.Series(chosen, dtype=pl.Boolean)), refusals, index.ignored


def _frame(entries: Iterable[Entry]) -> pl.DataFrame:
    rows = [(entry.item, *entry) for entry in entries]
    return pl.DataFrame(rows, schema=ENTRIES, orient="row")


def _encodable(files: Iterable[FileInfo]) -> tuple[list[FileInfo], list[Refusal]]:
    kept, refused = [], []
    for file in files:
        if is_text(file.path):
            kept.append(file)
        else:
            fault = "the name holds control characters or no valid text"
            refused.append(Refusal(printable(file.path), "unsafe_path", fault))
    return kept, refused
