"""Files of a version as they are given out: read only after their bytes were found to be those that the manifest names."""

import hashlib
import json
from typing import Any

import polars as pl

from wethink_assets.dataset.versions.manifest import Manifest, VersionFile, read_manifest, version_folder
from wethink_assets.errors import StoreError, VersionError
from wethink_assets.storage.seals import checked_scan
from wethink_assets.storage.store import Store

__all__ = ["read_file", "read_statistics", "scan_file"]


def scan_file(store: Store, version: str | Manifest, name: str) -> pl.LazyFrame:
    """A table of a version (`rows.parquet`, `excluded.parquet`) as a lazy frame.

    Raises `VersionError` when the version is not built, or the file is missing or altered: whoever reads on would give out what nobody made.
    """
    manifest, known = _named(store, version, name)
    try:
        return checked_scan(store, f"{version_folder(manifest.version)}/{name}", known.sha256)
    except StoreError as error:
        raise VersionError(str(error)) from error


def read_file(store: Store, version: str | Manifest, name: str) -> bytes:
    """Bytes of a small file of a version (`statistics.json`, `README.md`, `manifest.json`). Raises `VersionError` as `scan_file` does."""
    manifest, known = _named(store, version, name)
    path = f"{version_folder(manifest.version)}/{name}"
    try:
        data = store.read(path)
    except StoreError as error:
        raise VersionError(str(error)) from error
    if hashlib.sha256(data).hexdigest() != known.sha256:
        raise VersionError(
            f"{store.link(path)} was altered since the version was built: `wethink verify {manifest.version}` lists what is wrong"
        )
    return data


def read_statistics(store: Store, version: str | Manifest) -> dict[str, Any]:
    """Figures of a version as its build counted them. Raises `VersionError` as `scan_file` does."""
    return dict(json.loads(read_file(store, version, "statistics.json")))


def _named(store: Store, version: str | Manifest, name: str) -> tuple[Manifest, VersionFile]:
    manifest = read_manifest(store, version) if isinstance(version, str) else version
    if name not in manifest.files:
        raise VersionError(f"{manifest.version} has no file {name}: its manifest names {', '.join(manifest.files)}")
    return manifest, manifest.files[name]
