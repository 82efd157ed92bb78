"""Reports to the Dagster instance: what it knows of an asset, and events of what the store holds beside that."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import dagster as dg

from wethink_assets.defs.stages.publication import fitting

DATA_VERSION = "dagster/data_version"


@dataclass
class Synced:
    """What an instance was told: partitions it did not know, and events by asset."""

    batches: list[str] = field(default_factory=list)
    versions: list[str] = field(default_factory=list)
    events: dict[str, int] = field(default_factory=dict)

    @property
    def nothing(self) -> bool:
        """Whether the instance knew all of it."""
        return not (self.batches or self.versions or self.events)

    def count(self, asset: str) -> None:
        """Note one event of an asset."""
        self.events[asset] = self.events.get(asset, 0) + 1


def known_versions(instance: dg.DagsterInstance, asset: str) -> dict[str, str]:
    """Data version by partition of an asset's latest materializations, in one query."""
    tags = instance.event_log_storage.get_latest_tags_by_partition(
        dg.AssetKey(asset), dg.DagsterEventType.ASSET_MATERIALIZATION, [DATA_VERSION]
    )
    return {partition: versions[DATA_VERSION] for partition, versions in tags.items() if DATA_VERSION in versions}


def report(
    instance: dg.DagsterInstance, asset: str, partition: str, version: str, metadata: Mapping[str, object]
) -> None:
    """Report a materialization that no run made, with its data version.

    It carries no code version: Dagster would then ask for the events of its inputs too, and call the partition stale
    for want of them. Without, it goes by the order of events, and upstream stages are reported first.
    """
    event = dg.AssetMaterialization(asset, partition=partition, metadata=dict(metadata), tags={DATA_VERSION: version})  # type: ignore[arg-type]
    instance.report_runless_asset_event(event)


def report_unknown(
    instance: dg.DagsterInstance,
    synced: Synced,
    known: Mapping[str, str],
    asset: str,
    partition: str,
    version: str,
    metadata: Callable[[], Mapping[str, object]],
) -> None:
    """Report what the store holds of a partition unless the instance knows this version of it, and count it."""
    if known.get(partition) != version:
        values = {**metadata(), "synced from the store": True}
        report(instance, asset, partition, version, fitting(values))
        synced.count(asset)
