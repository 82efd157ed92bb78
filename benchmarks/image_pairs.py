"""Precision and recall of telling pairs of pictures apart: `copy`, `altered` (one line, amount, label, colour, object changed), `other`.

    python benchmarks/image_pairs.py [--seeds 12] [--first-seed 5000] [--json]

Photographs, charts, documents and drawings are made with their copies (coded, resized, cropped, padded, mirrored, turned, brightened, grey,
EXIF-turned, 16-bit), so the truth follows from how each is made. Two methods judge the same files: perceptual hash with reduced pixels, which finds
duplicates and contamination, and `dedup.copies`, signature and verification. Limits of the latter were fixed on seeds below 1,000.
"""

import argparse
import json
import os
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # or threads that wait for each other count as work

import cv2
import numpy as np
import polars as pl

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from wethink_assets.dedup.copies.candidates import DISTANCE, distances
from wethink_assets.dedup.copies.pixels import compared_pixels
from wethink_assets.dedup.copies.signature import read_signatures, sign_picture
from wethink_assets.dedup.copies.verification import compare
from wethink_assets.dedup.methods import Comparison
from wethink_assets_tests.support.image_pairs.pairs import LabelledPair, labelled_pairs

VERDICTS = ("copy", "altered", "other")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=12, help="pictures of each kind")
    parser.add_argument("--first-seed", type=int, default=5000)
    parser.add_argument(
        "--json", action="store_true", help="print everything, each pair's verdict and measures included"
    )
    args = parser.parse_args()
    cv2.setNumThreads(1)
    figures = measure(range(args.first_seed, args.first_seed + args.seeds))
    if args.json:
        print(json.dumps(figures, indent=1))
        return
    print(f"{figures['pairs']} pairs")
    for method in ("perceptual hash", "copies"):
        for verdict, (precision, recall) in figures[method]["precision and recall"].items():
            print(f"{method}: {verdict} precision {precision:.4f}, recall {recall:.4f}")
    rows = [
        (*key.split(": "), figures["perceptual hash"]["by change"][key], right)
        for key, right in figures["copies"]["by change"].items()
    ]
    for kind, change, before, right in rows:
        print(f"{kind:11} {change:16} perceptual hash {before:8} copies {right:8}")
    print(f"CPU milliseconds: signature {figures['signature ms']}, full comparison {figures['comparison ms']}")


def measure(seeds: range) -> dict[str, Any]:
    """Figures of both methods over all pairs of these seeds."""
    pairs = []
    judged: list[dict[str, Any]] = []
    signing = comparing = 0.0
    signed = compared = 0
    hashed = Comparison.of()
    for pair in labelled_pairs(seeds):
        start = time.process_time()
        pictures = [compared_pixels(data) for data in (pair.first, pair.second)]
        signatures = read_signatures([sign_picture(picture) for picture in pictures])
        signing, signed = signing + time.process_time() - start, signed + 2
        distance, turn = distances(signatures[:1], signatures[1:])
        verdict, detail = "other", {"distance": round(float(distance[0, 0]), 4)}
        if distance[0, 0] <= DISTANCE:
            start = time.process_time()
            result = compare(*pictures, int(turn[0, 0]))
            comparing, compared = comparing + time.process_time() - start, compared + 1
            verdict = result.verdict
            measured = result.residual
            detail |= {
                "alike": round(result.alike, 3),
                "cover": round(result.cover, 3),
                "beside": round(result.beside, 3),
            }
            if measured:
                detail |= {name: round(float(getattr(measured, name)), 3) for name in measured.__slots__}
        pairs.append((pair, _hashed_verdict(pair, hashed), verdict))
        judged.append(
            {
                "kind": pair.kind,
                "seed": pair.seed,
                "change": pair.change,
                "truth": pair.truth,
                "verdict": verdict,
                **detail,
            }
        )
    return {
        "pairs": len(pairs),
        "perceptual hash": _figures([(pair, before) for pair, before, _ in pairs]),
        "copies": _figures([(pair, verdict) for pair, _, verdict in pairs]),
        "signature ms": round(1000 * signing / signed, 1),
        "comparison ms": round(1000 * comparing / max(1, compared), 1),
        "judged": judged,
    }


def _hashed_verdict(pair: LabelledPair, comparison: Comparison) -> str:
    rows = pl.DataFrame([comparison.images.sign(data, {}) for data in (pair.first, pair.second)])
    hashes = comparison.images.hashes(rows)
    size = comparison.images.detail_bytes
    pixels = np.frombuffer(comparison.images.details(rows), np.uint8).reshape(2, size)
    same = comparison.close(hashes[:1], hashes[1:])[0] and comparison.alike(pixels[:1], pixels[1:])[0]
    return "copy" if same else "other"


def _figures(judged: list[tuple[LabelledPair, str]]) -> dict[str, Any]:
    counts = Counter((pair.truth, verdict) for pair, verdict in judged)
    both = {}
    for one in VERDICTS:
        named = sum(counts[truth, one] for truth in VERDICTS)
        true = sum(counts[one, verdict] for verdict in VERDICTS)
        both[one] = (counts[one, one] / named if named else 0.0, counts[one, one] / true if true else 0.0)
    of, right = Counter[str](), Counter[str]()
    for pair, verdict in judged:
        of[f"{pair.kind}: {pair.change}"] += 1
        right[f"{pair.kind}: {pair.change}"] += verdict == pair.truth
    return {"precision and recall": both, "by change": {key: f"{right[key]}/{of[key]}" for key in of}}


if __name__ == "__main__":
    main()
