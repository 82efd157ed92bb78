"""Seconds of the search for candidate copies by the number of pictures, and how far pairs of look-alike pages come.

    python benchmarks/candidates.py [--pictures 10000] [--drawn 500] [--pairs 2000] [--json]

Pictures are drawn photographs, charts, documents and drawings (`--drawn` of each), whose signatures are multiplied up to `--pictures` by giving
their frequencies random signs: unrelated pictures with spectra that pictures have. Drawn documents are pages of a few templates, which differ in
their words: the look-alikes that search by range cannot tell apart. One core; seconds are of CPU.

Told are the seconds of comparing all with all, those of one in a hundred more, which are compared with all, as growth does, and their share; of
the pairs of drawn documents the share that are candidates, and the share of a draw of `--pairs` of these that the pre-filter lets through to be
compared in full. No drawn document is a copy of another one. `at most` is about the upper end of a 95% interval.
"""

import argparse
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # or threads that wait for each other count as work

import cv2
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from wethink_assets.dedup.copies.candidates import candidates
from wethink_assets.dedup.copies.pixels import COMPARED_SIDE, Pixels, reduced
from wethink_assets.dedup.copies.prefilter import Thumbnails, may_be_same
from wethink_assets.dedup.copies.signature import PARTS, SIDE, Signatures, read_signatures, sign_picture
from wethink_assets.dedup.copies.verification import compare
from wethink_assets_tests.support.image_pairs.scenes import DRAWN

FIRST_SEED = 30_000
GROWN = 100
"""One picture more for so many."""
AT_MOST = 3.0
"""Of which none was seen in n: 95% of the time there are at most so many in n."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=int, default=10_000)
    parser.add_argument("--drawn", type=int, default=500, help="of each kind")
    parser.add_argument(
        "--pairs", type=int, default=2_000, help="candidate pairs of documents that go through the pre-filter"
    )
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    cv2.setNumThreads(1)
    rng = np.random.default_rng(1)
    drawn = {kind: [_drawn(kind, FIRST_SEED + number) for number in range(args.drawn)] for kind in DRAWN}
    signed = {kind: read_signatures([sign_picture(one) for one in pictures]) for kind, pictures in drawn.items()}
    pages = drawn["document"]
    figures = {
        **growth(multiplied(signed, args.pictures, rng)),
        **look_alikes(pages, signed["document"], args.pairs, rng),
    }
    if args.json:
        print(json.dumps(figures, indent=1))
        return
    for name, value in figures.items():
        print(f"{name}: {value}")


def _drawn(kind: str, seed: int) -> Pixels:
    return reduced(np.asarray(DRAWN[kind][0](seed).convert("RGB")), COMPARED_SIDE)


def multiplied(signed: dict[str, Signatures], number: int, rng: np.random.Generator) -> Signatures:
    """So many signatures: those that were drawn, and others whose frequencies have random signs, one for the three parts of a picture."""
    drawn = np.concatenate(list(signed.values()))[:number]
    chosen = drawn[rng.integers(0, len(drawn), number - len(drawn))]
    signs = rng.choice(np.array([-1, 1], np.int8), (len(chosen), 1, SIDE, SIDE)).repeat(PARTS, axis=1)
    return np.concatenate([drawn, chosen * signs])


def growth(signatures: Signatures) -> dict[str, Any]:
    """CPU seconds of comparing all with all, and one in a hundred with all."""
    start = time.process_time()
    found = candidates(signatures, signatures)
    whole = time.process_time() - start
    more = signatures[np.random.default_rng(2).choice(len(signatures), max(1, len(signatures) // GROWN), replace=False)]
    start = time.process_time()
    candidates(more, signatures)
    grown = time.process_time() - start
    return {
        "pictures": len(signatures),
        "candidate pairs": (len(found) - len(signatures)) // 2,
        "seconds": round(whole, 2),
        "microseconds a pair": round(1e6 * whole / len(signatures) ** 2, 3),
        "seconds of 1% more": round(grown, 3),
        "share of 1% more": round(grown / whole, 4),
    }


def look_alikes(pages: list[Pixels], signatures: Signatures, most: int, rng: np.random.Generator) -> dict[str, Any]:
    """How far pairs of drawn documents come, none of which is a copy of another."""
    found = candidates(signatures, signatures)
    apart = np.flatnonzero(found.first < found.second)
    in_all = len(pages) * (len(pages) - 1) // 2
    chosen = rng.permutation(apart)[:most]
    thumbnails = {
        place: Thumbnails.of(pages[place]) for place in {*found.first[chosen].tolist(), *found.second[chosen].tolist()}
    }
    passed, seconds, full = 0, 0.0, 0.0
    for place in chosen:
        one, other, turn = int(found.first[place]), int(found.second[place]), int(found.turn[place])
        start = time.process_time()
        same = may_be_same(thumbnails[one], thumbnails[other], turn)
        seconds += time.process_time() - start
        if same:
            passed += 1
            start = time.process_time()
            compare(pages[one], pages[other], turn)
            full += time.process_time() - start
    share = len(apart) / in_all
    tried = max(1, len(chosen))
    return {
        "pairs of documents": in_all,
        "of these candidates": round(share, 4),
        "of these tried": len(chosen),
        "of these compared in full": passed,
        "compared in full of all pairs": float(f"{share * passed / tried:.2g}"),
        "at most": float(f"{share * (passed + AT_MOST + 2 * passed**0.5) / tried:.2g}"),
        "milliseconds of the pre-filter": round(1000 * seconds / tried, 2),
        "milliseconds of a full comparison": round(1000 * full / passed, 1) if passed else None,
    }


if __name__ == "__main__":
    main()
