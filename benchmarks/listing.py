"""Seconds and memory of registering a listing of many objects, which a simulated file system gives one by one.

    python benchmarks/listing.py [--objects 1000000] [--batch 100000] [--json]

What a client of a real store holds of a listing is not measured, nor what it waits for. Reported: seconds (by the clock and of the processor) and
memory at the peak, of the first registration, and of a second one that finds nothing new.
"""

import argparse
import json
import resource
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import fsspec

from wethink_assets.sources.catalog import Source
from wethink_assets.sources.registration import register_source
from wethink_assets.storage.store import Store


class Objects:
    """A listing as `find` gives it, made as it is walked: a thousand objects to a folder."""

    def __init__(self, root: str, count: int) -> None:
        self._root, self._count = root, count

    def items(self) -> Iterator[tuple[str, dict[str, Any]]]:
        for number in range(self._count):
            name = f"{self._root}/train/{number // 1000:06d}/{number:09d}.jpg"
            yield name, {"name": name, "size": 100_000 + number % 977, "type": "file", "ETag": f'"{number:032x}"'}


class SimulatedFileSystem(fsspec.AbstractFileSystem):
    """A bucket of `objects` objects."""

    protocol = "simulated"
    objects: ClassVar[int] = 0

    def isfile(self, path: str) -> bool:
        return False

    def isdir(self, path: str) -> bool:
        return True

    def find(self, path: str, **options: Any) -> Any:
        return Objects(path, self.objects)


def peak_megabytes() -> int:
    """Memory of this process at its peak."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--objects", type=int, default=1_000_000, help="objects of the listing")
    parser.add_argument("--batch", type=int, default=100_000, help="files of a batch")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    options = parser.parse_args()
    fsspec.register_implementation("simulated", SimulatedFileSystem, clobber=True)
    SimulatedFileSystem.objects = options.objects
    source = Source("listed", "benchmark", "photographs", "", "", "CC0-1.0", location="simulated://bucket")
    report: dict[str, Any] = {"objects": options.objects, "memory_before_mb": peak_megabytes()}
    with tempfile.TemporaryDirectory() as folder:
        store = Store.open(str(Path(folder, "store")))
        for name in ("first", "again"):
            started, used = time.perf_counter(), time.process_time()
            registration = register_source(store, source, options.batch)
            assert registration.files == options.objects, registration
            assert registration.new == (options.objects if name == "first" else 0), registration
            millions = options.objects / 1e6
            report[name] = {
                "seconds_a_million": round((time.perf_counter() - started) / millions, 1),
                "cpu_seconds_a_million": round((time.process_time() - used) / millions, 1),
                "peak_memory_mb": peak_megabytes(),
            }
    if options.json:
        print(json.dumps(report, indent=2))
        return
    print(f"{options.objects} objects, {report['memory_before_mb']} MB before")
    for name in ("first", "again"):
        print(f"{name:6s} " + ", ".join(f"{key.replace('_', ' ')}: {value}" for key, value in report[name].items()))


if __name__ == "__main__":
    main()
