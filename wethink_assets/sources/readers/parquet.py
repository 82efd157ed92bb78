"""Reader of parquet files with embedded image bytes, as the Hugging Face hub has them: streamed by row group."""

import itertools
import re
from collections.abc import Iterator, Sequence
from typing import Any, Literal

from wethink_assets.sources.readers.entries import (
    MAX_FILE_BYTES,
    Entry,
    Fetch,
    IgnoredEntries,
    Index,
    ReadFailure,
    Relocate,
    failing,
    given,
)
from wethink_assets.sources.readers.image_columns import ELEMENT, ImageColumn, image_columns
from wethink_assets.sources.readers.split_archive import ArchiveStream
from wethink_assets.storage.store import Store

# Rows decoded at once: few, since one row may be many megabytes.
ROWS = 4
LENGTHS = 1024  # rows whose numbers of images are counted at once, without the images
BUFFER = 2**20
ADDRESS = re.compile(r"https?://|s3://|gs://|//\w", re.IGNORECASE)
ENCODED = ("data:image/", "/9j/", "iVBOR", "R0lGOD", "UklGR", "Qk0")
SHORTEST_ENCODED = 64


class ParquetFormat:
    """Parquet files with images in one or more columns: structs with `bytes`, or binary columns, also in lists and structs.

    An image is known by its file's etag. Its name is the number of its row, followed by column and place where there are several.
    """

    name = "parquet"
    extracts_on_index = False
    include_names: Literal["members", "archive"] = "archive"

    def recognises(self, path: str) -> bool:
        """Whether the name ends in `.parquet`."""
        return path.lower().endswith(".parquet")

    def index(self, stream: ArchiveStream, path: str, etag: str, store: Store, include: str) -> Index:
        """One entry an image, from the file's footer alone, but for the lengths of lists: sizes are not known before reading."""
        import pyarrow

        try:
            file = _opened(stream)
            columns = _columns(file, path)
            members = [
                (row, name) for column in columns for row, name in _members(file, column, single=len(columns) == 1)
            ]
        except pyarrow.ArrowException as error:
            raise ReadFailure("damaged_archive", f"{path}: {error}") from error
        return Index([Entry(path, name, row, None, etag) for row, name in sorted(members)], [], IgnoredEntries())

    def read(
        self, stream: ArchiveStream, etag: str, store: Store, entries: Sequence[Entry], relocate: Relocate
    ) -> Iterator[tuple[Entry, Fetch]]:
        """Rows in order; only the row groups and the column that hold them are read."""
        import pyarrow

        current = [entry for entry in entries if entry.etag == etag]
        given_out = 0
        try:
            if current:
                for entry, value in _rows(stream, current):
                    yield entry, _fetch(entry, value)
                    given_out += 1
        except (pyarrow.ArrowException, OSError, ReadFailure) as error:
            text = str(error).splitlines()[0]
            yield from ((entry, failing("unreadable", f"{entry.item}: {text}")) for entry in current[given_out:])
        for entry in entries:
            if entry.etag != etag:
                yield entry, failing("changed_since_registration", f"{entry.path} was {entry.etag} and is now {etag}")


PARQUET = ParquetFormat()


def _opened(stream: ArchiveStream) -> Any:
    import pyarrow.parquet

    return pyarrow.parquet.ParquetFile(stream, buffer_size=BUFFER, pre_buffer=False)


def _columns(file: Any, path: str) -> list[ImageColumn]:
    """Columns of images of a file. Raises `ReadFailure` (`no_image_column`) where it has none."""

    def first_values(name: str) -> list[Any]:
        batch = next(file.iter_batches(batch_size=ROWS, columns=[name], use_threads=False), None)
        return [] if batch is None else batch.column(0).to_pylist()

    columns = image_columns(file.schema_arrow, first_values)
    if not columns:
        names = file.schema_arrow.names
        raise ReadFailure(
            "no_image_column", f"{path} has no column of image bytes, only {', '.join(names)}{_addresses(file)}"
        )
    return columns


def _addresses(file: Any) -> str:
    """A remark on columns of texts that stand for images; empty where there are none."""
    batch = next(file.iter_batches(batch_size=1, use_threads=False), None)
    for name, value in (batch.to_pylist()[0] if batch is not None and batch.num_rows else {}).items():
        if isinstance(value, str) and ADDRESS.match(value):
            return f"; {name} holds addresses: fetch the images, and give their folder"
        if isinstance(value, str) and len(value) > SHORTEST_ENCODED and value.startswith(ENCODED):
            return f"; {name} holds images in base64, which are not read"
    return ""


def _members(file: Any, column: ImageColumn, single: bool) -> Iterator[tuple[int, str]]:
    """Row and name of each image of a column."""
    if not column.listed:
        for row in range(file.metadata.num_rows):
            yield row, f"{row:08d}" if single else f"{row:08d}/{column.name}"
        return
    row = 0
    for batch in file.iter_batches(batch_size=LENGTHS, columns=[_shortest_leaf(file, column)], use_threads=False):
        for value in batch.column(0).to_pylist():
            for place in range(len(column.values(value))):
                yield row, f"{row:08d}/{column.name}/{place}"
            row += 1


def _shortest_leaf(file: Any, column: ImageColumn) -> str:
    """The leaf of a column of lists from which their lengths are read: the images' names where they have some."""
    leaves = [file.schema.column(number).path for number in range(len(file.schema))]
    names = [part for part in column.path if part != ELEMENT]
    own = [
        leaf for leaf in leaves if leaf.split(".")[0] == names[0] and all(f".{name}." in f".{leaf}." for name in names)
    ]
    return next((leaf for leaf in own if leaf.endswith(".path")), own[0] if own else column.path[0])


def _rows(stream: ArchiveStream, entries: Sequence[Entry]) -> Iterator[tuple[Entry, Any]]:
    file = _opened(stream)
    columns = {column.name: column for column in _columns(file, entries[0].path)}
    single = next(iter(columns.values()))
    sizes = [file.metadata.row_group(number).num_rows for number in range(file.num_row_groups)]
    starts = list(itertools.accumulate(sizes, initial=0))
    wanted: dict[int, list[Entry]] = {}
    for entry in entries:
        wanted.setdefault(entry.offset, []).append(entry)
    named = {columns[name].path[0] for entry in entries if (name := _column_of(entry)) in columns}
    read = sorted(named or {single.path[0]})
    for number, (start, end) in enumerate(itertools.pairwise(starts)):
        if end <= entries[0].offset or entries[-1].offset < start:
            continue
        row = start
        for batch in file.iter_batches(batch_size=ROWS, row_groups=[number], columns=read, use_threads=False):
            for index in range(batch.num_rows):
                held: dict[str, list[Any]] = {}
                for entry in wanted.get(row + index, ()):
                    column = columns.get(_column_of(entry), single)
                    if column.name not in held:
                        held[column.name] = column.values(batch.column(column.path[0])[index].as_py())
                    place = int(entry.member.rpartition("/")[2]) if column.listed else 0
                    yield entry, held[column.name][place] if place < len(held[column.name]) else None
            row += batch.num_rows
            if row > entries[-1].offset:
                break


def _column_of(entry: Entry) -> str:
    parts = entry.member.split("/")
    return parts[1] if len(parts) > 1 else ""


def _fetch(entry: Entry, value: Any) -> Fetch:
    if isinstance(value, dict):
        if value.get("bytes") is None and value.get("path"):
            return failing("unreadable", f"{entry.item} names the file {value['path']!r} and embeds no bytes")
        value = value.get("bytes")
    data = value or b""
    if len(data) > MAX_FILE_BYTES:
        return failing("too_large", f"{len(data)} bytes, more than {MAX_FILE_BYTES}")
    return given(data)
