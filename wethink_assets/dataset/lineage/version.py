"""Lineage of a version: what it was made from and what was made from it; batches, tables, runs, models, prompts, sources, licences; policies, scores.

All of it comes from the version's manifest, which names one commit per asset and batch, so it stays right when batches are
synthesized again afterwards, and for any number of batches (Dagster's own provenance names 100 at most).
"""

from bisect import bisect_left
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import polars as pl

from wethink_assets.dataset.cuts.cut import READERS, read_cut
from wethink_assets.dataset.edits.record import table_edits
from wethink_assets.dataset.lineage.diff import diff_versions
from wethink_assets.dataset.lineage.downstream import uses_of
from wethink_assets.dataset.lineage.image import whereabouts
from wethink_assets.dataset.lineage.row import explain_row
from wethink_assets.dataset.takedown.takedown import rows_taken_down, takedowns_of
from wethink_assets.dataset.versions.files import scan_file
from wethink_assets.dataset.versions.manifest import Input, Manifest, Used, read_manifest
from wethink_assets.errors import StoreError
from wethink_assets.sources.batches import source_of, split_batch_key
from wethink_assets.storage.erasures import erasures_of
from wethink_assets.storage.records import read_json
from wethink_assets.storage.store import Store
from wethink_assets.storage.tables import Commit, Tables
from wethink_assets.synthesis.prompt_packs import prompt_text

__all__ = ["Story", "diff_versions", "explain_row", "lineage_of", "whereabouts"]

Story = dict[str, Any]
LISTINGS = "listings"


def lineage_of(store: Store, version: str) -> Story:
    """Everything that a version follows from, and what follows from it, as plain JSON values.

    Raises `VersionError` when there is no such version or it is not built. What else is missing by now (a commit, a prompt's
    text) is listed as missing.
    """
    manifest = read_manifest(store, version)
    cut = read_cut(store, manifest.version)
    commits, missing = _commits(store, manifest)
    rows = scan_file(store, manifest, "rows.parquet")
    gone = rows_taken_down(store, manifest.version, takedowns_of(store))
    return {
        "version": manifest.version,
        "created": manifest.created.isoformat(),
        "built": manifest.built.isoformat(),
        "digest": manifest.digest,
        "cut_digest": manifest.cut_digest,
        "recipe": manifest.recipe.model_dump(mode="json"),
        "rows": manifest.rows,
        "images": manifest.images,
        "considered": manifest.considered,
        "excluded": manifest.excluded,
        "code": {"built_by": manifest.code, "stages": _code_versions(manifest)},
        "models": [_model(used) for used in manifest.models],
        "prompts": [_prompt(store, used) for used in manifest.prompts],
        "runs": _runs(manifest),
        "calls": _calls(commits),
        "sources": _sources(store, rows, manifest),
        "batches": _batches(manifest),
        "edits": table_edits(store, commits),
        "left_out": [entry.model_dump() for entry in cut.left_out],
        "missing": missing,
        "retracted": {"rows": gone.height, "images": gone["image_id"].n_unique(), "erased": _erased(store, gone)},
        "trained": uses_of(store, [manifest.version]),
    }


def _commits(store: Store, manifest: Manifest) -> tuple[list[Commit], list[str]]:
    tables = Tables(store)

    def read(entry: Input) -> Commit | str:
        try:
            return tables.at(entry.asset, entry.batch, entry.commit)
        except StoreError as error:
            return str(error)

    with ThreadPoolExecutor(READERS) as pool:
        outcomes = list(pool.map(read, manifest.inputs))
    return [one for one in outcomes if isinstance(one, Commit)], [one for one in outcomes if isinstance(one, str)]


def _code_versions(manifest: Manifest) -> dict[str, dict[str, int]]:
    """Batches by code version, for each stage."""
    counts: dict[str, Counter[str]] = {}
    for entry in manifest.inputs:
        counts.setdefault(entry.asset, Counter())[entry.code_version or "unknown"] += 1
    return {asset: dict(counter.most_common()) for asset, counter in counts.items()}


def _model(used: Used) -> Story:
    return {"stage": used.asset, "role": used.name, **used.identity, "batches": used.batches}


def _prompt(store: Store, used: Used) -> Story:
    sha256 = str(used.identity["sha256"])
    text = prompt_text(store, sha256)
    return {"stage": used.asset, "prompt": used.name, "sha256": sha256, "batches": used.batches, "text": text}


def _runs(manifest: Manifest) -> list[Story]:
    """Runs that made the tables, by the time at which they finished the last one."""
    runs: dict[str, Story] = {}
    for entry in manifest.inputs:
        summary = runs.setdefault(
            entry.run_id or "unknown", {"tables": 0, "batches": set(), "stages": set(), "finished": ""}
        )
        summary["tables"] += 1
        summary["batches"].add(entry.batch)
        summary["stages"].add(entry.asset)
        summary["finished"] = max(summary["finished"], entry.finished.isoformat())
    listed = [
        {
            "run_id": run,
            "tables": t["tables"],
            "batches": sorted(t["batches"]),
            "stages": sorted(t["stages"]),
            "finished": t["finished"],
        }
        for run, t in runs.items()
    ]
    return sorted(listed, key=lambda run: (run["finished"], run["run_id"]))


def _calls(commits: list[Commit]) -> dict[str, float]:
    """Model calls, tokens and seconds behind the tables, as their commits counted them: those that were paid for, in all."""
    totals: Counter[str] = Counter()
    for commit in commits:
        totals.update({name: value for name, value in commit.calls.items() if "." not in name})
    return {name: round(value, 3) for name, value in sorted(totals.items())}


def _sources(store: Store, rows: pl.LazyFrame, manifest: Manifest) -> list[Story]:
    """Per source: batches, rows and images by licence, and the listings that the batches were registered from."""
    counted = (
        rows.group_by("source", "licence")
        .agg(pl.len().alias("rows"), pl.col("image_id").n_unique().alias("images"))
        .sort("source", "licence")
        .collect()
    )
    batches: dict[str, list[str]] = {}
    for batch in dict.fromkeys(entry.batch for entry in manifest.inputs):
        batches.setdefault(source_of(batch), []).append(batch)
    sources = []
    for source in sorted(batches):
        ours = counted.filter(pl.col("source") == source)
        licences = {
            name: {"rows": r, "images": i} for name, r, i in ours.select("licence", "rows", "images").iter_rows()
        }
        sources.append(
            {
                "source": source,
                "batches": len(batches[source]),
                "rows": int(ours["rows"].sum()),
                "images": int(ours["images"].sum()),
                "licences": licences,
                "listings": listings_behind(store, source, batches[source]),
            }
        )
    return sources


def listings_behind(store: Store, source: str, batches: list[str]) -> list[dict[str, Any]]:
    """Listings of a source that batches came from: digest, files, refused, vanished, and how many of the batches.

    A listing records the last batch that it was registered through; a batch came from the first listing that reaches it.
    Batches of stores that were filled without a registration have none. Raises `StoreError` when a record is damaged.
    """
    records = sorted(_listing_records(store, source), key=lambda record: int(record["registered_through"]))
    reached = [int(record["registered_through"]) for record in records]
    counts: dict[int, int] = {}
    for batch in batches:
        index = bisect_left(reached, split_batch_key(batch)[1])
        if index < len(records):
            counts[index] = counts.get(index, 0) + 1
    return [
        {
            "digest": records[index]["digest"],
            "files": records[index]["files"],
            "refused": len(records[index]["refused"]),
            "vanished": len(records[index]["vanished"]),
            "batches": count,
        }
        for index, count in sorted(counts.items())
    ]


def _listing_records(store: Store, source: str) -> list[dict[str, Any]]:
    records = (read_json(store, f"{LISTINGS}/{source}/{name}") for name in store.names(f"{LISTINGS}/{source}"))
    return [record for record in records if record is not None]


def _batches(manifest: Manifest) -> list[Story]:
    """Each batch with the table of each stage: commit, data version, run, code version, time."""
    batches: dict[str, dict[str, Story]] = {}
    for entry in manifest.inputs:
        batches.setdefault(entry.batch, {})[entry.asset] = {
            "commit": entry.commit,
            "digest": entry.digest,
            "data_version": entry.data_version,
            "results": entry.results,
            "rejections": entry.rejections,
            "run_id": entry.run_id,
            "code_version": entry.code_version,
            "finished": entry.finished.isoformat(),
        }
    return [{"batch": batch, "tables": tables} for batch, tables in batches.items()]


def _erased(store: Store, gone: pl.DataFrame) -> int:
    """Images among the retracted rows whose blob and replies are deleted."""
    return len(set(gone["image_id"]) & erasures_of(store).images) if gone.height else 0
