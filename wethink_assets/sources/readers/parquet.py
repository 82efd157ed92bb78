"""Reader of parquet files with embedded image bytes, such as the Hugging Face `image` layout: streamed by row group."""

import itertools
from collections.abc import Iterator, Sequence
from typing import Any, Literal

from wethink_assets.sources.readers.entries import (
    MAX_FILE_BYTES,
    Entry,
    Fetch,
    Index,
    ReadFailure,
    Relocate,
    failing,
    given,
)
from wethink_assets.sources.readers.split_archive import ArchiveStream
from wethink_assets.storage.store import Store

COLUMNS = ("image", "img", "picture", "photo", "jpg", "png", "bytes")
# Rows decoded at once: few, since one row may be many megabytes.
ROWS = 4
BUFFER = 2**20


class ParquetFormat:
    """Parquet files with one image a row: a struct with `bytes`, or a binary column.

    A row is known by its file's etag.
    """

    name = "parquet"
    extracts_on_index = False
    include_names: Literal["members", "archive"] = "archive"

    def recognises(self, path: str) -> bool:
        """Whether the name ends in `.parquet`."""
        return path.lower().endswith(".parquet")

    def index(self, stream: ArchiveStream, path: str, etag: str, store: Store, include: str) -> Index:
        """One entry a row, from the file's footer alone: sizes are not known before reading."""
        import pyarrow

        try:
            file = _opened(stream)
            _image_column(file.schema_arrow, path)
            rows = file.metadata.num_rows
        except pyarrow.ArrowException as error:
            raise ReadFailure("damaged_archive", f"{path}: {error}") from error
        return Index([Entry(path, f"{row:08d}", row, None, etag) for row in range(rows)], [], 0)

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


def _image_column(schema: Any, path: str) -> str:
    """Name of the column that holds images: by its usual names first, then the first that can."""
    import pyarrow

    def holds_images(kind: Any) -> bool:
        if pyarrow.types.is_struct(kind):
            fields = [kind.field(number) for number in range(kind.num_fields)]
            return any(field.name == "bytes" and holds_images(field.type) for field in fields)
        return bool(pyarrow.types.is_binary(kind) or pyarrow.types.is_large_binary(kind))

    able = [column.name for column in schema if holds_images(column.type)]
    if not able:
        raise ReadFailure("no_image_column", f"{path} has no column of image bytes, only {', '.join(schema.names)}")
    return next((name for name in COLUMNS if name in able), able[0])


def _rows(stream: ArchiveStream, entries: Sequence[Entry]) -> Iterator[tuple[Entry, Any]]:
    file = _opened(stream)
    column = _image_column(file.schema_arrow, entries[0].path)
    sizes = [file.metadata.row_group(number).num_rows for number in range(file.num_row_groups)]
    starts = list(itertools.accumulate(sizes, initial=0))
    wanted = {entry.offset: entry for entry in entries}
    for number, (start, end) in enumerate(itertools.pairwise(starts)):
        if end <= entries[0].offset or entries[-1].offset < start:
            continue
        row = start
        for batch in file.iter_batches(batch_size=ROWS, row_groups=[number], columns=[column], use_threads=False):
            values = batch.column(0)
            for index in range(len(values)):
                if row + index in wanted:
                    yield wanted[row + index], values[index].as_py()
            row += len(values)
            if row > entries[-1].offset:
                break


def _fetch(entry: Entry, value: Any) -> Fetch:
    if isinstance(value, dict):
        if value.get("bytes") is None and value.get("path"):
            return failing("unreadable", f"{entry.item} names the file {value['path']!r} and embeds no bytes")
        value = value.get("bytes")
    data = value or b""
    if len(data) > MAX_FILE_BYTES:
        return failing("too_large", f"{len(data)} bytes, more than {MAX_FILE_BYTES}")
    return given(data)
