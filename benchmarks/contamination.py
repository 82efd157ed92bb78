"""Found and false: altered copies of a data set's images in benchmarks, by the comparison that a cut is held against (`dedup.picture_comparison`).

    python benchmarks/contamination.py [--seeds 12] [--first-seed 6000] [--unrelated 100] [--json]

Photographs, charts, documents and drawings are drawn and put into a store as a batch; each of 19 ways to alter a file makes a benchmark of all of
them, and one benchmark has other pictures of the same kinds. So the truth follows from how each is made: the picture that a benchmark's image was
made of is to be found as a copy, and nothing else. Reported for each way and kind: copies found of how many; for each kind: images that would be
left out, or called altered, for a picture that they are not; and seconds.
"""

import argparse
import json
import os
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # or threads that wait for each other count as work

import cv2
import polars as pl
from PIL import Image, ImageEnhance, ImageOps

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from wethink_assets.dedup.benchmark_verdicts import read_verdicts
from wethink_assets.dedup.contamination import SignedBenchmark
from wethink_assets.dedup.copies.pixels import compared_pixels
from wethink_assets.dedup.copies.signature import sign_picture
from wethink_assets.dedup.picture_comparison import PictureComparison
from wethink_assets.identity import sha256_hex
from wethink_assets.storage.blobs import Blobs
from wethink_assets.storage.store import Store
from wethink_assets_tests.support.image_pairs.copies import COPIES, encoded
from wethink_assets_tests.support.image_pairs.scenes import DRAWN, photograph_of

FURTHER = 500_000
"""Seeds of pictures that no picture of the batch is made of, beyond those of the batch."""
DIGEST = "0" * 32


def _jpeg(picture: Image.Image, quality: int = 90) -> bytes:
    return encoded(picture, "JPEG", quality=quality)


def _scaled(picture: Image.Image, scale: float) -> bytes:
    return _jpeg(
        picture.resize((round(picture.width * scale), round(picture.height * scale)), Image.Resampling.LANCZOS)
    )


def _cropped(picture: Image.Image, share: float, rng: random.Random) -> bytes:
    width, height = round(picture.width * (1 - share)), round(picture.height * (1 - share))
    left, top = rng.randint(0, picture.width - width), rng.randint(0, picture.height - height)
    return _jpeg(picture.crop((left, top, left + width, top + height)))


WAYS: dict[str, Callable[[Image.Image, random.Random], bytes]] = {
    "byte-equal": lambda picture, rng: encoded(picture, "PNG"),
    "PNG": lambda picture, rng: encoded(picture, "PNG", compress_level=1),
    "JPEG 90": lambda picture, rng: _jpeg(picture),
    "JPEG 40": lambda picture, rng: _jpeg(picture, 40),
    "WebP": COPIES["webp"],
    "half size": lambda picture, rng: _scaled(picture, 0.5),
    "double size": lambda picture, rng: _scaled(picture, 2),
    "CMYK": lambda picture, rng: _jpeg(picture.convert("CMYK")),
    "cropped 2%": lambda picture, rng: _cropped(picture, 0.02, rng),
    "cropped 5%": lambda picture, rng: _cropped(picture, 0.05, rng),
    "cropped 10%": lambda picture, rng: _cropped(picture, 0.10, rng),
    "padded": COPIES["padded"],
    "mirrored": lambda picture, rng: _jpeg(ImageOps.mirror(picture)),
    "quarter turn": lambda picture, rng: _jpeg(picture.transpose(Image.Transpose.ROTATE_90)),
    "half turn": lambda picture, rng: _jpeg(picture.transpose(Image.Transpose.ROTATE_180)),
    "EXIF-turned": COPIES["EXIF-turned"],
    "16-bit": COPIES["16-bit"],
    "grey": lambda picture, rng: _jpeg(picture.convert("L")),
    "brightened": lambda picture, rng: _jpeg(ImageEnhance.Brightness(picture).enhance(rng.choice((0.8, 1.25)))),
}


class Benchmark:
    """Files of a benchmark in memory, signed."""

    def __init__(self, key: str, pictures: dict[str, bytes]) -> None:
        self.file = SignedBenchmark.latest(key, DIGEST)
        self.by_id = {sha256_hex(data): (name, data) for name, data in pictures.items()}
        self.rows = pl.DataFrame(
            {
                "index": list(pictures),
                "image_id": [sha256_hex(data) for data in pictures.values()],
                "picture": [sign_picture(compared_pixels(data)) for data in pictures.values()],
            }
        )

    def read(self, index: str, image: str) -> bytes:
        return self.by_id[image][1]


def measure(seeds: range, unrelated: int) -> dict[str, Any]:
    """Figures over the pictures of these seeds, and as many others as `unrelated` says of each kind."""
    pictures = {f"{kind} {seed}": draw(seed) for kind, (draw, _) in DRAWN.items() for seed in seeds}
    others = range(seeds.start + FURTHER, seeds.start + FURTHER + unrelated)
    shared = {photograph_of(seed) for seed in seeds} - {None}
    began = time.process_time()
    benchmarks = [
        Benchmark(way, {name: alter(each, random.Random(f"{way} {name}")) for name, each in pictures.items()})
        for way, alter in WAYS.items()
    ]
    apart = {
        f"{kind} {seed}": encoded(draw(seed), "JPEG", quality=80)
        for kind, (draw, _) in DRAWN.items()
        for seed in others
        if kind != "photograph" or photograph_of(seed) not in shared
    }
    benchmarks.append(Benchmark("unrelated", apart))
    signing = time.process_time() - began
    with tempfile.TemporaryDirectory() as folder:
        store = Store.open(folder)
        blobs = Blobs(store)
        names, paths = {}, []
        for name, picture in pictures.items():
            path = blobs.put(encoded(picture, "PNG"), "png")
            names[Path(path).stem] = name
            paths.append({"image_id": Path(path).stem, "blob": path})
        signed = {one.file: one.rows for one in benchmarks}
        began = time.process_time()
        PictureComparison(store, signed, {one.file: one.read for one in benchmarks}).compare_batch(
            "made.000000", DIGEST, pl.DataFrame(paths)
        )
        comparing = time.process_time() - began
        verdicts = read_verdicts(store, "made.000000", DIGEST, list(signed)).drop_nulls("index")
    found: Counter[tuple[str, str]] = Counter()
    altered: Counter[tuple[str, str]] = Counter()
    false: Counter[tuple[str, str]] = Counter()
    for way, index, image, verdict in verdicts.select("benchmark", "index", "image_id", "verdict").iter_rows():
        kind = names[image].partition(" ")[0]
        if names[image] != index or way == "unrelated":
            false[kind, verdict] += 1
        else:
            (found if verdict == "copy" else altered)[way, kind] += 1
    return {
        "found": {way: {kind: f"{found[way, kind]}/{len(seeds)}" for kind in DRAWN} for way in WAYS},
        "called altered": {f"{way}: {kind}": count for (way, kind), count in sorted(altered.items())},
        "all found": f"{sum(found.values())}/{len(WAYS) * len(pictures)}",
        "false": {f"{kind}: {verdict}": count for (kind, verdict), count in sorted(false.items())},
        "pairs of different pictures": len(pictures) * (sum(len(one.rows) for one in benchmarks) - len(WAYS)),
        "CPU seconds": {"drawing, altering and signing benchmarks": round(signing), "comparing": round(comparing)},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=12, help="pictures of each kind")
    parser.add_argument("--first-seed", type=int, default=6000)
    parser.add_argument("--unrelated", type=int, default=100, help="other pictures of each kind")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    cv2.setNumThreads(1)
    figures = measure(range(args.first_seed, args.first_seed + args.seeds), args.unrelated)
    if args.json:
        print(json.dumps(figures, indent=1))
        return
    for way, kinds in figures.pop("found").items():
        print(f"{way:13} {'  '.join(f'{kind} {of:7}' for kind, of in kinds.items())}")
    for name, value in figures.items():
        print(f"{name}: {value}")


if __name__ == "__main__":
    main()
