"""Sources of mutated files: registered and ingested as a whole, and everything that must hold of whatever comes out."""

import contextlib
import os
import resource
import shutil
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from wethink_assets.sources.ingestion import ingest_batch
from wethink_assets.sources.registration import register_source
from wethink_assets.storage.store import Store
from wethink_assets_tests.support.file_mutations import Mutation
from wethink_assets_tests.support.sources import source_at

REASONS = frozenset(
    [
        "empty",
        "too_large",
        "too_small",
        "missing_file",
        "not_an_image",
        "truncated",
        "corrupt",
        "unreadable",
        "already_ingested",
        "changed_since_registration",
    ]
)
CPU_SECONDS = 5.0
"""What one mutation may take, most of all."""
MEMORY = 1000 * 2**20
"""What the process may hold at its peak, beyond what it held before."""


@dataclass
class Round:
    """What came of some mutations: faults of ours, outcomes by format and reason, CPU seconds and peak memory."""

    faults: list[str] = field(default_factory=list)
    outcomes: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    peak: int = 0


def ingest_mutations(mutations: Sequence[Mutation], scratch: Path) -> Round:
    """Put mutations into the folders of one source, register and ingest it, and look at all that must hold.

    Whatever is raised is a fault, and so are a file that is neither image nor rejection nor in any count, a file twice, a reason that nobody
    knows, and anything written outside the store. `scratch` must be empty and is empty again afterwards.
    """
    result = Round()
    scratch.mkdir(exist_ok=True)
    source_folder, store_folder = scratch / "in" / "source", scratch / "in" / "store"
    written = {f"{one.number}": _written(source_folder / f"{one.number}", one) for one in mutations}
    _forget_peak()
    started, held = time.process_time(), _peak()
    try:
        _ingest(written, source_folder, store_folder, result, {f"{one.number}": one.format for one in mutations})
    except Exception as error:
        result.faults.append(f"{type(error).__name__}: {error}"[:500])
    result.seconds, result.peak = time.process_time() - started, _peak() - held
    for folder, files in written.items():
        now = _state(source_folder / folder)
        if now != files:
            result.faults.append(f"the source changed in {folder}: {sorted(files)} became {sorted(now)}")
    outside = sorted({*os.listdir(scratch), *os.listdir(scratch / "in")} - {"in", "source", "store"})
    if outside:
        result.faults.append(f"written outside the store: {outside}")
    if result.peak > MEMORY:
        result.faults.append(f"{result.peak >> 20} MiB more at the peak")
    if result.seconds > CPU_SECONDS * max(1.0, len(mutations) / 50):
        result.faults.append(f"{result.seconds:.1f} CPU-seconds")
    shutil.rmtree(scratch / "in")
    return result


def _ingest(
    written: dict[str, dict[bytes, tuple[int, int]]],
    source_folder: Path,
    store_folder: Path,
    result: Round,
    formats: dict[str, str],
) -> None:
    store, source = Store.open(str(store_folder)), source_at(source_folder)
    registration = register_source(store, source, 100_000)
    seen: Counter[str] = Counter()
    items: list[str] = []
    for key in registration.batches:
        output = ingest_batch(store, source, key)
        for item, kind in output.results.select("item", "format").iter_rows():
            items.append(item)
            seen[item.partition("/")[0]] += 1
            result.outcomes[f"{formats[item.partition('/')[0]]}: image, {kind}"] += 1
        for item, reason in output.rejections.select("item", "reason").iter_rows():
            items.append(item)
            seen[item.partition("/")[0]] += 1
            result.outcomes[f"{formats[item.partition('/')[0]]}: {reason}"] += 1
            if reason not in REASONS:
                result.faults.append(f"{item} is rejected for {reason}")
    for refusal in registration.refusals:
        folder = refusal.name.partition("/")[0]
        seen[folder] += 1
        result.outcomes[f"{formats.get(folder)}: refused, {refusal.reason}"] += 1
    if len(items) != registration.files or len(set(items)) != len(items):
        result.faults.append(f"{registration.files} files registered, {len(items)} outcomes of {len(set(items))} items")
    for ignored in registration.ignored:
        folder, slash, _ = ignored.name.partition("/")
        if slash:  # the folders themselves are ignored entries too
            seen[folder] += 1
            result.outcomes[f"{formats.get(folder)}: ignored, {ignored.kind}"] += 1
    silent = [folder for folder in written if not seen[folder]]
    if silent:
        result.faults.append(f"in no count: {silent}")


def _written(folder: Path, one: Mutation) -> dict[bytes, tuple[int, int]]:
    folder.mkdir(parents=True)
    for name, data in one.files.items():
        path = os.path.join(os.fsencode(folder), name.encode("utf-8", "surrogateescape").replace(b"/", b"_"))
        with open(path if path.rpartition(b"/")[2] not in (b"..", b".") else path + b"x", "wb") as file:
            file.write(data)
    return _state(folder)


def _state(folder: Path) -> dict[bytes, tuple[int, int]]:
    with os.scandir(os.fsencode(folder)) as entries:
        return {entry.name: (entry.stat().st_size, entry.stat().st_mtime_ns) for entry in entries}


def _forget_peak() -> None:
    with contextlib.suppress(OSError):  # no such file on this system: the peak is that of the whole process
        Path("/proc/self/clear_refs").write_text("5")


def _peak() -> int:
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) * 1024
    except (OSError, StopIteration):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
