"""Export of a version's provenance as a folder of PROV-JSON files: complete or absent, and never more than some rows of a batch in memory.

`version.json` has the version, the tables that it was built from and what was trained on it; `rows/<batch>.<n>.json` up to `CHUNK_ROWS` rows each,
with all that they come from. Each file is a document of its own, and the same thing has the same name in all of them. `SHA256SUMS` lists them. Rows
that were taken down since are left out, as in other exports.
"""

import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from wethink_assets.dataset.cuts.cut import Cut, read_cut
from wethink_assets.dataset.exports.checksums import sums_of, write_sums
from wethink_assets.dataset.exports.export import make_unfinished_folder
from wethink_assets.dataset.lineage.downstream import uses_of
from wethink_assets.dataset.lineage.prov.document import Document, identifier, packed
from wethink_assets.dataset.lineage.prov.rows import BatchProvenance, occurrences_of
from wethink_assets.dataset.versions.files import scan_file
from wethink_assets.dataset.versions.manifest import Manifest, read_manifest
from wethink_assets.errors import VersionError
from wethink_assets.stages.order import provider_of
from wethink_assets.storage.faults import fault_at
from wethink_assets.storage.store import Store
from wethink_assets.storage.takedowns import takedowns_of

__all__ = ["CHUNK_ROWS", "ROWS", "VERSION", "ProvExport", "export_prov"]

CHUNK_ROWS = 500
GROUP_ROWS = 50_000
"""Rows of batches that are looked up in the version at once."""
VERSION = "version.json"
ROWS = "rows"
NEIGHBOUR = ("row_id", "slot", "batch", "reason", "detail")
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class ProvExport:
    """What was written: rows and how many of the version were taken down, files, and their bytes."""

    version: str
    folder: str
    rows: int
    retracted: int
    files: int
    bytes: int


def export_prov(store: Store, version: str, folder: Path, progress: Progress | None = None) -> ProvExport:
    """Write the provenance of a version's rows into a new folder.

    Args:
        progress: called with rows done and rows in all.

    Raises `VersionError` when there is no such version, its folder is not empty or cannot be made, and `StoreError` when a table that the version was
    made from is missing.
    """
    manifest = read_manifest(store, version)
    cut = read_cut(store, manifest.version)
    unfinished = make_unfinished_folder(folder)
    rows = 0
    try:
        (unfinished / VERSION).write_bytes(_version_document(store, cut, manifest).written())
        (unfinished / ROWS).mkdir()
        for batch, number, written, document in _documents(store, cut):
            (unfinished / ROWS / f"{batch}.{number:05d}.json").write_bytes(document.written())
            rows += written
            if progress is not None:
                progress(rows, manifest.rows)
        sums = sums_of(unfinished)
        write_sums(unfinished, sums)
        unfinished.chmod(0o755)
        unfinished.rename(folder)
    except OSError as error:
        raise VersionError(fault_at(f"{folder} cannot be written", error)) from error
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    size = sum(known.bytes for known in sums.values())
    return ProvExport(manifest.version, str(folder), rows, manifest.rows - rows, len(sums), size)


def _version_document(store: Store, cut: Cut, manifest: Manifest) -> Document:
    document = Document()
    version = document.collection(
        identifier("version", cut.version), version=cut.version, digest=manifest.digest, rows=manifest.rows
    )
    build = document.activity(identifier("build", cut.version), "wt:build", end=manifest.built)
    decision = document.activity(identifier("decision", cut.version), "wt:decision", end=cut.created)
    decided = document.entity(
        identifier("cut", cut.version), "wt:cut", digest=cut.digest, recipe=packed(cut.recipe.model_dump(mode="json"))
    )
    for name, release in manifest.code.items():
        code = document.agent(identifier("code", name, release), code_version=release)
        document.relate("wasAssociatedWith", build, code, prov_role=name)
    document.relate("wasGeneratedBy", decided, decision)
    document.relate("used", build, decided)
    document.relate("wasGeneratedBy", version, build)
    document.relate("wasDerivedFrom", version, decided)
    for entry in manifest.inputs:
        table = document.entity(
            identifier("table", entry.asset, entry.batch, entry.data_version), "wt:table",
            asset=entry.asset, batch=entry.batch, data_version=entry.data_version, commit=entry.commit,
            run_id=entry.run_id, code_version=entry.code_version, results=entry.results, rejections=entry.rejections,
        )  # fmt: skip
        document.relate("used", decision, table)
    for use in uses_of(store, [cut.version]):
        training = document.activity(identifier("training", use["key"]), "wt:training", run_id=use["run_id"])
        policy = document.entity(identifier("policy", use["key"]), "wt:policy", record=packed(use))
        document.relate("used", training, version)
        document.relate("wasGeneratedBy", policy, training)
        document.relate("wasDerivedFrom", policy, version)
    return document


def _documents(store: Store, cut: Cut) -> Iterator[tuple[str, int, int, Document]]:
    """Documents about rows: batch, number within the batch, rows, document."""
    images = [entry for entry in cut.inputs if entry.asset == provider_of("images", cut.tables[entry.batch])]
    for group in _groups(cut):
        rows = _rows_of(store, cut.version, group)
        for batch in group:
            of_batch = rows.filter(pl.col("batch") == batch)
            if of_batch.is_empty():
                continue
            provenance = BatchProvenance(store, cut.version, batch, cut.tables[batch])
            for number, part in enumerate(of_batch.iter_slices(CHUNK_ROWS)):
                neighbours = _neighbours(store, cut.version, part["row_id"])
                files = occurrences_of(store, part["image_id"].unique(maintain_order=True).to_list(), images)
                yield batch, number, part.height, provenance.document(part.to_dicts(), neighbours, files)


def _groups(cut: Cut) -> Iterator[list[str]]:
    """Batches in order, so many at once as may have `GROUP_ROWS` rows."""
    group: list[str] = []
    rows = 0
    for batch in cut.batches:
        tables = cut.tables[batch]
        of_batch = tables[provider_of("reasoning_paths", tables)].results
        if group and rows + of_batch > GROUP_ROWS:
            yield group
            group, rows = [], 0
        group.append(batch)
        rows += of_batch
    if group:
        yield group


def _rows_of(store: Store, version: str, batches: list[str]) -> pl.DataFrame:
    """Rows of batches that are not taken down, by row_id."""
    table = scan_file(store, version, "rows.parquet")
    shown = table.filter(pl.col("batch").is_in(batches), ~takedowns_of(store).covers(table))
    return shown.select("batch", "row_id", "slot", "image_id").collect()


def _neighbours(store: Store, version: str, rows: pl.Series) -> Mapping[str, list[dict[str, Any]]]:
    """Rows left out in favour of each of these rows."""
    table = scan_file(store, version, "excluded.parquet")
    left_out = table.filter(pl.col("survivor").is_in(rows.implode())).select("survivor", *NEIGHBOUR).collect()
    neighbours: dict[str, list[dict[str, Any]]] = {}
    for row in left_out.iter_rows(named=True):
        neighbours.setdefault(row.pop("survivor"), []).append(row)
    return neighbours
