"""Reader of tables with images in them, as the Hugging Face hub and `datasets` have them: parquet, Arrow and Feather, streamed by blocks of rows.

The content of a file decides which it is. An image is known by its file's etag; its name is the number of its row, followed by column and place
where there are several. A row that names a file in place of bytes stands for the file beside.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice
from posixpath import normpath
from typing import Any, Literal

from wethink_assets.errors import SourceError, StoreError
from wethink_assets.sources.images.formats import LFS_POINTER
from wethink_assets.sources.readers.entries import (
    MAX_FILE_BYTES,
    Entry,
    Fetch,
    IgnoredEntries,
    Index,
    ReadFailure,
    Refusal,
    Relocate,
    failing,
    given,
    unsafe_name,
)
from wethink_assets.sources.readers.split_archive import ArchiveStream
from wethink_assets.sources.readers.tables.arrow import FILE_MAGIC, ArrowTable, begins_stream
from wethink_assets.sources.readers.tables.image_columns import (
    ADDRESS,
    Column,
    address_columns,
    doubled_names,
    image_columns,
    is_base64,
    unread_columns,
)
from wethink_assets.sources.readers.tables.parquet import ParquetTable
from wethink_assets.sources.readers.tables.table import Block, Table
from wethink_assets.storage.store import Store

__all__ = ["ARROW", "PARQUET", "TableFormat"]

MOST_IMAGES = 10_000_000
"""Of one file: what announces more is damaged, or made to fill the memory."""
FREE_IMAGES = 2**14
MOST_PER_BYTE = 16
"""Images that a file may announce for each of its bytes, beyond `FREE_IMAGES`: a number in its headers costs nothing, each row takes a while."""

NAMING = ("path", "url", "uri", "src", "file_name")
"""Fields of a struct that say where an image is of which there are no bytes."""
SHOWN = 200


class TableFormat:
    """Tables with images in one or more columns: structs with `bytes`, or binary columns, also in lists and structs."""

    extracts_on_index = False
    include_names: Literal["members", "archive"] = "archive"

    def __init__(self, name: str, endings: tuple[str, ...]) -> None:
        self.name = name
        self.endings = endings

    def recognises(self, path: str) -> bool:
        """Whether the name has one of the format's endings."""
        return path.lower().endswith(self.endings)

    def index(self, stream: ArchiveStream, path: str, etag: str, store: Store, include: str) -> Index:
        """One entry an image, from the headers alone, but for the lengths of lists: sizes are not known before reading."""
        table = _opened(stream, path)
        if not table.schema.names:
            return Index([], [], IgnoredEntries())
        columns = image_columns(table.schema, table.first_values)
        tops = {column.path[0] for column in columns}
        in_structs = [name for field in table.schema if field.name in tops for name in _doubled_fields(field)]
        if doubled := doubled_names(table.schema.names, columns) or in_structs:
            raise ReadFailure(
                "duplicate_column", f"{path} has several columns or fields named {doubled[0]}: rename them"
            )
        unread = unread_columns(table.schema, table.first_values)
        if not (columns or unread):
            unread = address_columns(table.schema, table.first_values)
        refusals = [
            Refusal(f"{path}::{each.column.name}", each.reason, f"{each.column.name} {each.detail}") for each in unread
        ]
        if table.damage:
            refusals.append(Refusal(path, "damaged_archive", table.damage))
        if not (columns or unread):
            names = ", ".join(table.schema.names)
            raise ReadFailure("no_image_column", f"{path} has no column of image bytes, only {names}")
        members: list[tuple[int, str]] = []
        ignored = IgnoredEntries()
        left = min(max(FREE_IMAGES, MOST_PER_BYTE * stream.size), MOST_IMAGES)
        for column in columns:
            for number in range(len(table.blocks)):
                try:
                    announced = list(islice(_members(table, number, column, single=len(columns) == 1), left + 1))
                    if len(announced) > left:
                        raise ReadFailure("bomb", f"more images are announced than {stream.size} bytes can hold")
                    left -= len(announced)
                    for row, name, holds in announced:
                        if holds:
                            members.append((row, name))
                        else:
                            ignored.add(f"{path}::{name}", "empty")
                except (SourceError, StoreError):
                    raise
                except Exception as error:  # of a damaged block: the others are read
                    refusals.append(_lost(path, table.blocks[number], column, error))
                if len(members) > MOST_IMAGES:
                    raise ReadFailure("bomb", f"{path} announces more than {MOST_IMAGES} images: split it")
        return Index([Entry(path, name, row, None, etag) for row, name in sorted(members)], refusals, ignored)

    def read(
        self, stream: ArchiveStream, etag: str, store: Store, entries: Sequence[Entry], relocate: Relocate
    ) -> Iterator[tuple[Entry, Fetch]]:
        """Rows in order; only the blocks and the columns that hold them are read, and what a block lacks is no other's loss."""
        current = [entry for entry in entries if entry.etag == etag]
        if current:
            try:
                table = _opened(stream, current[0].path)
                columns = image_columns(table.schema, table.first_values)
            except Exception as error:
                yield from ((entry, _failed(entry, error)) for entry in current)
            else:
                for number, block in enumerate(table.blocks):
                    wanted = [entry for entry in current if block.start <= entry.offset < block.start + block.rows]
                    if wanted:
                        yield from _of_block(stream, table, number, columns, wanted)
                end = table.blocks[-1].start + table.blocks[-1].rows if table.blocks else 0
                rest = (entry for entry in current if entry.offset >= end)
                yield from ((entry, failing("truncated", f"{entry.item}: the file ends before it")) for entry in rest)
        for entry in entries:
            if entry.etag != etag:
                yield entry, failing("changed_since_registration", f"{entry.path} was {entry.etag} and is now {etag}")


PARQUET = TableFormat("parquet", (".parquet", ".parq", ".pq"))
ARROW = TableFormat("arrow", (".arrow", ".arrows", ".feather", ".ipc"))


def _doubled_fields(field: Any) -> Iterator[str]:
    """Names that several fields of one struct have, at any depth of a column: Python's values have but one of them."""
    inner = [field.type.field(number) for number in range(field.type.num_fields)]
    yield from (f"{field.name}.{name}" for name, count in Counter(each.name for each in inner).items() if count > 1)
    for each in inner:
        yield from _doubled_fields(each)


def _opened(stream: ArchiveStream, path: str) -> Table:
    """The table in a file, by its first bytes. Raises `ReadFailure` where it is none."""
    stream.seek(0)
    head = stream.read(len(LFS_POINTER))
    if not head:
        raise ReadFailure("empty", f"{path} has 0 bytes")
    if head.startswith(LFS_POINTER):
        raise ReadFailure(
            "damaged_archive", f"{path} is a Git LFS pointer and not the file: run `git lfs pull` where the source lies"
        )
    if head.startswith(b"PARE"):
        raise ReadFailure("encrypted", f"{path} is encrypted: write it anew without")
    if head.startswith(b"FEA1"):
        raise ReadFailure("compression", f"{path} is Feather of version 1, which is not read: write it anew")
    stream.seek(0)
    try:
        if head.startswith(FILE_MAGIC) or begins_stream(head):
            return ArrowTable(stream, path)
        if head.startswith(b"PAR1"):
            return ParquetTable(stream, path)
        raise ReadFailure("damaged_archive", f"{path} is neither parquet nor Arrow by its first bytes")
    except (ReadFailure, SourceError, StoreError):
        raise
    except OSError as error:
        if error.errno is not None:
            raise
        raise ReadFailure("damaged_archive", f"{path}: {_line(error)}") from error
    except Exception as error:
        raise ReadFailure("damaged_archive", f"{path}: {_line(error)}") from error


def _members(table: Table, number: int, column: Column, single: bool) -> Iterator[tuple[int, str, bool]]:
    """Row and name of each image of a column within a block; of a row with an empty list, that it has none."""
    block = table.blocks[number]
    if block.rows > MOST_IMAGES:
        raise ReadFailure("bomb", f"it announces {block.rows} rows")
    if not column.listed:
        ending = "" if single else f"/{column.name}"
        yield from ((row, f"{row:08d}{ending}", True) for row in range(block.start, block.start + block.rows))
        return
    for row, count in enumerate(table.counts(number, column), block.start):
        yield from ((row, f"{row:08d}/{column.name}/{place}", True) for place in range(count))
        if not count:
            yield row, f"{row:08d}/{column.name}", False


def _lost(path: str, block: Block, column: Column, error: Exception) -> Refusal:
    rows = f"rows {block.start} to {block.start + block.rows - 1}"
    return Refusal(
        f"{path}::{block.start:08d}/{column.name}", "damaged_archive", f"{rows} cannot be read: {_line(error)}"
    )


def _of_block(
    stream: ArchiveStream, table: Table, number: int, columns: Sequence[Column], entries: Sequence[Entry]
) -> Iterator[tuple[Entry, Fetch]]:
    """Entries of one block, in order."""
    by_name = {column.name: column for column in columns}
    done = 0
    try:
        chosen = [by_name.get(_column_of(entry), columns[0]) for entry in entries]
        row = table.blocks[number].start
        for batch in table.batches(number, sorted({column.path[0] for column in chosen})):
            held: dict[tuple[int, str], list[Any]] = {}
            while done < len(entries) and entries[done].offset < row + batch.num_rows:
                entry, column = entries[done], chosen[done]
                key = entry.offset, column.name
                if key not in held:
                    held = {key: column.values(batch.column(column.path[0])[entry.offset - row].as_py())}
                place = int(entry.member.rpartition("/")[2]) if column.listed else 0
                values = held[key]
                yield entry, _fetch(stream, entry, values[place] if place < len(values) else None)
                done += 1
            row += batch.num_rows
            if done == len(entries):
                return
        raise ReadFailure("truncated", "its rows end before it")
    except Exception as error:
        yield from ((entry, _failed(entry, error)) for entry in entries[done:])


def _failed(entry: Entry, error: Exception) -> Fetch:
    """What an entry's reading failed by; what is no fault of the file is raised."""
    if isinstance(error, (SourceError, StoreError)):
        raise error
    if isinstance(error, ReadFailure):
        return failing(error.reason, f"{entry.item}: {error.detail}")
    text = _line(error)
    if isinstance(error, OSError) and error.errno is not None:
        return failing("unreadable", f"{entry.item}: {text}")
    if "decrypt" in text or "encrypt" in text:
        return failing("encrypted", f"{entry.item}: {text}")
    return failing("corrupt", f"{entry.item}: {text}")


def _line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)


def _column_of(entry: Entry) -> str:
    parts = entry.member.split("/")
    return parts[1] if len(parts) > 1 else ""


def _fetch(stream: ArchiveStream, entry: Entry, value: Any) -> Fetch:
    name = value
    if isinstance(value, dict):
        value, name = value.get("bytes"), next((text for key in NAMING if (text := value.get(key))), None)
    if isinstance(value, bytes) and value:
        if len(value) > MAX_FILE_BYTES:
            return failing("too_large", f"{len(value)} bytes, more than {MAX_FILE_BYTES}")
        if is_base64(value):
            return failing("base64", f"{entry.item} is an image in base64, which is not read: decode it")
        return given(value)
    if value is None and not name:
        return failing("empty", f"{entry.item} is null: its row has no image there")
    return _beside(stream, entry, name) if isinstance(name, str) and name else given(b"")


def _beside(stream: ArchiveStream, entry: Entry, name: str) -> Fetch:
    """The file that a row names in place of bytes, where it lies in the source beside the table."""
    shown = repr(name if len(name) <= SHOWN else f"{name[:SHOWN]}...")
    if ADDRESS.match(name.strip()):
        return failing("address", f"{entry.item} is the address {shown} without bytes: fetch the image, and embed it")
    if is_base64(name):
        return failing("base64", f"{entry.item} is an image in base64, which is not read: decode it")
    fault = unsafe_name(name.removeprefix("./"))
    if fault:
        return failing("unsafe_path", f"{entry.item} names the file {shown} and embeds no bytes: {fault}")
    folder = entry.path.rpartition("/")[0]
    # A backslash may be part of a name here, and parts the folders of a table that was written on Windows.
    paths = dict.fromkeys(normpath(f"{folder}/{each}".lstrip("/")) for each in (name, name.replace("\\", "/")))

    def fetch() -> bytes:
        path = next(filter(stream.location.holds, paths), "")
        if not path:
            raise ReadFailure("missing_file", f"{entry.item} names the file {shown}, which is not beside it")
        return stream.location.read(path, _require_small)

    return fetch


def _require_small(info: Any) -> None:
    if info.size > MAX_FILE_BYTES:
        raise ReadFailure("too_large", f"{info.size} bytes, more than {MAX_FILE_BYTES}")
