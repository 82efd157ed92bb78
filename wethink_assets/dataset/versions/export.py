"""A version in the forms that others read: JSON lines of the WeThink paper, and a folder for the Hugging Face hub."""

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from wethink_assets.dataset.takedown.retraction import retracted, retracted_rows
from wethink_assets.dataset.versions.card import calibration_section
from wethink_assets.dataset.versions.manifest import read_manifest, version_folder
from wethink_assets.errors import VersionError
from wethink_assets.storage.store import Store
from wethink_assets.storage.takedowns import Retractions

__all__ = ["Export", "card_of", "export_version", "write_jsonl"]

FIELDS = ("problem", "answer", "category", "abilities", "refined_cot", "image_path", "reward")
ROW_GROUP = 64_000


def write_jsonl(rows: Path, target: Path) -> None:
    """Write one object a row, in the order of `rows`, with the fields of the paper.

    `image_path` is the blob's path below the store's root; `reward` names the method, `rule` or `judge`.
    """
    pl.scan_parquet(rows).select(FIELDS).sink_ndjson(target, maintain_order=True)


@dataclass(frozen=True, slots=True)
class Export:
    """What was written: rows, images, and rows left out because they were taken down since the version was built."""

    version: str
    folder: str
    rows: int
    images: int
    retracted: int


def export_version(store: Store, version: str, folder: Path, images: bool = False) -> Export:
    """Write a version into a local folder, as it may be shown today: `rows.parquet`, `excluded.parquet`, `wethink.jsonl`, `README.md`.

    The version in the store is not edited; the copy lacks what was taken down, and its card says so.

    Args:
        images: copy the images too, so that `image_path` holds below the folder.

    Raises `VersionError` when there is no such version, or the folder is not empty or cannot be made.
    """
    version = read_manifest(store, version).version
    if folder.is_file():
        raise VersionError(f"{folder} is a file: name a folder to make")
    if folder.exists() and any(folder.iterdir()):
        raise VersionError(f"{folder} is not empty: name a folder to make")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise VersionError(f"{folder} cannot be made: {error.strerror}") from error
    covered = retracted(store)
    kept = _kept(store, version, "rows", covered)
    kept.sink_parquet(folder / "rows.parquet", compression="zstd", row_group_size=ROW_GROUP)
    left_out = _kept(store, version, "excluded", covered)
    left_out.sink_parquet(folder / "excluded.parquet", compression="zstd", row_group_size=ROW_GROUP)
    write_jsonl(folder / "rows.parquet", folder / "wethink.jsonl")
    (folder / "README.md").write_text(card_of(store, version), encoding="utf-8")
    told = pl.scan_parquet(folder / "rows.parquet").select("image_path").collect()["image_path"]
    for path in told.unique() if images else ():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(store.read(path))
    rows = store.scan_parquet(f"{version_folder(version)}/rows.parquet").select(pl.len()).collect().item()
    return Export(version, str(folder), len(told), told.n_unique(), rows - len(told))


def _kept(store: Store, version: str, name: str, covered: Retractions) -> pl.LazyFrame:
    table = store.scan_parquet(f"{version_folder(version)}/{name}.parquet")
    return table.filter(~covered.covers(table))


def card_of(store: Store, version: str) -> str:
    """The card of a version with the newest calibration of its judge and, below its title, how many of its rows were taken down since."""
    manifest = read_manifest(store, version)
    version = manifest.version
    card = store.read(f"{version_folder(version)}/README.md").decode("utf-8")
    before, limits, after = card.partition("\n## Limits\n")
    card = f"{before}\n{calibration_section(store, manifest)}{limits}{after}"
    gone = retracted_rows(store, version, retracted(store))
    if gone.is_empty():
        return card
    notice = (
        f"> **{gone.height} rows over {gone['image_id'].n_unique()} images of this version were taken down after it was built.** They are "
        "left out of listings and exports, and of later versions; the figures below are those of the version as it was built.\n"
    )
    front, title, rest = card.partition("\n# ")
    heading, _, body = rest.partition("\n")
    return f"{front}{title}{heading}\n\n{notice}{body}" if title else f"{notice}\n{card}"
