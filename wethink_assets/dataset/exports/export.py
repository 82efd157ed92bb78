"""Export of a version into a local folder, in one of the registered formats (`wethink_assets.extensions.builtin.EXPORTS`).

A format says what it writes and has one function, which is given the version as it may be shown today. What versions themselves consist of
in the store is none of its business: see `wethink_assets.dataset.versions.build`.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from wethink_assets.dataset.takedown.takedown import takedowns_of
from wethink_assets.dataset.versions.card import card_of
from wethink_assets.dataset.versions.manifest import read_manifest, version_folder
from wethink_assets.errors import ConfigError, VersionError
from wethink_assets.extensions.builtin import EXPORTS
from wethink_assets.stages.schemas import with_latitude
from wethink_assets.storage.store import Store
from wethink_assets.storage.takedowns import Takedowns

__all__ = ["Export", "ExportFormat", "ShownVersion", "export_formats", "export_version"]

DEFAULT = "huggingface"
SLICE = 20_000


@dataclass(frozen=True, slots=True)
class ShownVersion:
    """A version as it may be shown today: without what was taken down since it was built.

    rows: schema `dataset.versions.rows.rows_schema`, sorted by row_id (of a version that was cut before answers had types, with columns that
    allow nothing); excluded: schema `EXCLUDED`, rows that were left out and why; card: Markdown.
    """

    name: str
    rows: pl.LazyFrame
    excluded: pl.LazyFrame
    card: str

    def slices(self, size: int = SLICE) -> Iterator[pl.DataFrame]:
        """All rows in order, in frames of about `size` rows, of which a few are in memory at once."""
        yield from self.rows.collect_batches(chunk_size=size, maintain_order=True)


@dataclass(frozen=True, slots=True)
class ExportFormat:
    """A form in which others read a version.

    Args:
        title: what it is, for people.
        files: names of the files that `write` makes in the folder.
        write: writes a version into an empty folder. Deterministic; it goes through the rows slice by slice, since they may be millions.
    """

    title: str
    files: tuple[str, ...]
    write: Callable[[ShownVersion, Path], None]


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


def export_version(store: Store, version: str, folder: Path, images: bool = False, form: str = DEFAULT) -> Export:
    """Write a version into a local folder, as it may be shown today.

    The version in the store is not edited; the copy lacks what was taken down.

    Args:
        images: copy the images too, so that `image_path` holds below the folder.
        form: name of the format; the default is a folder for the Hugging Face hub: `rows.parquet`, `excluded.parquet`, `wethink.jsonl`
            and `README.md`, the card.

    Raises `UnknownName` when there is no such format, `VersionError` when there is no such version, or the folder is not empty or cannot be
    made, and `ConfigError` when a format did not write what it names.
    """
    chosen = EXPORTS[form]
    version = read_manifest(store, version).version
    _make_folder(folder)
    covered = takedowns_of(store)
    shown = ShownVersion(
        version,
        with_latitude(_shown(store, version, "rows", covered)),
        _shown(store, version, "excluded", covered),
        card_of(store, version),
    )
    chosen.write(shown, folder)
    absent = [name for name in chosen.files if not (folder / name).exists()]
    if absent:
        raise ConfigError(f"export format {form!r} did not write {', '.join(absent)} into {folder}, which it names")
    paths = shown.rows.select("image_path").collect()["image_path"]
    for path in paths.unique() if images else ():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(store.read(path))
    rows = store.scan_parquet(f"{version_folder(version)}/rows.parquet").select(pl.len()).collect().item()
    return Export(version, str(folder), len(paths), paths.n_unique(), rows - len(paths))


def _make_folder(folder: Path) -> None:
    if folder.is_file():
        raise VersionError(f"{folder} is a file: name a folder to make")
    if folder.exists() and any(folder.iterdir()):
        raise VersionError(f"{folder} is not empty: name a folder to make")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise VersionError(f"{folder} cannot be made: {error.strerror}") from error


def _shown(store: Store, version: str, name: str, covered: Takedowns) -> pl.LazyFrame:
    table = store.scan_parquet(f"{version_folder(version)}/{name}.parquet")
    return table.filter(~covered.covers(table))
