"""Repair of a store: each file that verification names is taken from a copy, made again, or set aside, or its batch is marked for a new run.

Only bytes whose sha256 is the sealed one are put in a file's place, wherever they come from, and what lay there is moved to `aside/`, never deleted.
So a repair leads to what was sealed or to a fault that is named. What an erasure took out of the store does not come back from an older copy.
"""

import hashlib
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from wethink_assets.dataset.inventory.check import FOREIGN, MISSING, SUPERFLUOUS, StoreFault, check_store
from wethink_assets.dataset.inventory.derived import Derived
from wethink_assets.dataset.inventory.replacement import Mended, Outcome, Repair, Replacement, file_sha256
from wethink_assets.dataset.inventory.sealing import in_use, seal_after
from wethink_assets.errors import StoreError, WeThinkError
from wethink_assets.sources.claims import holder
from wethink_assets.storage.erasures import Erasures, erasures_of
from wethink_assets.storage.faults import optional_read
from wethink_assets.storage.file_ages import last_written
from wethink_assets.storage.file_kinds import KnownFile, Nature, known_file
from wethink_assets.storage.inventory import SNAPSHOT, ChainFault, add_link, read_inventory
from wethink_assets.storage.rerun_marks import RerunMark, mark_for_rerun, rerun_mark
from wethink_assets.storage.seal_links import HEAD, link_path, links_after_the_head, named_hash, write_head
from wethink_assets.storage.seals import sealed_file
from wethink_assets.storage.store import Store
from wethink_assets.storage.store_format import require_known_format
from wethink_assets.storage.tables import Tables

__all__ = ["Mended", "Outcome", "Repair", "repair_store"]

COMMAND = "wethink verify --repair"
LEASED = 120.0  # seconds after which a lease that nobody renewed is that of a killed process
FIRST = ("store format", "erasure", "collected tables")
"""Kinds that say how other files are to be read."""


def repair_store(
    store: Store,
    replicas: Sequence[Store] = (),
    *,
    dry: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Repair:
    """Verify all of a store and mend what is wrong.

    Args:
        replicas: copies of the store, asked in their order.
        dry: write nothing, and say what would be done.
        progress: called with files read and files to read.

    Raises `StoreError` where nothing is sealed, a copy is empty, or a later release wrote the store.
    """
    for replica in replicas:
        if not replica.names(""):
            raise StoreError(
                f"the replica {replica.url} is empty, or not there: give the folder or URL of a copy of the store"
            )
    with _elsewhere() if dry else store.scratch() as scratch:
        work = _Work(store, replicas, scratch, dry)
        work.mend_chain()
        if not dry:
            work.mend_first()
            require_known_format(store)
        work.begin(check_store(store, progress=progress).faults)
        work.mend()
    return Repair(dry, sorted(work.mended.values()))


@contextmanager
def _elsewhere() -> Iterator[Path]:
    with TemporaryDirectory() as folder:
        yield Path(folder)


class _Work(Replacement):
    def __init__(self, store: Store, replicas: Sequence[Store], scratch: Path, dry: bool) -> None:
        super().__init__(store, replicas, scratch, dry)
        self._derived = Derived(store, scratch / "derived")
        self._erasures: Erasures | str = ""
        self._busy = False
        self._faults: list[StoreFault] = []
        self._unsealed: list[str] = []
        self._marks: list[str] = []

    # What says how the rest is to be read.

    def mend_chain(self) -> None:
        """Links and head: from copies, and the head from the links."""
        for path in links_after_the_head(self._store):
            self._note(
                StoreFault(path, FOREIGN, ""), Outcome.SET_ASIDE, "it follows no link of the chain", self._moved(path)
            )
        known = set[str]()
        while True:
            faults = {fault.path: fault for fault in read_inventory(self._store, every_link=True).faults}
            todo = [fault for path, fault in sorted(faults.items(), reverse=True) if path not in known]
            if not todo:
                return
            known.add(todo[0].path)  # the highest first: it names the hash of the one before
            self._mend_link(todo[0])

    def _mend_link(self, chained: ChainFault) -> None:
        fault = StoreFault(chained.path, chained.fault, chained.detail)
        if chained.path == HEAD:
            self._mend_head(fault)
            return
        if chained.path == SNAPSHOT:
            self._note(fault, Outcome.REBUILT, "the links say the same", self._moved(SNAPSHOT))
            return
        sha256 = named_hash(self._store, chained.path)
        if not sha256:
            self._note(fault, Outcome.LEFT, "neither the link after it nor the head says what it was")
            return
        self._restore(fault, frozenset({sha256}))

    def _mend_head(self, fault: StoreFault) -> None:
        for replica in self._replicas:
            data = replica.read_if_present(HEAD)
            theirs = read_inventory(replica, every_link=True)
            ours = read_inventory(self._store)
            if data is not None and not theirs.faults and theirs.last_hash == ours.last_hash:
                aside = self._moved(HEAD)
                if not self._dry:
                    self._store.publish(HEAD, data)
                self._note(fault, Outcome.RESTORED, f"from {replica.link(HEAD)}", aside)
                return
        end = link_path(read_inventory(self._store).last)
        if any(each.path == end for each in read_inventory(self._store, every_link=True).faults):
            self._note(fault, Outcome.LEFT, "the last link is damaged too; `wethink seal --anew` begins a new chain")
            return
        aside = self._moved(HEAD)
        if not self._dry:
            write_head(self._store)
        last = read_inventory(self._store).last
        detail = f"it names link {last}, the last that is there; whether a later one is lost, only a replica can tell"
        self._note(fault, Outcome.REBUILT, detail, aside)

    def mend_first(self) -> None:
        """Records by which other files are told to be right or lost."""
        self._erasures = self._erased()
        for path, sealed in sorted(read_inventory(self._store).files.items()):
            file = known_file(path)
            if file is None or file.kind.name not in FIRST:
                continue
            data = self._store.read_if_present(path)
            if data is not None and hashlib.sha256(data).hexdigest() == sealed.sha256:
                continue
            fault = StoreFault(path, MISSING if data is None else "altered", "", sha256=sealed.sha256)
            self._restore(fault, frozenset({sealed.sha256}))
        self._erasures = self._erased()

    def _erased(self) -> Erasures | str:
        """What was erased; where a record of it is lost, why nobody knows."""
        try:
            return erasures_of(self._store)
        except StoreError as error:
            return str(error)

    # All others.

    def begin(self, faults: Sequence[StoreFault]) -> None:
        """Take what a verification found; what was mended before it is in none."""
        self._faults = [fault for fault in faults if fault.path not in self.mended]
        if self._dry:
            self._erasures = self._erased()
        lost = [fault.path for fault in faults if fault.kind == "erasure"]
        if lost:
            self._erasures = f"{self._store.link(lost[0])} is not there, which says what was erased"
        wanted = {fault.sha256 for fault in self._faults if fault.sha256}
        broken = {fault.path for fault in self._faults}
        for path, sealed in read_inventory(self._store).files.items():
            if sealed.sha256 in wanted and path not in broken:
                self._same.setdefault(sealed.sha256, []).append(path)
        self._busy = any(self._held(path) for path in self._store.files("") if "lease-" in path)
        for path in broken:  # files that changed places
            with optional_read():
                self._same.setdefault(sealed_file(self._store, path).sha256, []).append(path)

    def _held(self, path: str) -> bool:
        """Whether a file is a lease of somebody who is at work."""
        file = known_file(path)
        written = last_written(self._store, path) if file and file.kind.nature is Nature.LEASE else None
        return (
            written is not None and time.time() - written < LEASED and in_use(self._store.read_if_present(path) or b"")
        )

    def mend(self) -> None:
        """Mend all, those that others are made from first; then seal what was done."""
        todo = self._faults
        while todo:
            left = [fault for fault in todo if not self._mend_whole(fault)]
            if len(left) == len(todo):
                break
            todo = left
            self._derived.forget()
        for fault in sorted(todo, key=lambda fault: fault.fault not in (FOREIGN, SUPERFLUOUS)):
            self._give_up(fault)
        if not self._dry:
            self._seal()

    def _mend_whole(self, fault: StoreFault) -> bool:
        """Whether the sealed bytes are in their place again."""
        file = known_file(fault.path)
        expected = self._expected(fault, file)
        if file is None or isinstance(expected, str):
            return False
        if self._taken(fault, expected):
            return True
        made = self._derived.made(file)
        if isinstance(made, Path) and file_sha256(made) in expected:
            self._put(fault, made, Outcome.REBUILT, "from the files that it follows from")
            return True
        return False

    def _expected(self, fault: StoreFault, file: KnownFile | None) -> frozenset[str] | str:
        """Hashes that the file may have, or why none is right."""
        if not fault.sha256 or fault.fault in (FOREIGN, SUPERFLUOUS) or file is None:
            return "nothing says what it was"
        nature = file.kind.nature
        if self._busy and nature in (Nature.REPLACED, Nature.PART) and fault.fault != MISSING:
            return "commands are at work, which write it anew: repair it when none is"
        if file.kind.name in FIRST:
            return frozenset({fault.sha256})
        if isinstance(self._erasures, str):
            return f"nothing is brought back while it is unknown what was erased: {self._erasures}"
        if file.path in self._erasures.files:
            return self._erasures.files[file.path]
        folder = file.path.rpartition("/")[0]
        if folder in self._erasures.tables or file.path in self._erasures.tables:
            return "rows were erased from it, and nothing says what its bytes were then"
        if file.kind.name == "image" and file.parts["sha256"] in self._erasures.images:
            return "the image was erased"
        return frozenset({fault.sha256})

    def _restore(self, fault: StoreFault, expected: frozenset[str]) -> None:
        if not self._taken(fault, expected):
            self._note(fault, Outcome.LEFT, f"{_nowhere(self._replicas)}; {_remedy(fault.path)}")

    def _give_up(self, fault: StoreFault) -> None:
        """What is done where the sealed bytes are nowhere."""
        file = known_file(fault.path)
        if fault.fault in (FOREIGN, SUPERFLUOUS):
            try:
                self._note(fault, Outcome.SET_ASIDE, "", self._moved(fault.path))
            except StoreError as error:
                self._note(fault, Outcome.LEFT, str(error))
            return
        if file is None:
            self._note(fault, Outcome.LEFT, "no file of a store has such a name")
            return
        expected = self._expected(fault, file)
        if isinstance(expected, str):
            self._note(fault, Outcome.LEFT, expected)
        elif file.kind.remade and fault.sha256:
            self._unsealed.append(fault.path)
            self._note(fault, Outcome.MARKED, file.kind.remedy, self._gone(fault))
        elif file.kind.rerun and (marks := self._rerun(file)):
            if not self._dry:
                for mark in marks:
                    mark_for_rerun(self._store, mark)
                    self._marks.append(mark.path)
            named = ", ".join(f"{mark.asset} of {mark.batch}" for mark in marks)
            self._note(fault, Outcome.MARKED, f"the next run makes {named} again", self._gone(fault))
        else:
            made = self._derived.made(file)
            why = "made again it has other bytes" if isinstance(made, Path) else made
            self._note(fault, Outcome.LEFT, "; ".join(filter(None, (_nowhere(self._replicas), why, file.kind.remedy))))

    def _gone(self, fault: StoreFault) -> str:
        return "" if fault.fault == MISSING else self._moved(fault.path)

    def _rerun(self, file: KnownFile) -> list[RerunMark]:
        """Marks by which a new run makes a file again; none where it would not."""
        files, now = (file.path,), datetime.now(UTC)
        if file.kind.name == "image":
            held = None
            with suppress(WeThinkError):
                held = holder(self._store, file.parts["sha256"])
            return [RerunMark(asset="images", batch=held.batch, files=files, created=now)] if held else []
        _, asset, batch, name, *rest = file.path.split("/")
        if file.kind.name == "commit":
            number = int(rest[0].removesuffix(".json"))
            names = [each for each in self._store.names(f"tables/{asset}/{batch}/commits") if each.endswith(".json")]
            last = max((int(each.removesuffix(".json")) for each in names), default=0)
            return (
                [RerunMark(asset=asset, batch=batch, commit=number, files=files, created=now)] if number >= last else []
            )
        try:
            current = Tables(self._store).current(asset, batch)
            mark = rerun_mark(self._store, asset, batch)
        except StoreError:  # its commit is damaged, and so the batch is marked for that
            return []
        if current is None and mark is None:
            return []
        if current is None or name in (current.digest, current.made[:32]):
            return [RerunMark(asset=asset, batch=batch, files=files, created=now)]
        return []

    def _seal(self) -> None:
        """Seal what was set aside and marked; what commands make again is sealed no longer."""
        try:
            if self._unsealed:
                add_link(self._store, dict.fromkeys(self._unsealed), command=COMMAND)
        except StoreError as error:
            for path in self._unsealed:
                self.mended[path] = Mended(
                    path, self.mended[path].fault, Outcome.LEFT, str(error), self.mended[path].aside
                )
            return
        if any(each.aside for each in self.mended.values()) or self._marks:
            seal_after(self._store, [self._aside], self._marks, command=COMMAND)


def _nowhere(replicas: Sequence[Store]) -> str:
    return "no replica has it as it was sealed" if replicas else "no replica was given"


def _remedy(path: str) -> str:
    file = known_file(path)
    return file.kind.remedy if file else ""
