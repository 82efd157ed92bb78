"""Growth curve of the dataset, version by version: rows, diversity, yield, cost of a row and, where policies were trained, scores."""

import json
import math
from collections import Counter
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import polars as pl

from wethink_assets.dataset.cuts.cut import READERS
from wethink_assets.dataset.lineage.downstream import percents, uses_of
from wethink_assets.dataset.versions.files import read_statistics, scan_file
from wethink_assets.dataset.versions.manifest import Manifest, list_built, read_manifest
from wethink_assets.dataset.versions.statistics import text_coverage
from wethink_assets.dedup.methods import TextMethod
from wethink_assets.errors import StoreError
from wethink_assets.storage.faults import optional_write
from wethink_assets.storage.records import read_json
from wethink_assets.storage.store import Store
from wethink_assets.storage.table_files import scan_table
from wethink_assets.storage.tables import Commit, Tables

FOLDER = "growth"
LOGIC_VERSION = "1"


def growth_curve(store: Store) -> list[dict[str, Any]]:
    """One record per built version, oldest first, as plain JSON values.

    `rows`, `images`, `considered` (verified rows before dedup); `yield`: kept rows for each question that was asked for; `kind_entropy`,
    `ability_entropy`: bits; `distinct_ngrams`, `distinct_share`: see `text_coverage`; `clusters`, `covered`: of questions, without
    embeddings; `calls`, `tokens`, `money` behind its tables, and each for a kept row; `scores`: out of 100, by training run and benchmark.

    What takes a pass over the rows is kept in the store where it takes writes, since a version never changes.
    """
    return [_point(store, read_manifest(store, version)) for version in list_built(store)]


def _point(store: Store, manifest: Manifest) -> dict[str, Any]:
    statistics = read_statistics(store, manifest)
    asked = sum(int(row["questions"]) for row in statistics["funnel"])
    spent = _spent(store, manifest)
    return {
        "version": manifest.version,
        "created": manifest.created.isoformat(),
        "rows": manifest.rows,
        "images": manifest.images,
        "considered": manifest.considered,
        "batches": len({entry.batch for entry in manifest.inputs}),
        "yield": round(manifest.rows / asked, 4) if asked else None,
        "kind_entropy": entropy(statistics["counts"]["kind"].values()),
        "ability_entropy": entropy(statistics["counts"]["ability"].values()),
        **_measured(store, manifest),
        **{name: round(value, 6) for name, value in spent.items()},
        **{f"{name}_per_row": round(value / manifest.rows, 6) for name, value in spent.items() if manifest.rows},
        "scores": _scores(store, manifest.version),
    }


def entropy(counts: Iterable[int]) -> float:
    """Shannon entropy of counts in bits: 0 where all are of one kind.

    >>> entropy([2, 2])
    1.0
    """
    numbers = [count for count in counts if count]
    total = sum(numbers)
    return round(-sum(n / total * math.log2(n / total) for n in numbers) + 0.0, 4) if numbers else 0.0


def _measured(store: Store, manifest: Manifest) -> dict[str, float]:
    path = f"{FOLDER}/measured/{manifest.digest[:32]}-{LOGIC_VERSION}.json"
    kept = read_json(store, path)
    if kept is not None:
        return dict(kept)
    rows = scan_file(store, manifest, "rows.parquet").select("row_id", "question", "slot")
    method = manifest.recipe.comparison.texts
    coverage = text_coverage(rows, pl.concat(_text_signatures(store, manifest, method)), method)
    with optional_write():
        store.create(path, json.dumps(coverage).encode())
    return coverage


def _text_signatures(store: Store, manifest: Manifest, method: TextMethod) -> list[pl.LazyFrame]:
    """Signatures of the version's tables: row_id and the method's columns; of tables that are gone, none."""
    frames = [pl.LazyFrame(schema={"row_id": pl.String, **method.columns})]
    for entry in manifest.inputs:
        if entry.asset == "signatures":
            try:
                table = scan_table(store, entry)
            except StoreError:
                continue
            frames.append(table.select("row_id", *method.columns))
    return frames


def _spent(store: Store, manifest: Manifest) -> dict[str, float]:
    """Calls, tokens and money behind the version's tables, whether its runs made them or found them in the journal."""
    tables = Tables(store)

    def read(key: tuple[str, str, int]) -> Commit | None:
        try:
            return tables.at(*key)
        except StoreError:
            return None

    keys = [(entry.asset, entry.batch, entry.commit) for entry in manifest.inputs]
    with ThreadPoolExecutor(READERS) as pool:
        commits = [commit for commit in pool.map(read, keys) if commit is not None]
    total: Counter[str] = Counter()
    for commit in commits:
        total.update(_behind(commit.calls))
    return {name: float(total[name]) for name in ("calls", "tokens", "money")}


def _behind(calls: Mapping[str, float]) -> dict[str, float]:
    def both(name: str) -> float:
        return calls.get(name, 0.0) + calls.get(f"cached_{name}", 0.0)

    # Commits of the first release tell the tokens of cached calls as one sum.
    cached = calls.get("cached_tokens", 0.0) if "cached_prompt_tokens" not in calls else 0.0
    tokens = both("prompt_tokens") + both("completion_tokens") + cached
    return {"calls": both("calls"), "tokens": tokens, "money": both("money")}


def _scores(store: Store, version: str) -> dict[str, dict[str, float]]:
    return {use["key"]: percents(use["scores"]) for use in uses_of(store, [version])}


def publish_growth(store: Store, points: list[dict[str, Any]], plots: Mapping[str, Path]) -> list[str]:
    """Keep the curve as `growth/growth.json` and its plots as `growth/<name>.png`; returns the paths."""
    store.publish(f"{FOLDER}/growth.json", json.dumps(points, indent=1).encode())
    paths = [f"{FOLDER}/growth.json"]
    for name, file in plots.items():
        store.publish(f"{FOLDER}/{name}.png", file.read_bytes())
        paths.append(f"{FOLDER}/{name}.png")
    return paths
