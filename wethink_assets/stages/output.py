"""Output of a stage: results and, beside them, what was rejected and why."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

import polars as pl

from wethink_assets.errors import ModelError, UnaccountedItems

__all__ = [
    "KNOWN_CONTENT",
    "REJECTIONS",
    "SERVICE_FAULTS",
    "StageOutput",
    "commonest_detail",
    "rejections",
    "require_closed",
    "require_service",
    "unaccounted",
]

REJECTIONS = pl.Schema({"item": pl.String, "stage": pl.String, "reason": pl.String, "detail": pl.String})
KNOWN_CONTENT = "already_ingested"
"""Reason of the rejection of a file whose content another file, of this or another batch, has brought in."""
SERVICE_FAULTS = ("endpoint_error",)
"""Reasons of rejections for the service's sake. What a filter held back, or a model declined or wrote badly, is the fate of its item."""


@dataclass(frozen=True, slots=True)
class StageOutput:
    """Results of one stage over one image batch.

    results: one row an item that passed; rejections: one row an item that did not (schema `REJECTIONS`).
    Both are sorted by item id, so equal content gives equal tables.
    """

    results: pl.DataFrame
    rejections: pl.DataFrame

    def reasons(self) -> dict[str, int]:
        """Rejections by reason code, most frequent first."""
        counts = self.rejections.group_by("reason").len().sort(["len", "reason"], descending=[True, False])
        return dict(counts.iter_rows())


def rejections(rows: Iterable[Mapping[str, str]]) -> pl.DataFrame:
    """Frame of rejections, sorted by item, from mappings with the keys of `REJECTIONS`."""
    return pl.DataFrame(list(rows), schema=REJECTIONS).sort("item", "reason", "detail")


def unaccounted(expected: pl.Series, output: StageOutput, item: str) -> pl.DataFrame:
    """Items that are not in exactly one of the two tables, once, with columns `item` and `fault`; empty when the stage closes.

    Args:
        expected: ids that the upstream table holds (for `questions`, the slots planned from it).
        output: the stage's output.
        item: name of the id column in `output.results`.

    Faults: `lost` (in neither table), `both` (in results and in rejections), `repeated` (twice in one table),
    `unknown` (not among `expected`).
    """
    asked = expected.cast(pl.String).unique()
    passed = output.results.get_column(item).cast(pl.String)
    refused = output.rejections.get_column("item")
    seen = pl.concat([passed, refused])
    faults = {
        "lost": asked.filter(~asked.is_in(seen.implode())),
        "both": passed.filter(passed.is_in(refused.implode())),
        "repeated": pl.concat([s.filter(s.is_duplicated()) for s in (passed, refused)]),
        "unknown": seen.filter(~seen.is_in(asked.implode())),
    }
    schema = {"item": pl.String, "fault": pl.String}
    rows = [(item, fault) for fault, items in faults.items() for item in items.unique().sort()]
    return pl.DataFrame(rows, schema=schema, orient="row")


def commonest_detail(rejected: pl.DataFrame, reasons: Collection[str]) -> str:
    """The detail that most rejections for one of these reasons have; empty where there is none."""
    details = rejected.filter(pl.col("reason").is_in(list(reasons))).group_by("detail").len()
    ordered = details.sort(["len", "detail"], descending=[True, False]).get_column("detail")
    return str(ordered[0]) if len(ordered) else ""


def require_service(stage: str, batch: str, output: StageOutput) -> None:
    """Raise `ModelError`, the commonest message first, where a service failed more than half of a stage's items: that is no result of theirs.

    >>> failed = rejections([{"item": "a", "stage": "answers", "reason": "endpoint_error", "detail": "HTTP 400: no seed, please"}])
    >>> require_service("answers", "coco.000001", StageOutput(pl.DataFrame(), failed))
    Traceback (most recent call last):
    wethink_assets.errors.ModelError: HTTP 400: no seed, please; so the service failed 1 of 1 items of answers in coco.000001, ...
    """
    failed = output.rejections.filter(pl.col("reason").is_in(SERVICE_FAULTS)).height
    items = output.results.height + output.rejections.height
    if 2 * failed > items:
        raise ModelError(
            f"{commonest_detail(output.rejections, SERVICE_FAULTS)}; so the service failed {failed} of {items} items of {stage} in {batch}, "
            "and nothing of it is published. Finished calls are kept: mend the cause, which `wethink config check --call` looks for, and run again"
        )


def require_closed(stage: str, expected: pl.Series, output: StageOutput, item: str) -> None:
    """Raise `UnaccountedItems` unless every expected item is in exactly one of the two tables of `output`."""
    faults = unaccounted(expected, output, item)
    if not faults.is_empty():
        shown = ", ".join(f"{row['item']} ({row['fault']})" for row in faults.head(5).iter_rows(named=True))
        raise UnaccountedItems(f"{stage}: {faults.height} items unaccounted for, nothing was published: {shown}")
