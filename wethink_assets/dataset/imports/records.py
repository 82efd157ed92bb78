"""Records of data files, one after another: JSON, tables, Arrow and tar shards, in memory that does not grow with the file.

A record that cannot be read is a fault with its row number; the file goes on after it where it can.
"""

import csv
import json
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from wethink_assets.errors import SourceError
from wethink_assets.sources.readers.entries import MAX_FILE_BYTES
from wethink_assets.storage.faults import fault_at

__all__ = ["READABLE", "Faulty", "data_files", "records_of"]

LONGEST_LINE = 256 * 2**20
BLOCK = 2**20
ROWS = 8  # of a parquet file at a time: each may hold an image of megabytes
ARRAYS = ("samples", "data", "annotations", "questions")
"""Names under which a JSON object holds its records."""
BESIDE = frozenset(
    {
        "dataset_info.json",
        "croissant.json",
        "manifest.json",
        "statistics.json",
        "lookup.json",
        "lookup.jsonl",
        "leaves.json",
        "leaves.txt",
        "excluded.parquet",
        "dataset_infos.json",
        "state.json",
        "config.json",
    }
)
"""Files that lie beside data and hold no records."""


@dataclass(frozen=True, slots=True)
class Faulty:
    """A record that cannot be read, and why."""

    detail: str


def data_files(path: Path) -> list[Path]:
    """The data files of a path: itself, or those below a folder, sorted.

    Raises `SourceError` where there is none.
    """
    if path.is_file():
        if path.suffix.lower() not in READABLE:
            raise SourceError(f"{path} cannot be imported: it is none of {', '.join(READABLE)}; unpack archives first")
        return [path]
    if not path.is_dir():
        raise SourceError(f"{path} does not exist: give a data file, or the folder that holds it")
    found = sorted(file for file in path.rglob("*") if file.is_file() and _holds_records(file.relative_to(path)))
    shards = {file for file in found if file.suffix == ".tar"}
    if shards:  # the index of shards says where a row is, not what it asks
        found = [file for file in found if file in shards or not file.name.endswith("-index.jsonl")]
    samples = [file for file in found if file.name == "samples.json"]
    if samples:  # FiftyOne's metadata describes the fields
        found = [file for file in found if file.name != "metadata.json"]
    if not found:
        raise SourceError(f"{path} holds no data file; those that can be imported end in {', '.join(READABLE)}")
    return found


def _holds_records(path: Path) -> bool:
    hidden = any(part.startswith(".") for part in path.parts)
    return not hidden and path.suffix.lower() in READABLE and path.name not in BESIDE


def records_of(path: Path) -> Iterator[tuple[int, dict[str, Any] | Faulty]]:
    """The records of a file with their numbers, from 1 on. Raises `SourceError` naming the file where nothing of it can be read."""
    try:
        yield from READABLE[path.suffix.lower()](path)
    except OSError as error:
        raise SourceError(fault_at(f"{path} cannot be read", error)) from error


def _lines(path: Path) -> Iterator[tuple[int, dict[str, Any] | Faulty]]:
    with path.open("rb") as stream:
        number = 0
        while line := stream.readline(LONGEST_LINE):
            number += 1
            if len(line) == LONGEST_LINE and not line.endswith(b"\n"):
                while rest := stream.readline(BLOCK):
                    if rest.endswith(b"\n"):
                        break
                yield number, Faulty(f"a line of more than {LONGEST_LINE} bytes")
            elif line.strip():
                yield number, _parsed(line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line)


def _parsed(text: bytes) -> dict[str, Any] | Faulty:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        return Faulty(f"no JSON: {error}")
    return _object(value)


def _object(value: Any) -> dict[str, Any] | Faulty:
    return value if isinstance(value, dict) else Faulty(f"a {type(value).__name__} where an object is wanted")


def _json(path: Path) -> Iterator[tuple[int, dict[str, Any] | Faulty]]:
    """Records of a JSON array, or of the array that an object has first under a known name, element by element."""
    with path.open("r", encoding="utf-8-sig", errors="surrogateescape") as stream:
        text = _Text(stream)
        if text.next_char() == "{" and not text.skip_to_array():
            raise SourceError(
                f"{path} holds one object and no list of records; names of such a list are {', '.join(ARRAYS)}"
            )
        if text.next_char() != "[":
            raise SourceError(f"{path} is no list of records: it begins with {text.next_char()!r}")
        text.drop()
        number = 0
        while True:
            number += 1
            while text.next_char() in (",",):
                text.drop()
            if text.next_char() in ("]", ""):
                if not text.next_char():
                    yield number, Faulty("the list has no end: the file was cut off")
                return
            try:
                yield number, _object(text.value())
            except (ValueError, RecursionError) as error:
                yield number, Faulty(f"no JSON from here on: {error}")
                return


class _Text:
    """A text that is read as far as it is needed."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self._held = ""
        self._decoder = json.JSONDecoder()

    def _more(self, size: int = BLOCK) -> bool:
        block = self._stream.read(size)
        self._held += block
        return bool(block)

    def next_char(self) -> str:
        """The next character that is no white space; empty at the end."""
        while True:
            self._held = self._held.lstrip()
            if self._held or not self._more():
                return self._held[:1]

    def drop(self) -> None:
        """Go past the next character."""
        self._held = self._held[1:]

    def value(self) -> Any:
        """The next value. Raises `ValueError` where there is none."""
        while True:
            try:
                value, end = self._decoder.raw_decode(self._held)
            except ValueError:
                # As much again as is held: a long value is read in a few tries.
                if len(self._held) > LONGEST_LINE or not self._more(max(BLOCK, len(self._held))):
                    raise
            else:
                if end == len(self._held) and self._more():  # a number may go on
                    continue
                self._held = self._held[end:]
                return value

    def skip_to_array(self) -> bool:
        """Go to the array that an object has under one of the known names; False where it has none."""
        self.drop()
        while self.next_char() == '"':
            name = self.value()
            if self.next_char() != ":":
                return False
            self.drop()
            if name in ARRAYS and self.next_char() == "[":
                return True
            self.value()
            if self.next_char() == ",":
                self.drop()
        return False


def _parquet(path: Path) -> Iterator[tuple[int, dict[str, Any] | Faulty]]:
    import pyarrow
    import pyarrow.parquet

    number = 0
    try:
        with pyarrow.parquet.ParquetFile(path.absolute(), pre_buffer=False) as file:
            for batch in file.iter_batches(batch_size=ROWS, use_threads=False):
                for record in batch.to_pylist():
                    number += 1
                    yield number, record
    except pyarrow.ArrowException as error:
        if not number:
            raise SourceError(f"{path} is no parquet file that can be read: {str(error).splitlines()[0]}") from error
        yield number + 1, Faulty(f"no rows from here on: {str(error).splitlines()[0]}")


def _arrow(path: Path) -> Iterator[tuple[int, dict[str, Any] | Faulty]]:
    """Rows of a file that `datasets` saved to a disk."""
    import pyarrow

    number = 0
    try:
        with pyarrow.memory_map(str(path.absolute())) as stream, pyarrow.ipc.open_stream(stream) as reader:
            for batch in reader:
                for start in range(0, batch.num_rows, ROWS):
                    for record in batch.slice(start, ROWS).to_pylist():
                        number += 1
                        yield number, record
    except pyarrow.ArrowException as error:
        if not number:
            raise SourceError(f"{path} is no Arrow file that can be read: {str(error).splitlines()[0]}") from error
        yield number + 1, Faulty(f"no rows from here on: {str(error).splitlines()[0]}")


def _table(path: Path) -> Iterator[tuple[int, dict[str, Any] | Faulty]]:
    """Rows of a table with a heading, its cells between commas or tabs; an empty cell is none."""
    csv.field_size_limit(LONGEST_LINE)
    number = 0
    with path.open("r", encoding="utf-8-sig", errors="surrogateescape", newline="") as stream:
        rows = csv.DictReader(stream, delimiter="\t" if path.suffix.lower() == ".tsv" else ",")
        try:
            for row in rows:
                number += 1
                if None in row:
                    yield number, Faulty(f"more cells than the heading's {len(rows.fieldnames or ())}")
                else:
                    yield number, {name: value or None for name, value in row.items()}
        except csv.Error as error:
            yield number + 1, Faulty(f"no rows from here on: {error}")


def _shard(path: Path) -> Iterator[tuple[int, dict[str, Any] | Faulty]]:
    """Samples of a tar file: members that follow each other and share a name up to its first dot. Nothing is unpacked."""
    number, key = 0, None
    parts: dict[str, Any] = {}
    try:
        with tarfile.open(path, "r|") as archive:
            for member in archive:
                if not member.isfile():
                    continue
                folder, _, name = member.name.rpartition("/")
                stem, _, extension = name.partition(".")
                if (folder, stem) != key and parts:
                    number += 1
                    yield number, parts
                    parts = {}
                key = (folder, stem)
                stream = archive.extractfile(member)
                too_large = member.size > MAX_FILE_BYTES or stream is None
                parts[extension.lower()] = b"" if too_large or stream is None else stream.read()
    except tarfile.TarError as error:
        if not (number or parts):
            raise SourceError(f"{path} is no tar file that can be read: {error}") from error
        yield number + 1, Faulty(f"no samples from here on: {error}")
        return
    if parts:
        yield number + 1, parts


READABLE = {
    ".jsonl": _lines,
    ".ndjson": _lines,
    ".json": _json,
    ".csv": _table,
    ".tsv": _table,
    ".parquet": _parquet,
    ".arrow": _arrow,
    ".tar": _shard,
}
"""Readers of data files by the ending of their names."""
