"""Pairs of alike pictures that lie in different splits: by the hash of each image, as before, and by groups of alike images.

    python benchmarks/splits.py [--seeds 6] [--first-seed 9500] [--steps 4] [--json]

Photographs, charts, documents and drawings are made with their copies and with themselves but for one thing, so the truth follows from how each is
made. They come in steps, in a random order, and are compared as `wethink cut` does; then one further picture of each kind comes.
"""

import argparse
import json
import os
import random
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # or threads that wait for each other count as work

import cv2
import polars as pl

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from wethink_assets.dedup.image_groups import ImageGroups
from wethink_assets.dedup.image_links import link_images
from wethink_assets.dedup.link_files import read_steps
from wethink_assets.identity import sha256_hex, split_of
from wethink_assets.storage.blobs import Blobs
from wethink_assets.storage.store import Store
from wethink_assets_tests.support.image_pairs.pairs import labelled_pairs
from wethink_assets_tests.support.image_pairs.scenes import DRAWN

GROWTH = 100_000
"""Between the seeds of the pictures and those of the growth."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=6, help="pictures of each kind")
    parser.add_argument("--first-seed", type=int, default=9500)
    parser.add_argument("--steps", type=int, default=4, help="steps that they come in")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    cv2.setNumThreads(1)
    seeds = range(args.first_seed, args.first_seed + args.seeds)
    with TemporaryDirectory() as folder:
        figures = measure(Store.open(folder), seeds, args.steps)
    print(
        json.dumps(figures, indent=1) if args.json else "\n".join(f"{name}: {value}" for name, value in figures.items())
    )


def measure(store: Store, seeds: range, steps: int) -> dict[str, Any]:
    """Figures over all pictures of these seeds."""
    alike = [pair for pair in labelled_pairs(seeds) if pair.truth != "other"]
    files = {sha256_hex(data): data for pair in alike for data in (pair.first, pair.second)}
    source = {sha256_hex(data): (pair.kind, pair.seed) for pair in alike for data in (pair.first, pair.second)}
    images = sorted(files)
    random.Random(seeds[0]).shuffle(images)
    seconds = 0.0
    for step in range(steps):
        seconds += _add(store, {image: files[image] for image in images[step::steps]})
    splits, groups = _groups(store)
    further = {
        sha256_hex(pair.first): pair.first for pair in labelled_pairs(range(seeds[0] + GROWTH, seeds[0] + GROWTH + 1))
    }
    growth = _add(store, further)
    pairs = [(sha256_hex(pair.first), sha256_hex(pair.second), pair.truth) for pair in alike]
    strange = sum(len({source[image] for image in group}) > 1 for group in groups)
    return {
        "pictures": len(files),
        "kinds": len(DRAWN),
        "steps": steps,
        "alike pairs": len(pairs),
        "across splits by image": sum(split_of(one) != split_of(other) for one, other, _ in pairs),
        "across splits by group": sum(
            splits.get(one, split_of(one)) != splits.get(other, split_of(other)) for one, other, _ in pairs
        ),
        "groups": len(groups),
        "groups of unlike pictures": strange,
        "CPU seconds": round(seconds, 1),
        "further pictures": len(further),
        "CPU seconds of these": round(growth, 1),
    }


def _add(store: Store, files: dict[str, bytes]) -> float:
    """Put pictures into the store and compare them; CPU seconds of the comparison."""
    blobs = Blobs(store)
    rows = [(image, "made.000001", blobs.put(data, "png", image)) for image, data in sorted(files.items())]
    images = pl.DataFrame(rows, schema=["image_id", "batch", "blob"], orient="row")
    start = time.process_time()
    link_images(store, images, lambda image, batch: None)
    return time.process_time() - start


def _groups(store: Store) -> tuple[dict[str, str], list[list[str]]]:
    """Splits of images that are in groups, and the images of each group."""
    groups = ImageGroups()
    for number, step in enumerate(read_steps(store), 1):
        groups.add(number, step)
    frame = groups.frame()
    splits: dict[str, str] = dict(frame.select("image_id", "split").iter_rows())
    return splits, frame.group_by("group", maintain_order=True).agg("image_id")["image_id"].to_list()


if __name__ == "__main__":
    main()
