"""How are members of an archive read that lie at an offset, and may have moved since they were listed?"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence

from wethink_assets.sources.readers.entries import Entry, Fetch, ReadFailure, Relocate, failing, moved_away
from wethink_assets.sources.readers.split_archive import ArchiveStream
from wethink_assets.storage.store import Store


class OffsetFormat(ABC):
    """What formats have in common whose members can be read one by one, at their offsets.

    ending: of the names of such archives.
    """

    name: str
    ending: str
    stages = False

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
