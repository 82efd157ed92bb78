"""Index of an archive by its content, archives within it opened: one level, within bounds, each by itself.

What lies stored as it is within a file is read there at its offset, as a tar of tars. What is packed is unpacked once, in a stream, and its
members are kept as blobs; a packed zip, whose directory is at its end, is unpacked to a temporary file first.
"""

import io
import tarfile
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import IO, cast

import polars as pl

from wethink_assets.errors import SourceError, StoreError
from wethink_assets.sources.images.formats import LFS_POINTER
from wethink_assets.sources.locations import matches
from wethink_assets.sources.readers.entries import Entry, Index, ReadFailure, Refusal, ignored_kind, unsafe_name
from wethink_assets.sources.readers.members.content import (
    HEAD,
    TAR,
    ZIP,
    content_of,
    content_of_head,
    is_archive_name,
)
from wethink_assets.sources.readers.members.level import (
    BUFFER,
    BlobWriter,
    Blocks,
    Budget,
    Candidates,
    Level,
    Nested,
)
from wethink_assets.sources.readers.members.names import CP437, LATIN_1
from wethink_assets.sources.readers.members.table import MemberTable
from wethink_assets.sources.readers.split_archive import ArchiveStream, Window
from wethink_assets.sources.readers.tars.compression import (
    COMPRESSIONS,
    FAULTS,
    covers_all,
    is_fault,
    unpacked_pieces,
    unread_form,
)
from wethink_assets.sources.readers.tars.listing import list_tar, list_tar_once
from wethink_assets.sources.readers.tars.members import TarStream
from wethink_assets.sources.readers.zips.listing import list_zip
from wethink_assets.sources.readers.zips.packed_data import STORED, data_start, fetch_member, unpacked_blocks
from wethink_assets.storage.store import Store

__all__ = ["index_archive"]

MOST_SPOOLED = 4 * 2**30
_PIECE = 2**20


def index_archive(stream: ArchiveStream, path: str, store: Store, include: str, content: str) -> Index:
    """Members of an archive of this content (`zip`, `tar` or the name of a compression); `include` chooses those that are kept as blobs.

    Raises `ReadFailure` where the archive as a whole cannot be read, and what reading the stream does.
    """
    level = Level(path, include, Budget(stream.size))
    with BlobWriter(store) as blobs:
        indexer = _Indexer(blobs)
        if content in (ZIP, TAR):
            return indexer.at_offsets(stream, level, content)
        index = indexer.once(stream, level, content, _rest_of(stream, stream.size))
        if index is None:
            raise ReadFailure("damaged_archive", f"{path}: what it holds in {content} is no archive")
        return index


@dataclass(frozen=True)
class _Indexer:
    blobs: BlobWriter

    def at_offsets(self, stream: ArchiveStream, level: Level, content: str) -> Index:
        """Index of a zip or tar whose members can be read at their offsets."""
        table = _table(level, content)
        candidates = Candidates(level)
        if content == ZIP:
            list_zip(stream, level, table, candidates)
        else:
            tar = TarStream(stream, seekable=True)
            with _Partly(table, level, _rest_of(tar, stream.size)):
                list_tar(tar, stream.size, level, table, candidates)
        inner = []
        for each in candidates.taken:
            index = self._nested(stream, each, level, table)
            if index:
                inner.append(index._replace(archives=1))
            else:
                table.add(each.name, level.base + each.offset, each.size, each.mark, refused=each.refused)
        own = table.index(stream.size if content == ZIP else None)
        if level.unpacked:
            own = self._kept(stream, own, level)
        return _joined([own, *inner])

    def once(self, stream: IO[bytes], level: Level, content: str, rest: Callable[[], int]) -> Index | None:
        """Index of what is read once, from its start; None where it is no archive. `rest` tells how many bytes of it are unread."""
        if content == ZIP:
            with tempfile.TemporaryFile() as spool:
                size = 0
                while block := stream.read(_PIECE):
                    size += len(block)
                    if size > MOST_SPOOLED or level.budget.is_spent:
                        raise ReadFailure(
                            "bomb", f"it unpacks to more than {MOST_SPOOLED} bytes, or than its share of the file"
                        )
                    spool.write(block)
                return self.at_offsets(Window(cast(IO[bytes], spool), 0, size), replace(level, unpacked=True), ZIP)
        if content != TAR:
            if isinstance(stream, io.BufferedReader) and (unread := unread_form(_begins(stream))):
                raise ReadFailure("compression", f"{level.path}: {unread}")
            blocks = Blocks(unpacked_pieces(stream, content), level.budget)
            reader = io.BufferedReader(blocks, BUFFER)
            try:
                held = content_of_head(reader.peek(HEAD)[:HEAD])
            except FAULTS as error:
                if not is_fault(error):
                    raise
                raise ReadFailure("damaged_archive", f"{level.path}: {error}") from error
            return self.once(cast(IO[bytes], reader), level, held, rest) if held in (ZIP, TAR) else None
        level.budget.skims = True
        table, inner = _table(level, TAR), []

        def opened(nested: Nested, member: IO[bytes], content: str) -> bool:
            text = table.text(nested.name)
            index = self._attempt(level, table, text, lambda: self._member(member, text, nested, level, content))
            inner.extend([index._replace(archives=1)] if index else [])
            return index is not None

        with _Partly(table, level, rest):
            tar = TarStream(stream, seekable=False)
            list_tar_once(tar, level, table, Candidates(level, keep=False), self.blobs, opened)
        return _joined([table.index(), *inner])

    def _nested(self, stream: ArchiveStream, nested: Nested, level: Level, table: MemberTable) -> Index | None:
        """Index of a member that is an archive; None for one that is none."""
        name = table.text(nested.name)
        if unsafe_name(name) or ignored_kind(name) in ("system_file", "hidden"):
            return None
        return self._attempt(level, table, name, lambda: self._opened(stream, nested, name, level))

    def _opened(self, stream: ArchiveStream, nested: Nested, name: str, level: Level) -> Index | None:
        start = nested.start if nested.start is not None else data_start(stream, nested.offset)
        if start is None:
            raise ReadFailure("damaged_archive", "its header is not where the directory says")
        if nested.method == STORED:
            window = Window(cast(IO[bytes], stream), start, nested.size)
            content = content_of(window)
            if content in (ZIP, TAR):
                return self.at_offsets(window, level.within(name, level.base + start, False), content)
            return self._member(cast(IO[bytes], window), name, nested, level, content)
        if nested.size > MOST_SPOOLED:
            raise ReadFailure("bomb", f"it unpacks to {nested.size} bytes, more than {MOST_SPOOLED}")
        stream.seek(start)
        blocks = Blocks(unpacked_blocks(stream, nested.method, nested.size, name), level.budget)
        reader = io.BufferedReader(blocks, BUFFER)
        index = self._member(cast(IO[bytes], reader), name, nested, level, content_of_head(reader.peek(HEAD)[:HEAD]))
        if index:
            while reader.read(_PIECE):
                pass
            if blocks.size != nested.size or blocks.crc != nested.crc:
                raise ReadFailure("damaged_archive", "it does not match its checksum in the archive")
        return index

    def _member(self, member: IO[bytes], name: str, nested: Nested, level: Level, content: str) -> Index | None:
        within = level.within(name, nested.offset + level.base, True)
        rest = _rest_of(member, nested.size)
        index = self.once(member, within, content, rest) if content in (ZIP, TAR, *COMPRESSIONS) else None
        if index is None and is_archive_name(name):
            pointer = content == "" and _begins(member).startswith(LFS_POINTER)
            raise ReadFailure(
                "damaged_archive", "it is a Git LFS pointer: run `git lfs pull`" if pointer else "it is no archive"
            )
        return index

    def _attempt(self, level: Level, table: MemberTable, name: str, work) -> Index | None:  # type: ignore[no-untyped-def]
        """What `work` gives; an archive that cannot be read is refused by itself."""
        try:
            return cast(Index | None, work())
        except (StoreError, SourceError):
            raise
        except ReadFailure as failure:
            table.refuse(name, failure.reason, failure.detail)
        except Exception as error:  # of its headers, which may lead anywhere
            if isinstance(error, OSError) and error.errno is not None:
                raise  # the file cannot be read: what is kept of it would be kept for good
            table.refuse(name, "damaged_archive", f"{type(error).__name__} {error}")
        return MemberTable(level.path).index()

    def _kept(self, stream: ArchiveStream, index: Index, level: Level) -> Index:
        """Members of a zip that was unpacked, their bytes kept as blobs."""
        marks: list[str | None] = []
        for item, path, member, offset, size, etag in index.frame.select(pl.exclude("raw_name")).iter_rows():
            mark = None
            if not matches(level.include, member):
                index.ignored.add(item, "not_included")
            else:
                try:
                    fetch = fetch_member(stream, Entry(path, member, offset, size, etag))
                    if fetch is None:
                        raise ReadFailure("damaged_archive", "its header is not where the directory says")
                    mark = self.blobs.write(fetch())
                except ReadFailure as failure:
                    index.refusals.append(Refusal(item, failure.reason, failure.detail))
            marks.append(mark)
        kept = index.frame.with_columns(etag=pl.Series(marks, dtype=pl.String), offset=pl.lit(level.base, pl.Int64))
        return index._replace(entries=kept.filter(pl.col("etag").is_not_null()))


class _Partly:
    """Reading of a tar: what it gave before an error is kept, the rest named; all of it is refused where a checksum covers it."""

    def __init__(self, table: MemberTable, level: Level, rest: Callable[[], int]) -> None:
        self._table = table
        self._path = level.path
        self._rest = rest

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> bool:
        if isinstance(error, ReadFailure) and error.reason == "bomb":
            self._refuse("bomb", f"is not read: {error.detail}")
            return True
        if not isinstance(error, (tarfile.TarError, *FAULTS)) or not is_fault(error):
            return False
        if covers_all(error) or not self._table.count:
            raise ReadFailure("damaged_archive", f"{self._path}: {error}") from error
        self._refuse("damaged_archive", f"cannot be read: {error}")
        return True

    def _refuse(self, reason: str, why: str) -> None:
        rest = self._rest()
        unseen = f"; {rest} bytes of it were not looked at" if rest else ""
        self._table.refuse("", reason, f"what follows its first {self._table.count} members {why}{unseen}")


def _rest_of(stream: IO[bytes] | TarStream, size: int) -> Callable[[], int]:
    """How many of so many bytes of a stream were not read yet, whenever it is asked."""
    start = stream.tell()
    return lambda: max(start + size - stream.tell(), 0)


def _table(level: Level, content: str) -> MemberTable:
    return MemberTable(level.path, level.prefix, CP437 if content == ZIP else LATIN_1, backslashes=content == ZIP)


def _begins(stream: IO[bytes]) -> bytes:
    return stream.peek(HEAD)[:HEAD] if isinstance(stream, io.BufferedReader) else stream.read(HEAD)


def _joined(indexes: list[Index]) -> Index:
    """One index of several, which lie one within the other."""
    if len(indexes) == 1:
        return indexes[0]
    first = indexes[0]
    for index in indexes[1:]:
        first.refusals.extend(index.refusals)
        first.ignored.extend(index.ignored)
    frame = pl.concat([index.frame for index in indexes])
    # A folder may be named as an archive beside it is.
    last = frame["member"].is_last_distinct()
    for item in frame.filter(~last)["item"]:
        first.refusals.append(Refusal(item, "duplicate_name", "a later member has the same name"))
    return first._replace(
        entries=frame.filter(last).sort("offset", maintain_order=True),
        notes=tuple(note for index in indexes for note in index.notes),
        archives=sum(index.archives for index in indexes),
    )
