"""Causes of differences between versions: exclusions, recipes, and of a batch made again the first stage that differs and what made it differ."""

from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import polars as pl

from wethink_assets.dataset.cuts.cut import READERS, Cut, CutInput
from wethink_assets.dataset.edits.record import edit_summary
from wethink_assets.dataset.versions.files import scan_file
from wethink_assets.dataset.versions.manifest import Manifest
from wethink_assets.dataset.versions.rows import table_rejections
from wethink_assets.errors import StoreError
from wethink_assets.stages.order import stage_names
from wethink_assets.storage.store import Store
from wethink_assets.storage.tables import Commit, Tables


@dataclass(frozen=True, slots=True)
class BatchChange:
    """A batch that was synthesized again between two cuts.

    stage: the first whose table differs; detail: what exactly differs; cause: `stages` (one was put in or taken out), `model`, `prompt`,
    `settings`, `code`, `edited` by hand, `retracted`, or `resynthesized` where the stages that differ were made with the same of all these.
    """

    batch: str
    stage: str
    cause: str
    detail: str


def batch_changes(store: Store, before: Cut, after: Cut) -> dict[str, BatchChange]:
    """The batches of both cuts whose tables differ, by batch. Only their commits are read."""
    differing = {
        batch: [a for a in stage_names() if _data_version(before, batch, a) != _data_version(after, batch, a)]
        for batch in before.batches
        if batch in after.tables
    }

    def change(batch: str) -> BatchChange:
        stages = differing[batch]
        for number, cut in enumerate((before, after)):
            absent = [stage for stage in stages if stage not in cut.tables[batch]]
            if absent:
                detail = f"{absent[0]}: the stage is {'gone' if number else 'new'}"
                return BatchChange(batch, absent[0], "stages", detail)
        pairs = [(_commit(store, before, batch, a), _commit(store, after, batch, a)) for a in stages]
        return _change(store, batch, stages, pairs)

    with ThreadPoolExecutor(READERS) as pool:
        return {
            changed.batch: changed
            for changed in pool.map(change, [batch for batch, stages in differing.items() if stages])
        }


def _data_version(cut: Cut, batch: str, asset: str) -> str:
    tables = cut.tables[batch]
    return tables[asset].data_version if asset in tables else ""


def _commit(store: Store, cut: Cut, batch: str, asset: str) -> Commit | None:
    try:
        return Tables(store).at(asset, batch, cut.tables[batch][asset].commit)
    except StoreError:
        return None


def _change(
    store: Store, batch: str, stages: list[str], pairs: list[tuple[Commit | None, Commit | None]]
) -> BatchChange:
    causes: list[tuple[str, str]] = []
    for stage, (old, new) in zip(stages, pairs, strict=True):
        if old is None or new is None:
            causes.append(("unknown", f"a commit of {stage} is missing"))
            continue
        causes += [("model", f"{stage}: {one}") for one in _models(old.models, new.models)]
        prompts = sorted(n for n in old.prompts.keys() | new.prompts.keys() if old.prompts.get(n) != new.prompts.get(n))
        causes += [("prompt", f"{stage}: prompt {name}") for name in prompts]
        settings = sorted(n for n in {*old.settings, *new.settings} if old.settings.get(n) != new.settings.get(n))
        causes += [("settings", f"{stage}: {n} {old.settings.get(n)} -> {new.settings.get(n)}") for n in settings]
        # The code version of a stage that asks models covers its prompts too: alone it means code only where they are the same.
        if old.code_version != new.code_version and not (prompts or settings):
            causes.append(("code", f"{stage}: code {old.code_version or 'unknown'} -> {new.code_version or 'unknown'}"))
        if old.edit != new.edit:
            causes.append(("edited", f"{stage}: {edit_summary(store, new)}"))
        if new.reasons.get("retracted", 0) > old.reasons.get("retracted", 0):
            causes.append(("retracted", f"{stage}: {new.reasons['retracted']} files were taken down"))
    if not causes:
        causes = [("resynthesized", f"{stages[0]}: made again with the same models, prompts and code")]
    return BatchChange(batch, stages[0], causes[0][0], "; ".join(detail for _, detail in causes))


def _models(old: Mapping[str, dict[str, Any]], new: Mapping[str, dict[str, Any]]) -> Iterator[str]:
    for role in sorted(old.keys() | new.keys()):
        before, after = old.get(role, {}), new.get(role, {})
        if before != after:
            yield f"{role} {_named(before, after)} -> {_named(after, before)}"


def _named(model: Mapping[str, Any], other: Mapping[str, Any]) -> str:
    """The fields in which a model differs from another, shortly."""
    fields = [f"{name} {str(value)[:40]}" for name, value in model.items() if other.get(name) != value]
    return ", ".join(fields) or "none"


def rejected_at(store: Store, tables: Mapping[str, CutInput], items: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Each of some items (slots or image ids) that a stage of a batch rejected, with `<stage>: <reason>`."""
    wanted = list(items)
    for asset in stage_names():
        if asset in tables and tables[asset].rejections:
            rejected = table_rejections(store, tables[asset]).filter(pl.col("item").is_in(wanted))
            for item, reason in rejected.select("item", "reason").iter_rows():
                yield item, f"rejected by {asset}: {reason}"


class Causes:
    """Why rows differ, from cuts, exclusions and what the batches' tables were made with."""

    def __init__(
        self,
        store: Store,
        cuts: tuple[Cut, Cut],
        manifests: tuple[Manifest, Manifest],
        changes: Mapping[str, BatchChange],
    ) -> None:
        self._store = store
        self._cuts = cuts
        self._changes = changes
        self._recipe_differs = cuts[0].recipe.digest != cuts[1].recipe.digest
        self._left_out = {entry.batch: entry.reason for entry in cuts[1].left_out}
        self._excluded = tuple(self._verdicts(manifest) for manifest in manifests)

    def _verdicts(self, manifest: Manifest) -> dict[str, tuple[str, str | None]]:
        table = scan_file(self._store, manifest, "excluded.parquet").select("row_id", "reason", "survivor").collect()
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
        ids = {name: row[name] for name in ("row_id", "slot", "batch")}
        kept = {"successor": successor, "columns": list(columns), "cause": cause, "detail": detail}
        return {"change": change, **ids, **kept}

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
            if self._recipe_differs:
                return "recipe", before
            old, new = (cut.logic_version for cut in self._cuts)
            return ("no_longer_left_out", before) if old == new else ("code", f"{before}; rules {old} are now {new}")
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
        fates = {}
        for (batch,), rows in lost.group_by("batch"):
            tables = self._cuts[1].tables.get(str(batch))
            if tables:
                items = set(rows["slot"]) | set(rows["image_id"])
                fates.update({(str(batch), item): fate for item, fate in rejected_at(self._store, tables, items)})
        return fates
