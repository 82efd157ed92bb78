"""Assets of the stages, each with its check `closed`: made from their entries in the registry, one image batch at a time.

A stage that asks models works within the run's budget; once that is spent it yields nothing, so that its partition stays missing and the
later stages are skipped. So it is while it waits for batch jobs, and where the batch turned out to be nothing but known images: no server
starts for it.
"""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import Any

import dagster as dg
import polars as pl

from wethink_assets.config import Settings
from wethink_assets.dataset.lineage.openlineage.emission import stage_recorded
from wethink_assets.dataset.lineage.openlineage.events import LineageRun, stage_inputs
from wethink_assets.defs.assets.roles import role_key
from wethink_assets.defs.graph import DATA_TEAM, image_batch, pool_of, when_missing
from wethink_assets.defs.metadata.cost import early_end
from wethink_assets.defs.metadata.previews import stage_previews
from wethink_assets.defs.stages.publication import closure, published, reason_told
from wethink_assets.extensions.builtin import STAGES
from wethink_assets.planning.stages import stage_plan
from wethink_assets.planning.staleness import nothing_new
from wethink_assets.sources.batches import membership_digest, read_membership
from wethink_assets.stages.order import provider_of, stage_names, upstream_of
from wethink_assets.stages.output import StageOutput, require_service
from wethink_assets.stages.spec import BatchWork, Stage
from wethink_assets.storage.blobs import Blobs
from wethink_assets.storage.store import Store
from wethink_assets.storage.tables import Tables
from wethink_assets.synthesis.batch_jobs.batch_calls import JobsPending
from wethink_assets.synthesis.budgets.allowance import BudgetSpent
from wethink_assets.synthesis.replay import configuration_of, keep_configuration

MEMBERSHIP = "image_batches"
"""The asset that a stage starts from which reads no other stage."""


def stage_assets(settings: Settings) -> tuple[list[dg.AssetsDefinition], list[dg.AssetChecksDefinition]]:
    """Assets and checks of all stages. Raises `ConfigError` for a stage whose declaration lacks something, or a prompt that is missing."""
    assets = [_asset(settings, STAGES[name]) for name in stage_names()]
    return assets, [_check(settings, STAGES[name]) for name in stage_names()]


def _asset(settings: Settings, stage: Stage) -> dg.AssetsDefinition:
    plan = stage_plan(settings, stage.name)
    upstream = upstream_of(stage.name)
    asks_models = bool(plan.roles)

    @dg.asset(
        name=stage.name,
        description=stage.description,
        ins={name: dg.AssetIn(name) for name in upstream},
        deps=[*([] if upstream else [MEMBERSHIP]), *(role_key(role) for role in plan.roles)],
        required_resource_keys={"store", *(["synthesis"] if asks_models else ["settings", "progress"])},
        partitions_def=image_batch,
        output_required=not asks_models,
        code_version=plan.code_version,
        group_name=stage.group,
        kinds={*stage.kinds, "parquet"},
        owners=DATA_TEAM,
        pool=pool_of(settings, plan.roles),
        backfill_policy=dg.BackfillPolicy.multi_run(1),
        automation_condition=None if asks_models else when_missing(),
        metadata={"roles": ", ".join(plan.roles), "prompts": ", ".join(plan.prompts)} if asks_models else None,
    )
    def work(context: dg.AssetExecutionContext, **tables: StageOutput) -> Iterator[dg.MaterializeResult[StageOutput]]:
        if asks_models and _has_nothing_to_do(context, stage):
            return
        inputs = {name: tables[name] for name in upstream}
        with reason_told(context), early_end(context, settings), _events(context, stage, plan.code_version):
            yield _publication(context, settings, stage, inputs)

    return work


def _has_nothing_to_do(context: dg.AssetExecutionContext, stage: Stage) -> bool:
    """Whether the run's batch is nothing but known images. A table that the stage has made of it before is made anew, as that of no image."""
    tables, batch = Tables(context.resources.store), context.partition_key
    if not nothing_new(tables.current(stage_names()[0], batch)) or tables.current(stage.name, batch) is not None:
        return False
    context.log.info(f"{batch} holds nothing but known images: it is done, and its partition is taken out")
    return True


def _events(context: dg.AssetExecutionContext, stage: Stage, code_version: str) -> AbstractContextManager[None]:
    """OpenLineage events that the run of a stage began and, where it does, failed; the IO manager tells that it completed."""
    store, batch = context.resources.store, context.partition_key
    run = LineageRun(job=stage.name, partition=batch, parent=context.run.run_id, code_version=code_version)
    return stage_recorded(store, run, lambda: stage_inputs(store, stage.name, batch), (BudgetSpent, JobsPending))


def _publication(
    context: dg.AssetExecutionContext, settings: Settings, stage: Stage, inputs: Mapping[str, StageOutput]
) -> dg.MaterializeResult[StageOutput]:
    """Do the work of a stage on the run's batch, and hand its output on to be published."""
    given, batch = context.resources, context.partition_key
    results = [table.results for table in inputs.values()]
    members = None if inputs else read_membership(given.store, batch)
    blobs = Blobs(given.store)
    made: Mapping[str, Any] = {"started": datetime.now(UTC)}
    if stage.prompts:
        with given.synthesis(stage.name, batch) as session:
            output = stage.run(*results, session)
            require_service(
                stage.name, batch, output
            )  # in the session: its calls stay in the journal, for the next run
            kept = keep_configuration(given.store, configuration_of(settings, session.models, stage.roles))
        made = {**session.provenance(), "configuration": kept}
    else:
        progress = given.progress.of(stage.name, batch)
        output = stage.run(*results, BatchWork(given.settings, blobs, batch, progress))
    edited = Tables(given.store).with_edit(stage.name, batch, output)
    shown = {**dict(zip(stage.reads, results, strict=True)), **_pictures(given.store, stage, batch, edited)}
    return published(
        context,
        output,
        edited,
        expected=stage.expected_of(results[0] if members is None else members, settings, given.store, batch),
        item=stage.item,
        inputs=inputs if members is None else {MEMBERSHIP: membership_digest(members)},
        made=made,
        metadata=stage_previews(stage, edited, shown, blobs),
    )


def _pictures(store: Store, stage: Stage, batch: str, output: StageOutput) -> Mapping[str, pl.DataFrame]:
    """The table by which previews find pictures, for a stage that does not read it: its own, or that of the batch."""
    if stage.preview is None or "images" in stage.reads:
        return {}
    if "blob" in stage.schema:
        return {"images": output.results}
    commit = Tables(store).current(provider_of("images"), batch)
    return {"images": Tables(store).load_commit(commit).results} if commit else {}


def _check(settings: Settings, stage: Stage) -> dg.AssetChecksDefinition:
    """The check that a stage closes over what its items come from."""
    upstream = upstream_of(stage.name)[:1]
    options: dict[str, Any] = {
        "asset": stage.name,
        "name": "closed",
        "description": stage.closes or f"Every item of {stage.name} is in its results or rejected, never both.",
        "blocking": True,
        "partitions_def": image_batch,
    }

    if not upstream:

        @dg.asset_check(**options, required_resource_keys={"store"})
        def of_files(context: dg.AssetCheckExecutionContext, made: StageOutput) -> dg.AssetCheckResult:
            store, batch = context.resources.store, context.partition_key
            members = read_membership(store, batch)
            return closure(MEMBERSHIP, stage.expected_of(members, settings, store, batch), made, stage.item)

        return of_files

    @dg.asset_check(**options, additional_ins={"upstream": dg.AssetIn(upstream[0])}, required_resource_keys={"store"})
    def of_table(
        context: dg.AssetCheckExecutionContext, made: StageOutput, upstream: StageOutput
    ) -> dg.AssetCheckResult:
        expected = stage.expected_of(upstream.results, settings, context.resources.store, context.partition_key)
        return closure(stage.reads[0], expected, made, stage.item)

    return of_table
