"""Check of a whole store against its inventory: every damaged, missing, foreign or superfluous file, what depends on it and what mends it."""

import hashlib
import random
from collections.abc import Callable, Container, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice

from wethink_assets.dataset.collected_tables import CollectedTables
from wethink_assets.dataset.inventory.dependents import Dependents
from wethink_assets.dataset.inventory.sealing import was_removed
from wethink_assets.errors import StoreError, StoreUnreachable
from wethink_assets.intervals import sampled_share
from wethink_assets.storage.erasures import Erasures, erasures_of
from wethink_assets.storage.faults import NO_FILES, optional_write
from wethink_assets.storage.file_kinds import KnownFile, Nature, known_file
from wethink_assets.storage.inventory import SNAPSHOT, Inventory, add_link, read_inventory
from wethink_assets.storage.seal_links import FOLDER, HEAD, link_path
from wethink_assets.storage.seals import sealed_file
from wethink_assets.storage.store import Store

__all__ = ["StoreCheck", "StoreFault", "check_store"]

READERS = 8
CHUNK = 64  # files that one thread reads in turn: handing over each by itself costs as much as a small image
WHOLE = 4 << 20  # bytes up to which a file is read at once
MISSING, ALTERED, FOREIGN, SUPERFLUOUS, RETRACTED = "missing", "altered", "foreign", "superfluous", "retracted"
Found = tuple[str, str, str]


@dataclass(frozen=True, slots=True, order=True)
class StoreFault:
    """A file that is not what was sealed.

    fault: `missing`, `altered`, `foreign` (no kind of file lies there) or `superfluous` (its folder was complete without it).
    dependents: what is wrong where it is; remedy: what mends it; sha256: of the file as it was sealed, nothing where it was not.
    """

    path: str
    fault: str
    detail: str
    kind: str = ""
    dependents: str = ""
    remedy: str = ""
    sha256: str = ""


@dataclass(slots=True)
class StoreCheck:
    """What was looked at and what is wrong.

    files: looked for; read: of these, whose bytes were compared; unsealed: files of known kinds that no link names yet.
    share: exact 95% interval of the share of altered files among those that are there, where only a sample was read.
    """

    links: int = 0
    files: int = 0
    read: int = 0
    bytes: int = 0
    faults: list[StoreFault] = field(default_factory=list)
    retracted: list[str] = field(default_factory=list)
    unsealed: list[str] = field(default_factory=list)
    sampled: bool = False
    share: tuple[float, float] | None = None

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong; what was erased on purpose or is not sealed yet is not."""
        return not self.faults


def check_store(
    store: Store,
    *,
    sample: int = 0,
    changed: bool = False,
    seed: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> StoreCheck:
    """Hold every file of a store against what was sealed.

    All files are listed, so that what is missing or foreign is always named. Read are all files, or a part of them.

    Args:
        sample: read only so many sealed files, drawn at random.
        changed: read only files that were sealed since all were last found as sealed, and those that commands write anew.
        seed: of the sample; another each time when None.
        progress: called with files read and files to read.

    Raises `StoreError` when nothing is sealed, as in a store that is empty or not the one that was meant.
    """
    inventory = read_inventory(store, every_link=True)
    if not inventory.last and not inventory.faults:
        raise StoreError(f"nothing is sealed in {store.url}, so there is nothing to verify: `wethink seal` seals it")
    check = _Check(store, inventory)
    chosen = check.chosen(sample, changed, seed)
    result = check.result
    with ThreadPoolExecutor(READERS) as pool:
        parts = _parts(chosen)
        done = 0
        while some := list(islice(parts, READERS)):
            for faults, size in pool.map(check.read, some):
                for fault in faults:
                    check.note(*fault)
                result.bytes += size
            done += sum(map(len, some))
            if progress:
                progress(done, len(chosen))
    result.read = len(chosen)
    if sample:
        altered = sum(fault.fault == ALTERED and fault.path in inventory.files for fault in result.faults)
        result.sampled, result.share = True, sampled_share(altered, len(chosen), check.drawn_from)
    result.faults = Dependents(store).told(result.faults)
    result.faults.sort()
    if not sample and result.sound:
        _note_verified(store, inventory.last)
    return result


def _parts(paths: list[str]) -> Iterator[list[str]]:
    remaining = iter(paths)
    while part := list(islice(remaining, CHUNK)):
        yield part


def _note_verified(store: Store, number: int) -> None:
    """Keep in the chain up to where all was as sealed; a store that takes no writes is verified all the same."""
    with optional_write():
        add_link(store, {}, command="wethink verify", verified=number)


class _Check:
    def __init__(self, store: Store, inventory: Inventory) -> None:
        self._store = store
        self._inventory = inventory
        self.drawn_from = 0
        self.result = StoreCheck(links=inventory.last, files=len(inventory.files))
        for fault in inventory.faults:
            self.note(fault.path, fault.fault, fault.detail)
        self._gone = self._erasures()
        try:
            self._collected: Container[str] = CollectedTables(store)
        except StoreError:  # its record is named by its own seal
            self._collected = frozenset()
        there = store.files("")
        self._there = frozenset(there)
        links = {HEAD, SNAPSHOT, *map(link_path, range(1, inventory.last + 1))}
        for path in there:
            if path not in inventory.files and path not in links:
                self._unknown(path)
        grown = {path.rpartition("/")[0] for path in self.result.unsealed}
        for path in inventory.files:
            if path not in self._there:
                self._missing(path, grown)

    def _erasures(self) -> Erasures:
        try:
            return erasures_of(self._store)
        except StoreError:  # its record is named by its own seal
            return Erasures(frozenset(), {}, {})

    def note(self, path: str, fault: str, detail: str) -> None:
        """Keep a fault, or what was erased on purpose."""
        if fault == RETRACTED:
            self.result.retracted.append(path)
            return
        file = known_file(path)
        sealed = self._inventory.files.get(path)
        sha256 = sealed.sha256 if sealed else ""
        if file is None:
            self.result.faults.append(StoreFault(path, fault, detail, remedy="move it away"))
            return
        kind = file.kind
        remedy = "move it away" if fault in (FOREIGN, SUPERFLUOUS) else kind.remedy
        dependents = "" if fault in (FOREIGN, SUPERFLUOUS) else kind.dependents
        self.result.faults.append(StoreFault(path, fault, detail, kind.name, dependents, remedy, sha256))

    def _unknown(self, path: str) -> None:
        file = known_file(path)
        if file is None or path.startswith(f"{FOLDER}/"):
            self.note(path, FOREIGN, "no file of a store has such a name")
        elif path in self._inventory.removed:
            self.note(path, SUPERFLUOUS, "it was removed after it had been sealed, and is there again")
        elif file.closer and file.closer in self._inventory.files:
            self.note(path, SUPERFLUOUS, f"{file.closer.rpartition('/')[2]} closed its folder without it")
        else:
            self.result.unsealed.append(path)

    def _missing(self, path: str, grown: set[str]) -> None:
        file = known_file(path)
        if file is not None and file.kind.name == "image" and file.parts["sha256"] in self._gone.images:
            self.note(path, RETRACTED, "")
        elif not was_removed(path, grown, (), self._collected):
            self.note(path, MISSING, f"it was sealed by link {self._inventory.files[path].link}")

    def chosen(self, sample: int, changed: bool, seed: int | None) -> list[str]:
        """Paths to read: all that are there, or a part of them."""
        inventory = self._inventory
        paths = [path for path in inventory.files if path in self._there]
        if changed:
            paths = [path for path in paths if self._may_have_changed(path)]
        self.drawn_from = len(paths)
        if sample:
            return random.Random(seed).sample(paths, min(sample, len(paths)))
        # A hash in an unsealed file's name is held against its content too.
        return paths + [path for path in self.result.unsealed if (file := known_file(path)) and "sha256" in file.parts]

    def _may_have_changed(self, path: str) -> bool:
        file = known_file(path)
        late = self._inventory.files[path].link > self._inventory.verified
        return late or file is None or file.kind.nature in (Nature.REPLACED, Nature.LEASE)

    def read(self, paths: Iterable[str]) -> tuple[list[Found], int]:
        """Faults of files, and the bytes that were read."""
        faults, size = [], 0
        for path in paths:
            found, read = self._hash(path)
            size += read
            if found is None:
                faults.append((path, MISSING, "it went while the store was read"))
                continue
            sealed = self._inventory.files.get(path)
            expected = sealed.sha256 if sealed else _named(path)
            if path in self._gone.last:
                faults.append(self._erased(path, found))
            elif path in self._gone.blobs:
                faults.append((path, SUPERFLUOUS, "the image was erased after a takedown, and is there again"))
            elif not found.startswith(expected):
                faults += self._judged(path, found, expected, sealed.link if sealed else 0)
        return faults, size

    def _hash(self, path: str) -> tuple[str | None, int]:
        sealed = self._inventory.files.get(path)
        try:
            if sealed is not None and (sealed.bytes or 0) > WHOLE:
                seal = sealed_file(self._store, path)
                return seal.sha256, seal.bytes
            data = self._store.read(path)
        except StoreUnreachable as error:
            if error.errno not in NO_FILES:
                raise
            return "", 0  # no file has such a hash
        except StoreError:
            if self._store.exists(path):
                raise
            return None, 0
        return hashlib.sha256(data).hexdigest(), len(data)

    def _erased(self, path: str, found: str) -> Found:
        left = self._gone.last[path]
        detail = f"its sha256 is {found[:16]}, and an erasure left {left[:16]}: what was taken out may be in it again"
        return (path, RETRACTED, "") if found == left else (path, ALTERED, detail)

    def _judged(self, path: str, found: str, expected: str, link: int) -> Iterator[Found]:
        """What it means that a file has another hash."""
        file = known_file(path)
        if path in self._gone.tables and self._is_edit(file):
            yield path, RETRACTED, ""
        elif not found:
            yield path, ALTERED, "what lies there is no file that can be read"
        elif link:
            since = "; where a command wrote it since, `wethink seal` takes it as it is" if _is_replaced(file) else ""
            yield (
                path,
                ALTERED,
                f"its sha256 is {found[:16]}, and was {expected[:16]} when link {link} sealed it{since}",
            )
        else:
            yield path, ALTERED, "its content is not what its name says"

    @staticmethod
    def _is_edit(file: KnownFile | None) -> bool:
        return file is not None and file.kind.name == "edit by hand"


def _is_replaced(file: KnownFile | None) -> bool:
    return file is not None and file.kind.nature is Nature.REPLACED


def _named(path: str) -> str:
    file = known_file(path)
    return file.parts.get("sha256", "") if file else ""
