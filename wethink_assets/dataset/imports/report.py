"""Report of an imported source: what became of its rows at import and in each stage, counted so that every row stands somewhere once."""

from collections import Counter
from dataclasses import dataclass, field

import polars as pl

from wethink_assets.dataset.imports.importer import rejections_of
from wethink_assets.errors import SourceError
from wethink_assets.extensions.builtin import STAGES
from wethink_assets.sources.batches import list_batches
from wethink_assets.sources.imported_pairs import imported_sources, read_imported_source, scan_pairs
from wethink_assets.stages.order import provider_of, stage_names
from wethink_assets.storage.store import Store
from wethink_assets.storage.tables import Tables

__all__ = ["ImportReport", "import_report"]

LAST = "reasoning_paths"


@dataclass(frozen=True)
class ImportReport:
    """Rows of an imported source.

    refused: rows that did not become pairs, by reason. pairs: those that did, in so many batches; of them `verified` have passed all stages,
    `rejected` were rejected by stage and reason (an image's rejection is that of its pairs), and `waiting` have stages before them.
    """

    source: str
    title: str
    licence: str
    batches: int
    pairs: int
    verified: int
    waiting: int
    refused: dict[str, int] = field(default_factory=dict)
    rejected: dict[str, dict[str, int]] = field(default_factory=dict)


def import_report(store: Store, name: str) -> ImportReport:
    """What became of the rows of a source. Raises `SourceError` where nothing was imported under the name."""
    source = read_imported_source(store, name)
    if source is None:
        known = ", ".join(imported_sources(store)) or "none yet"
        raise SourceError(f"there is no imported source {name!r}; imported sources are {known}")
    batches = list_batches(store, name)
    refused = Counter(rejections_of(store, name)["reason"].to_list())
    rejected: dict[str, Counter[str]] = {}
    pairs = verified = waiting = 0
    for batch in batches:
        left = scan_pairs(store, batch).select("slot", "image_id", "item").collect()
        pairs += left.height
        for stage in stage_names():
            commit = Tables(store).current(stage, batch)
            if commit is None:
                waiting += left.height
                break
            gone = _rejected(store, stage, batch, left)
            for reason, count in gone["reason"].value_counts().iter_rows():
                rejected.setdefault(stage, Counter())[reason] += count
            left = left.join(gone, on="slot", how="anti")
            if stage == provider_of(LAST):
                verified += left.height
                break
    return ImportReport(
        source=name,
        title=source.title,
        licence=source.licence,
        batches=len(batches),
        pairs=pairs,
        verified=verified,
        waiting=waiting,
        refused=dict(refused.most_common()),
        rejected={stage: dict(counts.most_common()) for stage, counts in rejected.items()},
    )


def _rejected(store: Store, stage: str, batch: str, pairs: pl.DataFrame) -> pl.DataFrame:
    """Those of some pairs that a stage rejected, by themselves or by their image: `slot` and `reason`."""
    rejections = Tables(store).load(stage, batch).rejections.select("item", "reason").unique("item", keep="first")
    return pairs.join(rejections, left_on=STAGES[stage].item, right_on="item", how="inner").select("slot", "reason")
