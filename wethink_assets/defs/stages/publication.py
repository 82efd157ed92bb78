"""Publication of a stage's output as a materialization: it closes, or nothing of it is published."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import dagster as dg
import polars as pl
from dagster import AssetExecutionContext, OpExecutionContext

from wethink_assets.defs.metadata.cost import bill
from wethink_assets.defs.stages.io_manager import Publication
from wethink_assets.errors import WeThinkError
from wethink_assets.identity import data_version
from wethink_assets.stages.output import StageOutput, require_closed, unaccounted
from wethink_assets.storage.tables import Provenance


@contextmanager
def reason_told(context: AssetExecutionContext | OpExecutionContext) -> Iterator[None]:
    """Log our own errors as one line of the run's log: Dagster shows its stack trace first, and the cause below the fold."""
    try:
        yield
    except WeThinkError as error:
        context.log.error(str(error))
        raise


METADATA_BYTES = 30_000  # of the 32 kB that one materialization may weigh in the event log


def published(
    context: AssetExecutionContext,
    output: StageOutput,
    edited: StageOutput,
    *,
    expected: pl.Series,
    item: str,
    inputs: Mapping[str, StageOutput | str],
    made: Mapping[str, Any],
    metadata: Mapping[str, Any],
) -> dg.MaterializeResult[StageOutput]:
    """Assert that the output closes, then hand it on with its data version, provenance and metadata.

    Args:
        output: as the stage made it, which the IO manager lays the edit in force over.
        edited: with the edit laid over it, as it will be read: what the UI is told.
        expected: ids that the upstream table holds.
        item: name of the id column of the results.
        inputs: what was read: upstream asset to its tables, or to its data version.
        made: fields of `Provenance` that the stage knows: started, and prompts, models and calls where it asks models.
        metadata: previews; the last ones are dropped where all of it would not fit into 32 kB.

    Raises `UnaccountedItems` before anything is written when the output does not close.
    """
    require_closed(context.asset_key.to_user_string(), expected, output, item)
    require_closed(context.asset_key.to_user_string(), expected, edited, item)
    provenance = Provenance(
        run_id=context.run.run_id,
        code_version=context.assets_def.code_versions_by_key[context.asset_key] or "",
        inputs={asset: version_of(read) for asset, read in inputs.items()},
        **made,
    )
    counts: dict[str, Any] = {
        "dagster/row_count": edited.results.height,
        "rejections": edited.rejections.height,
        **{f"rejected: {reason}": count for reason, count in edited.reasons().items()},
        **bill(provenance.calls, edited.results.height),
        "wall seconds": _seconds_since(provenance.started),
    }
    return dg.MaterializeResult(
        value=Publication(output.results, output.rejections, provenance),
        data_version=dg.DataVersion(data_version(edited.results, edited.rejections)),
        metadata=fitting({**counts, **metadata}),
    )


def _seconds_since(started: datetime | None) -> float | None:
    return None if started is None else round((datetime.now(UTC) - started).total_seconds(), 2)


def version_of(read: StageOutput | str) -> str:
    """Data version of what was read."""
    return read if isinstance(read, str) else data_version(read.results, read.rejections)


def weight(metadata: Mapping[str, Any]) -> int:
    """Bytes of metadata in the event log, roughly: its JSON with some room for types."""
    values: Mapping[str, Any] = dg.AssetMaterialization(
        "weighed", metadata=dict(metadata)
    ).metadata  # makes entries of plain values
    return sum(len(name) + len(dg.serialize_value(value)) for name, value in values.items())


def fitting(metadata: Mapping[str, Any], limit: int = METADATA_BYTES) -> dict[str, Any]:
    """Metadata without empty entries, and without its last ones where all of it would weigh more than `limit` bytes."""
    kept: dict[str, Any] = {}
    left = limit
    for name, value in metadata.items():
        cost = 0 if value is None else weight({name: value})
        if value is not None and cost <= left:
            kept[name] = value
            left -= cost
    return kept


def closure(stage: str, expected: pl.Series, output: StageOutput, item: str) -> dg.AssetCheckResult:
    """The assertion of `published` again, on what is stored, for the UI."""
    faults = unaccounted(expected, output, item)
    items = expected.n_unique()
    message = f"unaccounted for: {json.dumps(dict(faults.head(5).iter_rows()))}"
    return dg.AssetCheckResult(
        passed=faults.is_empty(),
        description=f"{items} items of {stage} are accounted for" if faults.is_empty() else message,
        metadata={"expected": items, "results": output.results.height, "rejections": output.rejections.height},
    )
