"""Versions built from what was grown."""

import json
from datetime import UTC, datetime
from typing import TypeVar

import polars as pl

from wethink_assets.dataset.cuts.cut import Cut, CutInput, is_built, read_cut
from wethink_assets.dataset.cuts.decision import decide_cut
from wethink_assets.dataset.cuts.recipe import CutRecipe
from wethink_assets.dataset.versions.build import build_version
from wethink_assets.dataset.versions.catalog import VersionSummary
from wethink_assets.dataset.versions.manifest import Manifest, read_manifest, version_folder
from wethink_assets.dataset.versions.merkle_root import leaves_of, root_of, tree_of
from wethink_assets.storage.records import replace_record
from wethink_assets.storage.seals import FileSeal, sealed_file
from wethink_assets.storage.store import Store
from wethink_assets.storage.tables import Commit, Tables

Document = TypeVar("Document", Cut, Manifest)


def built(store: Store, recipe: CutRecipe | None = None) -> VersionSummary:
    """The next version, decided and built."""
    cut = decide_cut(store, recipe or CutRecipe())
    assert isinstance(cut, Cut)
    return build_version(store, cut.version)


def rows_of(store: Store, version: str, name: str = "rows") -> pl.DataFrame:
    """One of its tables."""
    return store.read_parquet(f"versions/{version}/{name}.parquet")


def cut(store: Store, recipe: CutRecipe | None = None) -> str:
    """Name of the next version, decided and built."""
    return built(store, recipe).version


def forged(store: Store, version: str, entry: CutInput, results: pl.DataFrame) -> None:
    """Write a table anew and seal commit, cut and manifest over it, as its own maker could."""
    store.write_parquet(f"{entry.folder}/results.parquet", results)
    files = {name: sealed_file(store, f"{entry.folder}/{name}.parquet") for name in entry.files}
    _name_files(store, version, entry, files)


def name_file(store: Store, version: str, name: str) -> None:
    """Seal the manifest of a version over a file as it is now."""
    manifest = read_manifest(store, version)
    file = manifest.files[name].model_copy(update=dict(sealed_file(store, f"{version_folder(version)}/{name}")))
    _put_manifest(store, manifest.model_copy(update={"files": {**manifest.files, name: file}}))


def _put_manifest(store: Store, manifest: Manifest) -> None:
    """Keep a manifest, with the root and the seal that its maker could give it; one that has no root is left without."""
    folder = version_folder(manifest.version)
    if manifest.root:
        rows = store.scan_parquet(f"{folder}/rows.parquet")
        root = root_of(tree_of(leaves_of(store, read_cut(store, manifest.version), manifest.files, rows)))
        manifest = manifest.model_copy(update=root)
    replace_record(store, f"{folder}/manifest.json", manifest.sealed())


def as_of_before(store: Store, version: str) -> None:
    """Make cut, manifest and commits those of an earlier release, which knew no bytes of tables."""
    for entry in read_cut(store, version).inputs:
        _name_files(store, version, entry, {})


def _name_files(store: Store, version: str, entry: CutInput, files: dict[str, FileSeal]) -> None:
    commit = Tables(store).at(entry.asset, entry.batch, entry.commit).model_copy(update={"files": files})
    commit = commit.sealed() if files else commit.model_copy(update={"seal": "", "previous": ""})
    replace_record(store, f"tables/{entry.asset}/{entry.batch}/commits/{entry.commit:06d}.json", commit)
    decided = read_cut(store, version)
    replace_record(store, f"cuts/{version}.json", _naming(decided, commit).sealed())
    if is_built(store, version):
        manifest = _naming(read_manifest(store, version), commit)
        _put_manifest(store, manifest if files else manifest.model_copy(update={"root": "", "leaves": 0}))


def _naming(document: Document, commit: Commit) -> Document:
    """A cut or manifest with the files and the seal of a commit."""
    update = {"files": commit.files, "seal": commit.seal}
    inputs = tuple(
        entry.model_copy(update=update) if (entry.asset, entry.batch) == (commit.asset, commit.batch) else entry
        for entry in document.inputs
    )
    return document.model_copy(update={"inputs": inputs})


def note_policy(store: Store, key: str, digest: str = "d" * 64) -> None:
    """Note a training run, as one that ended leaves it in the store."""
    policy = {"digest": digest, "model_digest": "m" * 64, "base_model": {"model": "policy"}, "run_id": "run-7"}
    told = {**policy, "key": key, "manifest": "", "created": datetime.now(UTC).isoformat()}
    store.publish(f"policies/runs/{key}.json", json.dumps({"key": key, "digest": digest}).encode())
    store.publish(f"policies/{digest}/policy.json", json.dumps(told).encode())
