"""The plan: stages of batches that are missing or stale, why, and what it would take to refresh them."""

from collections.abc import Mapping, Sequence

import polars as pl

from wethink_assets.config import Settings
from wethink_assets.models.registry import Models
from wethink_assets.planning.pricing import Pricing
from wethink_assets.planning.staleness import InForce, commits_in_force
from wethink_assets.sources.batches import list_batches
from wethink_assets.stages.order import stage_names
from wethink_assets.storage.rerun_marks import marked_batches
from wethink_assets.storage.store import Store

REHEARSE_SECONDS = 10.0  # spent on finding out exactly, before the rest is estimated
_COLUMNS: Mapping[str, pl.DataType | type[pl.DataType]] = {
    "batch": pl.String,
    "stage": pl.String,
    "cause": pl.String,  # the first of `causes`
    "detail": pl.String,
    "causes": pl.List(pl.String),
    "items": pl.Int64,
    "calls": pl.Int64,  # to be made: expected, or at most where `at_least` is less
    "at_least": pl.Int64,
    "held": pl.Int64,  # calls that are found in the journal again
    "prompt_tokens": pl.Int64,  # of the calls to be made; null where no batch tells
    "completion_tokens": pl.Int64,
    "tokens": pl.Int64,
    "money": pl.Float64,
    "basis": pl.String,  # what the estimate goes by: batch | source | all sources | settings
    "exact": pl.Boolean,  # whether `held` was found out call by call
}
PLAN = pl.Schema(_COLUMNS)


def stale_stages(
    store: Store,
    settings: Settings,
    models: Models,
    batches: Sequence[str] | None = None,
    *,
    rehearse_seconds: float = REHEARSE_SECONDS,
) -> pl.DataFrame:
    """Stages of batches that are missing or stale, one row each (schema `PLAN`), by batch and in the order of the stages.

    Causes: `missing`, `code`, `prompt`, `model`, `sampling`, `settings` (what would make the table is another), `inputs` (an upstream table
    in force is another), `upstream` (an upstream stage would be done again; this one follows only if another table comes of it).

    Calls and tokens are estimated from what the batch's own commit took, else from what the batches of its source took for an item. Calls of
    prompts that a cause does not touch, and that do not follow from one it touches, are found in the journal. Where a stage that is missing has
    a journal already (its run was stopped), or other code, inputs or prompts would make it anew, the stage is done with the journal alone to see
    what is found and what is lacking (`exact`, unless further calls may follow from those); after `rehearse_seconds` the rest is estimated.

    No model is called and nothing is written. Raises `ConfigError` or `ModelError` when a prompt or checkpoint is missing.
    """
    keys = list(batches) if batches is not None else list_batches(store)
    commits = commits_in_force(store, keys)
    in_force = InForce.of(settings, models)
    marks = marked_batches(store)
    marked = {batch: {stage for stage, batches_of in marks.items() if batch in batches_of} for batch in keys}
    causes = {batch: in_force.causes(commits[batch], marked[batch]) for batch in keys}
    pricing = Pricing(store, settings, models, commits, rehearse_seconds)
    pricing.read_members([batch for batch in keys if causes[batch] and stage_names()[0] not in commits[batch]])
    rows = [
        pricing.row(batch, stage, stage_causes)
        for batch, stale in causes.items()
        for stage, stage_causes in (pricing.begin(batch, stale)).items()
    ]
    return pl.DataFrame(rows, schema=PLAN)


def summary(plan: pl.DataFrame) -> pl.DataFrame:
    """A plan summed over batches, by stage and cause; tokens and money are null where they are unknown for one of them."""
    sums = ("items", "calls", "at_least", "held")
    unknown = [
        pl.when(pl.col(name).is_null().any()).then(None).otherwise(pl.col(name).sum()).alias(name)
        for name in ("prompt_tokens", "completion_tokens", "tokens", "money")
    ]
    order = pl.Enum(stage_names())
    return (
        plan.group_by(pl.col("stage").cast(order), "cause")
        .agg(pl.len().alias("batches"), *(pl.sum(name) for name in sums), *unknown)
        .sort("stage", "cause")
        .with_columns(pl.col("stage").cast(pl.String))
    )
