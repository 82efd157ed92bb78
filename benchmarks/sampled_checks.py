"""Share of the intervals of `wethink verify --all --sample` that hold the true share of altered files, over many draws of faults.

    python benchmarks/sampled_checks.py [--files 10000] [--altered 0,1,10,100,1000] [--samples 50,300,2000] [--draws 2000] [--checks 100]
        [--seed 1] [--json]

For each number of altered files and of files read, so many draws of which files are altered and which are read; the interval is the one that the
check prints. Exact shares over all draws (the number found is hypergeometric) stand beside. With `--checks` so many draws are made on a real store of
300 files, whose bytes are altered and which the real check samples: it must find as many as the draw says. Exits with 1 where less than 0.95 of
the intervals of a row hold the truth exactly.
"""

import argparse
import json
import os
import random
import tempfile
from typing import Any

import numpy as np

from wethink_assets.dataset.inventory.check import check_store
from wethink_assets.dataset.inventory.sealing import seal_store
from wethink_assets.identity import sha256_hex
from wethink_assets.intervals import sampled_share
from wethink_assets.storage.blobs import blob_path
from wethink_assets.storage.store import Store

LEAST = 0.95
STORED = 300


def drawn(files: int, altered: int, sample: int, draws: int, seed: int) -> dict[str, Any]:
    """Share of intervals that hold the truth, by so many draws and exactly, and their mean width."""
    bounds = [sampled_share(found, sample, files) for found in range(min(altered, sample) + 1)]
    holds = np.array([low <= altered / files <= high for low, high in bounds])
    found = np.random.default_rng(seed).hypergeometric(altered, files - altered, sample, draws)
    chances = _chances(files, altered, sample)
    return {
        "altered": altered,
        "read": sample,
        "held": float(holds[found].mean()),
        "held_exactly": float(chances @ holds),
        "width": float(chances @ np.array([high - low for low, high in bounds])),
    }


def _chances(files: int, altered: int, sample: int) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Chance of each number of altered files among those that are read (hypergeometric)."""
    ln = np.cumsum(np.log(np.maximum(np.arange(files + 1), 1)))

    def choices(many: Any, chosen: Any) -> Any:
        return ln[many] - ln[chosen] - ln[many - chosen]

    found = np.arange(min(altered, sample) + 1)
    ways = choices(altered, found) + choices(files - altered, sample - found) - choices(files, sample)
    return np.where(sample - found <= files - altered, np.exp(ways), 0.0)


def on_a_store(checks: int, seed: int) -> dict[str, Any]:
    """Real checks of samples of a store with altered files, each with another draw."""
    draw, held, wrong = random.Random(seed), 0, 0
    with tempfile.TemporaryDirectory() as scratch:
        store = Store.open(scratch)
        for number in range(STORED):
            data = number.to_bytes(4, "big")
            store.publish(blob_path(sha256_hex(data), "png"), data)
        seal_store(store, command="benchmark")
        paths = store.files("blobs")
        whole = {path: store.read(path) for path in paths}
        sealed = len(store.files("")) - len(store.files("seals"))
        for check in range(checks):
            altered = draw.sample(paths, draw.choice((0, 1, 5, 30, 150)))
            for path in altered:
                store.publish(path, b"altered")
            result = check_store(store, sample=draw.choice((20, 100, 250)), seed=check)
            low, high = result.share or (1.0, 0.0)
            held += low <= len(altered) / result.files <= high
            wrong += not {fault.path for fault in result.faults} <= set(altered) or result.files != sealed
            for path in altered:
                store.publish(path, whole[path])
    return {"checks": checks, "held": held / checks, "wrong": wrong}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--altered", default="0,1,10,100,1000")
    parser.add_argument("--samples", default="50,300,2000")
    parser.add_argument("--draws", type=int, default=2_000)
    parser.add_argument("--checks", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    os.environ.setdefault("WETHINK_SYNC", "0")
    rows = [
        drawn(given.files, altered, sample, given.draws, given.seed)
        for altered in map(int, given.altered.split(","))
        for sample in map(int, given.samples.split(","))
    ]
    stored = on_a_store(given.checks, given.seed)
    figures = {"files": given.files, "rows": rows, "store": stored}
    if given.json:
        print(json.dumps(figures, indent=1))
    else:
        for row in rows:
            print(
                f"{row['altered']:>6} altered, {row['read']:>5} read: {row['held']:.3f} of {given.draws} intervals hold it "
                f"({row['held_exactly']:.3f} exactly), {100 * row['width']:.2f} points wide"
            )
        print(f"on a store: {figures['store']}")
    raise SystemExit(bool(any(row["held_exactly"] < LEAST for row in rows) or stored["wrong"]))


if __name__ == "__main__":
    main()
