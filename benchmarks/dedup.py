"""Seconds and memory of deduplication and of a whole build over many made-up rows.

    python benchmarks/dedup.py --rows 200000 [--texts natural|templated] [--folder DIR]

Rows are published as stage tables of 5,000 images a batch, then cut and built in a process of its own, whose peak memory
is given. Of the rows 5% repeat an earlier one: half of them exactly, half with a nearly equal image.
"""

import argparse
import json
import multiprocessing
import random
import resource
import tempfile
import time
from typing import Any

import numpy as np
import polars as pl
from rensa import RMinHash

from wethink_assets.dataset.cuts.cut import Cut
from wethink_assets.dataset.cuts.decision import decide_cut
from wethink_assets.dataset.cuts.recipe import CutRecipe
from wethink_assets.dataset.versions.build import build_version
from wethink_assets.dedup.texts import comparable_text, shingles, text_digest
from wethink_assets.identity import row_id, sha256_hex, slot_id
from wethink_assets.stages import schemas
from wethink_assets.stages.output import StageOutput, rejections
from wethink_assets.storage.store import Store
from wethink_assets.storage.tables import Provenance, Tables

WORDS = [
    f"{a}{b}"
    for a in ("lor", "mip", "sun", "dol", "ame", "con", "sec", "tur")
    for b in ("em", "is", "or", "at", "un", "ix", "el", "os")
]
ROWS_PER_BATCH = 10_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--texts", choices=["natural", "templated"], default="natural")
    parser.add_argument("--folder", help="keep the store here")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        url = args.folder or temporary
        started = time.perf_counter()
        grow(Store.open(url), args.rows, args.texts)
        grown = time.perf_counter() - started
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            figures = pool.apply(measure, (url,))
        print(
            json.dumps(
                {"rows": args.rows, "texts": args.texts, "publishing seconds": round(grown, 1), **figures}, indent=1
            )
        )


def measure(url: str) -> dict[str, Any]:
    """Cut and build in this process."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    store = Store.open(url)
    started = time.perf_counter()
    cut = decide_cut(store, CutRecipe())
    assert isinstance(cut, Cut)
    decided = time.perf_counter()
    summary = build_version(store, cut.version)
    return {
        "cut seconds": round(decided - started, 2),
        "build seconds": round(time.perf_counter() - decided, 1),
        "kept": summary.rows,
        "excluded": summary.excluded,
        "peak MB before": before >> 10,
        "peak MB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10,
    }


def grow(store: Store, rows: int, texts: str) -> None:
    """Publish stage tables of made-up rows, two an image."""
    rng, numbers = random.Random(0), np.random.default_rng(0)
    earlier: list[tuple[dict[str, Any], dict[str, Any]]] = []
    for batch in range(-(-rows // ROWS_PER_BATCH)):
        grow_batch(
            Tables(store),
            f"coco.{batch + 1:06d}",
            min(ROWS_PER_BATCH, rows - batch * ROWS_PER_BATCH),
            texts,
            rng,
            numbers,
            earlier,
        )


def grow_batch(
    tables: Tables,
    batch: str,
    rows: int,
    texts: str,
    rng: random.Random,
    numbers: np.random.Generator,
    earlier: list[Any],
) -> None:
    images, questions = [], []
    asked: dict[str, Any] = {}
    for number in range(rows // 2):
        image = sha256_hex(f"{batch}/{number}".encode())
        pixels = numbers.integers(0, 250, 768, dtype=np.uint8)
        phash = f"{int(numbers.integers(0, 2**63)):016x}"
        again = rng.choice(earlier) if earlier and rng.random() < 0.025 else None
        if again:
            phash, pixels = again[0]["phash"], again[0]["pixels"] + np.uint8(2)
        images.append({"image_id": image, "phash": phash, "pixels": pixels})
        for ordinal in range(2):
            if again and ordinal == 0:
                asked = again[1]
            elif not ordinal or rng.random() > 0.025:
                asked = question(rng, texts)
            questions.append({"image": images[-1], "slot": slot_id(image, asked["kind"], ordinal), **asked})
            if rng.random() < 0.05:
                earlier.append((images[-1], asked))
    publish(tables, batch, images, questions)


def question(rng: random.Random, texts: str) -> dict[str, Any]:
    kind = rng.choice(["FIB", "FIB", "MC", "DES"])
    if texts == "templated":
        text = f"What {rng.choice(['colour', 'shape', 'size', 'number'])} is the {rng.choice(WORDS[:16])} {rng.choice(WORDS[:16])}?"
        answer = rng.choice(WORDS[:12])
    else:
        text = " ".join(rng.choices(WORDS, k=16)) + "?"
        answer = " ".join(rng.choices(WORDS, k=2))
    if kind == "MC":
        return {"kind": kind, "question": text, "options": rng.sample(WORDS, 4), "answer": "B"}
    return {"kind": kind, "question": text, "options": [], "answer": answer}


def publish(tables: Tables, batch: str, images: list[dict[str, Any]], asked: list[dict[str, Any]]) -> None:
    path = "First I look at what the question names. " * 6
    ids = [
        {
            "slot": q["slot"],
            "row_id": row_id(q["image"]["image_id"], q["kind"], q["question"], q["options"]),
            "image_id": q["image"]["image_id"],
        }
        for q in asked
    ]
    minhashes = RMinHash.digests_from_token_sets(
        [shingles(comparable_text(q["question"], q["options"])) for q in asked], 64, 42
    )
    rows: dict[str, list[dict[str, Any]]] = {
        "images": [
            {
                "image_id": i["image_id"],
                "item": f"{i['image_id']}.jpg",
                "source": "coco",
                "licence": "CC",
                "blob": "b",
                "phash": i["phash"],
            }
            for i in images
        ],
        "descriptions": [{"image_id": i["image_id"], "fine": path, "calls": [i["image_id"]]} for i in images],
        "questions": [
            {
                **i,
                "kind": q["kind"],
                "question": q["question"],
                "options": q["options"],
                "category": "c",
                "abilities": ["Reasoning"],
                "calls": [i["row_id"]],
            }
            for i, q in zip(ids, asked, strict=True)
        ],
        "answers": [
            {
                **i,
                "kind": q["kind"],
                "agreed": True,
                "agreement": "text",
                "verdict": "none",
                "answer": q["answer"],
                "calls": [i["row_id"]],
            }
            for i, q in zip(ids, asked, strict=True)
        ],
        "reasoning_paths": [
            {**i, "answer": q["answer"], "raw_cot": path, "refined_cot": path, "calls": [i["row_id"]]}
            for i, q in zip(ids, asked, strict=True)
        ],
        "signatures": [
            {
                **i,
                "phash": q["image"]["phash"],
                "pixels": q["image"]["pixels"].tobytes(),
                "text_sha256": text_digest(q["kind"], q["question"], q["options"]),
                "minhash": m,
            }
            for i, q, m in zip(ids, asked, minhashes, strict=True)
        ],
    }
    for asset, records in rows.items():
        frame = pl.DataFrame(records, schema=getattr(schemas, asset.upper())).sort(pl.first())
        tables.publish(asset, batch, StageOutput(frame, rejections([])), Provenance())


if __name__ == "__main__":
    main()
