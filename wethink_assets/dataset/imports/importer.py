"""Import of data files into batches of an imported source: row by row, each a pair that the rules let pass or a rejection with a reason.

Pairs are known by what they consist of: a file that is imported twice adds nothing, one that has grown adds its new rows, an import that was killed
resumes: its finished batches are there, and the rows after them come next, in the same batches. Images that decode are kept as blobs.
"""

from collections import Counter
from pathlib import Path

import polars as pl
from pydantic import BaseModel

from wethink_assets.config import Settings
from wethink_assets.config.data import source_name
from wethink_assets.dataset.imports.batches import ImportBatches
from wethink_assets.dataset.imports.file_import import REJECTED, FileImport, ImportOptions, ImportWork, Progress
from wethink_assets.dataset.imports.records import data_files
from wethink_assets.errors import ConfigError, SourceError
from wethink_assets.sources.catalog import sources_of
from wethink_assets.sources.imported_pairs import FOLDER, ImportedSource, create_imported_source
from wethink_assets.storage.lease import leased
from wethink_assets.storage.store import Store
from wethink_assets.storage.takedowns import takedowns_of

__all__ = ["ImportOptions", "Imported", "import_rows", "rejections_of"]


class Imported(BaseModel):
    """Outcome of an import: counts over its files, and the batches that it made. Rows are imported, known, or rejected."""

    source: str
    files: list[FileImport]
    batches: list[str]
    rows: int
    imported: int
    known: int
    rejected: dict[str, int]
    mended: dict[str, int]
    images: int
    bytes: int


def import_rows(
    store: Store, settings: Settings, path: Path, source: str, options: ImportOptions, progress: Progress | None = None
) -> Imported:
    """Import a data file, or those of a folder, into a source; calls no model.

    Args:
        source: name of the imported source; that of a source with images of its own is refused.
        progress: called with the name of a file and its rows done.

    Raises `SourceError` for files that cannot be read at all and for a format that is not recognised, `ConfigError` for options that cannot be.
    """
    options.check()
    name = _free_name(settings, source)
    files = data_files(path)
    taken_down = takedowns_of(store)
    if name in taken_down.sources:
        raise SourceError(f"source {name} was taken down: nothing is imported into it")
    licence = options.licence or "unknown"
    with leased(store, f"{FOLDER}/{name}/lease"):
        known_as = ImportedSource(name=name, title=options.title or name, licence=licence, homepage=options.homepage)
        described = create_imported_source(store, known_as)
        if options.licence and described.licence != options.licence:
            raise ConfigError(
                f"source {name} was imported under the licence {described.licence!r}, not {options.licence!r}: give this file's rows another source"
            )
        batches = ImportBatches(store, name, options.batch_size or settings.pipeline.batch_size)
        work = ImportWork(store, described, options, batches, path if path.is_dir() else path.parent)
        done = [work.file(file, progress or _unseen) for file in files]
    sums = Counter[str]()
    mended = Counter[str]()
    for one in done:
        sums.update(one.rejected)
        mended.update(one.mended)
    return Imported(
        source=name,
        files=done,
        batches=batches.made,
        rows=sum(one.rows for one in done),
        imported=sum(one.imported for one in done),
        known=sum(one.known for one in done),
        rejected=dict(sums.most_common()),
        mended=dict(mended.most_common()),
        images=batches.images,
        bytes=batches.bytes,
    )


def rejections_of(store: Store, source: str) -> pl.DataFrame:
    """Rejections of all imports into a source (schema `REJECTED`), by file and row."""
    folder = f"{FOLDER}/{source}/rejections"
    frames = [store.read_parquet(path) for path in store.files(folder)]
    # A file that has grown since has its earlier rows again.
    return pl.concat([REJECTED.to_frame(), *frames]).unique().sort("file", "row", "reason", "detail")


def _free_name(settings: Settings, name: str) -> str:
    try:
        source_name(name)
    except ValueError as error:
        raise ConfigError(f"source {name!r}: {error}") from error
    if name in sources_of(settings):
        raise ConfigError(
            f"source {name!r} has images of its own: give imported rows a name that is none of {', '.join(sources_of(settings))}"
        )
    return name


def _unseen(file: str, rows: int) -> None:
    """Where nobody looks on."""
