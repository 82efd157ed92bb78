"""Verification of versions: their files, the tables they were made from and the images they show are still what they were, or are named."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from pathlib import Path

import polars as pl

from wethink_assets.dataset.cuts.cut import (
    FOLDER,
    CutInput,
    given_versions,
    list_cuts,
    read_cut,
    version_name,
    version_number,
)
from wethink_assets.dataset.versions.catalog import VersionSummary, summary_of
from wethink_assets.dataset.versions.manifest import (
    MANIFEST,
    Manifest,
    VersionFile,
    content_digest,
    read_manifest,
    version_folder,
)
from wethink_assets.dataset.versions.merkle_root import root_faults
from wethink_assets.errors import StoreError, VersionError
from wethink_assets.identity import data_version
from wethink_assets.storage.blobs import Blobs
from wethink_assets.storage.edits import edit_path
from wethink_assets.storage.erasures import Erasures, erasures_of
from wethink_assets.storage.local_files import scan_files
from wethink_assets.storage.seals import sealed_file
from wethink_assets.storage.store import Store
from wethink_assets.storage.tables import Commit, Tables, commit_path

__all__ = ["Fault", "Verification", "verify_versions"]


def require_same(store: Store, rebuilt: Manifest, folder: Path, data_files: Sequence[str]) -> VersionSummary:
    """Compare a version that exists with what its cut gives now.

    Columns that only the rebuilt tables have are not compared: a later release added them.

    Args:
        folder: where the rebuilt files lie; those that were published meanwhile are gone from it.

    Raises `VersionError` naming the files that differ, or were altered.
    """
    existing = read_manifest(store, rebuilt.version)
    differing = [
        f"{name} ({_size(existing.files.get(name))} before, {_size(rebuilt.files[name])} now)"
        for name in data_files
        if name not in existing.files
        or existing.files[name].content not in _contents(store, rebuilt, name, folder / name)
    ]
    if existing.cut_digest != rebuilt.cut_digest:
        differing.insert(0, "the cut")
    if differing:
        raise VersionError(
            f"{rebuilt.version} is not what its cut gives: {', '.join(differing)}; it was built by {existing.code}, now {rebuilt.code}. "
            f"The version was left as it is; cut a new one"
        )
    return require_undamaged(store, existing)


def _contents(store: Store, rebuilt: Manifest, name: str, file: Path) -> Iterator[str]:
    """Digests of a rebuilt file that count as the same: of all of it, then of the columns only that the version in the store has."""
    yield rebuilt.files[name].content
    path = f"{version_folder(rebuilt.version)}/{name}"
    if not name.endswith(".parquet") or not file.exists() or not store.exists(path):
        return
    try:
        columns = store.scan_parquet(path).collect_schema().names()
    except (StoreError, pl.exceptions.PolarsError, OSError):
        return  # its hash shows that it was altered
    table = scan_files([file])
    if set(columns) < set(table.collect_schema().names()):
        yield content_digest(table.select(columns))[1]


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


READERS = 8
CHUNK = 4 * READERS
RETRACTED = "retracted"


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """One file that is not what it was: `missing`, `altered`, `damaged` or `unexpected`; or, no fault of anybody's, `retracted`."""

    path: str
    fault: str
    detail: str


@dataclass(slots=True)
class Verification:
    """What was checked and what is wrong with it.

    roots: Merkle roots that were found to be those of the files, by version; versions of earlier releases have none.
    """

    versions: list[str] = field(default_factory=list)
    files: int = 0
    tables: int = 0
    blobs: int = 0
    faults: list[Fault] = field(default_factory=list)
    retracted: list[Fault] = field(default_factory=list)
    roots: dict[str, str] = field(default_factory=dict)

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong; what was erased on purpose is not."""
        return not self.faults


Check = Callable[[], list[Fault]]


def verify_versions(
    store: Store, versions: Sequence[str] = (), progress: Callable[[int, int], None] | None = None
) -> Verification:
    """Read everything that versions consist of and compare it with the hashes that they keep.

    Checked are the files of each version (sha256), the cut, every table that the cut names (data version of the rows, and its
    commit), the blob of every image that has a row (sha256), and whether the version's Merkle root is that of all these. What several
    versions share is read once. Blobs and rows of tables that are gone because they were erased after a takedown are told apart, in `retracted`.

    Args:
        versions: which; all complete ones when empty.
        progress: called with checks done and checks in all.

    Raises `VersionError` when a version does not exist at all, or none does; whatever else is wrong is in the result.
    """
    result = Verification()
    gone = erasures_of(store)
    checks: dict[str, Check] = {}
    images: set[str] = set()
    rooted: list[Manifest] = []
    for version in versions or _all_versions(store, result.faults):
        result.versions.append(version)
        manifest = _manifest(store, version, result.faults)
        if manifest is None:
            continue
        for name, file in manifest.files.items():
            path = f"{version_folder(version)}/{name}"
            checks[path] = partial(_check_file, store, path, file.sha256)
        result.faults += _unexpected(store, manifest)
        for entry in manifest.inputs:
            checks[entry.folder] = partial(_check_table, store, entry, gone)
        images |= _image_paths(store, version)
        rooted += [manifest] if manifest.root else []
    result.files = sum(path.startswith("versions/") for path in checks)
    result.tables = len(checks) - result.files
    result.blobs = len(images)
    checks |= {path: partial(_check_blob, store, path, gone) for path in sorted(images)}
    faults = {*result.faults, *_run(list(checks.values()), progress)}
    for manifest in rooted:
        wrong = root_faults(store, manifest, {fault.path for fault in faults})
        faults |= {Fault(*each) for each in wrong or ()}
        result.roots |= {manifest.version: manifest.root} if wrong == [] else {}
    result.faults = sorted(fault for fault in faults if fault.fault != RETRACTED)
    result.retracted = sorted(fault for fault in faults if fault.fault == RETRACTED)
    return result


def _all_versions(store: Store, faults: list[Fault]) -> list[str]:
    """Versions that were ever decided or begun. Numbers are given in turn: one without a trace is missing."""
    numbers = set(map(version_number, given_versions(store)))
    if not numbers:
        raise VersionError(
            f"there is no version in {store.url}, so there is nothing to verify: `wethink cut` makes one"
        )
    for number in set(range(1, max(numbers) + 1)) - numbers:
        detail = f"{version_name(max(numbers))} was decided after it"
        faults.append(Fault(f"{FOLDER}/{version_name(number)}.json", "missing", detail))
    return [version_name(number) for number in sorted(numbers)]


def _manifest(store: Store, version: str, faults: list[Fault]) -> Manifest | None:
    """The version's manifest, if it can be read; its cut is held against it."""
    try:
        cut = read_cut(store, version)
    except VersionError as error:
        if not store.exists(version_folder(version)) and version not in list_cuts(store):
            raise
        cut = None
        faults.append(_fault(f"{FOLDER}/{version}.json", error))
    try:
        manifest = read_manifest(store, version)
    except VersionError as error:
        faults.append(_fault(f"{version_folder(version)}/{MANIFEST}", error))
        return None
    if cut is not None and cut.digest != manifest.cut_digest:
        detail = f"made from cut {manifest.cut_digest[:16]}, not from {cut.digest[:16]}"
        faults.append(Fault(f"{version_folder(version)}/{MANIFEST}", "altered", detail))
    return manifest


def _fault(path: str, error: Exception) -> Fault:
    message = str(error)
    kind = next((word for word in ("altered", "damaged") if word in message), "missing")
    return Fault(path, kind, message)


def _unexpected(store: Store, manifest: Manifest) -> list[Fault]:
    folder = version_folder(manifest.version)
    known = {f"{folder}/{name}" for name in (*manifest.files, MANIFEST)}
    return [Fault(p, "unexpected", "the manifest does not name it") for p in store.files(folder) if p not in known]


def _image_paths(store: Store, version: str) -> set[str]:
    try:
        rows = store.scan_parquet(f"{version_folder(version)}/rows.parquet")
        return set(rows.select("image_path").unique().collect().get_column("image_path"))
    except (StoreError, pl.exceptions.PolarsError, OSError):
        return set()  # the file's own check names it


def _check_file(store: Store, path: str, sha256: str) -> list[Fault]:
    try:
        with store.open_read(path) as stream:
            actual = hashlib.file_digest(stream, "sha256").hexdigest()  # type: ignore[arg-type]
    except (StoreError, OSError) as error:
        return [Fault(path, "missing", str(error))]
    if actual != sha256:
        return [Fault(path, "altered", f"sha256 is {actual[:16]}, was {sha256[:16]}")]
    return []


def _check_table(store: Store, entry: CutInput, gone: Erasures) -> list[Fault]:
    faults = _file_faults(store, entry, gone) if entry.files else _row_faults(store, entry, gone)
    commit = commit_path(entry.asset, entry.batch, entry.commit)
    try:
        named = Tables(store).at(entry.asset, entry.batch, entry.commit)
    except StoreError as error:
        return [*faults, _fault(commit, error)]
    if (named.digest, named.data_version, named.seal) != (entry.digest, entry.data_version, entry.seal or named.seal):
        faults.append(Fault(commit, "altered", "it is not the commit that the cut names"))
    return [*faults, *_edit_faults(store, named, gone), *_history_faults(store, named)]


def _file_faults(store: Store, entry: CutInput, gone: Erasures) -> list[Fault]:
    """What is wrong with the bytes of tables whose files are sealed."""
    faults = []
    for name, file in entry.files.items():
        path = f"{entry.folder}/{name}.parquet"
        for fault in _check_file(store, path, file.sha256):
            erased = fault.fault == "altered" and sealed_file(store, path).sha256 in gone.files.get(path, ())
            faults.append(Fault(path, RETRACTED, "rows of images that were taken down are erased") if erased else fault)
    return faults


def _history_faults(store: Store, commit: Commit) -> list[Fault]:
    """Commits before one that are missing, or are not those that the next one followed."""
    faults = []
    tables = Tables(store)
    following = commit
    for number in range(commit.number - 1, 0, -1):
        path = commit_path(commit.asset, commit.batch, number)
        try:
            before = tables.at(commit.asset, commit.batch, number)
        except StoreError as error:
            faults.append(_fault(path, error))
            break
        if following.previous and following.previous != before.seal:
            faults.append(Fault(path, "altered", f"it is not the commit that number {following.number} followed"))
        following = before
    return faults


def _row_faults(store: Store, entry: CutInput, gone: Erasures) -> list[Fault]:
    """What is wrong with the rows of tables whose files are not sealed, those of earlier releases."""
    frames = []
    faults = []
    for name in ("results", "rejections"):
        path = f"{entry.folder}/{name}.parquet"
        try:
            frames.append(store.read_parquet(path))
        except (StoreError, pl.exceptions.PolarsError, OSError) as error:
            faults.append(Fault(path, "damaged" if store.exists(path) else "missing", str(error)))
    found_version = "" if faults else data_version(*frames)
    if not faults and found_version != entry.data_version:
        if found_version in gone.tables.get(entry.folder, ()):
            faults.append(Fault(entry.folder, RETRACTED, "rows of images that were taken down are erased"))
        else:
            detail = f"its rows are not those of data version {entry.data_version[:16]}"
            faults.append(Fault(entry.folder, "altered", detail))
    return faults


def _edit_faults(store: Store, commit: Commit, gone: Erasures) -> list[Fault]:
    """What is wrong with the record of the edit that a table carries."""
    if not commit.edit:
        return []
    path = edit_path(commit.asset, commit.batch, commit.edit)
    try:
        edit = Tables(store).edit_of(commit)
    except StoreError as error:
        return [_fault(path, error)]
    if edit is None or edit.digest == commit.edit:
        return []
    if edit.digest in gone.tables.get(path, ()):
        return [Fault(path, RETRACTED, "what was edited of images that were taken down is erased")]
    return [Fault(path, "altered", "it says something else than the edit that its table carries")]


def _check_blob(store: Store, path: str, gone: Erasures) -> list[Fault]:
    try:
        Blobs(store).read(path)
    except StoreError as error:
        if path.rpartition("/")[2].partition(".")[0] in gone.images and not store.exists(path):
            return [Fault(path, RETRACTED, "the image was taken down and erased")]
        return [_fault(path, error)]
    return []


def _run(checks: list[Check], progress: Callable[[int, int], None] | None) -> Iterator[Fault]:
    done = 0
    remaining = iter(checks)
    with ThreadPoolExecutor(READERS) as pool:
        while chunk := list(islice(remaining, CHUNK)):
            for faults in pool.map(lambda check: check(), chunk):
                yield from faults
            done += len(chunk)
            if progress:
                progress(done, len(checks))
