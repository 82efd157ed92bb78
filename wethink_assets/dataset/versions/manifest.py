"""The manifest of a version: the last file written, which makes the version exist and says what it consists of."""

import hashlib
import re
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as package_version
from typing import Any

import polars as pl
from pydantic import BaseModel, ConfigDict

from wethink_assets.dataset.cuts.cut import (
    ADDED,
    READERS,
    Cut,
    CutInput,
    is_built,
    read_cut,
    read_or_damaged,
    version_name,
    version_number,
)
from wethink_assets.dataset.cuts.recipe import CutRecipe
from wethink_assets.dedup.contamination import SignedBenchmark, SignedQuestions
from wethink_assets.errors import StoreError, VersionError
from wethink_assets.identity import canonical_json, digest_of
from wethink_assets.storage.records import parse_record
from wethink_assets.storage.seals import seal_of
from wethink_assets.storage.store import Store
from wethink_assets.storage.tables import Commit, Tables

__all__ = ["Input", "Manifest", "Used", "VersionFile", "list_built", "read_manifest", "version_folder"]

MANIFEST = "manifest.json"
LEAF_FILES = ("leaves.json", "leaves.txt")
"""The list of a version's leaves (`versions.leaf_list`): it follows from what the version rests on, so it is no part of what the version holds."""
_END = re.compile(rb'"root": ?"([0-9a-f]{64})",\s*"leaves": ?(\d+),\s*"seal": ?"[0-9a-f]{64}"\s*\}\s*\Z')
END_BYTES = 300
SLICE = 20_000


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True)


class VersionFile(_Part):
    """A file of a version. `content` is the digest of its rows, which stays when another release of polars writes it."""

    sha256: str
    bytes: int
    rows: int | None = None
    content: str


class Input(CutInput):
    """A table of the cut, with the run and the code that made it."""

    run_id: str
    code_version: str
    finished: datetime


class Used(_Part):
    """A model or a prompt behind the version, and how many batches of the stage used it."""

    asset: str
    name: str
    identity: dict[str, Any]
    batches: int


class Manifest(_Part):
    """What a version consists of and what it was made from.

    splits: figures of its groups of alike images (`cuts.image_splits.ImageSplits.figures`); empty where splits are by single images.
    root: Merkle root over all files that it rests on, `leaves` of them (`versions.merkle_root`); earlier releases wrote none.
    """

    version: str
    created: datetime
    built: datetime
    cut_digest: str
    recipe: CutRecipe
    schema_version: int
    code: dict[str, str]
    rows: int
    images: int
    considered: int
    excluded: dict[str, int]
    counts: dict[str, dict[str, int]]
    files: dict[str, VersionFile]
    models: tuple[Used, ...]
    prompts: tuple[Used, ...]
    inputs: tuple[Input, ...]
    benchmarks: tuple[SignedBenchmark, ...] = ()
    questions: tuple[SignedQuestions, ...] = ()
    splits: dict[str, Any] = {}
    root: str = ""
    leaves: int = 0
    seal: str = ""

    def sealed(self) -> "Manifest":
        """The same with the seal of its content."""
        return self.model_copy(update={"seal": seal_of(self, ADDED)})

    @property
    def digest(self) -> str:
        """sha256 of what the version holds: its cut and the content of its files."""
        held = {name: file.content for name, file in self.files.items() if name not in LEAF_FILES}
        return digest_of([self.version, self.cut_digest, held])


def code_of(logic_version: str) -> dict[str, str]:
    """The code that builds versions: package release and version of the logic."""
    try:
        release = package_version("wethink-assets")
    except PackageNotFoundError:
        release = "unknown"
    return {"wethink-assets": release, "dataset": logic_version}


def commits_of(store: Store, inputs: Iterable[CutInput]) -> list[Commit]:
    """The commits that a cut names, in its order. Raises `StoreError` when one is missing, or is not the one that was cut."""
    tables = Tables(store)

    def named(entry: CutInput) -> Commit:
        commit = tables.at(entry.asset, entry.batch, entry.commit)
        if commit.seal != entry.seal and entry.seal:
            raise StoreError(
                f"commit {entry.commit} of {entry.asset} of batch {entry.batch} in {store.url} was altered: it is not the one that was cut"
            )
        return commit

    with ThreadPoolExecutor(READERS) as pool:
        return list(pool.map(named, inputs))


def inputs_of(cut: Cut, commits: Iterable[Commit]) -> tuple[Input, ...]:
    """The tables of a cut with the runs that made them."""
    return tuple(
        Input(**entry.model_dump(), run_id=commit.run_id, code_version=commit.code_version, finished=commit.finished)
        for entry, commit in zip(cut.inputs, commits, strict=True)
    )


def models_of(commits: Iterable[Commit]) -> tuple[Used, ...]:
    """Models that the stages called."""
    return _counted((commit.asset, role, model) for commit in commits for role, model in commit.models.items())


def prompts_of(commits: Iterable[Commit]) -> tuple[Used, ...]:
    """Prompts that the stages used, by sha256."""
    return _counted((commit.asset, name, {"sha256": sha}) for commit in commits for name, sha in commit.prompts.items())


def _counted(uses: Iterable[tuple[str, str, dict[str, Any]]]) -> tuple[Used, ...]:
    counts: Counter[tuple[str, str, str]] = Counter()
    identities = {}
    for asset, name, identity in uses:
        key = (asset, name, digest_of(identity))
        counts[key] += 1
        identities[key] = identity
    return tuple(
        Used(asset=asset, name=name, identity=identities[asset, name, digest], batches=count)
        for (asset, name, digest), count in sorted(counts.items())
    )


def content_digest(table: pl.LazyFrame, slice_rows: int = SLICE) -> tuple[int, str]:
    """Rows of a table and their `identity.data_version`, computed slice by slice."""
    digest = hashlib.sha256(canonical_json(table.collect_schema().names()))
    rows = 0
    while True:
        part = table.slice(rows, slice_rows).collect()
        for row in part.iter_rows():
            digest.update(canonical_json(row))
        rows += part.height
        if part.height < slice_rows:
            return rows, digest.hexdigest()


def version_folder(version: str) -> str:
    """Where a version's files lie."""
    return f"versions/{version}"


def list_built(store: Store) -> list[str]:
    """Complete versions, oldest first."""
    names = []
    for name in store.names("versions"):
        try:
            version_number(name)
        except VersionError:
            continue
        names.append(name)
    return sorted((name for name in names if is_built(store, name)), key=version_number)


def read_manifest(store: Store, version: str) -> Manifest:
    """The manifest of a complete version. Raises `VersionError` when there is none, or when it is damaged."""
    name = version_name(version_number(version))
    path = f"{version_folder(name)}/{MANIFEST}"
    data = read_or_damaged(store, path)
    if data is None:
        read_cut(store, name)
        raise VersionError(f"{name} was decided but is not built: `wethink cut` with the same recipe builds it")
    try:
        manifest = parse_record(store, path, data, Manifest)
    except StoreError as error:
        raise VersionError(str(error)) from error
    if manifest.seal != manifest.sealed().seal:
        raise VersionError(f"{store.link(path)} was altered: its seal is not that of its content")
    if manifest.version != name:
        raise VersionError(f"{store.link(path)} was altered: it is that of {manifest.version}")
    return manifest


def named_root(store: Store, version: str) -> tuple[str, int]:
    """Root of a version and number of its leaves as the end of its manifest names them, of which nothing else is read: it is about 14 bytes a row.

    Whoever asks has computed the root, and compares: the seal is not compared here.

    Raises `VersionError` when there is no manifest, or no root in it.
    """
    path = f"{version_folder(version)}/{MANIFEST}"
    try:
        size = store.size(path)
        end = store.read_range(path, max(size - END_BYTES, 0), size)
    except StoreError as error:
        raise VersionError(str(error)) from error
    match = _END.search(end)
    if match is None:
        raise VersionError(f"{store.link(path)} names no root: `wethink verify {version}` lists what is wrong")
    return match[1].decode(), int(match[2])
