"""Partitions of image batches in the Dagster instance: those of the store that have work to be done or done, as soon as they are registered.

A batch of nothing but known images has none, unless it went through its stages.
"""

import math
import time
from collections.abc import Collection

import dagster as dg

from wethink_assets.defs.graph import add_partitions, image_batch
from wethink_assets.defs.runs.reporting import Synced, known_versions, report
from wethink_assets.planning.staleness import nothing_new
from wethink_assets.sources.batches import list_batches, membership_digest, read_membership
from wethink_assets.stages.order import stage_names
from wethink_assets.storage.store import Store
from wethink_assets.storage.tables import Tables

PARTITION_TAG = "dagster/partition"
UNFINISHED = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
]


def sync_batches(
    instance: dg.DagsterInstance,
    store: Store,
    source: str | None = None,
    synced: Synced | None = None,
    seconds: float = math.inf,
) -> Synced:
    """Register the store's batches (of one source, or all) as partitions and report membership; safe to repeat.

    All partitions are there at once; reports that would take more than `seconds` are left to the next time.
    """
    synced = synced or Synced()
    ends = time.monotonic() + seconds
    keys = list_batches(store, source)
    known = known_versions(instance, "image_batches")
    partitions = set(instance.get_dynamic_partitions(str(image_batch.name)))
    closed = _closed(store, [key for key in keys if key not in partitions])
    shown = [key for key in keys if key not in closed]
    synced.batches += add_partitions(instance, image_batch, shown)
    for key in shown:
        if key in known:
            continue
        if time.monotonic() > ends:
            break
        members = read_membership(store, key)
        metadata = {"images": members.height, "bytes": int(members["size"].sum() or 0)}
        report(instance, "image_batches", key, membership_digest(members), metadata)
        synced.count("image_batches")
    return synced


class ClosedBatches:
    """Batches that turned out to be nothing but known images when they were read: their partitions, which wait for nothing, are taken out."""

    def __init__(self) -> None:
        self._seen: dict[str, int] = {}

    def take_out(self, instance: dg.DagsterInstance, store: Store) -> list[str]:
        """Take out the partitions of closed batches; which they were. What was looked at once is looked at again only after another run."""
        first, second = (
            instance.event_log_storage.get_latest_storage_id_by_partition(
                dg.AssetKey(stage), dg.DagsterEventType.ASSET_MATERIALIZATION
            )
            for stage in stage_names()[:2]
        )
        partitions = set(instance.get_dynamic_partitions(str(image_batch.name)))
        waiting = {key: event for key, event in first.items() if key in partitions and key not in second}
        closed = _closed(store, [key for key, event in waiting.items() if self._seen.get(key) != event])
        at_work = _batches_at_work(instance) if closed else set()
        for key in sorted(closed - at_work):
            instance.delete_dynamic_partition(str(image_batch.name), key)
        self._seen = {key: event for key, event in waiting.items() if key not in at_work}
        return sorted(closed - at_work)


def take_out_closed(instance: dg.DagsterInstance, store: Store, batch: str) -> None:
    """Take out the partition of a batch whose run has ended, where that found nothing but known images in it."""
    if _closed(store, [batch]):
        instance.delete_dynamic_partition(str(image_batch.name), batch)


def hidden_batches(instance: dg.DagsterInstance, store: Store) -> list[str]:
    """Batches of the store that should be partitions of the instance and are none."""
    partitions = set(instance.get_dynamic_partitions(str(image_batch.name)))
    missing = [batch for batch in list_batches(store) if batch not in partitions]
    closed = _closed(store, missing)
    return [batch for batch in missing if batch not in closed]


def _batches_at_work(instance: dg.DagsterInstance) -> set[str]:
    """Batches of runs that go on: their later stages ask for the partition."""
    running = instance.get_run_records(dg.RunsFilter(statuses=UNFINISHED))
    return {record.dagster_run.tags.get(PARTITION_TAG, "") for record in running}


def _closed(store: Store, keys: Collection[str]) -> set[str]:
    """Those of some batches that hold nothing but known images and went through no stage after that was found out."""
    tables = Tables(store)
    first, second = stage_names()[:2]
    known = {commit.batch for commit in tables.all_current(first, keys) if nothing_new(commit)}
    return known - {commit.batch for commit in tables.all_current(second, known)}
