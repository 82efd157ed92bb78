"""Catalog of versions: those that are built, each in a few figures, and those that are only decided."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from wethink_assets.dataset.cuts.cut import LOGIC_CHANGES, LOGIC_VERSION, list_cuts, read_cut
from wethink_assets.dataset.versions.manifest import Manifest, list_built, read_manifest, version_folder
from wethink_assets.errors import VersionError
from wethink_assets.storage.store import Store

__all__ = ["StaleVersion", "VersionSummary", "list_versions", "readable_versions", "stale_versions", "unbuilt_versions"]


@dataclass(frozen=True, slots=True)
class VersionSummary:
    """A built version in figures. `considered` rows went in: `rows` stayed, `excluded` did not, by reason.

    root: Merkle root over the `leaves` files that it rests on; empty where an earlier release built it.
    """

    version: str
    location: str
    created: datetime
    considered: int
    rows: int
    images: int
    excluded: dict[str, int]
    counts: dict[str, dict[str, int]]
    batches: int
    recipe: dict[str, Any]
    cut_digest: str
    digest: str
    root: str
    leaves: int


def summary_of(store: Store, manifest: Manifest) -> VersionSummary:
    """Figures of a version from its manifest."""
    return VersionSummary(
        version=manifest.version,
        location=store.link(version_folder(manifest.version)),
        created=manifest.created,
        considered=manifest.considered,
        rows=manifest.rows,
        images=manifest.images,
        excluded=manifest.excluded,
        counts=manifest.counts,
        batches=len({entry.batch for entry in manifest.inputs}),
        recipe=manifest.recipe.model_dump(mode="json"),
        cut_digest=manifest.cut_digest,
        digest=manifest.digest,
        root=manifest.root,
        leaves=manifest.leaves,
    )


def list_versions(store: Store) -> list[VersionSummary]:
    """All complete versions, oldest first."""
    return [summary_of(store, read_manifest(store, version)) for version in list_built(store)]


def readable_versions(store: Store) -> tuple[list[VersionSummary], dict[str, str]]:
    """All complete versions whose manifests can be trusted, oldest first, and of the others what is wrong."""
    summaries, faults = [], {}
    for version in list_built(store):
        try:
            summaries.append(summary_of(store, read_manifest(store, version)))
        except VersionError as error:
            faults[version] = str(error)
    return summaries, faults


def unbuilt_versions(store: Store) -> list[str]:
    """Versions that were decided but never completed."""
    built = set(list_built(store))
    return [version for version in list_cuts(store) if version not in built]


@dataclass(frozen=True, slots=True)
class StaleVersion:
    """A version that would be another one today, though it stays what it is: another cut of its recipe gets a number of its own.

    detail: both versions of the rules by which a cut becomes rows, and what the present one changed; batches: those that it is made of.
    """

    version: str
    detail: str
    batches: tuple[str, ...]


def stale_versions(store: Store) -> list[StaleVersion]:
    """The newest built version of each recipe, where it was decided by other rules than those of now; oldest first."""
    newest = {cut.recipe.digest: cut for cut in (read_cut(store, version) for version in list_built(store))}
    return [
        StaleVersion(
            cut.version,
            f"rules {cut.logic_version} are now {LOGIC_VERSION}: {_changes_since(cut.logic_version)}",
            cut.batches,
        )
        for cut in newest.values()
        if cut.logic_version != LOGIC_VERSION
    ]


def _changes_since(logic: str) -> str:
    return "; ".join(change for version, change in LOGIC_CHANGES.items() if int(version) > int(logic))
