"""The growing partitionings of the asset graph."""

from collections.abc import Sequence

import dagster as dg

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
