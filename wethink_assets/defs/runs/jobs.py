"""Jobs of the launchpad: observe, check the model services, synthesize a batch, cut a version."""

from collections.abc import Sequence
from typing import Any

import dagster as dg
from pydantic import Field

from wethink_assets.config import Settings, config_path
from wethink_assets.dataset.cuts.alike_images import compare_images
from wethink_assets.dataset.cuts.decision import NothingNew, decide_cut, new_verified_rows, require_sources
from wethink_assets.dataset.cuts.recipe import CutRecipe
from wethink_assets.defs.graph import dataset_version, image_batch
from wethink_assets.defs.resources import BUDGET_TAG
from wethink_assets.defs.runs.code_location import runs_of_this_process
from wethink_assets.defs.runs.sync import report_cut
from wethink_assets.defs.stages.publication import reason_told
from wethink_assets.evaluation.benchmarks.contamination import compare_with_benchmarks
from wethink_assets.models.registry import Models
from wethink_assets.stages.order import stage_names
from wethink_assets.storage.store import Store
from wethink_assets.synthesis.budgets.allowance import BudgetSpent, allowance_of
from wethink_assets.synthesis.service_check.records import require_services

OBSERVE = "observe"
SYNTHESIZE = "synthesize"
BUILD = "build_dataset"
CUT = "cut"
CHECK_SERVICES = "check_services"
VERSION_TAG = "wethink/version"


def asset_jobs(
    observed: Sequence[dg.AssetKey], settings: Settings
) -> list[Any]:  # Dagster exports no name for what `define_asset_job` returns
    """`observe`, `synthesize` and `build_dataset`."""
    return [
        dg.define_asset_job(
            OBSERVE,
            selection=dg.AssetSelection.assets(*observed),
            description="Observe all sources and models: new images become batches. Reads listings only.",
        ),
        dg.define_asset_job(
            SYNTHESIZE,
            selection=dg.AssetSelection.assets(*stage_names()),
            partitions_def=image_batch,
            description=f"Take one image batch through all stages. Calls models; finished calls are never made again. {_budgets(settings)}",
        ),
        dg.define_asset_job(
            BUILD,
            selection=dg.AssetSelection.assets("dataset"),
            partitions_def=dataset_version,
            description="Build a version from its cut, or verify one that exists.",
        ),
    ]


def _budgets(settings: Settings) -> str:
    """How a run is bound to a budget, and which budgets there are."""
    if not settings.budgets:
        return f"To limit what a run may spend, give wethink.toml a table `[budgets.<name>]`, and the run the tag `{BUDGET_TAG}` with that name."
    given = f"; without it, that is `{settings.pipeline.budget}`" if settings.pipeline.budget else ""
    return f"A run spends the budget that its tag `{BUDGET_TAG}` names, of {', '.join(f'`{name}`' for name in settings.budgets)}{given}."


def cut_config(settings: Settings) -> type[dg.Config]:
    """What the version is to include. Fields stand in the launchpad with what `[cut]` of wethink.toml says, since it hides those without a value."""
    given = settings.cut

    class CutConfig(dg.Config):
        sources: list[str] = Field(list(given.sources), description="source names; an empty list means all")
        licences: list[str] = Field(list(given.licences), description="an empty list means all")
        kinds: list[str] = Field(list(given.kinds), description="of MC, FIB, DES; an empty list means all")
        max_rows: int = Field(given.max_rows, description="0: no cap")
        max_rows_per_source: int = Field(given.max_rows_per_source, description="0: no cap")
        max_rows_per_template: int = Field(
            given.max_rows_per_template,
            description="questions that differ only in numbers, names and quotations; 0: no cap",
        )
        conflicting_answers: str = Field(
            given.conflicting_answers,
            description="rows that answer one question about one image differently: drop, or majority",
        )
        seed: int = Field(given.seed, description="decides which rows a cap keeps")
        min_new_rows: int = Field(0, description="decide only where at least so many new verified rows wait")

    return CutConfig


def cut_job(settings: Settings) -> dg.JobDefinition:
    """`cut`: what `wethink cut` does, with the dataset built in a run of its own."""
    CutConfig = cut_config(settings)

    @dg.op(description="Decide a cut, report it, and build its dataset in a run of its own.")
    def decide(
        context: dg.OpExecutionContext,
        config: CutConfig,  # type: ignore[valid-type]
        settings: dg.ResourceParam[Settings],
        store: dg.ResourceParam[Store],
    ) -> None:
        given = config.model_dump()  # type: ignore[attr-defined]
        wanted = given.pop("min_new_rows")
        recipe = CutRecipe.of(settings).changed(given)
        with reason_told(context):
            require_sources(store, settings, recipe)
        if wanted:
            waiting = new_verified_rows(store, recipe)
            if waiting < wanted:
                context.add_output_metadata({"new verified rows": waiting, "wanted": wanted})
                context.log.info(f"{waiting} new verified rows of {wanted} wanted: no version is cut")
                return
        unread = compare_with_benchmarks(store, settings)
        for one in unread:
            context.log.warning(f"rows are not compared with {one.key}: {one.reason}")
        compare_images(store, recipe)
        cut = decide_cut(store, recipe, unread)
        if isinstance(cut, NothingNew):
            context.log.info(
                f"Nothing new: {cut.version} holds all {cut.batches} batches of this recipe. No version was made."
            )
            context.add_output_metadata({"version": cut.version, "new": False})
            return
        report_cut(context.instance, store, cut)
        context.instance.add_run_tags(context.run_id, {VERSION_TAG: cut.version})
        context.log.info(f"{cut.version} is made of {len(cut.batches)} batches")
        job = context.repository_def.get_job(BUILD)
        tags = {"dagster/parent_run_id": context.run_id, "dagster/root_run_id": context.run_id}
        built = job.execute_in_process(
            instance=runs_of_this_process(context.instance),
            partition_key=cut.version,
            tags=tags,
            raise_on_error=False,
        )
        if not built.success:
            raise dg.Failure(f"{cut.version} was decided but not built: see run {built.run_id}", {"run": built.run_id})
        context.add_output_metadata({"version": cut.version, "new": True, "run": built.run_id})

    @dg.job(description="Decide which batches the next dataset version is made of, and build it.")
    def cut() -> None:
        decide()

    return cut


def check_services_job() -> dg.JobDefinition:
    """`check_services`: a few calls to each service that no check of the configuration has passed yet; fails with what mends them."""

    @dg.op(
        description="Call the services of the roles that stages ask, and keep in the store which of them answered all that is needed."
    )
    def check(
        context: dg.OpExecutionContext,
        settings: dg.ResourceParam[Settings],
        store: dg.ResourceParam[Store],
        models: dg.ResourceParam[Models],
    ) -> None:
        budget = context.run.tags.get(BUDGET_TAG, settings.pipeline.budget)
        with reason_told(context), allowance_of(store, settings, budget, context.run_id) as allowance:
            try:
                for record in require_services(settings, store, models, config_path(), allowance):
                    context.log.info("; ".join([f"{record.model} answered", *record.notes]))
            except BudgetSpent as spent:  # so the stage that follows stops for the same reason, and says so
                context.log.warning(f"{spent}: the services were not checked")

    @dg.job(
        name=CHECK_SERVICES,
        description="Check the services behind the roles with a few calls, and say which line of wethink.toml mends what one refuses.",
    )
    def checked() -> None:
        check()

    return checked
