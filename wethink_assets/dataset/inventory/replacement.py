"""Replacement of damaged files by bytes that have the sealed hash; what lay there is moved to `aside/`, and each outcome is noted."""

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from urllib.parse import quote

from wethink_assets.dataset.inventory.check import MISSING, StoreFault
from wethink_assets.storage.faults import optional_read
from wethink_assets.storage.store import Store

__all__ = ["Mended", "Outcome", "Repair", "Replacement", "file_sha256"]

ASIDE = "aside"
PIECE = 4 << 20  # bytes of a copy that are held at once
LONGEST = 250  # bytes of a name


class Outcome(StrEnum):
    """What became of a fault."""

    RESTORED = "restored"
    """Its sealed bytes were found in a copy of the store, or elsewhere in the store."""
    REBUILT = "rebuilt"
    """Its sealed bytes were made again from other files."""
    SET_ASIDE = "set aside"
    """It belongs to no store or folder, and was moved away."""
    MARKED = "marked"
    """The next run of its batch, or the next command that needs it, makes it again."""
    LEFT = "left"
    """Nothing here mends it; `detail` says why."""


REPAIRED = frozenset({Outcome.RESTORED, Outcome.REBUILT, Outcome.SET_ASIDE})


@dataclass(frozen=True, slots=True, order=True)
class Mended:
    """A fault and what became of it, or would. aside: where the file that lay there was moved."""

    path: str
    fault: str
    outcome: Outcome
    detail: str
    aside: str = ""


@dataclass(slots=True)
class Repair:
    """What became of all faults: each is in `faults` once. dry: nothing was written."""

    dry: bool
    faults: list[Mended] = field(default_factory=list)

    @property
    def repaired(self) -> int:
        """Faults that are none any more."""
        return sum(each.outcome in REPAIRED for each in self.faults)

    @property
    def marked(self) -> int:
        """Faults that the next run or command mends."""
        return sum(each.outcome is Outcome.MARKED for each in self.faults)

    @property
    def left(self) -> int:
        """Faults that are as they were."""
        return sum(each.outcome is Outcome.LEFT for each in self.faults)


class Replacement:
    """Puts files into their place, in a store or, where `dry`, nowhere. `mended` has the outcome of each fault by path."""

    def __init__(self, store: Store, replicas: Sequence[Store], scratch: Path, dry: bool) -> None:
        self._store = store
        self._replicas = replicas
        self._scratch = scratch
        self._dry = dry
        self._aside = f"{ASIDE}/{datetime.now(UTC):%Y%m%dT%H%M%S}-{os.urandom(4).hex()}"
        self._same: dict[str, list[str]] = {}  # files of the store by their sha256
        self.mended: dict[str, Mended] = {}

    def _taken(self, fault: StoreFault, expected: frozenset[str]) -> bool:
        """Put sealed bytes into their place that a replica or another file of the store has."""
        places = [(replica, fault.path) for replica in self._replicas]
        places += [(self._store, path) for sha256 in expected for path in self._same.get(sha256, ())]
        copy = self._scratch / "copy"
        for place, path in places:
            if _copied(place, path, copy) in expected:
                self._put(fault, copy, Outcome.RESTORED, f"from {place.link(path)}")
                return True
        return False

    def _put(self, fault: StoreFault, source: Path, outcome: Outcome, detail: str) -> None:
        # Of a file that is missing a folder may lie in the place.
        there = fault.fault != MISSING or (self._store.local and self._store.exists(fault.path))
        aside = self._moved(fault.path) if there else ""
        if not self._dry:
            self._store.publish_file(fault.path, source)
        if aside:  # its bytes may be what another file lacks
            self._same = {
                key: [aside if path == fault.path else path for path in paths] for key, paths in self._same.items()
            }
        self._note(fault, outcome, detail, aside)

    def _moved(self, path: str) -> str:
        """Move a file out of the way; where to."""
        parts = [
            quote(part, safe=" ", errors="surrogateescape") if not part.isprintable() else part
            for part in path.split("/")
        ]
        short = [
            part if len(os.fsencode(part)) <= LONGEST else hashlib.sha256(os.fsencode(part)).hexdigest()
            for part in parts
        ]
        target = f"{self._aside}/{'/'.join(short)}"
        if not self._dry:
            if not self._store.exists(path):
                return ""
            self._store.move(path, target)
        return target

    def _note(self, fault: StoreFault, outcome: Outcome, detail: str, aside: str = "") -> None:
        self.mended[fault.path] = Mended(fault.path, fault.fault, outcome, detail, aside)


def _copied(store: Store, path: str, target: Path) -> str:
    """Copy a file onto this machine; the sha256 of its bytes, nothing where there is none."""
    digest, sha256 = hashlib.sha256(), ""
    with optional_read(), store.open_read(path) as stream, target.open("wb") as copy:
        while piece := stream.read(PIECE):
            digest.update(piece)
            copy.write(piece)
        sha256 = digest.hexdigest()
    return sha256


def file_sha256(path: Path) -> str:
    """sha256 of a file on this machine."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
