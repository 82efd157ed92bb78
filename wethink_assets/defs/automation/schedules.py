"""Schedules behind the synthesis: a cut when it is worth one, and the training of versions that were cut."""

from collections.abc import Sequence
from typing import Any

import dagster as dg

from wethink_assets.config import Settings
from wethink_assets.defs.automation.sensors import UNFINISHED, free_of_charge
from wethink_assets.defs.graph import training_run
from wethink_assets.defs.runs.jobs import CUT

TRAIN_NEW = "train_new_versions"


def cut_schedule(settings: Settings) -> dg.ScheduleDefinition:
    """`cut_when_worth_it`: runs the job `cut`, which counts the new verified rows and decides only where there are enough."""
    growth = settings.growth

    @dg.schedule(
        name="cut_when_worth_it",
        job_name=CUT,
        cron_schedule=growth.cut_cron,
        execution_timezone=growth.timezone,
        default_status=dg.DefaultScheduleStatus.RUNNING if growth.automatic else dg.DefaultScheduleStatus.STOPPED,
        description=f"Cuts a version once it would hold at least {growth.min_new_rows} new verified rows. Calls no model.",
    )
    def cut_when_worth_it(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        if context.instance.get_runs_count(dg.RunsFilter(job_name=CUT, statuses=UNFINISHED)):
            return dg.SkipReason("the last cut is still running")
        return dg.RunRequest(run_config={"ops": {"decide": {"config": {"min_new_rows": growth.min_new_rows}}}})

    return cut_when_worth_it


def train_new_job(settings: Settings) -> Any:
    """Train a version by a recipe and, where the configuration says so, score the policy in the same run."""
    assets = ("policy", "benchmark_scores") if settings.growth.score else ("policy",)
    return dg.define_asset_job(
        TRAIN_NEW,
        selection=dg.AssetSelection.assets(*assets),
        partitions_def=training_run,
        description="What the sensor of the same name starts: training, and scoring where [growth] says so.",
    )


def train_sensor(settings: Settings) -> dg.SensorDefinition:
    """`train_new_versions`: a run a recipe of `[growth] train` for each version that is built from now on.

    Without recipes it does nothing. The version that was newest when it first looked, and all before it, are left to people.
    """
    recipes = settings.growth.train

    @dg.sensor(
        name=TRAIN_NEW,
        job_name=TRAIN_NEW,
        minimum_interval_seconds=60,
        default_status=free_of_charge(settings) if recipes else dg.DefaultSensorStatus.STOPPED,
        description=(
            f"Trains each new version with {', '.join(recipes)}{', and scores it' if settings.growth.score else ''}."
            if recipes
            else "Does nothing: [growth] train names no recipe."
        ),
    )
    def train_new_versions(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        if not recipes:
            return dg.SkipReason("[growth] train names no recipe")
        built = sorted(context.instance.get_materialized_partitions(dg.AssetKey("dataset")), key=_number)
        newest = built[-1] if built else "v0000"
        if context.cursor is None:
            return dg.SensorResult(cursor=newest, skip_reason=dg.SkipReason(f"versions after {newest} are trained"))
        fresh = [version for version in built if _number(version) > _number(context.cursor)]
        if not fresh:
            return dg.SkipReason(f"no version after {context.cursor}")
        return requests_for(fresh, recipes)

    return train_new_versions


def requests_for(versions: Sequence[str], recipes: Sequence[str]) -> dg.SensorResult:
    """One run for each version and recipe; a run key, so that none is made twice."""
    keys = [f"{version}.{recipe}" for version in versions for recipe in recipes]
    return dg.SensorResult(
        run_requests=[dg.RunRequest(run_key=key, partition_key=key) for key in keys],
        dynamic_partitions_requests=[training_run.build_add_request(keys)],
        cursor=versions[-1],
    )


def _number(version: str) -> int:
    return int(version.removeprefix("v"))
