"""Why the tables of a batch differ between two cuts: the first stage that does, and what it was made with."""

from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import polars as pl

from wethink_assets.dataset.cut import ASSETS, READERS, Cut, CutInput
from wethink_assets.dataset.rows import table_rejections
from wethink_assets.errors import StoreError
from wethink_assets.storage.store import Store
from wethink_assets.storage.tables import Commit, Tables


@dataclass(frozen=True, slots=True)
class BatchChange:
    """A batch that was synthesized again between two cuts.

    stage: the first whose table differs; detail: what exactly differs; cause: `model`, `prompt`, `settings`, `code`, `retracted`, or
    `resynthesized` where the stages that differ were made with the same of all these.
    """

    batch: str
    stage: str
    cause: str
    detail: str


def batch_changes(store: Store, before: Cut, after: Cut) -> dict[str, BatchChange]:
    """The batches of both cuts whose tables differ, by batch. Only their commits are read."""
    differing = {
        batch: [a for a in ASSETS if before.tables[batch][a].data_version != after.tables[batch][a].data_version]
        for batch in before.batches
        if batch in after.tables
    }

    def change(batch: str) -> BatchChange:
        stages = differing[batch]
        pairs = [(_commit(store, before, batch, a), _commit(store, after, batch, a)) for a in stages]
        return _change(batch, stages, pairs)

    with ThreadPoolExecutor(READERS) as pool:
        return {told.batch: told for told in pool.map(change, [batch for batch, found in differing.items() if found])}


def _commit(store: Store, cut: Cut, batch: str, asset: str) -> Commit | None:
    try:
        return Tables(store).at(asset, batch, cut.tables[batch][asset].commit)
    except StoreError:
        return None


def _change(batch: str, stages: list[str], pairs: list[tuple[Commit | None, Commit | None]]) -> BatchChange:
    told: list[tuple[str, str]] = []
    for stage, (old, new) in zip(stages, pairs, strict=True):
        if old is None or new is None:
            told.append(("unknown", f"a commit of {stage} is missing"))
            continue
        told += [("model", f"{stage}: {one}") for one in _models(old.models, new.models)]
        prompts = sorted(n for n in old.prompts.keys() | new.prompts.keys() if old.prompts.get(n) != new.prompts.get(n))
        told += [("prompt", f"{stage}: prompt {name}") for name in prompts]
        settings = sorted(n for n in {*old.settings, *new.settings} if old.settings.get(n) != new.settings.get(n))
        told += [("settings", f"{stage}: {n} {old.settings.get(n)} -> {new.settings.get(n)}") for n in settings]
        # The code version of a stage that asks models covers its prompts too: alone it means code only where they are the same.
        if old.code_version != new.code_version and not (prompts or settings):
            told.append(("code", f"{stage}: code {old.code_version or 'unknown'} -> {new.code_version or 'unknown'}"))
        if new.reasons.get("retracted", 0) > old.reasons.get("retracted", 0):
            told.append(("retracted", f"{stage}: {new.reasons['retracted']} files were taken down"))
    if not told:
        told = [("resynthesized", f"{stages[0]}: made again with the same models, prompts and code")]
    return BatchChange(batch, stages[0], told[0][0], "; ".join(detail for _, detail in told))


def _models(old: Mapping[str, dict[str, Any]], new: Mapping[str, dict[str, Any]]) -> Iterator[str]:
    for role in sorted(old.keys() | new.keys()):
        before, after = old.get(role, {}), new.get(role, {})
        if before != after:
            yield f"{role} {_named(before, after)} -> {_named(after, before)}"


def _named(model: Mapping[str, Any], other: Mapping[str, Any]) -> str:
    """The fields in which a model differs from another, shortly."""
    told = [f"{name} {str(value)[:40]}" for name, value in model.items() if other.get(name) != value]
    return ", ".join(told) or "none"


def rejected_at(store: Store, tables: Mapping[str, CutInput], items: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Each of some items (slots or image ids) that a stage of a batch rejected, with `<stage>: <reason>`."""
    wanted = list(items)
    for asset in ASSETS:
        if asset in tables and tables[asset].rejections:
            rejected = table_rejections(store, tables[asset]).filter(pl.col("item").is_in(wanted))
            for item, reason in rejected.select("item", "reason").iter_rows():
                yield item, f"rejected by {asset}: {reason}"
