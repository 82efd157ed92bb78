"""Sensors of what costs no model call and so starts by itself: observing, ingesting, signing, building decided versions, finding lost runs."""

import time

import dagster as dg

from wethink_assets.config import Settings
from wethink_assets.defs.assets.roles import role_key
from wethink_assets.defs.assets.sources import source_key
from wethink_assets.defs.resources import store_of
from wethink_assets.defs.runs.batch_partitions import UNFINISHED, ClosedBatches, sync_batches
from wethink_assets.defs.runs.jobs import OBSERVE
from wethink_assets.defs.runs.liveness import fail_dead_runs
from wethink_assets.extensions.builtin import STAGES
from wethink_assets.models.chat import ROLES
from wethink_assets.sources.catalog import sources_of
from wethink_assets.stages.order import stage_names

SHOWN_EVERY_SECONDS = 30
LOST_EVERY_SECONDS = 20
TICK_SECONDS = 15.0  # Dagster ends a tick after a minute
FREE_REPORTS = ("dataset", "staleness", "growth", "duplicates", "leaderboard")


def free_of_charge(settings: Settings) -> dg.DefaultSensorStatus:
    """Status from the start of what costs no model call."""
    return dg.DefaultSensorStatus.RUNNING if settings.growth.automatic else dg.DefaultSensorStatus.STOPPED


def automation_sensor(settings: Settings) -> dg.AutomationConditionSensorDefinition:
    """Evaluates the conditions of assets that call no model."""
    free_stages = [name for name in stage_names() if not STAGES[name].prompts]
    return dg.AutomationConditionSensorDefinition(
        "free_stages",
        target=dg.AssetSelection.assets(*free_stages, *FREE_REPORTS),
        default_status=free_of_charge(settings),
        description="Ingests new batches, signs finished ones, builds decided versions. None of it calls a model.",
    )


def observing_sensor(settings: Settings) -> dg.SensorDefinition:
    """`observe_sources`: one run that lists every configured source and reads the models' identities, now and then.

    The listing, which may be long, happens in the run, never in the daemon. There is one run for each stretch of time, whoever
    asks for it and how often, and none while the last one goes on.
    """
    configured = [source for source in sources_of(settings).values() if source.configured]
    keys = [*(source_key(source) for source in configured), *map(role_key, ROLES)]
    every = settings.growth.observe_interval_seconds

    @dg.sensor(
        name="observe_sources",
        job_name=OBSERVE,
        minimum_interval_seconds=min(every, 60),
        default_status=free_of_charge(settings),
        description=f"Observes the configured sources every {every} s: new images become batches. Reads listings only.",
    )
    def observe_sources(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        if not configured:
            return dg.SkipReason("no source is configured: give [sources.<name>] a location")
        stretch = int(time.time() // every)
        if context.cursor and int(context.cursor) >= stretch:
            return dg.SkipReason(f"observed less than {every} s ago")
        if context.instance.get_runs_count(dg.RunsFilter(job_name=OBSERVE, statuses=UNFINISHED)):
            return dg.SkipReason("the last observation is still running")
        request = dg.RunRequest(run_key=f"observe-{stretch}", asset_selection=keys)
        return dg.SensorResult(run_requests=[request], cursor=str(stretch))

    return observe_sources


def registered_batches_sensor(settings: Settings) -> dg.SensorDefinition:
    """`registered_batches`: partitions of batches that were registered or imported where this instance was not at hand.

    Requests no run. It is on even where nothing else starts by itself: what it does costs nothing and begins nothing.
    """
    closed = ClosedBatches()

    @dg.sensor(
        name="registered_batches",
        minimum_interval_seconds=SHOWN_EVERY_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Shows batches that a command registered or imported, on this machine or another. Starts nothing.",
    )
    def registered_batches(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        store = store_of(settings)
        synced = sync_batches(context.instance, store, seconds=TICK_SECONDS)
        taken = closed.take_out(context.instance, store)
        if not (synced.batches or synced.events or taken):
            return dg.SkipReason("the instance knows all batches of the store")
        return dg.SkipReason(
            f"{len(synced.batches)} batches are new, {len(taken)} hold nothing but known images and are taken out"
        )

    return registered_batches


def lost_runs_sensor() -> dg.SensorDefinition:
    """`lost_runs`: fails runs whose process was killed and frees their slots; run retries take up those that the daemon had launched.

    It looks from where the code location is, which is where runs are executed.
    """

    @dg.sensor(
        name="lost_runs",
        minimum_interval_seconds=LOST_EVERY_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Fails runs whose process is gone, frees their slots, and has those retried that were launched from here.",
    )
    def lost_runs(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        dead = fail_dead_runs(context.instance)
        if not dead:
            return dg.SkipReason("no run has lost its process")
        return dg.SkipReason("; ".join(f"run {run_id} is failed: {reason}" for run_id, reason in dead.items()))

    return lost_runs
