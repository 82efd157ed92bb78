"""Import of one data file: its records one by one, each a pair in a batch, one that the source has, or a rejection with a reason."""

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any, get_args

import polars as pl
from pydantic import BaseModel, ConfigDict

from wethink_assets.dataset.imports.batches import ImportBatches, KeptImage
from wethink_assets.dataset.imports.format import FIELDS, Fields, ImportFormat, Record, format_of, is_image
from wethink_assets.dataset.imports.images import ImageFiles, encoded_image
from wethink_assets.dataset.imports.pairs import Pair, pair_of
from wethink_assets.dataset.imports.records import Faulty, records_of
from wethink_assets.dataset.imports.texts import plain_value
from wethink_assets.errors import ConfigError, SourceError, UnknownName
from wethink_assets.extensions.builtin import IMPORTS
from wethink_assets.identity import canonical_json, digest_of, sha256_hex
from wethink_assets.sources.images.decoding import ImageFault, examine
from wethink_assets.sources.imported_pairs import FOLDER, ImportedSource, Missing
from wethink_assets.stages.schemas import SCHEMA_VERSION
from wethink_assets.storage.blobs import Blobs
from wethink_assets.storage.faults import fault_at
from wethink_assets.storage.records import read_record, replace_record
from wethink_assets.storage.store import Store
from wethink_assets.storage.takedowns import takedowns_of
from wethink_assets.synthesis.calls.collector import Rejected
from wethink_assets.synthesis.calls.replies import whole_text

__all__ = ["IMPORTER", "REJECTED", "FileImport", "ImportOptions", "ImportWork", "Progress"]

IMPORTER = "wethink import 1"
"""Name and version of what makes pairs of records: raised where the same record would become another pair."""
REJECTED = pl.Schema(
    {"file": pl.String(), "row": pl.Int64(), "sha256": pl.String(), "reason": pl.String(), "detail": pl.String()}
)
PART = 20_000  # rejections in a file
EXAMINED = 512  # images whose outcome is remembered: rows about one image follow each other
SHOWN_EVERY = 64
Progress = Callable[[str, int], None]
"""Called with the name of a file and the rows of it that are done."""


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """How files are read, and what is known of where they come from.

    form: name of a format; empty: each file's own, by its first row. columns: the file's names of fields. images: folder that images are named
    below, beside the file's own. missing: what becomes of what a pair lacks. title, licence, homepage: of the source. batch_size: images in a
    batch, at most; 0: that of `[pipeline]`.
    """

    form: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)
    images: Path | None = None
    missing: Missing = "synthesize"
    title: str = ""
    licence: str = ""
    homepage: str = ""
    batch_size: int = 0

    def check(self) -> None:
        """Raise `ConfigError` for what cannot be: an unknown format, field, folder or choice."""
        if self.form:
            IMPORTS[self.form]
        unknown = sorted(set(self.columns) - set(FIELDS))
        if unknown:
            raise UnknownName(f"unknown field {unknown[0]!r} of a row; known: {', '.join(FIELDS)}")
        if self.missing not in get_args(Missing):
            raise UnknownName(
                f"unknown choice {self.missing!r} of what becomes of what is missing; known: {', '.join(get_args(Missing))}"
            )
        if self.images is not None and not self.images.is_dir():
            raise ConfigError(f"{self.images} is no folder: images must be unpacked there")


class FileImport(BaseModel):
    """What was made of a file.

    rows: pairs that it holds; imported: of them, put into batches by this import; known: those that the source had; rejected: by reason;
    mended: wrappers that were taken off names of images, by what they were; bytes: of the file.
    """

    model_config = ConfigDict(frozen=True)

    file: str
    sha256: str
    bytes: int
    format: str
    options: str
    rows: int
    imported: int
    known: int
    rejected: dict[str, int]
    mended: dict[str, int] = {}
    importer: str = IMPORTER
    finished: datetime


class ImportWork:
    """An import at work, file by file."""

    def __init__(
        self, store: Store, source: ImportedSource, options: ImportOptions, batches: ImportBatches, folder: Path
    ) -> None:
        self._store, self._source, self._options, self._batches, self._folder = store, source, options, batches, folder
        self._blobs = Blobs(store)
        self._taken_down = takedowns_of(store)
        self._images: dict[str, KeptImage | ImageFault] = {}
        chosen = {
            "form": options.form,
            "columns": dict(options.columns),
            "missing": options.missing,
            "images": str(options.images or ""),
        }
        self._digest = digest_of(chosen)[:16]

    def file(self, path: Path, progress: Progress) -> FileImport:
        """Import one file; one that was imported whole, with nothing rejected, is not read again."""
        sha256 = _file_digest(path)
        record = f"{FOLDER}/{self._source.name}/files/{sha256[:32]}-{self._digest}.json"
        before = read_record(self._store, record, FileImport)
        if before is not None and not before.rejected and before.importer == IMPORTER:
            progress(before.file, before.rows)
            return before.model_copy(update={"imported": 0, "known": before.rows})
        name = path.relative_to(self._folder).as_posix()
        work = FileWork(self, name, path, f"{sha256[:32]}-{self._digest}")
        work.run(progress)
        self._batches.flush()
        done = FileImport(
            file=name,
            sha256=sha256,
            bytes=path.stat().st_size,
            format=work.form,
            options=self._digest,
            rows=work.imported + work.known + work.rejected.total(),
            imported=work.imported,
            known=work.known,
            rejected=dict(work.rejected.most_common()),
            mended=dict(work.mended.most_common()),
            finished=datetime.now(UTC),
        )
        replace_record(self._store, record, done)
        return done

    def image(self, data: bytes) -> KeptImage:
        """An image by its bytes, kept. Raises `Rejected` with the code of `examine`, or `retracted`."""
        sha256 = sha256_hex(data)
        known = self._images.get(sha256)
        if known is None:
            if len(self._images) >= EXAMINED:
                self._images.clear()
            known = self._images[sha256] = self._examined(data, sha256)
        if isinstance(known, ImageFault):
            raise Rejected(known.reason, known.detail)
        return known

    def _examined(self, data: bytes, sha256: str) -> KeptImage | ImageFault:
        if sha256 in self._taken_down.images:
            return ImageFault("retracted", f"sha256 {sha256} was taken down")
        facts = examine(data)
        if isinstance(facts, ImageFault):
            return facts
        return KeptImage(sha256, self._blobs.put(data, facts.extension, sha256), len(data))

    def require_allowed(self, fields: Fields) -> tuple[str, str]:
        """Licence and source that a row names, its own source's where it names none. Raises `Rejected` (`retracted`)."""
        licence = str(fields.get("licence") or "").strip() or self._source.licence
        origin = str(fields.get("source") or "").strip()
        if origin in self._taken_down.sources or licence in self._taken_down.licences:
            raise Rejected("retracted", f"source {origin or self._source.name} or licence {licence} was taken down")
        return licence, origin

    @property
    def options(self) -> ImportOptions:
        """As it was asked for."""
        return self._options

    def forget_rejections(self, name: str) -> None:
        """Delete those of an earlier import of the file, which is read again."""
        self._store.delete(f"{FOLDER}/{self._source.name}/rejections/{name}")

    def keep_rejections(self, name: str, number: int, rows: Sequence[Mapping[str, Any]]) -> None:
        """Keep some rejections of a file."""
        path = f"{FOLDER}/{self._source.name}/rejections/{name}/{number:06d}.parquet"
        self._store.write_parquet(path, pl.DataFrame(list(rows), schema=REJECTED))

    def add(self, pair: Pair, about: Mapping[str, Any], image: KeptImage) -> bool:
        """Put a pair into a batch; False for one that the source has."""
        return self._batches.add(pair, about, image)


class FileWork:
    """One file at work: its rows counted by what became of them."""

    def __init__(self, work: ImportWork, name: str, path: Path, digest: str) -> None:
        self._work, self._name, self._path, self._digest = work, name, path, digest
        self._files = ImageFiles([path.parent, *([work.options.images] if work.options.images else [])])
        self._parts = count()
        self._refused: list[dict[str, Any]] = []
        self.form = work.options.form
        self.imported = self.known = 0
        self.rejected: Counter[str] = Counter()
        self.mended: Counter[str] = Counter()

    def run(self, progress: Progress) -> None:
        """Go through the rows."""
        self._work.forget_rejections(self._digest)
        number = 0
        for number, record in records_of(self._path):
            self._row(number, record)
            if number % SHOWN_EVERY == 0:
                progress(self._name, number)
        if self._refused:
            self._keep()
        progress(self._name, number)

    def _row(self, number: int, record: Record | Faulty) -> None:
        if isinstance(record, Faulty):
            self._reject(number, "", Rejected("malformed_row", record.detail))
            return
        given, sha256 = _as_given(record)
        try:
            pairs = list(self._form(record).fields(self._renamed(record)))
            if not pairs:
                raise Rejected("no_question", "the row holds no question with an answer")
        except Rejected as fate:
            self._reject(number, sha256, fate)
            return
        except (ValueError, TypeError, AttributeError, KeyError, IndexError) as error:
            self._reject(number, sha256, Rejected("malformed_row", f"{type(error).__name__}: {error}"))
            return
        for fields in pairs:
            try:
                self._pair(number, fields, given, sha256)
            except Rejected as fate:
                self._reject(number, sha256, fate)
            except (ValueError, TypeError, AttributeError, KeyError, IndexError) as error:
                self._reject(number, sha256, Rejected("malformed_row", f"{type(error).__name__}: {error}"))

    def _pair(self, number: int, fields: Fields, given: str, sha256: str) -> None:
        licence, origin = self._work.require_allowed(fields)
        read = self._files.read(fields.get("image"))
        image = self._work.image(read.data)
        pair = pair_of(fields, image.image_id)
        about = {
            "item": read.name or f"{self._name}::{number:08d}",
            "missing": self._work.options.missing,
            "licence": licence,
            "origin": origin,
            "file": self._name,
            "row": number,
            "sha256": sha256,
            "format": self.form,
            "importer": IMPORTER,
            "given": given,
            "schema_version": SCHEMA_VERSION,
        }
        if self._work.add(pair, about, image):
            self.imported += 1
        else:
            self.known += 1
        self.mended.update(read.mended)

    def _form(self, record: Record) -> ImportFormat:
        if not self.form:
            self.form = format_of(self._renamed(record))
            if not self.form:
                columns = ", ".join(list(record)[:20])
                raise SourceError(
                    f"{self._path}: the format of its rows is not recognised ({columns}); name it with --from ({', '.join(IMPORTS)}), "
                    "and columns that have other names with --column question=NAME"
                )
        return IMPORTS[self.form]

    def _renamed(self, record: Record) -> Record:
        """The record with the columns that were named for fields. Raises `SourceError` for a column that it does not have."""
        columns = self._work.options.columns
        if not columns:
            return record
        absent = [column for column in columns.values() if column not in record]
        if absent and not self.form:
            raise SourceError(f"{self._path} has no column {absent[0]!r}; it has {', '.join(list(record)[:30])}")
        return {**record, **{name: record.get(column) for name, column in columns.items()}}

    def _reject(self, number: int, sha256: str, fate: Rejected) -> None:
        self.rejected[fate.reason] += 1
        detail = whole_text(fate.detail)[:500]
        self._refused.append(
            {"file": self._name, "row": number, "sha256": sha256, "reason": fate.reason, "detail": detail}
        )
        if len(self._refused) >= PART:
            self._keep()

    def _keep(self) -> None:
        self._work.keep_rejections(self._digest, next(self._parts), self._refused)
        self._refused = []


def _as_given(record: Record) -> tuple[str, str]:
    """A record as JSON text with images by their sha256, and the sha256 of that."""
    named = {name: _named(value) for name, value in record.items()}
    text = canonical_json(plain_value(named)).decode("ascii")
    return text, sha256_hex(text.encode())


def _named(value: Any) -> Any:
    if isinstance(value, bytes):
        return {"sha256": sha256_hex(value)}
    if isinstance(value, str) and (encoded := encoded_image(value)) is not None:
        return {"sha256": sha256_hex(encoded)}
    if isinstance(value, list):
        return [_named(part) for part in value]
    if is_image(value) and isinstance(value["bytes"], bytes):
        return {**value, "bytes": {"sha256": sha256_hex(value["bytes"])}}
    return value


def _file_digest(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise SourceError(fault_at(f"{path} cannot be read", error)) from error
