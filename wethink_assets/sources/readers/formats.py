"""Archive formats: how the members of an archive are listed and read, one module each."""

import re
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import Literal, Protocol

from wethink_assets.errors import SourceError, StoreError
from wethink_assets.extensions.builtin import READERS
from wethink_assets.sources.readers.entries import Entry, Fetch, Index, ReadFailure, Relocate, failing, moved_away
from wethink_assets.sources.readers.split_archive import ArchiveStream
from wethink_assets.storage.blobs import Blobs, blob_path
from wethink_assets.storage.store import Store


class ArchiveFormat(Protocol):
    """A format: how its members are listed and read. No method unpacks to disk or reads a whole archive into memory.

    name: the `reader` of the configuration under which it is chosen, which several formats may share.
    extracts_on_index: whether indexing already keeps the members' bytes in the store.
    include_names: what the glob `include` of a source names: the archive or its members (or the archive, for all of them).
    """

    name: str
    extracts_on_index: bool
    include_names: Literal["members", "archive"]

    def recognises(self, path: str) -> bool:
        """Whether a file is of this format, by its name."""
        ...

    def index(self, stream: ArchiveStream, path: str, etag: str, store: Store, include: str) -> Index:
        """List the members. Raises `OSError` or `ReadFailure` when the archive as a whole cannot be read."""
        ...

    def read(
        self, stream: ArchiveStream, etag: str, store: Store, entries: Sequence[Entry], relocate: Relocate
    ) -> Iterator[tuple[Entry, Fetch]]:
        """Each entry with a function that gives its bytes or raises `ReadFailure`.

        `entries` are in archive order; the stream is read in the caller's thread, the function may run in another.
        `relocate` finds a member that is no longer where the entry says.
        """
        ...


class OffsetFormat(ABC):
    """What formats have in common whose members can be read one by one, at their offsets.

    ending: of the names of such archives.
    """

    name: str
    ending: str
    extracts_on_index = False
    include_names: Literal["members", "archive"] = "members"

    def recognises(self, path: str) -> bool:
        """Whether the name has the format's ending."""
        return path.lower().endswith(self.ending)

    @abstractmethod
    def at_offset(self, stream: ArchiveStream, entry: Entry) -> Fetch | None:
        """The fetch of the member at an entry's offset, None when another or none is there. May raise `ReadFailure` and `OSError`."""

    def read(
        self, stream: ArchiveStream, etag: str, store: Store, entries: Sequence[Entry], relocate: Relocate
    ) -> Iterator[tuple[Entry, Fetch]]:
        """Members in order, each where it was listed, else where it is now, else as one that cannot be read."""
        for entry in entries:
            try:
                fetch = self.at_offset(stream, entry)
                if fetch is None:
                    moved = relocate(entry)
                    fetch = self.at_offset(stream, moved) if moved else None
                yield entry, fetch or failing(*moved_away(entry))
            except ReadFailure as failure:
                yield entry, failing(failure.reason, failure.detail)
            except OSError as error:
                yield entry, failing("unreadable", f"{entry.item}: {error}")
            except (SourceError, StoreError):
                raise
            except (
                Exception
            ) as error:  # of a member whose header leads anywhere: struct.error, OverflowError, ValueError
                yield entry, failing("corrupt", f"{entry.item} cannot be read: {type(error).__name__} {error}")


_BLOB = re.compile(r"sha256:[0-9a-f]{64}\.\w+")


def kept_as_blob(entry: Entry) -> bool:
    """Whether a member was kept as a blob while its archive was indexed."""
    return _BLOB.fullmatch(entry.etag) is not None


def kept_blob(entry: Entry) -> str:
    """Path of the blob as which a member was kept while its archive was indexed; empty where it was not."""
    if not kept_as_blob(entry):
        return ""
    digest, _, extension = entry.etag.removeprefix("sha256:").partition(".")
    return blob_path(digest, extension)


def read_extracted(store: Store, entries: Sequence[Entry]) -> Iterator[tuple[Entry, Fetch]]:
    """Members that were kept as blobs while their archive was indexed; it may be gone by now."""
    blobs = Blobs(store)
    for entry in entries:
        yield entry, _blob_fetch(blobs, entry)


def _blob_fetch(blobs: Blobs, entry: Entry) -> Fetch:
    def fetch() -> bytes:
        try:
            return blobs.read(kept_blob(entry))
        except StoreError as error:
            raise ReadFailure("unreadable", f"{entry.item}: {error}") from error

    return fetch


def format_of(path: str, reader: str) -> ArchiveFormat | None:
    """Format of a file by its name, among those that the source's reader may use."""
    for key, known in READERS.items():
        if reader in ("auto", key, known.name) and known.recognises(path):
            return known
    return None
