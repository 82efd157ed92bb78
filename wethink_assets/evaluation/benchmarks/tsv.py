"""Reader of VLMEvalKit's TSV files: the text of all rows, and each image only when a call needs it.

VLMEvalKit's files are tab-separated with quoted fields; `image` holds base64, a list of such texts, or the index of another row with the
same image. One pass keeps the text of all rows, the digest of each image and where its row lies in the file; an image is read again
only when a call needs it.
"""

import base64
import binascii
import csv
import hashlib
import io
import json
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path

import polars as pl

from wethink_assets.errors import SourceError
from wethink_assets.identity import sha256_hex
from wethink_assets.models.chat import Image
from wethink_assets.sources.images.formats import format_of
from wethink_assets.sources.images.view import open_image

LONGEST_REFERENCE = 64
"""An `image` field no longer than this names another row (VLMEvalKit's rule)."""
IMAGES = "images"
START = "row_start"
LENGTH = "row_length"
MEDIA = "media"
RESERVED = (IMAGES, START, LENGTH, MEDIA)
MAGIC = ((b"\x89PNG", "image/png"), (b"\xff\xd8", "image/jpeg"), (b"GIF8", "image/gif"), (b"BM", "image/bmp"))
_WHOLE = re.compile(r"(?<=\d)\.0+$")
Held = dict[str, object]
NOTHING: Held = {IMAGES: [], MEDIA: [], START: -1, LENGTH: 0}
csv.field_size_limit(1 << 30)


@lru_cache(maxsize=256)
def _md5(path: str, _stamp: tuple[int, int]) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "md5").hexdigest()


def md5_of(path: Path) -> str:
    """md5 of a file, computed once for an unchanged one."""
    status = path.stat()
    return _md5(str(path), (status.st_size, status.st_mtime_ns))


def records(path: Path) -> Iterator[tuple[int, int, list[str]]]:
    """Start, length in bytes and fields of each record."""
    position = 0

    def lines() -> Iterator[str]:
        nonlocal position
        with path.open("rb") as file:
            for raw in file:
                position += len(raw)
                try:
                    yield raw.decode("utf-8-sig" if position == len(raw) else "utf-8")
                except UnicodeDecodeError as error:
                    raise SourceError(
                        f"{path}: byte {position - len(raw) + error.start} is no text in UTF-8: save the table in UTF-8"
                    ) from error

    start = 0
    for fields in csv.reader(lines(), delimiter="\t"):
        yield start, position - start, fields
        start = position


def media_type(data: bytes) -> str:
    """Media type of an encoded image, by its first bytes; empty of what is no picture."""
    if format_of(data) is None:
        return ""
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    return next((kind for magic, kind in MAGIC if data.startswith(magic)), "image/png")


def encoded(field: str) -> list[str]:
    """The base64 texts of an `image` field."""
    field = field.strip()
    if field.startswith("[") != field.endswith("]"):
        raise ValueError("a list that is not whole")
    if field.startswith("["):
        return [str(part) for part in json.loads(field.replace("'", '"'))]
    return [field] if field else []


def _decoded(text: str) -> bytes:
    _, comma, rest = text.partition("base64,") if text.startswith("data:") else ("", "", text)
    return base64.b64decode(rest if comma else text, validate=False)


def _pictures(field: str, where: str) -> list[bytes]:
    """Bytes of the images of a field. Raises `SourceError` naming `where` for what is no base64."""
    try:
        return [_decoded(text) for text in encoded(field)]
    except ValueError as error:
        raise SourceError(f"{where}: it is neither base64 nor a list of such texts ({error})") from error


def read_tsv(path: Path) -> pl.DataFrame:
    """All rows of a benchmark's file that have an image: its columns as text (null where empty) but `image`, and instead

    `images`, `media` (sha256 and media type of each, empty of no picture), `row_start` and `row_length` (bytes of the row that holds them).

    Raises `SourceError` naming file and row for what is no such table.
    """
    rows: list[dict[str, object]] = []
    held: dict[str, Held] = {}
    try:
        lines = records(path)
        _, _, header = next(lines, (0, 0, []))
        _check_header(path, header)
        for number, (start, length, fields) in enumerate(lines, 2):
            if not fields:
                continue
            if len(fields) != len(header):
                raise SourceError(
                    f"{path}: record {number} has {len(fields)} fields where the header has {len(header)}"
                )
            row: dict[str, object] = {
                name: field or None for name, field in zip(header, fields, strict=True) if name != "image"
            }
            field = fields[header.index("image")] if "image" in header else ""
            if not field and "image" in header:
                continue  # as VLMEvalKit does: HallusionBench has questions without a figure, which its boards leave out
            if not field or len(field) <= LONGEST_REFERENCE:
                rows.append({**row, IMAGES: field or None})
                continue
            images = _pictures(field, f"{path}: record {number}, index {row['index']!r}, column image")
            digests, media = [sha256_hex(data) for data in images], [media_type(data) for data in images]
            held[str(row["index"])] = {IMAGES: digests, MEDIA: media, START: start, LENGTH: length}
            rows.append({**row, IMAGES: None, "_own": True})
    except (OSError, csv.Error, ValueError) as error:
        raise SourceError(f"{path} is not a benchmark table: {error}") from error
    if not rows:
        raise SourceError(f"{path} has no row with an image: there is nothing to ask")
    return _table(path, header, rows, held)


def _check_header(path: Path, header: list[str]) -> None:
    missing = [name for name in ("index", "question") if name not in header]
    if missing or len(set(header)) < len(header) or set(header) & set(RESERVED):
        fault = (
            f"has no column {missing[0]!r}"
            if missing
            else "has a column twice, or one named images, row_start or row_length"
        )
        raise SourceError(f"{path} {fault}: a benchmark in VLMEvalKit's form has index, image, question, answer")


def _table(path: Path, header: list[str], rows: list[dict[str, object]], held: dict[str, Held]) -> pl.DataFrame:
    seen: set[str] = set()
    for row in rows:
        index = str(row["index"])
        read = _WHOLE.sub("", index.strip())  # as pandas, by which VLMEvalKit reads it, takes 1 and 1.0 for one number
        if not read or row["index"] is None or read in seen:
            raise SourceError(f"{path}: index {index!r} is empty or there twice: every row needs one of its own")
        seen.add(read)
        source = index if row.pop("_own", False) else row[IMAGES]
        if source is not None and str(source) not in held:
            raise SourceError(f"{path}: row {index!r} takes its image from row {source!r}, which has none")
        row |= NOTHING if source is None else held[str(source)]
    columns: dict[str, pl.DataType] = {name: pl.String() for name in header if name != "image"}
    schema: dict[str, pl.DataType] = {
        **columns,
        IMAGES: pl.List(pl.String()),
        MEDIA: pl.List(pl.String()),
        START: pl.Int64(),
        LENGTH: pl.Int64(),
    }
    return pl.DataFrame(rows, schema=schema, orient="row")


def images_of(path: Path, row: Mapping[str, object]) -> tuple[Image, ...]:
    """The images of a row as a call takes them; the file is read only when their bytes are asked for.

    Without an `image` column they are the files that `image_path` names, beside the table or below `images/<its name>`.
    """
    digests, media = row[IMAGES], row[MEDIA]
    assert isinstance(digests, list) and isinstance(media, list)
    if digests:
        start, length = int(str(row[START])), int(str(row[LENGTH]))
        return tuple(
            Image(digest, kind, lambda number=number: image_bytes(path, start, length)[number])  # type: ignore[misc]
            for number, (digest, kind) in enumerate(zip(digests, media, strict=True))
        )
    files = [(file, file.read_bytes()) for file in _files(path, row)]
    return tuple(Image(sha256_hex(data), media_type(data), file.read_bytes) for file, data in files)


def damaged_picture(path: Path, rows: pl.DataFrame) -> str:
    """The first row with a picture whose structure shows that it is cut off or damaged, or whose file is missing; empty where there is none.

    Nothing is decoded: a second pass over the file at the speed of reading it.
    """
    seen: set[str] = set()
    for row in rows.iter_rows(named=True):
        try:
            pictures = images_of(path, row)
        except SourceError as error:
            return str(error).removeprefix(f"{path}: ")
        column = "image" if row[IMAGES] else "image_path"
        if not pictures:
            return f"row {row['index']!r}, column {column}: it names no picture"
        for picture in pictures:
            if picture.sha256 in seen:
                continue
            seen.add(picture.sha256)
            if fault := _damage_of(picture.read()):
                return f"row {row['index']!r}, column {column}: {fault}"
    return ""


def _damage_of(data: bytes) -> str:
    known = format_of(data)
    if known is None:
        return "its bytes are no picture"
    try:
        open_image(data)
        damage = known.damage(data)
    except Exception as error:  # readers of headers raise a dozen types on bad input
        return f"its {known.name} cannot be read: {str(error).splitlines()[0][:200] if str(error) else type(error).__name__}"
    return f"its {known.name} is {damage[0]}: {damage[1]}" if damage else ""


def _files(path: Path, row: Mapping[str, object]) -> Iterator[Path]:
    names = row.get("image_path")
    if not names:
        return
    for name in encoded(str(names)):
        candidates = (path.parent / name, path.parent / "images" / path.stem / name)
        file = next((candidate for candidate in candidates if candidate.is_file()), None)
        if file is None:
            raise SourceError(
                f"{path}: image {name} of row {row['index']!r} is neither at {candidates[0]} nor at {candidates[1]}"
            )
        yield file


def image_bytes(path: Path, start: int, length: int) -> list[bytes]:
    """Bytes of the images in the row at `start`. Raises `SourceError` when the file is no longer what it was."""
    try:
        with path.open("rb") as file:
            header = next(csv.reader([file.readline().decode("utf-8-sig")], delimiter="\t"))
            file.seek(start)
            text = file.read(length).decode("utf-8")
        fields = next(csv.reader(io.StringIO(text, newline="\n"), delimiter="\t"))
        return [_decoded(part) for part in encoded(fields[header.index("image")])]
    except (OSError, ValueError, StopIteration, IndexError, binascii.Error, csv.Error) as error:
        raise SourceError(f"{path} cannot be read at byte {start}: {error}; it changed since it was listed") from error
