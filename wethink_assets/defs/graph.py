"""The asset graph's partitionings, pools, owners, groups and automation conditions."""

from collections.abc import Sequence

import dagster as dg

from wethink_assets.config import Settings
from wethink_assets.extensions.builtin import PROVIDERS


def when_missing() -> dg.AutomationCondition:
    """Once for each partition that is added, when its inputs are there and no other run makes it already.

    `eager` would run old partitions again when a model, a prompt or a source changes; this never does.
    """
    return dg.AutomationCondition.on_missing() & ~dg.AutomationCondition.in_progress()


def when_changed(says_much_of_nothing: bool = False) -> dg.AutomationCondition:
    """For reports over all partitions: when any of them was updated, and no run draws the report already.

    Not `eager`, which waits until no partition upstream is missing: there is always one. `says_much_of_nothing`: the report is worth a look
    before there is a partition.
    """
    first = left_out(says_much_of_nothing)
    updated = (dg.AutomationCondition.any_deps_updated() | first) & ~dg.AutomationCondition.in_progress()
    return updated.with_label("when_changed")


def left_out(says_much_of_nothing: bool = False) -> dg.AutomationCondition:
    """For reports: at the first look of the daemon, where there is something to report on and no report, since commands had made it all."""
    first = dg.AutomationCondition.initial_evaluation() & dg.AutomationCondition.missing()
    if not says_much_of_nothing:
        first &= dg.AutomationCondition.any_deps_match(~dg.AutomationCondition.missing())
    return first.with_label("left_out")


LOCAL_POOL = "gpu"
REMOTE_POOL = "endpoint"
POOL_LIMITS = {LOCAL_POOL: 1, REMOTE_POOL: 4}


def pool_of(settings: Settings, roles: tuple[str, ...]) -> str | None:
    """Pool of a stage: this machine's when one of its roles runs in process or on a server that runs start here, else the endpoints'."""
    if not roles:
        return None
    return LOCAL_POOL if any(_runs_here(settings, role) for role in roles) else REMOTE_POOL


def _runs_here(settings: Settings, role: str) -> bool:
    of_role = settings.role(role)  # type: ignore[arg-type]
    return PROVIDERS[of_role.provider].runs_here(settings, of_role)


def set_pool_limits(instance: dg.DagsterInstance) -> None:
    """Give each pool its limit unless somebody chose one: limits are state of the instance, not of `dagster.yaml`."""
    chosen = {pool.name for pool in instance.event_log_storage.get_pool_limits() if not pool.from_default}
    for pool, limit in POOL_LIMITS.items():
        if pool not in chosen:
            instance.event_log_storage.set_concurrency_slots(pool, limit)


DATA_TEAM = ["team:data"]
MODEL_TEAM = ["team:models"]
SOURCES, MODELS, IMAGES, SYNTHESIS, VERSIONS = "sources", "models", "images", "synthesis", "versions"
TRAINING = "training"
EVALUATION = "evaluation"


image_batch = dg.DynamicPartitionsDefinition(name="image_batch")
dataset_version = dg.DynamicPartitionsDefinition(name="dataset_version")
training_run = dg.DynamicPartitionsDefinition(name="training_run")  # <version>.<recipe>, such as v0003.grpo-s1


def add_partitions(
    instance: dg.DagsterInstance, definition: dg.DynamicPartitionsDefinition, keys: Sequence[str]
) -> list[str]:
    """Register keys that the instance does not know yet; returns those, in the given order. Safe to repeat."""
    name = definition.name
    assert name is not None
    known = set(instance.get_dynamic_partitions(name))
    missing = [key for key in keys if key not in known]
    if missing:
        instance.add_dynamic_partitions(name, missing)
    return missing
