"""Export of the OpenLineage events of a version: of every table that it is made of, of its cut and of its build, as they follow from the store.

They are those that its runs told, whether or not anybody kept them, so a store of before has them too. Run ids are the same, so that whoever reads
both reads nothing twice. `events.ndjson` has one event a line, in the order of their times.
"""

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from wethink_assets.dataset.cuts.cut import Cut, read_cut
from wethink_assets.dataset.exports.checksums import sums_of, write_sums
from wethink_assets.dataset.exports.export import make_unfinished_folder
from wethink_assets.dataset.lineage.openlineage.events import (
    Event,
    LineageRun,
    TableReference,
    commit_inputs,
    commit_output,
    commit_run,
    end_event,
    start_event,
)
from wethink_assets.dataset.versions.manifest import Manifest, commits_of, read_manifest, version_folder
from wethink_assets.errors import VersionError
from wethink_assets.storage.faults import fault_at
from wethink_assets.storage.store import Store

__all__ = ["EVENTS", "EventsExport", "export_events", "version_events"]

EVENTS = "events.ndjson"
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class EventsExport:
    """What was written: events, files and their bytes."""

    version: str
    folder: str
    events: int
    files: int
    bytes: int


def version_events(store: Store, version: str) -> Iterator[Event]:
    """Start and end of each run behind a version: its tables' in the order in which they were finished, its cut's, its build's.

    Raises `VersionError` when there is no such version, `StoreError` when a commit or table is missing.
    """
    manifest = read_manifest(store, version)
    cut = read_cut(store, manifest.version)
    for commit in sorted(commits_of(store, cut.inputs), key=lambda commit: commit.finished):
        run, inputs = commit_run(commit), commit_inputs(commit)
        yield start_event(store, run, commit.started or commit.finished, inputs)
        yield end_event(store, run, commit.finished, inputs, commit_output(store, commit))
    yield from _decision_and_build(store, cut, manifest)


def _decision_and_build(store: Store, cut: Cut, manifest: Manifest) -> Iterator[Event]:
    tables = [
        TableReference(path=f"tables/{entry.asset}/{entry.batch}", data_version=entry.data_version, rows=entry.results)
        for entry in cut.inputs
    ]
    decided = TableReference(path=f"cuts/{cut.version}.json", data_version=cut.digest)
    decision = LineageRun(job="cuts", partition=cut.version, own_id=cut.digest, code_version=cut.logic_version)
    yield start_event(store, decision, cut.created, tables)
    yield end_event(store, decision, cut.created, tables, [decided])
    build = LineageRun(job="dataset", partition=cut.version, own_id=manifest.seal, code_version=cut.logic_version)
    rows = TableReference(
        path=f"{version_folder(cut.version)}/rows.parquet", data_version=manifest.digest, rows=manifest.rows
    )
    yield start_event(store, build, manifest.built, [decided])
    yield end_event(store, build, manifest.built, [decided], [rows])


def export_events(store: Store, version: str, folder: Path, progress: Progress | None = None) -> EventsExport:
    """Write the events of a version into a new folder, which is there when all of it is.

    Args:
        progress: called with events written and events in all.

    Raises `VersionError` when there is no such version, or its folder is not empty or cannot be made.
    """
    manifest = read_manifest(store, version)
    unfinished = make_unfinished_folder(folder)
    total = 2 * (len(manifest.inputs) + 2)
    count = 0
    try:
        with (unfinished / EVENTS).open("w", encoding="utf-8") as stream:
            for event in version_events(store, version):
                stream.write(json.dumps(event, sort_keys=True) + "\n")
                count += 1
                if progress is not None:
                    progress(count, total)
        sums = sums_of(unfinished)
        write_sums(unfinished, sums)
        unfinished.chmod(0o755)
        unfinished.rename(folder)
    except OSError as error:
        raise VersionError(fault_at(f"{folder} cannot be written", error)) from error
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return EventsExport(manifest.version, str(folder), count, len(sums), sum(known.bytes for known in sums.values()))
