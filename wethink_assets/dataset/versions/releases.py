"""Releases: names that people give to versions, such as `paper-1` of `v0003`, which commands take in a version's place.

`releases/<name>/000001.json` is created once and never changed. A name that is moved to another version gets a further record, and the former
ones stay: what a name stood for at any time can be answered.
"""

import re
from datetime import UTC, datetime

from pydantic import BaseModel, ConfigDict

from wethink_assets.dataset.cuts.cut import VERSION
from wethink_assets.dataset.versions.manifest import read_manifest
from wethink_assets.errors import VersionError
from wethink_assets.storage.records import create_record, read_record
from wethink_assets.storage.store import Store

__all__ = ["Release", "list_releases", "release_history", "release_version", "resolve_version"]

FOLDER = "releases"
NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")


class Release(BaseModel):
    """A name of a version. `digest` is that of the version's manifest: the name stands for this content and no other."""

    model_config = ConfigDict(frozen=True)

    name: str
    version: str
    digest: str
    note: str = ""
    released: datetime


def release_version(store: Store, version: str, name: str, note: str = "", *, move: bool = False) -> Release:
    """Name a version. The same name for the same version again is no change.

    Args:
        version: a built version, or a release of it.
        move: let the name stand for another version from now on.

    Raises `VersionError` for a name that is none, a version that is not built, and a name that stands for another version, unless it is to be moved.
    """
    if not NAME.fullmatch(name) or VERSION.fullmatch(name):
        raise VersionError(
            f"{name!r} cannot name a release: up to 64 lower-case letters, digits, '.', '_' and '-', and no version's number"
        )
    manifest = read_manifest(store, resolve_version(store, version))
    history = release_history(store, name)
    if history and history[-1].version == manifest.version:
        return history[-1]
    if history and not move:
        raise VersionError(
            f"{name} is {history[-1].version} since {history[-1].released:%Y-%m-%d}: choose another name, or move it with --move"
        )
    release = Release(
        name=name, version=manifest.version, digest=manifest.digest, note=note, released=datetime.now(UTC)
    )
    if not create_record(store, f"{FOLDER}/{name}/{len(history) + 1:06d}.json", release):
        raise VersionError(f"{name} was released by another process at the same moment: look at `wethink releases`")
    return release


def release_history(store: Store, name: str) -> list[Release]:
    """What a name stood for, oldest first; empty for a name that was never given. Raises `StoreError` for a damaged record."""
    paths = [f"{FOLDER}/{name}/{file}" for file in store.names(f"{FOLDER}/{name}") if file.endswith(".json")]
    return [record for path in paths if (record := read_record(store, path, Release)) is not None]


def list_releases(store: Store) -> list[Release]:
    """What each name stands for now, by name."""
    return [history[-1] for name in store.names(FOLDER) if (history := release_history(store, name))]


def resolve_version(store: Store, text: str) -> str:
    """The version that a release stands for; a version's number, and a name that stands for nothing, as they are.

    Raises `VersionError` where the version is no longer what was released.
    """
    if VERSION.fullmatch(text) or not NAME.fullmatch(text):
        return text
    history = release_history(store, text)
    if not history:
        known = ", ".join(release.name for release in list_releases(store))
        raise VersionError(
            f"{text!r} is neither a dataset version, such as v0003, nor a release{f'; released: {known}' if known else ''}"
        )
    release = history[-1]
    if read_manifest(store, release.version).digest != release.digest:
        raise VersionError(f"{release.version} is not what was released as {text}: its manifest names other content")
    return release.version
