"""Proof of a row: that its version's Merkle root stands for the table it is in, its image, and the commits and tables that it was made from."""

from collections.abc import Mapping
from typing import Any

import polars as pl

from wethink_assets.dataset.cuts.cut import CutInput
from wethink_assets.dataset.lineage.row_lookup import RowVerdict, row_verdicts, tables_of_cut
from wethink_assets.dataset.versions.files import scan_file
from wethink_assets.dataset.versions.manifest import version_folder
from wethink_assets.dataset.versions.merkle_root import proofs_of
from wethink_assets.dataset.versions.rows import results, table_of
from wethink_assets.errors import VersionError
from wethink_assets.storage.store import Store
from wethink_assets.storage.tables import commit_path

__all__ = ["prove_row"]


def prove_row(store: Store, row: str, version: str | None = None) -> dict[str, Any]:
    """Inclusion proofs of the files that one row rests on, as plain JSON values.

    Args:
        row: row id, or the start of one where it is unique.
        version: the newest that holds the row when left out.

    Returns `row_id`, `version`, `verdict`, `root`, `leaves` and `files`, each with `path`, `sha256`, `index` and `hashes`
    (`storage.merkle_tree.root_by_path` leads from these to the root).
    Raises `VersionError` when no row, or more than one, fits, and as `proofs_of` does.
    """
    verdicts = row_verdicts(store, row, [version] if version else [])
    verdict = next((each for each in verdicts if each.verdict == "kept"), verdicts[0] if verdicts else None)
    if verdict is None:
        raise VersionError(
            f"no row {row} in {version or f'a version of {store.url}'}: `wethink versions` lists versions, their rows.parquet the ids"
        )
    tables = tables_of_cut(store, verdict.version, verdict.batch)
    table = "rows.parquet" if verdict.verdict == "kept" else "excluded.parquet"
    paths = [f"{version_folder(verdict.version)}/{table}"]
    images = _image_of(store, verdict, tables) if verdict.verdict == "kept" else []
    for entry in tables.values():
        paths.append(commit_path(entry.asset, entry.batch, entry.commit))
        paths += [f"{entry.folder}/{name}.parquet" for name in entry.files]
    return {
        "row_id": verdict.row_id,
        "version": verdict.version,
        "verdict": verdict.verdict,
        **proofs_of(store, verdict.version, paths, images),
    }


def _image_of(store: Store, verdict: RowVerdict, tables: Mapping[str, CutInput]) -> list[str]:
    """The image of a row, by its id: from the rows where they are at hand, else from the questions of its batch."""
    if store.local:
        rows = scan_file(store, verdict.version, "rows.parquet").filter(pl.col("row_id") == verdict.row_id)
    else:
        rows = results(store, table_of(tables, "questions")).filter(pl.col("slot") == verdict.slot)
    return rows.select("image_id").collect()["image_id"].to_list()
