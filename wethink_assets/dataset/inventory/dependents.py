"""What depends on a file that is damaged: versions by the batches they were cut from and the images they show, and what was trained on them."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

import polars as pl

from wethink_assets.dataset.cuts.cut import list_cuts, read_cut
from wethink_assets.dataset.versions.manifest import version_folder
from wethink_assets.errors import StoreError, VersionError
from wethink_assets.storage.file_kinds import KnownFile, known_file
from wethink_assets.storage.store import Store

if TYPE_CHECKING:
    from wethink_assets.dataset.inventory.check import StoreFault

__all__ = ["Dependents"]

RUNS = "policies/runs"
SHOWN = 5


class Dependents:
    """Looks up what depends on files; what it needs of a store is read once, and only when it is asked."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def told(self, faults: Sequence["StoreFault"]) -> list["StoreFault"]:
        """The faults, each with the versions that depend on its file."""
        files = {fault.path: file for fault in faults if fault.dependents and (file := known_file(fault.path))}
        images = {path for path, file in files.items() if file.kind.name == "image"}
        shown = self._showing(images) if images else {}
        return [
            replace(fault, dependents=self._of(files[fault.path], fault.dependents, shown))
            if fault.path in files
            else fault
            for fault in faults
        ]

    def _of(self, file: KnownFile, what: str, shown: dict[str, list[str]]) -> str:
        versions = shown.get(file.path, [])
        if file.batch:
            what = f"{what}, {file.batch}"
            versions = self._by_batch.get(file.batch, [])
        elif "version" in file.parts:
            versions = [file.parts["version"]]
        trained = [key for key in self._trained if key.partition(".")[0] in versions]
        return "; ".join([what, *_listed("versions", versions), *_listed("trained", trained)])

    @cached_property
    def _by_batch(self) -> dict[str, list[str]]:
        by_batch: dict[str, list[str]] = {}
        for version in list_cuts(self._store):
            try:
                batches = read_cut(self._store, version).batches
            except (VersionError, StoreError):
                continue  # a fault of its own
            for batch in batches:
                by_batch.setdefault(batch, []).append(version)
        return by_batch

    @cached_property
    def _trained(self) -> list[str]:
        return [name.removesuffix(".json") for name in self._store.names(RUNS)]

    def _showing(self, images: set[str]) -> dict[str, list[str]]:
        showing: dict[str, list[str]] = {}
        for version in list_cuts(self._store):
            try:
                rows = self._store.scan_parquet(f"{version_folder(version)}/rows.parquet")
                paths = rows.select("image_path").filter(pl.col("image_path").is_in(list(images))).unique().collect()
            except (StoreError, pl.exceptions.PolarsError, OSError):
                continue  # a fault of its own, or the version is not built
            for path in paths["image_path"]:
                showing.setdefault(path, []).append(version)
        return showing


def _listed(what: str, names: Sequence[str]) -> list[str]:
    if not names:
        return []
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return [f"{what} {', '.join(names[:SHOWN])}{more}"]
