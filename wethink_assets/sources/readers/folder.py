"""Reader of plain files: each is fetched by itself, in any order."""

from collections.abc import Iterator, Sequence

from wethink_assets.sources.locations import FileInfo, Location
from wethink_assets.sources.readers.entries import MAX_FILE_BYTES, Entry, Fetch, ReadFailure


def read_files(location: Location, entries: Sequence[Entry]) -> Iterator[tuple[Entry, Fetch]]:
    """Each entry with a function that fetches its bytes; these may be called in other threads."""
    for entry in entries:
        yield entry, _fetch(location, entry)


def _fetch(location: Location, entry: Entry) -> Fetch:
    def as_listed(now: FileInfo) -> None:
        if (now.size, now.etag) != (entry.size, entry.etag):
            raise ReadFailure(
                "changed_since_registration",
                f"{entry.path} had {entry.size} bytes ({entry.etag}) and now has {now.size} ({now.etag}); "
                "the next registration adds it as changed",
            )
        if now.size > MAX_FILE_BYTES:
            raise ReadFailure("too_large", f"{now.size} bytes, more than {MAX_FILE_BYTES}")

    return lambda: location.read(entry.path, as_listed)
