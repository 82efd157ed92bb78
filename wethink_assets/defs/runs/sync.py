"""Synchronisation of the Dagster instance with the store: the store is the truth, the instance a view of it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial

import dagster as dg

from wethink_assets.dataset.cuts.cut import Cut, list_cuts, read_cut
from wethink_assets.dataset.versions.catalog import list_versions
from wethink_assets.defs.assets.versions import cut_metadata, summary_metadata
from wethink_assets.defs.graph import add_partitions, dataset_version, image_batch
from wethink_assets.defs.metadata.cost import bill
from wethink_assets.defs.stages.publication import fitting
from wethink_assets.sources.batches import list_batches, membership_digest, read_membership
from wethink_assets.stages.order import stage_names
from wethink_assets.storage.store import Store
from wethink_assets.storage.tables import Commit, Tables

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
    synced: "Synced",
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


def sync_batches(
    instance: dg.DagsterInstance, store: Store, source: str | None = None, synced: Synced | None = None
) -> Synced:
    """Register the store's batches (of one source, or all) as partitions and report membership; safe to repeat."""
    synced = synced or Synced()
    keys = list_batches(store, source)
    known = known_versions(instance, "image_batches")
    synced.batches += add_partitions(instance, image_batch, keys)
    for key in keys:
        if key in known:
            continue
        members = read_membership(store, key)
        metadata = {"images": members.height, "bytes": int(members["size"].sum() or 0)}
        report(instance, "image_batches", key, membership_digest(members), metadata)
        synced.count("image_batches")
    return synced


def sync_stages(instance: dg.DagsterInstance, commits: Iterable[Commit], synced: Synced) -> None:
    """Report commits in force that the instance has not seen, upstream stages first."""
    by_stage: dict[str, list[Commit]] = {stage: [] for stage in stage_names()}
    for commit in commits:
        by_stage[commit.asset].append(commit)
    for stage, stage_commits in by_stage.items():
        known = known_versions(instance, stage)
        for commit in stage_commits:
            if known.get(commit.batch) != commit.data_version:
                report(instance, stage, commit.batch, commit.data_version, commit_metadata(commit))
                synced.count(stage)


def commit_metadata(commit: Commit) -> dict[str, object]:
    """What a commit says, as metadata of an event."""
    return {
        "rows": commit.results,
        "rejections": commit.rejections,
        "commit": commit.number,
        "made by run": commit.run_id or "unknown",
        "synced from the store": True,
        **{f"rejected: {reason}": count for reason, count in commit.reasons.items()},
        **bill(commit.calls, commit.results),
    }


def sync_versions(instance: dg.DagsterInstance, store: Store, synced: Synced) -> None:
    """Register the store's dataset versions and report their cut and, where it is built, their dataset."""
    cuts, built = known_versions(instance, "cuts"), known_versions(instance, "dataset")
    decided = list_cuts(store)
    synced.versions += add_partitions(instance, dataset_version, decided)
    for version in decided:
        if version not in cuts:
            report_cut(instance, store, read_cut(store, version))
            synced.count("cuts")
    for summary in list_versions(store):
        metadata = partial(summary_metadata, store, summary)
        report_unknown(instance, synced, built, "dataset", summary.version, summary.digest, metadata)


def report_cut(instance: dg.DagsterInstance, store: Store, cut: Cut) -> None:
    """Register a decided cut's partition and report what it is made of. Safe to repeat."""
    add_partitions(instance, dataset_version, [cut.version])
    if known_versions(instance, "cuts").get(cut.version) != cut.digest:
        report(instance, "cuts", cut.version, cut.digest, fitting(cut_metadata(store, cut)))


def sync_instance(instance: dg.DagsterInstance, store: Store) -> Synced:
    """Tell the instance all that the store holds and it does not know: partitions, tables, versions. Safe to repeat."""
    synced = sync_batches(instance, store)
    tables = Tables(store)
    sync_stages(instance, (commit for stage in stage_names() for commit in tables.commits(stage)), synced)
    sync_versions(instance, store, synced)
    return synced
