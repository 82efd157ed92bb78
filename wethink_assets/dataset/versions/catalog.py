"""Catalog of versions: those that are built, each in a few figures, and those that are only decided."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from wethink_assets.dataset.cuts.cut import list_cuts
from wethink_assets.dataset.versions.manifest import Manifest, list_built, read_manifest, version_folder
from wethink_assets.storage.store import Store

__all__ = ["VersionSummary", "list_versions", "unbuilt_versions"]


@dataclass(frozen=True, slots=True)
class VersionSummary:
    """A built version in figures. `considered` rows went in: `rows` stayed, `excluded` did not, by reason."""

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
    )


def list_versions(store: Store) -> list[VersionSummary]:
    """All complete versions, oldest first."""
    return [summary_of(store, read_manifest(store, version)) for version in list_built(store)]


def unbuilt_versions(store: Store) -> list[str]:
    """Versions that were decided but never completed."""
    built = set(list_built(store))
    return [version for version in list_cuts(store) if version not in built]
