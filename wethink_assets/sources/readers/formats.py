"""Which archive formats can be read."""

from collections.abc import Iterator, Sequence
from typing import Protocol

from wethink_assets.sources.readers.compressed_tar import CompressedTarFormat
from wethink_assets.sources.readers.entries import Entry, Fetch, Index, Relocate
from wethink_assets.sources.readers.parquet import ParquetFormat
from wethink_assets.sources.readers.split_archive import ArchiveStream
from wethink_assets.sources.readers.tar_archive import TarFormat
from wethink_assets.sources.readers.zip_archive import ZipFormat
from wethink_assets.storage.store import Store


class ArchiveFormat(Protocol):
    """A format: how its members are listed and read. No method unpacks to disk or reads a whole archive into memory.

    name: as in the configuration; stages: whether indexing already keeps the members' bytes in the store.
    """

    name: str
    stages: bool

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


FORMATS: tuple[ArchiveFormat, ...] = (ZipFormat(), TarFormat(), CompressedTarFormat(), ParquetFormat())
