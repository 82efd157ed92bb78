"""Why a row is in one version and not, or not alike, in another."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import polars as pl

from wethink_assets.dataset.batch_changes import BatchChange, rejected_at
from wethink_assets.dataset.cut import Cut
from wethink_assets.storage.store import Store


class Causes:
    """Why rows differ, from cuts, exclusions and what the batches' tables were made with."""

    def __init__(
        self, store: Store, cuts: tuple[Cut, Cut], folders: tuple[str, str], changes: Mapping[str, BatchChange]
    ) -> None:
        self._store = store
        self._cuts = cuts
        self._changes = changes
        self._recipe_differs = cuts[0].recipe.digest != cuts[1].recipe.digest
        self._left_out = {entry.batch: entry.reason for entry in cuts[1].left_out}
        self._excluded = tuple(self._verdicts(folder) for folder in folders)

    def _verdicts(self, folder: str) -> dict[str, tuple[str, str | None]]:
        table = self._store.scan_parquet(f"{folder}/excluded.parquet").select("row_id", "reason", "survivor").collect()
        return {row: (reason, survivor) for row, reason, survivor in table.iter_rows()}

    def of_rows(self, changed: pl.DataFrame, gone: pl.DataFrame, fresh: pl.DataFrame) -> Iterator[dict[str, Any]]:
        """Rows of the difference."""
        for row in changed.iter_rows(named=True):
            yield self._row("changed", row, *self._of_batch(row), columns=row["columns"])
        successors = {row["slot"]: row["row_id"] for row in fresh.iter_rows(named=True)}
        replaced = {slot: successors[slot] for slot in gone["slot"] if slot in successors}
        lost = gone.filter(~pl.col("slot").is_in(list(replaced)))
        fates = self._fates(lost)
        for row in gone.iter_rows(named=True):
            if row["slot"] in replaced:
                yield self._row("replaced", row, *self._of_batch(row), successor=replaced[row["slot"]])
            else:
                yield self._row("removed", row, *self._of_removed(row, fates))
        for row in fresh.iter_rows(named=True):
            if row["slot"] not in replaced:
                yield self._row("added", row, *self._of_added(row))

    @staticmethod
    def _row(
        change: str,
        row: Mapping[str, Any],
        cause: str,
        detail: str,
        successor: str | None = None,
        columns: Iterable[str] = (),
    ) -> dict[str, Any]:
        told = {name: row[name] for name in ("row_id", "slot", "batch")}
        kept = {"successor": successor, "columns": list(columns), "cause": cause, "detail": detail}
        return {"change": change, **told, **kept}

    def _of_batch(self, row: Mapping[str, Any]) -> tuple[str, str]:
        change = self._changes.get(row["batch"])
        return (change.cause, change.detail) if change else ("unknown", "the batch's tables are the same in both")

    def _of_added(self, row: Mapping[str, Any]) -> tuple[str, str]:
        batch = row["batch"]
        if batch not in self._cuts[0].tables:
            was_there = batch in self._cuts[0].known
            return ("recipe", "the batch was not part of the recipe") if was_there else ("new_batch", batch)
        if row["row_id"] in self._excluded[0]:
            reason, survivor = self._excluded[0][row["row_id"]]
            before = f"was left out before: {reason}{f' of {survivor}' if survivor else ''}"
            return ("recipe" if self._recipe_differs else "no_longer_left_out"), before
        return self._of_batch(row)

    def _of_removed(self, row: Mapping[str, Any], fates: Mapping[tuple[str, str], str]) -> tuple[str, str]:
        batch = row["batch"]
        if row["row_id"] in self._excluded[1]:
            reason, survivor = self._excluded[1][row["row_id"]]
            return reason, f"{survivor} stays in its place" if survivor else ""
        if row["image_id"] in self._cuts[1].retracted.images:
            return "retracted", "its image was taken down"
        if batch not in self._cuts[1].tables:
            left_out = self._left_out.get(batch)
            return ("batch_left_out", left_out) if left_out else ("recipe", "the batch is not part of the recipe")
        cause, detail = self._of_batch(row)
        fate = fates.get((batch, row["slot"])) or fates.get((batch, row["image_id"]))
        return cause, "; ".join(part for part in (fate, detail) if part)

    def _fates(self, lost: pl.DataFrame) -> dict[tuple[str, str], str]:
        """Where the later version's tables rejected the rows that are gone, by batch and item."""
        found = {}
        for (batch,), rows in lost.group_by("batch"):
            tables = self._cuts[1].tables.get(str(batch))
            if tables:
                items = set(rows["slot"]) | set(rows["image_id"])
                found.update({(str(batch), item): told for item, told in rejected_at(self._store, tables, items)})
        return found
