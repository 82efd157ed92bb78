"""Synchronisation of the Dagster instance with the store: the store is the truth, the instance a view of it."""

from collections.abc import Iterable
from functools import partial

import dagster as dg

from wethink_assets.config import Settings
from wethink_assets.dataset.cuts.cut import Cut, list_cuts, read_cut
from wethink_assets.dataset.lineage.openlineage.emission import settle
from wethink_assets.dataset.versions.catalog import list_versions
from wethink_assets.dataset.versions.manifest import list_built
from wethink_assets.defs.assets.scores import sync_scores
from wethink_assets.defs.assets.studies import sync_studies
from wethink_assets.defs.assets.training import register_runs, sync_policies
from wethink_assets.defs.assets.versions import cut_metadata, summary_metadata
from wethink_assets.defs.graph import add_partitions, dataset_version
from wethink_assets.defs.metadata.cost import bill
from wethink_assets.defs.runs.batch_partitions import ClosedBatches, sync_batches
from wethink_assets.defs.runs.reporting import Synced, known_versions, report, report_unknown
from wethink_assets.defs.stages.publication import fitting
from wethink_assets.stages.order import stage_names
from wethink_assets.storage.store import Store
from wethink_assets.storage.tables import Commit, Tables


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
        **{f"edited by hand: {how}": rows for how, rows in commit.edited.items()},
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


def sync_instance(
    instance: dg.DagsterInstance, store: Store, settings: Settings, commits: Iterable[Commit] | None = None
) -> Synced:
    """Tell the instance all that the store holds and it does not know: partitions, tables, versions, policies, scores, studies.

    Every recipe is offered on every version. `commits`: those in force, where they are at hand. Safe to repeat.
    """
    synced = sync_batches(instance, store)
    if commits is None:
        tables = Tables(store)
        commits = (commit for stage in stage_names() for commit in tables.commits(stage))
    sync_stages(instance, commits, synced)
    ClosedBatches().take_out(instance, store)
    sync_versions(instance, store, synced)
    sync_policies(instance, store, synced)
    sync_scores(instance, store, settings, synced)
    sync_studies(instance, store, synced)
    register_runs(instance, settings, list_built(store))
    settle(store, partial(_is_over, instance))
    return synced


def _is_over(instance: dg.DagsterInstance, run_id: str) -> bool:
    run = instance.get_run_by_id(run_id)
    return run is not None and run.is_finished
