"""Explanation of a row: its image, every call that made it, what was decided about it and by which code and models."""

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from wethink_assets.dataset.cuts.cut import CutInput, read_cut
from wethink_assets.dataset.edits.record import row_edits
from wethink_assets.dataset.lineage.downstream import uses_of
from wethink_assets.dataset.lineage.row_lookup import (
    RowVerdict,
    neighbours_of,
    row_verdicts,
    tables_in_force,
    tables_of_cut,
    uncut_row,
)
from wethink_assets.dataset.versions.rows import results, table_rejections
from wethink_assets.dataset.versions.statistics import SHA256
from wethink_assets.errors import StoreError, VersionError
from wethink_assets.extensions.builtin import STAGES
from wethink_assets.sources import claims
from wethink_assets.sources.batches import is_rescued, revision_of, source_of
from wethink_assets.sources.imported_pairs import pairs_of
from wethink_assets.stages.spec import SYNTHESIS
from wethink_assets.storage.erasures import erasures_of
from wethink_assets.storage.journal.journal import journaled_calls
from wethink_assets.storage.store import Store
from wethink_assets.storage.tables import Commit, Tables
from wethink_assets.storage.takedowns import takedowns_of
from wethink_assets.synthesis.prompt_packs import prompt_text

Story = dict[str, Any]
SECTIONS = ("descriptions", "questions", "answers", "reasoning_paths")
"""Stages that a story has a section for; others of the synthesis stand in its `further_stages`."""
IMPORTED = ("file", "row", "sha256", "format", "importer", "missing", "licence", "origin", "given")


def explain_row(store: Store, row: str, version: str | None = None) -> Story:
    """Everything that the store knows of one row, as plain JSON values.

    Args:
        row: row id, or the start of one where it is unique.
        version: the version whose tables to tell it from; the newest that holds the row when left out.

    Raises `VersionError` when no row, or more than one, fits.
    """
    verdicts = row_verdicts(store, row, [version] if version else [])
    row_verdict = next((p for p in verdicts if p.verdict == "kept"), verdicts[0] if verdicts else None)
    if row_verdict is None and version is None:
        row_verdict = uncut_row(store, row.strip().lower())
    if row_verdict is None:
        raise VersionError(
            f"no row {row} in {version or store.url}: `wethink versions` lists versions, their rows.parquet the ids"
        )
    at, batch = row_verdict.version, row_verdict.batch
    tables = tables_of_cut(store, at, batch) if at else tables_in_force(store, batch)
    commits = {asset: Tables(store).at(asset, entry.batch, entry.commit) for asset, entry in tables.items()}
    stages = _stages(store, row_verdict, tables)
    kept_by = [p.version for p in verdicts if p.verdict == "kept"]
    return {
        "row_id": row_verdict.row_id,
        "slot": row_verdict.slot,
        "batch": row_verdict.batch,
        "told_from": row_verdict.version or "the tables in force",
        "versions": [{"version": p.version, "verdict": p.verdict, "survivor": p.survivor} for p in verdicts],
        "retracted": _retracted(store, row_verdict.slot.partition(":")[0], stages["image"]),
        **_import(store, row_verdict),
        **stages,
        "neighbours": neighbours_of(store, row_verdict.version, row_verdict.row_id) if row_verdict.version else [],
        "edits": row_edits(
            store, commits.values(), {row_verdict.slot, row_verdict.slot.partition(":")[0], *_files(stages)}
        ),
        "made_by": {asset: provenance_of(commit) for asset, commit in commits.items()},
        "prompts": {
            sha256: prompt_text(store, sha256) for commit in commits.values() for sha256 in commit.prompts.values()
        },
        "trained": uses_of(store, kept_by),
    }


def _import(store: Store, row: RowVerdict) -> Story:
    """Where an imported row was read: file, row and its sha256, the format, what read it, and the record itself; nothing for a grown one."""
    imported = imports_of(store, row.batch, [row.slot])
    return {"import": imported[row.slot]} if row.slot in imported else {}


def imports_of(store: Store, batch: str, slots: Sequence[str]) -> dict[str, Story]:
    """Where imported rows of a batch were read, by slot; empty for a grown batch."""
    pairs = pairs_of(store, batch)
    if pairs is None:
        return {}
    imported: dict[str, Story] = {}
    for pair in pairs.filter(pl.col("slot").is_in(list(slots))).select("slot", *IMPORTED).iter_rows(named=True):
        imported.setdefault(pair.pop("slot"), {"source": source_of(batch), **pair})
    return imported


def _files(stages: Story) -> list[str]:
    """The file by which the table of images knows the row's image."""
    return [stages["image"]["item"]] if stages["image"].get("item") else []


def _retracted(store: Store, image_id: str, image: Story) -> Story | None:
    """What takes the row's image down, and whether what was kept of it is erased; None while nothing does."""
    covered = takedowns_of(store)
    held: Story = next(iter(image["occurrences"]), {})
    reasons = [f"image {image_id}"] if image_id in covered.images else []
    reasons += [f"source {held['source']}"] if held.get("source") in covered.sources else []
    reasons += [f"licence {held['licence']}"] if held.get("licence") in covered.licences else []
    return {"by": reasons, "erased": image_id in erasures_of(store).images} if reasons else None


def _stages(store: Store, row: RowVerdict, tables: Mapping[str, CutInput]) -> Story:
    image_id = row.slot.partition(":")[0]
    asked = [name for name in tables if name in STAGES and STAGES[name].group == SYNTHESIS]
    records = {
        name: _record(
            results(store, tables[name]), STAGES[name].item, {"slot": row.slot}.get(STAGES[name].item, image_id)
        )
        for name in asked
    }
    image = (_record(results(store, tables["images"]), "image_id", image_id) if "images" in tables else None) or {}
    signature = (
        _record(results(store, tables["signatures"]).select("slot", "phash", "text_sha256"), "slot", row.slot)
        if "signatures" in tables
        else None
    )
    calls = {
        stage: _calls(store, stage, row.batch, (records.get(stage) or {}).get("calls") or [])
        for stage in asked
        if STAGES[stage].prompts
    }
    further = {name: _without(record) for name, record in records.items() if name not in SECTIONS and record}
    return {
        "image": {
            **image,
            **_rescue(store, row.batch, image),
            "occurrences": _occurrences(store, image_id, row, tables),
        },
        "description": _without(records.get("descriptions")),
        "question": _without(records.get("questions")),
        "screening": [call for call in calls.get("questions", []) if call.get("prompt") in ("screen", "screenings")],
        "answers": _without(records.get("answers")),
        **({"further_stages": further} if further else {}),
        "reasoning_path": _without(records.get("reasoning_paths")),
        "signature": signature,
        "rejections": _rejections(store, tables, {row.slot, image_id}),
        "calls": calls,
    }


def _rescue(store: Store, batch: str, image: Story) -> Story:
    """Mark of an image out of an archive that had lost its directory; nothing for any other."""
    return {"rescued": True} if image and is_rescued(store, batch, image["item"]) else {}


def _record(table: pl.LazyFrame, column: str, value: str) -> Story | None:
    rows = table.filter(pl.col(column) == value).head(1).collect().to_dicts()
    return rows[0] if rows else None


def _without(record: Story | None) -> Story | None:
    dropped = ("calls", "schema_version", "slot", "row_id", "image_id")
    return record and {name: value for name, value in record.items() if name not in dropped}


def _calls(store: Store, stage: str, batch: str, keys: list[str]) -> list[Story]:
    """The journaled calls behind a result, in the order in which its row lists them."""
    try:
        journal = journaled_calls(store, stage, batch).filter(pl.col("key").is_in(keys))
    except StoreError:
        journal = pl.DataFrame(schema={"key": pl.String})
    known = {call["key"]: call for call in journal.to_dicts()}
    return [
        _plain(known.get(key, {"key": key, "text": None, "missing": "not in the journal any more"})) for key in keys
    ]


def _plain(call: Story) -> Story:
    return {
        name: value.isoformat() if hasattr(value, "isoformat") else value
        for name, value in call.items()
        if name != "schema_version"
    }


def _occurrences(store: Store, image_id: str, row: RowVerdict, tables: Mapping[str, CutInput]) -> list[Story]:
    """All files that hold the image: the one that was ingested first, then those refused as already ingested.

    Ingestion notes them beside the image; where it did not, they are read from the tables' rejections.
    """
    noted: list[Story] = [occurrence._asdict() for occurrence in claims.occurrences(store, image_id)]
    if noted:
        revisions = {batch: revision_of(store, batch) for batch in {each["batch"] for each in noted}}
        return [{**each, **({"revision": at} if (at := revisions[each["batch"]]) else {})} for each in noted]
    occurrences = []
    inputs = read_cut(store, row.version).inputs if row.version else tables.values()
    for entry in (entry for entry in inputs if entry.asset == "images"):
        kept = (
            results(store, entry).filter(pl.col("image_id") == image_id).select("source", "item", "licence").collect()
        )
        occurrences += [{"batch": entry.batch, **row} for row in kept.to_dicts()]
        if entry.rejections:
            refused = table_rejections(store, entry).filter(pl.col("reason") == "already_ingested")
            for item, detail in refused.select("item", "detail").iter_rows():
                if SHA256.findall(detail)[:1] == [image_id]:
                    occurrences.append(
                        {"batch": entry.batch, "source": source_of(entry.batch), "item": item, "licence": None}
                    )
    return occurrences


def _rejections(store: Store, tables: Mapping[str, CutInput], items: set[str]) -> list[Story]:
    rejections: list[Story] = []
    for entry in tables.values():
        if entry.rejections:
            rejections += table_rejections(store, entry).filter(pl.col("item").is_in(list(items))).to_dicts()
    return rejections


def provenance_of(commit: Commit) -> Story:
    """What a commit says of how its table came about."""
    counts = {"reasons", "calls", "results", "rejections"}
    seals = {"files", "made_files", "previous", "seal"}
    provenance = commit.model_dump(mode="json", exclude={"asset", "batch"} | counts | seals)
    return {"commit": provenance.pop("number"), **provenance}
