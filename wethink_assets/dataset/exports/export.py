"""Export of a version into a local folder, in one of the registered formats (`wethink_assets.extensions.builtin.EXPORTS`).

A format says what it writes and has one function, which is given the version as it may be shown today. What every export carries beside the
format's files is written here: `manifest.json` of the version, `croissant.json`, the card `README.md`, and `SHA256SUMS` over all of them. The
folder is made beside its place and renamed, so that it is complete or absent. What versions themselves consist of in the store is none of a
format's business: see `wethink_assets.dataset.versions.build`.
"""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import polars as pl

from wethink_assets.dataset.exports.checksums import sums_of, write_sums
from wethink_assets.dataset.exports.contents import Contents, contents_of
from wethink_assets.dataset.exports.croissant import CROISSANT, write_croissant
from wethink_assets.dataset.exports.export_card import CARD, write_export_card
from wethink_assets.dataset.exports.files import Layout
from wethink_assets.dataset.exports.pictures import ORIGINAL_SIZE, ImageMode, ImageOptions, Picture, with_pictures
from wethink_assets.dataset.takedown.takedown import takedowns_of
from wethink_assets.dataset.versions.card import card_of
from wethink_assets.dataset.versions.files import scan_file
from wethink_assets.dataset.versions.manifest import MANIFEST, read_manifest, version_folder
from wethink_assets.dataset.versions.rows import scan_rows
from wethink_assets.errors import ConfigError, VersionError
from wethink_assets.extensions.builtin import EXPORTS
from wethink_assets.stages.schemas import with_latitude
from wethink_assets.storage.faults import fault_at
from wethink_assets.storage.local_files import remove_abandoned, temporary_name
from wethink_assets.storage.store import Store
from wethink_assets.storage.takedowns import Takedowns

__all__ = ["Export", "ExportFormat", "ShownVersion", "export_formats", "export_version", "make_unfinished_folder"]

DEFAULT = "huggingface"
SLICE = 20_000
PICTURED_SLICE = 1_000
"""Rows whose texts are in memory while their images are written."""


@dataclass(frozen=True, slots=True)
class ShownVersion:
    """A version as it may be shown today: without what was taken down since it was built.

    rows: schema `dataset.versions.rows.rows_schema`, sorted by row_id (of a version that was cut before answers had types, with columns that
    allow nothing); excluded: schema `EXCLUDED`, rows that were left out and why; card: Markdown; store: which has the images; images: how they
    are asked for, with their `mode` where an export is written.
    """

    name: str
    rows: pl.LazyFrame
    excluded: pl.LazyFrame
    card: str
    store: Store | None = None
    images: ImageOptions = ORIGINAL_SIZE

    def slices(self, size: int = SLICE) -> Iterator[pl.DataFrame]:
        """All rows in order, in frames of about `size` rows, of which a few are in memory at once."""
        yield from self.rows.collect_batches(chunk_size=size, maintain_order=True)

    def pictured(self) -> Iterator[tuple[dict[str, Any], Picture]]:
        """All rows in order, each with its image as it is to be exported; a few images are in memory at once."""
        if self.store is None:
            raise VersionError(f"{self.name} is shown without its store, which has the images")
        rows = (row for part in self.slices(PICTURED_SLICE) for row in part.iter_rows(named=True))
        yield from with_pictures(self.store, rows, self.images)


@dataclass(frozen=True, slots=True)
class ExportFormat:
    """A form in which others read a version.

    Args:
        title: what it is, for people.
        files: names of files that `write` makes in the folder, whatever the version holds.
        write: writes a version into an empty folder. Deterministic; it goes through the rows slice by slice, since they may be millions. The
            `Layout` that it returns makes croissant.json and the front matter of the card say where rows, images and splits are; without one
            they name the files alone.
        images: forms in which images may go along, its own choice first; empty where it writes none.
        reading: Markdown for the card: how the reader is given the folder, which is called FOLDER.
    """

    title: str
    files: tuple[str, ...]
    write: Callable[[ShownVersion, Path], Layout | None]
    images: tuple[ImageMode, ...] = ()
    reading: str = ""


@dataclass(frozen=True, slots=True)
class Export:
    """What was written: rows, images, and rows left out because they were taken down since the version was built."""

    version: str
    folder: str
    rows: int
    images: int
    retracted: int


def export_formats() -> dict[str, ExportFormat]:
    """All formats by name, those of plugins included."""
    return dict(EXPORTS)


def export_version(
    store: Store, version: str, folder: Path, form: str = DEFAULT, images: ImageOptions = ORIGINAL_SIZE
) -> Export:
    """Write a version into a local folder, as it may be shown today.

    The version in the store is not edited; the copy lacks what was taken down. The folder is there when all of it is.

    Args:
        form: name of the format; the default is a folder for the Hugging Face hub.
        images: as files or in the rows, as the format's own choice is where this does not say; and how large at most.

    Raises `UnknownName` when there is no such format, `VersionError` when there is no such version, or the folder is not empty or cannot be
    made, and `ConfigError` when a format did not write what it names, or cannot write images in the wanted form.
    """
    chosen = EXPORTS[form]
    options = replace(images, mode=_mode(form, chosen, images))
    manifest = read_manifest(store, version)
    version = manifest.version
    covered = takedowns_of(store)
    shown = ShownVersion(
        version,
        with_latitude(_shown(scan_rows(store, version), covered)),
        _shown(scan_file(store, manifest, "excluded.parquet"), covered),
        card_of(store, version),
        store,
        options,
    )
    contents = contents_of(shown.rows, manifest)
    if not contents.rows:
        raise VersionError(f"all {manifest.rows} rows of {version} were taken down: there is nothing to export")
    unfinished = make_unfinished_folder(folder)
    try:
        layout = chosen.write(shown, unfinished)
        absent = [name for name in chosen.files if not (unfinished / name).exists()]
        if absent:
            raise ConfigError(f"export format {form!r} did not write {', '.join(absent)} into {folder}, which it names")
        _add_proof(store, form, chosen, unfinished, layout, contents)
        unfinished.chmod(0o755)
        unfinished.rename(folder)
    except OSError as error:
        raise VersionError(fault_at(f"{folder} cannot be written", error)) from error
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return Export(version, str(folder), contents.rows, contents.images, contents.taken_down)


def _mode(form: str, chosen: ExportFormat, images: ImageOptions) -> ImageMode:
    if not images.mode:
        return chosen.images[0] if chosen.images else "embedded"
    if chosen.images and images.mode not in chosen.images:
        raise ConfigError(
            f"export format {form!r} has no images as {images.mode!r}: its reader finds them as {' or '.join(map(repr, chosen.images))}"
        )
    return images.mode


def _add_proof(
    store: Store, form: str, chosen: ExportFormat, folder: Path, layout: Layout | None, contents: Contents
) -> None:
    (folder / MANIFEST).write_bytes(store.read(f"{version_folder(contents.version)}/{MANIFEST}"))
    sums = sums_of(folder)
    write_croissant(folder, contents, layout, sums)
    sums |= sums_of(folder, (CROISSANT,))
    write_export_card(store, folder, form, chosen.title, chosen.reading, contents, layout, sums)
    write_sums(folder, sums | sums_of(folder, (CARD,)))


def make_unfinished_folder(folder: Path) -> Path:
    """A folder beside the wanted one, to be renamed when it is complete. Raises `VersionError` when the wanted one is not empty or cannot be made."""
    if folder.is_file():
        raise VersionError(f"{folder} is a file: name a folder to make")
    if folder.exists() and any(folder.iterdir()):
        raise VersionError(f"{folder} is not empty: name a folder to make")
    try:
        parent = folder.absolute().parent
        parent.mkdir(parents=True, exist_ok=True)
        remove_abandoned(folder)
        unfinished = Path(temporary_name(str(folder.absolute())))
        unfinished.mkdir(mode=0o700)
        return unfinished
    except OSError as error:
        raise VersionError(fault_at(f"{folder} cannot be made", error)) from error


def _shown(table: pl.LazyFrame, covered: Takedowns) -> pl.LazyFrame:
    return table.filter(~covered.covers(table))
