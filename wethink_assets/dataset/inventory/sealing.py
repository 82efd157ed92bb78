"""Sealing of a store: every file that is not sealed yet gets its hash into the inventory, after what others say of it was held against it."""

import hashlib
import json
import logging
from collections import Counter
from collections.abc import Callable, Collection, Container, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import islice

import polars as pl
from pydantic import ValidationError

from wethink_assets.dataset.collected_tables import CollectedTables
from wethink_assets.dataset.cuts.cut import read_cut
from wethink_assets.dataset.versions.manifest import MANIFEST, read_manifest
from wethink_assets.errors import StoreError, VersionError, WeThinkError
from wethink_assets.sources.batches import batch_path, source_of
from wethink_assets.sources.claims import claim_path
from wethink_assets.storage.erasures import erasures_of
from wethink_assets.storage.file_kinds import KnownFile, Nature, known_file
from wethink_assets.storage.inventory import Inventory, add_link, read_inventory
from wethink_assets.storage.lease import Holder
from wethink_assets.storage.seal_links import FOLDER
from wethink_assets.storage.seals import FileSeal, sealed_file
from wethink_assets.storage.store import Store
from wethink_assets.storage.store_format import PATH
from wethink_assets.storage.table_files import scan_table
from wethink_assets.storage.tables import Commit, Tables

__all__ = ["Sealing", "in_use", "seal_after", "seal_batch", "seal_rest", "seal_store", "was_removed"]

READERS = 8
CHUNK = 512
REMOVABLE = frozenset(
    {"batch job", "import record", "damaged journal part", "mark for a new run", "file set aside", "announced removal"}
)
"""Kinds whose files the commands that wrote them remove again."""
log = logging.getLogger(__name__)


@dataclass(slots=True)
class Sealing:
    """What was sealed: `vouched` files that a hash of their own or another's speaks for, `trusted` ones by kind, taken as they are.

    faults: files that are not what is said of them, with what is wrong; they were not sealed. foreign: files that no kind knows.
    """

    link: int = 0
    files: int = 0
    vouched: int = 0
    trusted: Counter[str] = field(default_factory=Counter)
    removed: int = 0
    faults: dict[str, str] = field(default_factory=dict)
    foreign: list[str] = field(default_factory=list)


def seal_store(
    store: Store,
    under: Iterable[str] = (),
    files: Iterable[str] = (),
    *,
    command: str,
    anew: bool = False,
    accepted: Collection[str] = (),
    removed: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Sealing:
    """Seal what is new in a store; files that are written once and were sealed before are not read again.

    Args:
        under: folders to look at; files: files that lie elsewhere; all of the store where there is neither.
        command: what is noted as the reason.
        anew: begin a new chain with all files as they are.
        accepted: files that are sealed as they are now, though they were sealed otherwise.
        removed: whatever is gone of `under` was removed on purpose.
        progress: called with files looked at and files in all.

    Raises `StoreError` where the chain is damaged.
    """
    roots, beside = list(under), list(files)
    complete = not (roots or beside)
    inventory = Inventory() if anew else read_inventory(store, within=None if complete else _within(roots, beside))
    paths = _listed(store, roots, beside)
    result = Sealing()
    fresh: dict[str, FileSeal | None] = {}
    judge = _Judge(store)
    done = 0
    with ThreadPoolExecutor(READERS) as pool:
        remaining = iter(paths)
        while chunk := list(islice(remaining, CHUNK)):
            known = [file for path in chunk if (file := _known(path, result)) is not None]
            wanted = [file for file in known if _is_due(file, inventory, accepted)]
            for file, seal, verdict in pool.map(judge.sealed, wanted):
                if seal is not None and file.path in accepted:
                    verdict = False
                _note(result, fresh, inventory, file, seal, verdict)
            done += len(chunk)
            if progress:
                progress(done, len(paths))
    gone = _removed(store, inventory, roots, complete, set(paths), fresh, removed)
    result.removed = len(gone)
    if fresh or gone or anew or (complete and not inventory.complete):
        trusted = sum(result.trusted.values())
        link = add_link(
            store, fresh | dict.fromkeys(gone), command=command, trusted=trusted, complete=complete, anew=anew
        )
        result.link = link.number
    result.files = len(fresh)
    return result


def seal_after(
    store: Store, under: Iterable[str], files: Iterable[str] = (), *, command: str, removed: bool = False
) -> None:
    """Seal what a command wrote. What cannot be sealed is said and fails nobody: the work itself is done.

    Args:
        under: folders; files: files that lie elsewhere.
        removed: whatever is gone of them was removed by the command.
    """
    try:
        result = seal_store(store, under, files, command=command, removed=removed)
    except WeThinkError as error:
        log.warning("what %s wrote is not sealed: %s", command, error)
        return
    for path, fault in result.faults.items():
        log.warning("%s is not sealed: %s", store.link(path), fault)


def seal_rest(store: Store, *, command: str) -> None:
    """Seal all that is new, where all of the store was sealed before, or there is nothing in it yet.

    A store of before is left to `wethink seal`, which says what it takes on trust.
    """
    try:
        if read_inventory(store, within=pl.lit(False)).complete or set(store.names("")) <= {PATH}:
            seal_after(store, (), command=command)
    except StoreError as error:
        log.warning("what %s wrote is not sealed: %s", command, error)


def seal_batch(store: Store, batch: str, *, command: str) -> None:
    """Seal all that a store holds of a batch; as `seal_after`, this fails nobody."""
    try:
        folders, files = _batch_files(store, batch)
    except StoreError as error:
        log.warning("batch %s is not sealed: %s", batch, error)
        return
    seal_after(store, folders, files, command=command)


def _batch_files(store: Store, batch: str) -> tuple[list[str], list[str]]:
    """Folders of a batch, and its files that lie among those of others: its listing, its images and their claims."""
    folders = [f"{root}/{name}/{batch}" for root in ("tables", "journal", "edits") for name in store.names(root)]
    files = [batch_path(batch)] if source_of(batch) else []
    commit = Tables(store).current("images", batch)
    if commit is not None:
        images = scan_table(store, commit).select("image_id", "blob").unique().collect()
        files += images["blob"].to_list()
        files += [claim_path(image) for image in images["image_id"]]
    return [*folders, "prompts", "configurations"], files


def _within(roots: list[str], beside: list[str]) -> pl.Expr:
    path = pl.col("path")
    return pl.any_horizontal(path.is_in([*roots, *beside]), *(path.str.starts_with(f"{root}/") for root in roots))


def _listed(store: Store, roots: list[str], beside: list[str]) -> list[str]:
    found = (
        [path for root in dict.fromkeys(roots) for path in store.files(root)] if roots or beside else store.files("")
    )
    return [path for path in dict.fromkeys([*found, *beside]) if not path.startswith(f"{FOLDER}/")]


def _known(path: str, result: Sealing) -> KnownFile | None:
    file = known_file(path)
    if file is None:
        result.foreign.append(path)
    return file


def _is_due(file: KnownFile, inventory: Inventory, accepted: Collection[str]) -> bool:
    return (
        file.path not in inventory.files or file.path in accepted or file.kind.nature in (Nature.REPLACED, Nature.LEASE)
    )


def _note(
    result: Sealing,
    fresh: dict[str, FileSeal | None],
    inventory: Inventory,
    file: KnownFile,
    seal: FileSeal | None,
    verdict: str | bool,
) -> None:
    if isinstance(verdict, str):
        result.faults[file.path] = verdict
        return
    if seal is None:
        return  # it is written to now, or went meanwhile
    before = inventory.files.get(file.path)
    if before is not None and before.sha256 == seal.sha256:
        return
    fresh[file.path] = seal
    if verdict:
        result.vouched += 1
    else:
        result.trusted[file.kind.name] += 1


def _removed(
    store: Store,
    inventory: Inventory,
    roots: list[str],
    complete: bool,
    there: set[str],
    fresh: dict[str, FileSeal | None],
    removed: bool,
) -> list[str]:
    """Sealed files that are gone because a command removed them. Any other that is gone stays sealed, so that its loss is seen."""
    heads = tuple(f"{root}/" for root in roots)
    missing = [
        path for path in inventory.files if path not in there and (complete or path in roots or path.startswith(heads))
    ]
    if removed or not missing:
        return missing
    grown = {path.rpartition("/")[0] for path in fresh}
    erased = erasures_of(store).images
    collected = CollectedTables(store)
    return [path for path in missing if was_removed(path, grown, erased, collected)]


def was_removed(path: str, grown: Collection[str], erased: Collection[str], collected: Container[str]) -> bool:
    """Whether a sealed file that is gone was removed by the command that keeps it.

    Args:
        grown: folders in which files lie that are newer than the seals.
        erased: images that were erased.
        collected: folders of tables that were removed as garbage and not made anew since.
    """
    file = known_file(path)
    if file is None:
        return False
    if file.kind.nature in (Nature.PART, Nature.LEASE):
        return path.rpartition("/")[0] in grown
    if file.kind.name == "stage table":
        return path.rpartition("/")[0] in collected
    return file.kind.name in REMOVABLE or (file.kind.name == "image" and file.parts["sha256"] in erased)


def in_use(data: bytes) -> bool:
    """Whether a lease is held: its file changes every few seconds."""
    try:
        return not Holder.model_validate_json(data).released
    except ValidationError:
        return False


class _Judge:
    """Holds files against what others say of them before they are sealed."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._tables = Tables(store)
        self._of_tables = lru_cache(maxsize=1024)(self._table_seals)
        self._of_versions = lru_cache(maxsize=64)(self._version_seals)
        self._of_policies = lru_cache(maxsize=64)(self._policy_seals)

    def sealed(self, file: KnownFile) -> tuple[KnownFile, FileSeal | None, str | bool]:
        """The seal of a file, and what is wrong with it, or whether anything vouches for it."""
        named = file.parts.get("sha256", "")
        try:
            if len(named) == 64 and file.kind.name == "image":
                return file, FileSeal(sha256=named, bytes=-1), True  # whoever reads it holds it against its name
            if not file.path.endswith(".json"):
                seal = sealed_file(self._store, file.path)
                return file, seal, self._verdict(file, seal.sha256, b"")
            data = self._store.read(file.path)
        except StoreError as error:
            return file, None, str(error) if self._store.exists(file.path) else True
        if file.kind.nature is Nature.LEASE and in_use(data):
            return file, None, True
        seal = FileSeal(sha256=hashlib.sha256(data).hexdigest(), bytes=len(data))
        return file, seal, self._verdict(file, seal.sha256, data)

    def _verdict(self, file: KnownFile, found: str, data: bytes) -> str | bool:
        if file.kind.name == "file set aside":  # damaged, as it may well be
            return False
        named = file.parts.get("sha256", "")
        if named:
            return found.startswith(named) or "its content is not what its name says"
        try:
            if file.path.endswith(".json"):
                json.loads(data)
            said = self._said(file, data)
        except (StoreError, VersionError) as error:
            return str(error)
        except ValueError as error:
            return f"it holds no JSON: {error}"
        return said if isinstance(said, bool) else found in said or "its bytes are not those that were published"

    def _said(self, file: KnownFile, data: bytes) -> bool | Collection[str]:
        """Whether a record's own seal speaks for it; else hashes that others say it has, if they do."""
        name = file.kind.name
        if name == "commit":
            commit = Commit.model_validate_json(data)
            if commit.seal and commit.seal != commit.sealed().seal:
                raise StoreError("its seal is not that of its content")
            return bool(commit.seal)
        if name == "cut":
            return bool(read_cut(self._store, file.parts["version"]).seal)
        if name == "version file" and file.path.endswith(f"/{MANIFEST}"):
            return bool(read_manifest(self._store, file.parts["version"]).seal)
        if name == "version file":
            return self._of_versions(file.parts["version"]).get(file.path, ()) or False
        if name == "stage table":
            _, asset, batch, _, _ = file.path.split("/")
            return self._of_tables(asset, batch).get(file.path, ()) or False
        if name == "policy file":
            return self._of_policies(file.parts["root"]).get(file.path, ()) or False
        return False

    def _table_seals(self, asset: str, batch: str) -> dict[str, set[str]]:
        said: dict[str, set[str]] = {}
        for commit in self._tables.all_of(asset, batch):
            for folder, files in ((commit.folder, commit.files), (commit.made_folder, commit.made_files)):
                for name, seal in files.items():
                    said.setdefault(f"{folder}/{name}.parquet", set()).add(seal.sha256)
        for path, hashes in erasures_of(self._store).files.items():
            if path in said:
                said[path] |= hashes
        return said

    def _version_seals(self, version: str) -> dict[str, set[str]]:
        if not self._store.exists(f"versions/{version}/{MANIFEST}"):
            return {}
        files = read_manifest(self._store, version).files
        return {f"versions/{version}/{name}": {file.sha256} for name, file in files.items()}

    def _policy_seals(self, root: str) -> dict[str, set[str]]:
        data = self._store.read_if_present(f"{root}/policy.json")
        files = json.loads(data).get("files", {}) if data else {}
        return {f"{root}/{name}": {str(sha256)} for name, sha256 in files.items()}
