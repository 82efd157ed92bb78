"""Arrow IPC files and streams as tables, Feather among them: both are the same messages, which are walked by their headers.

A file is a stream between two marks with a footer behind it, which isn't needed: so a file whose end is missing is read as far as it goes.
Of each message only the header is read until its rows are asked for; then the schema, the dictionaries and the record batch that holds them
are given to Arrow as a stream of their own.
"""

import io
import struct
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from wethink_assets.sources.readers.entries import ReadFailure
from wethink_assets.sources.readers.split_archive import ArchiveStream
from wethink_assets.sources.readers.tables.table import Block, Table

__all__ = ["FILE_MAGIC", "ArrowTable", "begins_stream"]

FILE_MAGIC = b"ARROW1"
FILE_START = 8
CONTINUATION = b"\xff\xff\xff\xff"
SCHEMA, DICTIONARIES, RECORDS = 1, 2, 3
LONGEST_HEADER = 64 * 2**20
MOST_ROWS = 2**31
END_OF_STREAM = CONTINUATION + bytes(4)


class _Message(NamedTuple):
    kind: int
    start: int
    end: int
    rows: int


class ArrowTable(Table):
    """An IPC file or stream. Raises `ReadFailure` where not even its schema can be read."""

    def __init__(self, stream: ArchiveStream, path: str) -> None:
        import pyarrow.ipc as ipc

        self._stream = stream
        self._path = path
        stream.seek(0)
        self._in_file = stream.read(len(FILE_MAGIC)) == FILE_MAGIC
        messages: list[_Message] = []
        rows = 0
        for message in _walked(stream, FILE_START if self._in_file else 0):
            if isinstance(message, str):
                self.damage = f"{message}; {rows} rows precede it"
                break
            messages.append(message)
            rows += message.rows
        if self._in_file and not self.damage and not _ends_as_file(stream):
            self.damage = f"its end is missing, as of a file that was not written to its end; {rows} rows precede it"
        if not messages or messages[0].kind != SCHEMA:
            raise ReadFailure("damaged_archive", f"{path} is no Arrow file: {self.damage or 'it has no schema'}")
        self._schema_message = messages[0]
        self._dictionaries = [message for message in messages if message.kind == DICTIONARIES]
        self._records = [message for message in messages if message.kind == RECORDS]
        self.schema = ipc.open_stream(self._spliced([])).schema
        start = 0
        self.blocks = blocks = []
        for message in self._records:
            blocks.append(Block(start, message.rows))
            start += message.rows

    def batches(self, block: int, columns: Sequence[str]) -> Iterator[Any]:
        """The record batch, checked through and through: nothing else keeps Arrow from following an offset that leads out of it."""
        import pyarrow.ipc as ipc

        message = self._records[block]
        options = ipc.IpcReadOptions(included_fields=[self.schema.get_field_index(name) for name in columns])
        batch = ipc.open_stream(self._spliced([message]), options=options).read_next_batch()
        batch.validate(full=True)
        if batch.num_rows != message.rows:
            raise ReadFailure("damaged_archive", f"{self._path}: a record batch has other rows than it announces")
        yield batch.select(list(columns))

    def _spliced(self, records: Sequence[_Message]) -> "_Spliced":
        """A stream of the schema, what dictionaries these record batches need, and these. In a file dictionaries may follow their use."""
        before = records[-1].start if records and not self._in_file else None
        dictionaries = [each for each in self._dictionaries if before is None or each.start < before]
        return _Spliced(self._stream, [self._schema_message, *(dictionaries if records else []), *records])


def begins_stream(head: bytes) -> bool:
    """Whether bytes may begin an IPC stream: the length of a header, of today's form or of before 2019."""
    if head[:4] == CONTINUATION:
        return True
    return len(head) >= 8 and 0 < int.from_bytes(head[:4], "little") < 2**20 and head[3] == 0 and head[7] == 0


def _walked(stream: ArchiveStream, position: int) -> Iterator[_Message | str]:
    """The messages from a position on, and at last what is wrong, if anything is."""
    number = 0
    while position < stream.size:
        stream.seek(position)
        head = stream.read(8)
        prefix = 8 if head[:4] == CONTINUATION else 4
        if len(head) < prefix:
            yield f"it ends within the header of message {number}"
            return
        length = int.from_bytes(head[prefix - 4 : prefix], "little", signed=True)
        if length == 0:
            return
        if length < 0 or length > LONGEST_HEADER:
            yield f"message {number} at byte {position} has no valid header"
            return
        if position + prefix + length > stream.size:
            yield f"it ends within the header of message {number}"
            return
        stream.seek(position + prefix)
        try:
            kind, rows, body = _header(stream.read(length))
        except (struct.error, IndexError):
            yield f"message {number} at byte {position} has no valid header"
            return
        if body < 0 or not 0 <= rows < MOST_ROWS:
            yield f"message {number} at byte {position} has no valid header"
            return
        end = position + prefix + length + body
        if end > stream.size:
            yield f"it ends within message {number}" + (f", a record batch of {rows} rows" if kind == RECORDS else "")
            return
        yield _Message(kind, position, end, rows)
        position, number = end, number + 1


def _ends_as_file(stream: ArchiveStream) -> bool:
    stream.seek(max(0, stream.size - len(FILE_MAGIC)))
    return stream.read(len(FILE_MAGIC)) == FILE_MAGIC


def _header(data: bytes) -> tuple[int, int, int]:
    """Kind of a message, rows of a record batch, and length of its body, from a flatbuffer (`Message.fbs` of Arrow)."""
    message = struct.unpack_from("<I", data)[0]
    kind_at, header_at, body_at = (_field(data, message, number) for number in (1, 2, 3))
    kind = data[kind_at] if kind_at else 0
    body = struct.unpack_from("<q", data, body_at)[0] if body_at else 0
    rows = 0
    if kind == RECORDS and header_at:
        batch = header_at + struct.unpack_from("<I", data, header_at)[0]
        rows_at = _field(data, batch, 0)
        rows = struct.unpack_from("<q", data, rows_at)[0] if rows_at else 0
    return kind, rows, body


def _field(data: bytes, table: int, number: int) -> int:
    """Where a field of a flatbuffer's table lies; 0 where it has its default value."""
    names = table - struct.unpack_from("<i", data, table)[0]
    if names < 0:
        raise IndexError(names)
    if 6 + 2 * number > struct.unpack_from("<H", data, names)[0]:
        return 0
    offset: int = struct.unpack_from("<H", data, names + 4 + 2 * number)[0]
    return table + offset if offset else 0


class _Spliced(io.RawIOBase):
    """Some messages of a stream one after the other, and the mark of the end."""

    def __init__(self, stream: ArchiveStream, messages: Sequence[_Message]) -> None:
        self._stream = stream
        self._pieces = [(message.start, message.end) for message in messages]
        self._tail = END_OF_STREAM

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        """Up to `size` bytes, as many as there are of one piece or more."""
        parts, left = [], size if size >= 0 else sum(end - start for start, end in self._pieces) + len(self._tail)
        while left and self._pieces:
            start, end = self._pieces[0]
            self._stream.seek(start)
            data = self._stream.read(min(left, end - start))
            if not data:
                raise OSError(5, "the file is shorter than it was")
            parts.append(data)
            left -= len(data)
            if start + len(data) == end:
                self._pieces.pop(0)
            else:
                self._pieces[0] = (start + len(data), end)
        parts.append(self._tail[:left])
        self._tail = self._tail[left:]
        return b"".join(parts) if len(parts) > 1 else parts[0]
