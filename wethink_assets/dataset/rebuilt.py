"""Whether a version that was built again is the same, and its files are what they were."""

import hashlib
from collections.abc import Sequence

from wethink_assets.dataset.manifest import Manifest, VersionFile, read_manifest, version_folder
from wethink_assets.dataset.versions import VersionSummary, summary_of
from wethink_assets.errors import VersionError
from wethink_assets.storage.store import Store


def require_same(store: Store, rebuilt: Manifest, data_files: Sequence[str]) -> VersionSummary:
    """Compare a version that exists with what its cut gives now.

    Raises `VersionError` naming the files that differ, or were altered.
    """
    existing = read_manifest(store, rebuilt.version)
    differing = [
        f"{name} ({_size(existing.files.get(name))} before, {_size(rebuilt.files[name])} now)"
        for name in data_files
        if name not in existing.files or existing.files[name].content != rebuilt.files[name].content
    ]
    if existing.cut_digest != rebuilt.cut_digest:
        differing.insert(0, "the cut")
    if differing:
        raise VersionError(
            f"{rebuilt.version} is not what its cut gives: {', '.join(differing)}; it was built by {existing.code}, now {rebuilt.code}. "
            f"The version was left as it is; cut a new one"
        )
    return require_undamaged(store, existing)


def require_undamaged(store: Store, existing: Manifest) -> VersionSummary:
    """Compare the files of a version with its manifest. Raises `VersionError` naming those that are missing or altered."""
    folder = version_folder(existing.version)
    damaged = [name for name, file in existing.files.items() if _sha256(store, f"{folder}/{name}") != file.sha256]
    if damaged:
        raise VersionError(
            f"{', '.join(store.link(f'{folder}/{name}') for name in damaged)}: missing or altered since the version was built"
        )
    return summary_of(store, existing)


def _size(file: VersionFile | None) -> str:
    if file is None:
        return "absent"
    return f"{file.rows} rows" if file.rows is not None else f"{file.bytes} bytes"


def _sha256(store: Store, path: str) -> str:
    if not store.exists(path):
        return ""
    with store.open_read(path) as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()  # type: ignore[arg-type]
