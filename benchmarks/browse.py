"""Speed of `wethink browse`: a version of many rows is drawn, indexed and served; seconds of pages over HTTP, and memory.

    python benchmarks/browse.py [--rows 100000] [--images 500] [--written 0] [--json]

Rows have texts of about a kilobyte. Each sort of page is asked for several times, and the slowest counts, in seconds of this process's CPU (server
and client together) and by the wall. Exit status 1 where a page takes more than 200 ms of CPU, or the process more than 1 GB.
`--written N` also writes a version of N of the rows as static pages.
"""

import argparse
import json
import multiprocessing
import random
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import polars as pl  # noqa: E402

from wethink_assets.dataset.browse.written import write_pages  # noqa: E402
from wethink_assets.dataset.cuts.recipe import CutRecipe  # noqa: E402
from wethink_assets.dataset.versions.manifest import MANIFEST, Manifest, version_folder  # noqa: E402
from wethink_assets.dataset.versions.rows import EXCLUDED, rows_schema  # noqa: E402
from wethink_assets.identity import digest_of, split_of  # noqa: E402
from wethink_assets.stages.order import stage_names  # noqa: E402
from wethink_assets.storage.blobs import Blobs  # noqa: E402
from wethink_assets.storage.seals import sealed_file  # noqa: E402
from wethink_assets.storage.store import Store  # noqa: E402
from wethink_assets_tests.support.browsed import served  # noqa: E402
from wethink_assets_tests.support.images import drawing  # noqa: E402

BOUND, MEMORY = 0.2, 1_000  # seconds a page, MB
SLICE = 20_000
SOURCES = ("coco", "chartqa", "docvqa", "geoqa+", "gqa", "vg", "sam", "textvqa")
ABILITIES = ("Reasoning", "Recognition", "OCR", "Knowledge", "Spatial Awareness", "Math", "Language Generation")


def drawn_rows(
    rng: random.Random, words: Sequence[str], images: Sequence[tuple[str, str]], first: int, count: int
) -> pl.DataFrame:
    """Rows of random words, half of them with a pass rate."""
    schema = rows_schema(stage_names())

    def text(length: int) -> str:
        return " ".join(rng.choices(words, k=length))

    rows = []
    for number in range(first, first + count):
        image, path = rng.choice(images)
        kind = rng.choice(("MC", "FIB", "DES"))
        question = f"{text(14)} number {number}?"
        values = {
            "row_id": f"{number:08x}{digest_of([number])[:24]}",
            "slot": f"{image}:{kind}:{number}",
            "image_id": image,
            "image_path": path,
            "source": rng.choice(SOURCES),
            "licence": "CC-BY-4.0",
            "split": split_of(image),
            "kind": kind,
            "problem": question,
            "question": question,
            "options": [text(2) for _ in range(4)] if kind == "MC" else [],
            "answer": text(3),
            "answer_type": rng.choice(("text", "number", "choice", "date")),
            "accepted_answers": [],
            "category": rng.choice(words[:40]),
            "abilities": ["Reasoning", rng.choice(ABILITIES[1:])],
            "refined_cot": text(70),
            "raw_cot": text(70),
            "agreed": rng.random() < 0.8,
            "agreement": rng.choice(("text", "letter", "judge")),
            "width": 96,
            "height": 96,
            "batch": "coco.000001",
        }
        rows.append({name: values.get(name) for name in schema.names()})
    rates = pl.Series(
        "pass_rate", [round(rng.random(), 3) if rng.random() < 0.5 else None for _ in rows], dtype=pl.Float64
    )
    return pl.DataFrame(rows, schema=schema).with_columns(rates)


def vocabulary(rng: random.Random) -> list[str]:
    """Words that texts are made of."""
    return ["".join(rng.choices("abcdefghijklmnopqrstuvwxyz", k=rng.randint(3, 9))) for _ in range(20_000)]


def draw(url: str, folder: Path, rows: int, images: int) -> None:
    """Publish a version of so many rows."""
    rng, store = random.Random(0), Store.open(url)
    words = vocabulary(rng)
    pictures = []
    for number in range(images):
        path = Blobs(store).put(drawing(number), "png")
        pictures.append((path.rpartition("/")[2].partition(".")[0], path))
    parts = []
    for first in range(0, rows, SLICE):
        parts.append(folder / f"part-{first:09d}.parquet")
        drawn_rows(rng, words, pictures, first, min(SLICE, rows - first)).write_parquet(parts[-1])
    version = "v0001"
    store.write_parquet(f"{version_folder(version)}/rows.parquet", pl.scan_parquet(parts))
    store.write_parquet(f"{version_folder(version)}/excluded.parquet", pl.DataFrame(schema=EXCLUDED))
    now = datetime.now(UTC)
    facts: dict[str, Any] = {name: {} for name in ("excluded", "counts", "code")}
    sealed = {
        name: sealed_file(store, f"{version_folder(version)}/{name}") for name in ("rows.parquet", "excluded.parquet")
    }
    facts["files"] = {name: {**seal.model_dump(), "content": seal.sha256} for name, seal in sealed.items()}
    facts |= dict.fromkeys(("models", "prompts", "inputs"), ())
    manifest = Manifest(
        version=version,
        created=now,
        built=now,
        cut_digest="drawn",
        recipe=CutRecipe(),
        schema_version=1,
        rows=rows,
        images=images,
        considered=rows,
        **facts,
    )
    manifest = manifest.sealed()
    store.publish(f"{version_folder(version)}/{MANIFEST}", manifest.model_dump_json().encode())


def drawn(url: str, folder: Path, rows: int, images: int) -> Store:
    """A store with such a version, drawn in a process of its own, whose memory does not count."""
    process = multiprocessing.get_context("spawn").Process(target=draw, args=(url, folder, rows, images))
    process.start()
    process.join()
    if process.exitcode:
        raise RuntimeError("the version could not be drawn")
    return Store.open(url)


def timed(work: Callable[[], Any]) -> tuple[Any, float, float]:
    """What a piece of work gives, and its seconds of CPU and by the wall."""
    wall, cpu = time.monotonic(), time.process_time()
    result = work()
    return result, time.process_time() - cpu, time.monotonic() - wall


def megabytes() -> float:
    """Memory of this process at its peak."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def pages_of(rows: int, word: str) -> dict[str, list[dict[str, str]]]:
    """Parameters of pages by their sort."""
    last = -(-rows // 50)
    return {
        "first": [{}] * 5,
        "middle": [{"page": str(last * part // 7)} for part in range(2, 7)],
        "last": [{"page": str(last)}] * 5,
        "filtered": [{"kind": "MC", "source": source, "ability": "OCR"} for source in SOURCES[:5]],
        "filtered, last": [{"kind": "FIB", "source": source, "page": "99999"} for source in SOURCES[:5]],
        "pass rate": [
            {"pass_rate_from": f"0.{part}", "pass_rate_to": "0.95", "agreed": "adjudicated"} for part in range(1, 6)
        ],
        "one word": [
            {"q": word},
            {"q": f"{word[:3]}"},
            {"q": f"number {rows // 2}"},
            {"q": f'"number {rows // 3}"'},
            {"q": "nothingofthesort"},
        ],
        "a word of all rows": [{"q": "number", "page": str(page)} for page in (1, 2, last // 2, last - 1, last)],
    }


def main() -> None:
    """Draw, index, ask."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--images", type=int, default=500)
    parser.add_argument("--written", type=int, default=0, help="also write a version of so many rows as static pages")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        store = drawn(str(folder / "store"), folder, arguments.rows, arguments.images)
        word = vocabulary(random.Random(0))[7]
        figures: dict[str, Any] = {"rows": arguments.rows, "MB before": round(megabytes())}
        began = time.process_time(), time.monotonic()
        with served(store, folder / "scratch") as site:
            figures["index"] = {
                "cpu s": round(time.process_time() - began[0], 2),
                "s": round(time.monotonic() - began[1], 2),
            }
            figures["index MB on disk"] = round(
                sum(file.stat().st_size for file in (folder / "scratch").iterdir()) / 1e6
            )
            for sort, queries in pages_of(arguments.rows, word).items():
                slowest = [0.0, 0.0]
                for query in queries:
                    response, *seconds = timed(lambda query=query: site.get(f"/?{urlencode(query)}"))
                    if response.status != 200:
                        raise RuntimeError(f"{sort} {query}: {response.status}")
                    slowest = [max(pair) for pair in zip(slowest, seconds, strict=True)]
                figures[sort] = {"cpu ms": round(1000 * slowest[0]), "ms": round(1000 * slowest[1])}
            row = next(site.index.all_rows(1))
            image, *seconds = timed(lambda: site.get(f"/image/{row['row_id']}/small"))
            figures["image"] = {
                "cpu ms": round(1000 * seconds[0]),
                "ms": round(1000 * seconds[1]),
                "bytes": len(image.body),
            }
        figures["MB"] = round(megabytes())
        if arguments.written:
            smaller = drawn(str(folder / "smaller"), folder, arguments.written, arguments.images)
            figures["written"] = written(smaller, folder)
    print(
        json.dumps(figures, indent=1)
        if arguments.json
        else "\n".join(f"{name}: {value}" for name, value in figures.items())
    )
    slow = [sort for sort in pages_of(arguments.rows, word) if figures[sort]["cpu ms"] > 1000 * BOUND]
    if slow or figures["MB"] > MEMORY:
        sys.exit(f"over the bound: {', '.join(slow) or 'memory'}")


def written(store: Store, folder: Path) -> dict[str, Any]:
    """Figures of static pages."""
    from wethink_assets.dataset.browse.collection import collection_of
    from wethink_assets.dataset.browse.index import BrowseIndex

    (folder / "again").mkdir()
    collection = collection_of(store)
    index = BrowseIndex.build(collection, folder / "again")
    pages, cpu, wall = timed(lambda: write_pages(collection, index, folder / "pages"))
    return {
        "rows": pages.rows,
        "cpu s": round(cpu, 1),
        "s": round(wall, 1),
        "files": pages.files,
        "MB": round(pages.bytes / 1e6, 1),
    }


if __name__ == "__main__":
    main()
