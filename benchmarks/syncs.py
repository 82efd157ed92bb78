"""Cost of syncs to the disk: seconds to ingest a batch and milliseconds to publish a record, with them and with `WETHINK_SYNC=0`, by turns.

    python benchmarks/syncs.py [--images 400] [--turns 5] [--json]

The store lies where temporary files do (`TMPDIR`): on a memory file system a sync costs nothing, so name a folder of a real disk.
"""

import argparse
import json
import os
import tempfile
import time
from pathlib import Path
from statistics import median

from wethink_assets.sources.batches import list_batches
from wethink_assets.sources.ingestion import ingest_batch
from wethink_assets.sources.registration import register_source
from wethink_assets.storage.store import Store
from wethink_assets_tests.support.images import drawing
from wethink_assets_tests.support.sources import source_at, write_files

RECORDS = 100


def turn(folder: Path, pictures: Path, images: int) -> tuple[float, float]:
    """Seconds to ingest all images as one batch, and milliseconds to publish a record of 2 kB."""
    store, source = Store.open(str(folder)), source_at(pictures)
    register_source(store, source, images)
    (batch,) = list_batches(store)
    began = time.perf_counter()
    ingest_batch(store, source, batch)
    store.sync()
    ingested = time.perf_counter()
    for number in range(RECORDS):
        store.publish(f"records/{number}.json", bytes(2_000))
    return ingested - began, 1_000 * (time.perf_counter() - ingested) / RECORDS


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=400)
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    figures: dict[str, list[tuple[float, float]]] = {"0": [], "1": []}
    with tempfile.TemporaryDirectory() as scratch:
        pictures = Path(scratch, "pictures")
        write_files(pictures, {f"{number:05d}.png": drawing(number) for number in range(given.images)})
        for number in range(given.turns):
            for sync, found in figures.items():
                os.environ["WETHINK_SYNC"] = sync
                found.append(turn(Path(scratch, f"store-{number}-{sync}"), pictures, given.images))
    told = {
        f"WETHINK_SYNC={sync}": {
            "ingest_seconds": round(median(seconds for seconds, _ in found), 3),
            "publish_ms": round(median(ms for _, ms in found), 2),
        }
        for sync, found in figures.items()
    }
    print(json.dumps(told, indent=1) if given.json else "\n".join(f"{name}: {one}" for name, one in told.items()))


if __name__ == "__main__":
    main()
