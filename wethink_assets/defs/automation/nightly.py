"""The nightly schedule: the oldest batches that are unfinished, one run each, inside the night's own budget."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice

import dagster as dg

from wethink_assets.config import Settings
from wethink_assets.config.budgets import budget_limits
from wethink_assets.defs.graph import image_batch
from wethink_assets.defs.metadata.cost import SPENT_TAG
from wethink_assets.defs.resources import BUDGET_TAG, store_of
from wethink_assets.defs.runs.batch_partitions import PARTITION_TAG, UNFINISHED, ClosedBatches
from wethink_assets.defs.runs.jobs import SYNTHESIZE
from wethink_assets.errors import ConfigError
from wethink_assets.stages.order import stage_names, upstream_of

NOON = timedelta(hours=12)


def night_budget(settings: Settings, tick: datetime) -> str:
    """Name of the budget of the night that a tick belongs to: the day on which the evening before it was.

    >>> night_budget(Settings(), datetime(2026, 11, 23, 1, 20))
    'nightly-2026-11-22'
    """
    return f"{settings.growth.budget}-{(tick - NOON).date().isoformat()}"


def unfinished_batches(instance: dg.DagsterInstance) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Batches that have stages to go through, oldest first, with those stages: from the first that is missing or older than its inputs.

    One query a stage, whatever the number of batches; the store is not read. A changed prompt or model makes no batch unfinished.
    """
    stages = stage_names()
    upstream = {stage: upstream_of(stage) for stage in stages}
    made = {
        stage: instance.event_log_storage.get_latest_storage_id_by_partition(
            dg.AssetKey(stage), dg.DagsterEventType.ASSET_MATERIALIZATION
        )
        for stage in stages
    }
    for batch in instance.get_dynamic_partitions(str(image_batch.name)):
        for number, stage in enumerate(stages):
            event = made[stage].get(batch)
            if event is None or any(made[read].get(batch, 0) > event for read in upstream[stage]):
                yield batch, stages[number:]
                break


def nightly_schedule(settings: Settings) -> dg.ScheduleDefinition:
    """`nightly`: off until somebody turns it on, since it spends money. Ticks several times a night, each requesting a few runs.

    A tick requests nothing once a run has said that the night's budget is spent, or a batch that the night has tried already. What is left
    waits for the next night: finished calls are in the journal.
    """
    growth = settings.growth
    closed = ClosedBatches()

    @dg.schedule(
        name="nightly",
        job_name=SYNTHESIZE,
        cron_schedule=growth.nightly_cron,
        execution_timezone=growth.timezone,
        default_status=dg.DefaultScheduleStatus.STOPPED,
        description=(
            f"Synthesizes the oldest unfinished batches, one run a batch, at most {growth.max_batches_per_night} a night, within the budget "
            f"{growth.budget}-<date>. Calls models: turn it on when [budgets.{growth.budget}] says how much a night may spend."
        ),
    )
    def nightly(context: dg.ScheduleEvaluationContext) -> list[dg.RunRequest] | dg.SkipReason:
        tick = context.scheduled_execution_time
        budget = night_budget(settings, tick)
        try:
            budget_limits(settings.budgets, budget)
        except ConfigError:
            return dg.SkipReason(f"no table [budgets.{growth.budget}]: nothing is spent without a limit")
        tonight = [
            record.dagster_run
            for record in context.instance.get_run_records(
                dg.RunsFilter(job_name=SYNTHESIZE, tags={BUDGET_TAG: budget})
            )
        ]
        spent = next((run.tags[SPENT_TAG] for run in tonight if SPENT_TAG in run.tags), None)
        if spent:
            return dg.SkipReason(f"{budget} is spent: it ended at {spent}")
        going_on = context.instance.get_run_records(dg.RunsFilter(statuses=UNFINISHED))
        held = {record.dagster_run.tags.get(PARTITION_TAG, "") for record in going_on}
        tried = {run.tags.get(PARTITION_TAG, "") for run in tonight}
        room = min(
            growth.max_concurrent_batches - sum(not run.is_finished for run in tonight),
            growth.max_batches_per_night - len(tried),
        )
        if room <= 0:
            return dg.SkipReason(f"{len(tried)} batches of {budget} are done or under way: no more for now")
        closed.take_out(
            context.instance, store_of(settings)
        )  # they would take the room of batches with work to be done
        waiting = (
            (batch, stages) for batch, stages in unfinished_batches(context.instance) if batch not in held | tried
        )
        chosen = list(islice(waiting, room))
        if not chosen:
            return dg.SkipReason("no batch is unfinished that the night has not tried")
        return [
            dg.RunRequest(
                run_key=f"{budget}/{batch}",
                partition_key=batch,
                asset_selection=[dg.AssetKey(stage) for stage in stages],
                tags={BUDGET_TAG: budget},
            )
            for batch, stages in chosen
        ]

    return nightly
