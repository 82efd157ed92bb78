"""Look-up of rows: the versions that hold one, those that left it out, and the batch it was made in."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from wethink_assets.dataset.cuts.cut import CutInput, read_cut
from wethink_assets.dataset.versions.files import scan_file
from wethink_assets.dataset.versions.lookup import KEPT, LookUp
from wethink_assets.dataset.versions.manifest import list_built, read_manifest
from wethink_assets.errors import StoreError, VersionError
from wethink_assets.stages.order import stage_names
from wethink_assets.storage.store import Store
from wethink_assets.storage.tables import Tables

HEXADECIMAL = set("0123456789abcdef")
SHOWN = 5
NEIGHBOUR = ("row_id", "slot", "batch", "reason", "detail")


@dataclass(frozen=True, slots=True)
class RowVerdict:
    """One version's verdict on a row: `kept`, or the reason why it was left out and the row that stays in its place."""

    version: str
    verdict: str
    survivor: str | None
    row_id: str
    slot: str
    batch: str


def row_verdicts(store: Store, prefix: str, versions: Sequence[str] = ()) -> list[RowVerdict]:
    """What each version says of the one row whose id starts with `prefix`, newest version first, kept before left out.

    Empty when no version knows it. Raises `VersionError` when the prefix is no start of an id or fits several rows, and when a
    version that was asked for does not exist.
    """
    prefix = prefix.strip().lower()
    if not prefix or set(prefix) - HEXADECIMAL or len(prefix) > 32:
        raise VersionError(
            f"{prefix!r} is not a row id: one has 32 hexadecimal digits, of which the first few are enough"
        )
    named = [read_manifest(store, version).version for version in versions] or list_built(store)[::-1]
    verdicts = [verdict for version in named for verdict in _in_version(store, version, prefix)]
    ids = sorted({verdict.row_id for verdict in verdicts})
    if len(ids) > 1:
        shown = ", ".join(ids[:SHOWN]) + (" ..." if len(ids) > SHOWN else "")
        raise VersionError(f"{prefix} is the start of {len(ids)} row ids: {shown}; give more digits")
    return verdicts


def _in_version(store: Store, version: str, prefix: str) -> Iterator[RowVerdict]:
    lookup = LookUp.of(store, version)
    if lookup is not None:
        for record in lookup.records(prefix):
            if "verdict" in record:
                place = record["key"], record["slot"], record["batch"]
                yield RowVerdict(version, record["verdict"], record.get("survivor"), *place)
        return
    ours = (pl.col("row_id") >= prefix) & (pl.col("row_id") < prefix + "g")  # a range, so that row groups are skipped
    kept = scan_file(store, version, "rows.parquet").filter(ours).select("row_id", "slot", "batch").collect()
    for row_id, slot, batch in kept.iter_rows():
        yield RowVerdict(version, KEPT, None, row_id, slot, batch)
    left_out = scan_file(store, version, "excluded.parquet").filter(ours).collect()
    for row in left_out.iter_rows(named=True):
        yield RowVerdict(version, row["reason"], row["survivor"], row["row_id"], row["slot"], row["batch"])


def neighbours_of(store: Store, version: str, row_id: str) -> list[dict[str, Any]]:
    """Rows that a version left out in favour of a row: row_id, slot, batch, reason, detail."""
    lookup = LookUp.of(store, version)
    if lookup is not None:
        favoured = (record for record in lookup.records(row_id) if "left_out" in record)
        return [{"row_id": r["left_out"], **{name: r[name] for name in NEIGHBOUR[1:]}} for r in favoured]
    table = scan_file(store, version, "excluded.parquet")
    return table.filter(pl.col("survivor") == row_id).select(NEIGHBOUR).collect().to_dicts()


def tables_of_cut(store: Store, version: str, batch: str) -> dict[str, CutInput]:
    """The tables of a batch as a version's cut names them, by asset."""
    lookup = LookUp.of(store, version)
    return read_cut(store, version).tables[batch] if lookup is None else lookup.tables(batch)


def uncut_row(store: Store, prefix: str) -> RowVerdict | None:
    """The row among the tables in force, for rows that no version knows; reads every batch's questions."""
    tables = Tables(store)
    for batch in store.names("tables/questions"):
        try:
            questions = tables.scan("questions", batch)
        except StoreError:
            continue
        rows = questions.filter(pl.col("row_id").str.starts_with(prefix)).select("row_id", "slot").head(1).collect()
        for row_id, slot in rows.iter_rows():
            return RowVerdict("", "in no version", None, row_id, slot, batch)
    return None


def tables_in_force(store: Store, batch: str) -> dict[str, CutInput]:
    """The tables of a batch as they are now, by asset, as far as its stages are done."""
    tables = {}
    for asset in stage_names():
        commit = Tables(store).current(asset, batch)
        if commit:
            tables[asset] = CutInput(
                commit=commit.number, **commit.model_dump(include=set(CutInput.model_fields) - {"commit"})
            )
    return tables
