"""The code location: what `dagster dev`, the daemon and `wethink run` load."""

import warnings
from collections.abc import Mapping

import dagster as dg

from wethink_assets.config import Settings, load_settings
from wethink_assets.defs.assets.benchmarks import benchmarks_asset
from wethink_assets.defs.assets.duplicates import duplicates_asset
from wethink_assets.defs.assets.growth import growth_asset
from wethink_assets.defs.assets.rewards import calibration_asset
from wethink_assets.defs.assets.roles import role_assets
from wethink_assets.defs.assets.scores import leaderboard_asset, model_scores_asset, score_jobs, scores_asset
from wethink_assets.defs.assets.sources import image_batches_spec, source_assets
from wethink_assets.defs.assets.staleness import staleness_asset
from wethink_assets.defs.assets.studies import studies_asset, study_job
from wethink_assets.defs.assets.training import policy_asset, train_job, training_runs_spec
from wethink_assets.defs.assets.training_plan import training_plan_asset
from wethink_assets.defs.assets.versions import cuts_spec, dataset_asset
from wethink_assets.defs.automation.batch_jobs import batch_jobs_sensor
from wethink_assets.defs.automation.nightly import nightly_schedule
from wethink_assets.defs.automation.schedules import cut_schedule, train_new_job, train_sensor
from wethink_assets.defs.automation.sensors import (
    automation_sensor,
    lost_runs_sensor,
    observing_sensor,
    registered_batches_sensor,
)
from wethink_assets.defs.resources import resources_of
from wethink_assets.defs.runs.jobs import asset_jobs, check_services_job, cut_job
from wethink_assets.defs.runs.lineage_jobs import lineage_jobs
from wethink_assets.defs.stages.assets import stage_assets


def definitions_of(settings: Settings, given: Mapping[str, object] | None = None) -> dg.Definitions:
    """All definitions of a configuration; `given` resources take the place of its own. Opens no store, loads no model."""
    # Said once here instead of once an asset: multi-asset observation and backfill policies are in beta, partitioned
    # checks in preview.
    for category in (dg.BetaWarning, dg.PreviewWarning):
        warnings.filterwarnings("ignore", category=category)
    observed = [*source_assets(settings), *role_assets(), benchmarks_asset()]
    stages, stage_checks = stage_assets(settings)
    calibration, calibration_check = calibration_asset()
    dataset, dataset_check = dataset_asset()
    return dg.Definitions(
        assets=[
            *observed,
            image_batches_spec(settings),
            *stages,
            staleness_asset(settings),
            cuts_spec(),
            dataset,
            growth_asset(),
            duplicates_asset(),
            calibration,
            training_runs_spec(settings),
            training_plan_asset(),
            policy_asset(settings),
            studies_asset(),
            scores_asset(settings),
            model_scores_asset(settings),
            leaderboard_asset(),
        ],
        asset_checks=[*stage_checks, dataset_check, calibration_check],
        jobs=[
            *asset_jobs([asset.key for asset in observed], settings),
            check_services_job(),
            cut_job(settings),
            *lineage_jobs(),
            train_job(),
            train_new_job(settings),
            study_job(),
            *score_jobs(settings),
        ],
        sensors=[
            observing_sensor(settings),
            registered_batches_sensor(settings),
            automation_sensor(settings),
            train_sensor(settings),
            batch_jobs_sensor(settings),
            lost_runs_sensor(),
        ],
        schedules=[nightly_schedule(settings), cut_schedule(settings)],
        resources={**resources_of(settings), **(given or {})},
        executor=dg.in_process_executor,
    )


defs = definitions_of(load_settings())
