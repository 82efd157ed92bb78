"""Random faults of a store's files: how many `wethink verify --all` names, what `--repair` makes of them, and its speed beside a bare loop.

    python benchmarks/store_faults.py [--faults 10000] [--repairs 1000] [--blobs 0] [--store FOLDER] [--seed 1] [--state FILE] [--json]

A fault is one byte flipped, a truncation, a deletion, two files of a kind exchanged, a file in the place of another, a file as it was before or back
after it was erased, or one that no store has, or that its folder was complete without; the kind of file is drawn first, so that rare ones are hit as
often. The store is a copy of FOLDER, which must be sealed; without one it is that of an earlier release, sealed, after which an image was taken down
and erased. Faults of files by which others are read (seals, erasures) are made one at a time, of others many at once. Each must be named by its path;
undone, the store must be sound again.

With `--repairs` so many faults are repaired, in turn with a replica and without. Afterwards each file must hold what it held, or be named, marked
or set aside: never other bytes. With `--blobs 100000` so many images of 8 kB are verified beside a loop that reads and hashes the same files.

Exits with 1 where a fault was not named, or a repair led to other bytes.
"""

import argparse
import hashlib
import json
import os
import random
import shutil
import sys
import tempfile
import time
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from wethink_assets.dataset.inventory.check import check_store
from wethink_assets.dataset.inventory.repair import Outcome, repair_store
from wethink_assets.dataset.inventory.sealing import seal_store
from wethink_assets.dataset.takedown.erasure import erase
from wethink_assets.dataset.takedown.takedown import find_subject, take_down
from wethink_assets.storage.file_kinds import known_file
from wethink_assets.storage.local_files import write_new
from wethink_assets.storage.store import Store
from wethink_assets_tests.support.earlier_store import unpacked_store

HARMS = ("byte", "truncated", "deleted", "exchanged", "replaced", "stale", "foreign", "superfluous")
ALONE = ("seal", "seals", "erasure", "collected tables", "store format")
"""Parts of the names of kinds by which other files are read."""
TOGETHER = 40
SHARE_ALONE = 0.08


@dataclass
class Tally:
    """What came of the faults so far; kept between runs by `--state`."""

    done: int = 0
    named: Counter[str] = field(default_factory=Counter)  # by kind of file and harm
    missed: list[str] = field(default_factory=list)
    beside: Counter[str] = field(default_factory=Counter)  # other files that were named, by kind
    repairs: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Fault:
    """What was done to a file; `named` are the paths of which verification must name one each."""

    kind: str
    harm: str
    named: tuple[str, ...]


def _kind(path: str) -> str:
    file = known_file(path)
    return file.kind.name if file else "unknown"


class Harmed:
    """A store to do harm to, with what its files held."""

    def __init__(self, folder: Path, before: dict[str, bytes]) -> None:
        """`before` is what files held earlier that hold something else now."""
        self.before = before
        self.store = Store.open(str(folder))
        self.folder = folder
        self.content = {path: (folder / path).read_bytes() for path in self.store.files("")}
        self.kinds: defaultdict[str, list[str]] = defaultdict(list)
        for path in sorted(self.content):
            self.kinds[_kind(path)].append(path)
        self.touched: set[str] = set()

    def drawn(self, draw: random.Random, alone: bool) -> Fault | None:
        """Do harm to a file of a random kind; None where this would change nothing, or was done already."""
        kinds = [kind for kind in self.kinds if any(part in kind for part in ALONE) == alone]
        kind = draw.choice(kinds)
        path, harm = draw.choice(self.kinds[kind]), draw.choice(HARMS)
        if harm in ("foreign", "superfluous"):
            return self._added(draw, kind, path, harm)
        data = self.content[path]
        others = [other for other in self.kinds[kind] if self.content[other] != data and other not in self.touched]
        if (
            path in self.touched
            or (harm in ("exchanged", "replaced") and not others)
            or (not data and harm != "deleted")
        ):
            return None
        if harm == "stale":
            path = draw.choice([other for other in self.before if _kind(other) == kind] or [""])
            return None if not path or path in self.touched else self._put(kind, harm, {path: self.before[path]})
        if harm == "deleted":
            return self._put(kind, harm, {path: None})
        if harm == "truncated":
            return self._put(kind, harm, {path: data[: draw.randrange(len(data))]})
        if harm == "byte":
            place = draw.randrange(len(data))
            changed = bytes([data[place] ^ (1 << draw.randrange(8))])
            return self._put(kind, harm, {path: data[:place] + changed + data[place + 1 :]})
        other = draw.choice(others)
        back = {other: data} if harm == "exchanged" else {}
        return self._put(kind, harm, {path: self.content[other], **back})

    def _added(self, draw: random.Random, kind: str, path: str, harm: str) -> Fault | None:
        name = f"{draw.getrandbits(64):016x}"
        if harm == "superfluous":
            folder = next((part for part in self.kinds if part == "version file"), "")
            path = draw.choice(self.kinds[folder]) if folder else path
        added = f"{path.rpartition('/')[0]}/{name}.{draw.choice(('txt', 'bin', 'py'))}".lstrip("/")
        return self._put(kind, harm, {added: b"mine"})

    def _put(self, kind: str, harm: str, files: dict[str, bytes | None]) -> Fault:
        for path, data in files.items():
            self.touched.add(path)
            self._write(path, data)
        return Fault(kind, harm, tuple(files))

    def _write(self, path: str, data: bytes | None) -> None:
        (self.folder / path).unlink(missing_ok=True)
        if data is not None:
            (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
            write_new(str(self.folder / path), data)

    def undo(self) -> None:
        """Make every file what it was, without the links that verifications added."""
        for path in self.touched | set(self.store.files("seals")):
            self._write(path, self.content.get(path))
        self.touched.clear()

    def restore_all(self) -> None:
        """As `undo`, of whatever a repair wrote."""
        now = set(self.store.files(""))
        for path in now - self.content.keys():
            (self.folder / path).unlink()
        for path, data in self.content.items():
            if path not in now or (self.folder / path).read_bytes() != data:
                self._write(path, data)
        self.touched.clear()


def named_faults(harmed: Harmed, tally: Tally, wanted: int, seed: int, progress: Any) -> None:
    """Rounds of faults that are all to be named, until so many are done."""
    while tally.done < wanted:
        draw = random.Random(f"{seed}:{tally.done}")
        alone = draw.random() < SHARE_ALONE * TOGETHER / (1 + SHARE_ALONE * (TOGETHER - 1))
        room = min(1 if alone else TOGETHER, wanted - tally.done)
        faults = [fault for _ in range(room) if (fault := harmed.drawn(draw, alone)) is not None]
        if not faults:
            harmed.undo()
            seed += 1_000_003
            continue
        found = {fault.path: fault for fault in check_store(harmed.store).faults}
        for fault in faults:
            for path in fault.named:
                key = f"{fault.kind}: {fault.harm}"
                if path in found:
                    tally.named[key] += 1
                else:
                    tally.missed.append(f"{key}: {path}")
        expected = {path for fault in faults for path in fault.named}
        tally.beside.update(each.kind or "foreign" for path, each in found.items() if path not in expected)
        harmed.undo()
        after = check_store(harmed.store)
        if not after.sound:
            raise SystemExit(f"the store is not sound after {faults} were undone: {after.faults}")
        tally.done += len(faults)
        progress(tally)


def repaired_faults(harmed: Harmed, replica: Store, tally: Tally, wanted: int, seed: int, progress: Any) -> None:
    """Faults of which each is repaired, in turn with a replica and without; no file may come to other bytes without being named."""
    while tally.repairs < wanted:
        draw = random.Random(f"repair {seed}:{tally.repairs}")
        alone = draw.random() < 2 * SHARE_ALONE
        faults = [fault for _ in range(1 if alone else 8) if (fault := harmed.drawn(draw, alone)) is not None]
        with_replica = tally.repairs % 2 == 0
        done = repair_store(harmed.store, [replica] if with_replica else [])
        outcomes = {each.path: each.outcome for each in done.faults}
        after = check_store(harmed.store)
        still = {each.path for each in after.faults}
        for fault in faults:
            for path in fault.named:
                how = outcomes.get(path)
                tally.outcomes[f"{'replica' if with_replica else 'alone'}: {how.value if how else 'sound'}"] += 1
        for path, data in harmed.content.items():
            place = harmed.folder / path
            now = place.read_bytes() if place.exists() else None
            told = path in still or outcomes.get(path) in (Outcome.LEFT, Outcome.MARKED)
            if now != data and not told and not path.startswith("seals/"):
                tally.wrong.append(f"{tally.repairs}: {path} holds other bytes, and nothing says so ({faults})")
        harmed.restore_all()
        tally.repairs += max(1, len(faults))
        progress(tally)


def beside_a_loop(count: int, seed: int) -> dict[str, float]:
    """Seconds of a verification and of a bare loop over as many images, each by eight threads, and their ratio."""
    draw = random.Random(seed)
    with tempfile.TemporaryDirectory() as scratch:
        store = Store.open(scratch)
        for _ in range(count):
            data = draw.randbytes(8_000)
            name = hashlib.sha256(data).hexdigest()
            folder = Path(scratch, "blobs", name[:2])
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"{name}.png").write_bytes(data)
        began = time.perf_counter()
        seal_store(store, command="benchmark")
        sealed = time.perf_counter() - began
        paths = [f"{scratch}/{path}" for path in store.files("blobs")]
        loop, verified = [], []
        for _ in range(3):
            began = time.perf_counter()
            with ThreadPoolExecutor(8) as pool:
                sum(1 for _ in pool.map(_hashed, (paths[start : start + 64] for start in range(0, len(paths), 64))))
            loop.append(time.perf_counter() - began)
            began = time.perf_counter()
            assert check_store(store).sound
            verified.append(time.perf_counter() - began)
        middle = sorted(loop)[1], sorted(verified)[1]
    return {
        "blobs": count,
        "seal_seconds": round(sealed, 2),
        "loop_seconds": round(middle[0], 2),
        "verify_seconds": round(middle[1], 2),
        "verify_beside_loop": round(middle[1] / middle[0], 2),
    }


def _hashed(paths: list[str]) -> list[str]:
    return [hashlib.sha256(Path(path).read_bytes()).hexdigest() for path in paths]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--faults", type=int, default=10_000, help="faults that are to be named (default: 10,000)")
    parser.add_argument("--repairs", type=int, default=1_000, help="faults that are repaired (default: 1,000)")
    parser.add_argument(
        "--blobs", type=int, default=0, help="images that are verified beside a bare loop (default: none)"
    )
    parser.add_argument("--store", type=Path, help="a sealed store to copy (default: that of an earlier release)")
    parser.add_argument("--seed", type=int, default=1, help="of the draws (default: 1)")
    parser.add_argument("--state", type=Path, help="file that keeps what is done, to go on from")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    arguments = parser.parse_args()
    os.environ.setdefault("WETHINK_SYNC", "0")
    tally = _kept(arguments.state)
    with tempfile.TemporaryDirectory() as scratch:
        original = Path(scratch, "original")
        before: dict[str, bytes] = {}
        if arguments.store:
            shutil.copytree(arguments.store, original)
        else:
            before = _earlier(original)
        harmed = Harmed(Path(shutil.copytree(original, Path(scratch, "harmed"))), before)
        last = [0.0]

        def progress(now: Tally) -> None:
            if time.monotonic() - last[0] > 2:
                last[0] = time.monotonic()
                _keep(arguments.state, now)
                print(
                    f"\r{now.done} of {arguments.faults} faults, {len(now.missed)} not named; {now.repairs} of {arguments.repairs} repairs, "
                    f"{len(now.wrong)} wrong",
                    end="",
                    file=sys.stderr,
                )

        named_faults(harmed, tally, arguments.faults, arguments.seed, progress)
        repaired_faults(harmed, Store.open(str(original)), tally, arguments.repairs, arguments.seed, progress)
    _keep(arguments.state, tally)
    print(file=sys.stderr)
    figures: dict[str, Any] = {
        "faults": tally.done,
        "named": sum(tally.named.values()),
        "not_named": tally.missed,
        "by_kind_and_harm": dict(sorted(tally.named.items())),
        "named_beside": dict(tally.beside),
        "repairs": tally.repairs,
        "outcomes": dict(sorted(tally.outcomes.items())),
        "wrong": tally.wrong,
        "load": os.getloadavg()[0],
    }
    if arguments.blobs:
        figures["speed"] = beside_a_loop(arguments.blobs, arguments.seed)
    if arguments.json:
        print(json.dumps(figures, indent=1))
    else:
        for name, value in figures.items():
            print(f"{name}: {json.dumps(value)}")
    raise SystemExit(bool(tally.missed or tally.wrong))


def _earlier(folder: Path) -> dict[str, bytes]:
    """The store of an earlier release, sealed, after which an image was taken down and erased; what its files held before that."""
    store = Store.open(str(unpacked_store(folder)))
    seal_store(store, command="benchmark")
    before = {path: store.read(path) for path in store.files("")}
    image = Path(store.files("blobs")[0]).stem
    subject = find_subject(store, image, None)
    take_down(store, subject)
    erase(store, subject)
    # An older lease beside a newer one says nothing: the highest number counts.
    return {
        path: data for path, data in before.items() if store.read_if_present(path) != data and _kind(path) != "lease"
    }


def _kept(state: Path | None) -> Tally:
    if state is None or not state.exists():
        return Tally()
    kept = json.loads(state.read_text())
    return Tally(
        kept["done"],
        Counter(kept["named"]),
        kept["missed"],
        Counter(kept["beside"]),
        kept["repairs"],
        Counter(kept["outcomes"]),
        kept["wrong"],
    )


def _keep(state: Path | None, tally: Tally) -> None:
    if state is not None:
        beside = state.with_name(f"{state.name}.writing")
        beside.write_text(json.dumps(tally.__dict__))
        beside.rename(state)


if __name__ == "__main__":
    main()
