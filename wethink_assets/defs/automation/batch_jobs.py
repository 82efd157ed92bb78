"""The sensor of batch jobs: a stage that waits for jobs of a service goes on in a new run when one of them has ended."""

import dagster as dg

from wethink_assets.config import Settings
from wethink_assets.defs.automation.nightly import PARTITION_TAG
from wethink_assets.defs.automation.sensors import UNFINISHED, free_of_charge
from wethink_assets.defs.resources import BUDGET_TAG, store_of
from wethink_assets.defs.runs.jobs import SYNTHESIZE
from wethink_assets.models.chat import ROLES
from wethink_assets.stages.order import stage_names
from wethink_assets.synthesis.batch_jobs.polling import ReadyStage, poll_jobs


def batch_jobs_sensor(settings: Settings) -> dg.SensorDefinition:
    """`batch_jobs`: on from the start where a role has mode `batch`: it only goes on with what a run began, within the budget of that run.

    A tick asks the services for a bounded number of jobs and reads none of their replies, which is the run's work. It requests one run a stage and
    batch for each change of its jobs, and none of a batch that another run is at.
    """
    asks = any(settings.role(role).mode == "batch" for role in ROLES)

    @dg.sensor(
        name="batch_jobs",
        job_name=SYNTHESIZE,
        minimum_interval_seconds=60,
        default_status=free_of_charge(settings) if asks else dg.DefaultSensorStatus.STOPPED,
        description=(
            "Goes on with stages that wait for batch jobs of their services, when one has ended, within the budget that began them."
            if asks
            else 'Does nothing: no role has mode = "batch".'
        ),
    )
    def batch_jobs(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        polled = poll_jobs(settings, store_of(settings), context.cursor or "")
        for note in polled.notes:
            context.log.warning(note)
        running = context.instance.get_run_records(dg.RunsFilter(statuses=UNFINISHED))
        held = {record.dagster_run.tags.get(PARTITION_TAG, "") for record in running}
        room = settings.growth.max_concurrent_batches - sum(
            record.dagster_run.job_name == SYNTHESIZE for record in running
        )
        requests = [request_for(ready) for ready in polled.ready if ready.batch not in held][: max(room, 0)]
        told = "; ".join([f"{polled.open} batch jobs are open", *polled.notes])
        skipped = None if requests else dg.SkipReason(told if polled.open else "no batch job is open")
        return dg.SensorResult(run_requests=requests, skip_reason=skipped, cursor=polled.last)

    return batch_jobs


def request_for(ready: ReadyStage) -> dg.RunRequest:
    """The run that goes on with a stage and takes the batch through all that follow."""
    stages = stage_names()
    return dg.RunRequest(
        run_key=f"batch-jobs/{ready.stage}/{ready.batch}/{ready.key}",
        partition_key=ready.batch,
        asset_selection=[dg.AssetKey(stage) for stage in stages[stages.index(ready.stage) :]],
        tags={BUDGET_TAG: ready.budget} if ready.budget else {},
    )
