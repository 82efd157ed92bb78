"""References of metadata to images: JSON lines, JSON and CSV beside the images of a folder, as `imagefolder`, LLaVA, ShareGPT and ms-swift have them.

The images of a folder are taken whether metadata names them or not, each once; metadata itself is ignored as text. But what it refers to must be
there: in a file of the source, or in a member of one of its archives, at the path from the metadata's folder or at the end of some path. A reference
to nothing, or out of the source, is refused by name, and so is a column of addresses or of base64, once for the column.
"""

import codecs
import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from posixpath import normpath
from typing import Any, NamedTuple

from wethink_assets.errors import SourceChanged, SourceError, StoreError
from wethink_assets.identity import digest_of
from wethink_assets.sources.locations import FileInfo, Location
from wethink_assets.sources.readers.entries import Refusal, printable
from wethink_assets.sources.readers.split_archive import ArchiveStream
from wethink_assets.sources.readers.tables.image_columns import ADDRESS, is_base64
from wethink_assets.storage.faults import optional_write
from wethink_assets.storage.store import Store

__all__ = ["MOST_IN_A_FOLDER", "may_be_metadata", "metadata_among", "unmet_references"]

VERSION = 1
KEYS = re.compile(
    r"(?:.+_)?file_?names?|(?:image|img|picture|photo)s?(?:_(?:path|file|url)s?)?|image_url", re.IGNORECASE
)
WITHIN = ("path", "url", "bytes")
"""Keys of an object that stands for an image."""
SUFFIX = re.compile(r"\.[A-Za-z0-9]{2,5}$")
ENDINGS = ("jsonl", "ndjson", "json", "csv", "tsv")
BLOCK = 2**20
LONGEST_RECORD = 2**26
DEEPEST = 12
MOST_IN_A_FOLDER = 50
_NEXT = re.compile(r"[,\s]*")


class Reference(NamedTuple):
    """What a record refers to: the first of the records that do, by number from 0 on, the name of its column, and the text."""

    row: int
    column: str
    text: str


def may_be_metadata(path: str) -> bool:
    """Whether a file is metadata by its ending."""
    return path.lower().rpartition(".")[2] in ENDINGS


def metadata_among(files: Iterable[FileInfo]) -> list[FileInfo]:
    """Files that may be metadata, by their endings; none of a folder with more than `MOST_IN_A_FOLDER`, which stand beside one image each."""
    by_folder: dict[str, list[FileInfo]] = {}
    for file in files:
        if may_be_metadata(file.path):
            by_folder.setdefault(file.path.rpartition("/")[0], []).append(file)
    return [file for beside in by_folder.values() if len(beside) <= MOST_IN_A_FOLDER for file in beside]


def unmet_references(
    store: Store, location: Location, files: Sequence[FileInfo], names: Iterable[str]
) -> list[Refusal]:
    """References of metadata `files` that none of the names in the source meets; each text once a file."""
    by_file = [(file, _references(store, location, file)) for file in files]
    wanted = {
        _as_path(ref.text).rpartition("/")[2] for _, refs in by_file if not isinstance(refs, Refusal) for ref in refs
    }
    there: dict[str, list[str]] = {}
    if wanted:
        for name in names:
            if (last := name.rpartition("/")[2]) in wanted:
                there.setdefault(last, []).append(f"/{name}")
    refusals: list[Refusal] = []
    for file, refs in by_file:
        if isinstance(refs, Refusal):
            refusals.append(refs)
        else:
            refusals += (refusal for ref in refs if (refusal := _unmet(file.path, ref, there)))
    return refusals


def _as_path(text: str) -> str:
    return text.replace("\\", "/")


def _unmet(path: str, ref: Reference, there: Mapping[str, list[str]]) -> Refusal | None:
    row = f"{printable(path)}::{ref.row:08d}/{printable(ref.column)}"
    if is_base64(ref.text):
        detail = f"{ref.column} holds images in base64, which are not read: write them as files"
        return Refusal(f"{printable(path)}::{printable(ref.column)}", "base64", detail)
    if ADDRESS.match(ref.text):
        detail = f"{ref.column} holds addresses: fetch the images, and put them beside"
        return Refusal(f"{printable(path)}::{printable(ref.column)}", "address", detail)
    text = _as_path(ref.text)
    inside = normpath(f"{path.rpartition('/')[0]}/{text}".lstrip("/")) if not text.startswith("/") else text
    shown = printable(ref.text)[:300]
    if inside.startswith(("/", "..")) or re.match(r"[A-Za-z]:/", text):
        return Refusal(row, "unsafe_path", f"{shown!r} leads out of the source")
    ending = f"/{normpath(text)}"
    found = there.get(text.rpartition("/")[2], ())
    if any(name == f"/{inside}" or name.endswith(ending) for name in found):
        return None
    return Refusal(row, "missing_file", f"{shown!r} is not in the source")


def _references(store: Store, location: Location, file: FileInfo) -> list[Reference] | Refusal:
    """References of a file, each text once: from the store where it was read before, else read now."""
    kept = f"indexes/{digest_of(['references', VERSION, location.url, *file])}.json"
    if (data := store.read_if_present(kept)) is not None:
        return [Reference(*each) for each in json.loads(data)]
    try:
        with ArchiveStream(location, [file]) as stream:
            references = list(_unique(_records(stream, file.path)))
    except SourceChanged as error:
        return Refusal(printable(file.path), "changed_while_listed", str(error))
    except (SourceError, StoreError):
        raise
    except Exception as error:
        detail = f"its references cannot be read: {next(iter(str(error).splitlines()), type(error).__name__)}"
        return Refusal(printable(file.path), "unreadable", printable(detail)[:300])
    with optional_write():
        store.create(kept, json.dumps(references).encode())
    return references


def _unique(records: Iterator[Any]) -> Iterator[Reference]:
    seen: set[str] = set()
    for row, record in enumerate(records):
        if not isinstance(record, Mapping):
            continue
        for column, text in _texts(record, "", 0):
            # One of a column says what all of it are.
            key = f"{column}\0base64" if is_base64(text) else f"{column}\0address" if ADDRESS.match(text) else text
            if key not in seen:
                seen.add(key)
                yield Reference(row, column, text if len(text) <= 4096 else text[:128])


def _texts(value: Any, column: str, depth: int) -> Iterator[tuple[str, str]]:
    """Columns of a record that refer to images, at any depth, with each text in them."""
    if depth > DEEPEST:
        return
    if isinstance(value, Mapping):
        for key, inner in value.items():
            name = f"{column}.{key}" if column else str(key)
            if KEYS.fullmatch(str(key)):
                yield from _referring(inner, name, always="file" in str(key).lower() and "name" in str(key).lower())
            if isinstance(inner, (Mapping, list)):
                yield from _texts(inner, name, depth + 1)
    elif isinstance(value, list):
        for inner in value:
            if isinstance(inner, (Mapping, list)):
                yield from _texts(inner, column, depth + 1)


def _referring(value: Any, column: str, always: bool) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        text = value.strip()
        if text and (always or is_base64(text) or ADDRESS.match(text) or (SUFFIX.search(text) and "\n" not in text)):
            yield column, text
    elif isinstance(value, list):
        for inner in value:
            yield from _referring(inner, column, always)
    elif isinstance(value, Mapping):
        for key in WITHIN:
            if isinstance(value.get(key), str):
                yield from _referring(value[key], column, always)


def _records(stream: io.BufferedReader, path: str) -> Iterator[Any]:
    ending = path.lower().rpartition(".")[2]
    if ending in ("csv", "tsv"):
        text = io.TextIOWrapper(stream, encoding="utf-8-sig", errors="replace", newline="")
        yield from csv.DictReader(text, delimiter="\t" if ending == "tsv" else ",")
        text.detach()
    elif ending == "json":
        yield from _elements(stream)
    else:
        for number, line in enumerate(iter(lambda: stream.readline(LONGEST_RECORD), b"")):
            text_of_line = line.decode("utf-8-sig" if number == 0 else "utf-8", "replace").strip()
            if text_of_line:
                try:
                    yield json.loads(text_of_line)
                except (ValueError, RecursionError):
                    yield None  # its number counts


def _elements(stream: io.BufferedReader) -> Iterator[Any]:
    """Elements of a JSON array, one in memory at a time; an object that is not large, or the lines that are called JSON, too."""
    first = stream.read(BLOCK)
    decode = codecs.getincrementaldecoder("utf-8")("replace").decode
    text = decode(first).removeprefix("\ufeff").lstrip()
    if text.startswith("{"):
        yield from _objects(stream, text if len(first) < BLOCK else "")
        return
    if not text.startswith("["):
        return
    decoder, ended, at, enough = json.JSONDecoder(), False, 1, 0
    while True:
        at = _NEXT.match(text, at).end()  # type: ignore[union-attr] # it matches nothing, too
        if text.startswith("]", at):
            return
        if ended or len(text) - at >= enough:
            try:
                value, at = decoder.raw_decode(text, at)
            except ValueError:
                if ended or len(text) - at > LONGEST_RECORD:
                    raise
                enough = 2 * (len(text) - at)  # so that a long element is not tried again for each block
            else:
                yield value
                enough = 0
                continue
        block = stream.read(BLOCK)
        ended = not block
        text, at = text[at:] + decode(block, ended), 0


def _objects(stream: io.BufferedReader, whole: str) -> Iterator[Any]:
    try:
        yield json.loads(whole)
    except ValueError:
        stream.seek(0)
        line = stream.readline(BLOCK)
        if line.rstrip().endswith(b"}"):
            stream.seek(0)
            yield from _records(stream, ".jsonl")
