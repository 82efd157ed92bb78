"""Reports to the Dagster instance: what it knows of an asset, and events of what the store holds beside that."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import dagster as dg

from wethink_assets.dataset.lineage.downstream import uses_of
from wethink_assets.defs.graph import dataset_version
from wethink_assets.defs.metadata.version import uses_markdown
from wethink_assets.defs.stages.publication import fitting
from wethink_assets.storage.store import Store

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


def report_uses(instance: dg.DagsterInstance, store: Store, version: str) -> None:
    """Tell a version's page what was trained on it by now, and what that scored: an observation, since what was told when it was built stays."""
    if version in instance.get_dynamic_partitions(str(dataset_version.name)):
        uses = uses_of(store, [version])
        metadata = fitting(
            {"training runs on it": len(uses), "trained on it": dg.MetadataValue.md(uses_markdown(uses))}
        )
        instance.report_runless_asset_event(dg.AssetObservation("dataset", partition=version, metadata=metadata))
