"""How are members of an archive read that lie at an offset, and may have moved since they were listed?"""

from collections.abc import Callable, Iterator, Sequence

from wethink_assets.sources.readers.entries import Entry, Fetch, ReadFailure, Relocate, failing, moved_away


def read_at_offsets(
    entries: Sequence[Entry], relocate: Relocate, at_offset: Callable[[Entry], Fetch | None]
) -> Iterator[tuple[Entry, Fetch]]:
    """Members in order, each where it was listed, else where it is now, else as one that cannot be read.

    at_offset: the fetch of the member at an entry's offset, None when another or none is there; may raise `ReadFailure` and `OSError`.
    """
    for entry in entries:
        try:
            fetch = at_offset(entry)
            if fetch is None:
                moved = relocate(entry)
                fetch = at_offset(moved) if moved else None
            yield entry, fetch or failing(*moved_away(entry))
        except ReadFailure as failure:
            yield entry, failing(failure.reason, failure.detail)
        except OSError as error:
            yield entry, failing("unreadable", f"{entry.item}: {error}")
