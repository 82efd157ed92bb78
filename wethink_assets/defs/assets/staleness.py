"""The asset `staleness`: stale partitions by stage and cause, with the price of a refresh, which the asset graph cannot show."""

from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg
import polars as pl

from wethink_assets.config import Settings
from wethink_assets.dataset.versions.catalog import stale_versions
from wethink_assets.defs.assets.roles import role_key
from wethink_assets.defs.graph import DATA_TEAM, SYNTHESIS, image_batch, left_out
from wethink_assets.defs.metadata.previews import plain
from wethink_assets.defs.stages.publication import fitting
from wethink_assets.identity import digest_of
from wethink_assets.models.registry import Models
from wethink_assets.planning.plan import stale_stages
from wethink_assets.planning.stages import stage_plan
from wethink_assets.stages.order import stage_names
from wethink_assets.storage.store import Store

MISSING = "missing"
KEYS_SHOWN = 2_000  # characters of partition keys for each stage


def staleness_asset(settings: Settings) -> dg.AssetsDefinition:
    """`staleness`: stale itself when a model, a prompt or a stage's code changes, since it depends on all of them."""
    plans = {stage: stage_plan(settings, stage) for stage in stage_names()}
    roles = sorted({role for plan in plans.values() for role in plan.roles})

    @dg.asset(
        deps=[role_key(role) for role in roles],
        code_version=digest_of({stage: plan.code_version for stage, plan in plans.items()})[:12],
        group_name=SYNTHESIS,
        kinds={"report"},
        owners=DATA_TEAM,
        automation_condition=dg.AutomationCondition.eager() | left_out(),
    )
    def staleness(
        context: dg.AssetExecutionContext,
        settings: dg.ResourceParam[Settings],
        store: dg.ResourceParam[Store],
        models: dg.ResourceParam[Models],
    ) -> dg.MaterializeResult[None]:
        """Stages of batches that another model, prompt, setting or code would make anew: why, how many, and at what price.

        Calls no model and starts nothing: backfill the keys that it names when the new result is worth the price.
        """
        plan = stale_stages(store, settings, models)
        order = context.instance.get_dynamic_partitions(str(image_batch.name))
        stale = plan.filter(pl.col("cause") != MISSING)
        rows = stale.select("batch", "stage", "cause", "detail").sort("batch", "stage").rows()
        versions = [version.version for version in stale_versions(store)]
        return dg.MaterializeResult(
            data_version=dg.DataVersion(digest_of([*rows, *versions])),
            metadata=fitting({**staleness_metadata(plan, order), "stale versions": ", ".join(versions) or "none"}),
        )

    return staleness


def staleness_metadata(plan: pl.DataFrame, order: Sequence[str]) -> dict[str, Any]:
    """A plan (schema `planning.plan.PLAN`) as metadata: totals, a table by stage and cause, and the keys to backfill by stage.

    order: all partition keys in the instance's order, by which neighbours become ranges.
    """
    stale = plan.filter(pl.col("cause") != MISSING)
    missing = plan.filter(pl.col("cause") == MISSING)
    own = stale.filter(pl.col("cause") != "upstream")
    return {
        "stale batches": stale["batch"].n_unique(),
        "stale partitions": stale.height,
        "calls of a refresh": int(stale["calls"].sum()),
        "tokens of a refresh": int(stale["tokens"].sum()),
        "price of a refresh": round(float(stale["money"].sum()), 4),
        "unfinished batches": missing["batch"].n_unique(),
        "by stage and cause": cause_table(stale),
        **{
            f"backfill {stage}": key_ranges(own.filter(pl.col("stage") == stage)["batch"].to_list(), order)
            for stage in stage_names()
            if not own.filter(pl.col("stage") == stage).is_empty()
        },
    }


def cause_table(stale: pl.DataFrame) -> dg.TableMetadataValue:
    """One record a stage, cause and detail: partitions, calls, tokens, price. `upstream` follows only if another table comes in."""
    columns = ("stage", "cause", "detail", "partitions", "calls", "tokens", "price")
    grouped = stale.group_by("stage", "cause", "detail").agg(
        pl.len().alias("partitions"),
        pl.col("calls").sum(),
        pl.col("tokens").sum(),
        pl.col("money").sum().alias("price"),
    )
    order = stage_names()
    rows = sorted(grouped.iter_rows(named=True), key=lambda row: (order.index(row["stage"]), -row["partitions"]))
    kinds = {name: "string" if name in columns[:3] else "float" if name == "price" else "int" for name in columns}
    return dg.MetadataValue.table(
        [dg.TableRecord({name: _cell(row, name) for name in columns}) for row in rows[:40]],
        dg.TableSchema([dg.TableColumn(name, kinds[name]) for name in columns]),
    )


def _cell(row: Mapping[str, Any], name: str) -> Any:
    value = row[name]
    return plain(value, 100) if isinstance(value, str) else round(value or 0, 4)


def key_ranges(keys: Sequence[str], order: Sequence[str], limit: int = KEYS_SHOWN) -> str:
    """Partition keys as the backfill dialog reads them: neighbours as `[first...last]`, others by name.

    >>> key_ranges(["a", "b", "c", "e"], ["a", "b", "c", "d", "e"])
    '[a...c], e'
    """
    positions = {key: position for position, key in enumerate(order)}
    known = sorted((key for key in keys if key in positions), key=lambda key: positions[key])
    spans: list[list[str]] = []
    for key in known:
        if spans and positions[spans[-1][-1]] + 1 == positions[key]:
            spans[-1] = [spans[-1][0], key]
        else:
            spans.append([key])
    text = ", ".join(f"[{span[0]}...{span[1]}]" if len(span) == 2 else span[0] for span in spans)
    return text if len(text) <= limit else text[:limit].rpartition(", ")[0] + f", and more: {len(known)} in all"
