"""Policies: what a training run is decided to do, and the policy that it comes to."""

from functools import partial
from typing import Any

import dagster as dg

from wethink_assets.config import Settings
from wethink_assets.defs.graph import LOCAL_POOL, MODEL_TEAM, TRAINING, add_partitions, training_run
from wethink_assets.defs.metadata.policy import plan_metadata, policy_metadata, recipe_metadata
from wethink_assets.defs.resources import Progress
from wethink_assets.defs.runs.reporting import Synced, known_versions, report, report_unknown, report_uses
from wethink_assets.defs.runs.training_process import train_in_process
from wethink_assets.defs.stages.publication import fitting
from wethink_assets.errors import TrainingError
from wethink_assets.storage.store import Store
from wethink_assets.training.policies.catalog import Policy, list_policies, note_run, read_policy, training_key
from wethink_assets.training.runs.leaks import require_no_leaks
from wethink_assets.training.runs.plan import TrainingPlan, plan_run

TRAIN = "train"


def training_runs_spec(settings: Settings) -> dg.AssetSpec:
    """The external asset that says what each run is to do; reported when it is planned."""
    return dg.AssetSpec(
        "training_runs",
        partitions_def=training_run,
        deps=[dg.AssetDep("dataset", partition_mapping=dg.AllPartitionMapping())],
        group_name=TRAINING,
        kinds={"json"},
        owners=MODEL_TEAM,
        metadata=recipe_metadata(settings),
        description=(
            "What a training run is: a dataset version and a recipe (`[recipes.<name>]` of wethink.toml), with its base model, prompts and "
            "judge. Its data version is the digest of all of them: where it changes, the policy is out of date."
        ),
    )


def policy_asset(settings: Settings) -> dg.AssetsDefinition:
    """`policy`: depends on its training run alone; a new version makes no policy stale."""
    recipes = settings.recipes.values()
    elsewhere = bool(recipes) and all(recipe.launcher.command for recipe in recipes)

    @dg.asset(
        partitions_def=training_run,
        deps=["training_runs"],
        group_name=TRAINING,
        kinds={"trl", "safetensors"},
        owners=MODEL_TEAM,
        pool=None if elsewhere else LOCAL_POOL,
        metadata=recipe_metadata(settings),
        backfill_policy=dg.BackfillPolicy.multi_run(1),
    )
    def policy(
        context: dg.AssetExecutionContext,
        settings: dg.ResourceParam[Settings],
        store: dg.ResourceParam[Store],
        progress: dg.ResourceParam[Progress],
    ) -> dg.MaterializeResult[None]:
        """Weights trained on a version by GRPO or SFT, with curves, completions and cost. What was trained once is not trained again."""
        plan = plan_run(settings, store, context.partition_key, run_id=context.run_id, bound=True)
        report_plan(context.instance, plan)
        policy = read_policy(store, plan.digest)
        if policy is None:
            require_no_leaks(store, plan.version, settings.training.leaks)
            train_in_process(context, plan, progress.of("policy", plan.key))
            policy = read_policy(store, plan.digest)
        else:
            note_run(store, plan.key, plan.digest)
            context.log.info(f"trained already by {policy.key}: nothing to do")
        if policy is None:
            raise TrainingError(f"{plan.key} ended well and published nothing: its store is {store.url}")
        report_uses(context.instance, store, plan.version)
        return dg.MaterializeResult(
            data_version=dg.DataVersion(policy.model_digest), metadata=fitting(policy_metadata(store, policy))
        )

    return policy


def train_job() -> Any:
    """`train`: one training run."""
    return dg.define_asset_job(
        TRAIN,
        selection=dg.AssetSelection.assets("policy"),
        partitions_def=training_run,
        description="Train a policy: a dataset version with a recipe. Killed, it goes on from its newest whole checkpoint.",
    )


def report_plan(instance: dg.DagsterInstance, plan: TrainingPlan) -> None:
    """Register a run's partition and say what it is to do. Safe to repeat."""
    add_partitions(instance, training_run, [plan.key])
    if known_versions(instance, "training_runs").get(plan.key) != plan.digest:
        report(instance, "training_runs", plan.key, plan.digest, fitting(plan_metadata(plan)))


def register_runs(instance: dg.DagsterInstance, settings: Settings, versions: list[str]) -> list[str]:
    """Register every recipe on every version, so that the UI offers them; returns the keys that are new."""
    return add_partitions(
        instance, training_run, [training_key(version, recipe) for version in versions for recipe in settings.recipes]
    )


def sync_policies(instance: dg.DagsterInstance, store: Store, synced: Synced) -> None:
    """Tell the instance the policies of the store that it does not know."""
    policies = list_policies(store)
    add_partitions(instance, training_run, [policy.key for policy in policies])
    planned, known = known_versions(instance, "training_runs"), known_versions(instance, "policy")
    for policy in policies:
        if policy.key not in planned:
            report(instance, "training_runs", policy.key, policy.digest, {"synced from the store": True})
            synced.count("training_runs")
        metadata = partial(policy_metadata, store, policy)
        report_unknown(instance, synced, known, "policy", policy.key, policy.model_digest, metadata)


def planned(settings: Settings, store: Store, key: str) -> tuple[TrainingPlan, Policy | None]:
    """A run's plan as the configuration has it now, and its policy if it was trained just so."""
    plan = plan_run(settings, store, key)
    return plan, read_policy(store, plan.digest)
