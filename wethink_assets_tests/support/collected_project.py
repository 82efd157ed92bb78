"""Work on a store beside which garbage is collected: what was grown days ago, the run of today, which needs much of it again, and what is left.

A history of three days. Every batch was run with all its files, then again with half of them: its first tables and the images that went are garbage.
Today the files are back, so the run comes to the very tables and images of the first day while a collection is removing them.
"""

import hashlib
import json
import multiprocessing
import os
import random
import signal
import sys
import time
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any

import pytest

from wethink_assets.config import Settings
from wethink_assets.dataset.cuts.cut import Cut, is_built, list_cuts
from wethink_assets.dataset.cuts.decision import decide_cut
from wethink_assets.dataset.cuts.recipe import CutRecipe
from wethink_assets.dataset.garbage import collect
from wethink_assets.dataset.inventory.sealing import seal_batch, seal_store
from wethink_assets.dataset.versions.build import build_version
from wethink_assets.dataset.versions.lookup import LOOKUP_FILES
from wethink_assets.dataset.versions.manifest import LEAF_FILES, read_manifest
from wethink_assets.extensions.builtin import STAGES
from wethink_assets.identity import data_version
from wethink_assets.models.registry import Models
from wethink_assets.sources.batches import list_batches
from wethink_assets.sources.catalog import sources_of
from wethink_assets.sources.claims import holder
from wethink_assets.sources.registration import register_source
from wethink_assets.stages.order import stage_names, upstream_of
from wethink_assets.stages.spec import BatchWork
from wethink_assets.storage import file_ages
from wethink_assets.storage import tables as tables_module
from wethink_assets.storage.blobs import Blobs
from wethink_assets.storage.journal.journal import journaled_calls
from wethink_assets.storage.local_files import TEMPORARY
from wethink_assets.storage.seals import FileSeal, sealed_file
from wethink_assets.storage.store import Store
from wethink_assets.storage.tables import Provenance, Tables
from wethink_assets.synthesis.calls.session import Synthesis
from wethink_assets_tests.support.images import drawing
from wethink_assets_tests.support.scripted_model import ScriptedModel, good_script, scripted_settings, write_pack
from wethink_assets_tests.support.sources import tar_of, write_files

DAY = 24 * 3_600.0
HOUR = 3_600.0
BATCHES, EACH = 5, 4
WAITING = 6
"""Images of an archive that was extracted days ago, and whose batch is run today."""
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["wethink_assets_tests.support.collected_project"])


@dataclass(frozen=True)
class Far:
    """A store on S3. since: when the work of today begins, in seconds since 1970."""

    url: str
    options: dict[str, Any]
    since: float

    def patch_ages(self, patched: pytest.MonkeyPatch) -> None:
        """Let what was put before today look three days old: a server takes no times of files."""
        seconds = file_ages._seconds

        def shown(about: dict[str, object]) -> float:
            written = seconds(about)
            return written if written >= self.since else written - 3 * DAY

        patched.setattr(file_ages, "_seconds", shown)


@dataclass(frozen=True)
class Grown:
    """A project: where its store is, and where its sources and prompts are."""

    root: Path
    home: Path
    far: Far | None = None

    @property
    def store(self) -> Store:
        """The store."""
        return Store.open(self.far.url, **self.far.options) if self.far else Store.open(str(self.root))

    @property
    def files(self) -> dict[str, bytes]:
        """All files of the source that batches are made of."""
        return {f"{number:03d}.png": drawing(number) for number in range(BATCHES * EACH)}

    def settings(self) -> Settings:
        """Its configuration."""
        plain = scripted_settings(str(self.home / "pack"), questions_per_image=1)
        located = {name: {"location": str(self.home / name), "licence": "CC0-1.0"} for name in ("coco", "geoqa+")}
        return Settings.model_validate({**plain.model_dump(exclude_unset=True), "sources": located})

    def run(self, store: Store, batches: list[str]) -> None:
        """All stages over the batches, each table published as a run does."""
        settings = self.settings()
        given: dict[Any, Any] = {role: ScriptedModel(good_script) for role in ("describer", "reasoner", "adjudicator")}
        with Models(settings, given) as models:
            for batch in batches:
                for stage in stage_names():
                    _publish(store, settings, models, stage, batch)
                seal_batch(store, batch, command="test")

    def register(self, store: Store) -> list[str]:
        """Register both sources; all batches."""
        for source in ("coco", "geoqa+"):
            register_source(store, sources_of(self.settings())[source], EACH)
        return list_batches(store)


def _publish(store: Store, settings: Settings, models: Models, stage: str, batch: str) -> None:
    entry, tables = STAGES[stage], Tables(store)
    inputs = {asset: tables.load(asset, batch) for asset in upstream_of(stage)}
    results = [table.results for table in inputs.values()]
    made: dict[str, Any] = {}
    if entry.prompts:
        with Synthesis.open(settings, store, models, stage, batch) as session:
            output = entry.run(*results, session)
        made = session.provenance()
    else:
        output = entry.run(*results, BatchWork(settings, Blobs(store), batch))
    read = {asset: data_version(table.results, table.rejections) for asset, table in inputs.items()}
    tables.publish(stage, batch, output, Provenance(**made, inputs=read))


def grown(root: Path, home: Path) -> Grown:
    """The project as it was yesterday."""
    project = Grown(root, home)
    write_pack(home / "pack")
    write_files(home / "coco", project.files)
    (home / "geoqa+").mkdir()
    store = project.store
    with pytest.MonkeyPatch.context() as patched:
        _days_ago(patched, 3)
        batches = project.register(store)
        project.run(store, batches[:1])
        cut = decide_cut(store, CutRecipe())
        assert isinstance(cut, Cut)
        build_version(store, cut.version)
        project.run(store, batches[1:])
        archive = tar_of({f"{number}.png": drawing(1_000 + number) for number in range(WAITING)}, "w:gz")
        write_files(home / "geoqa+", {"a.tar.gz": archive})
        project.register(store)
        _aged(store, 3 * DAY)
        _days_ago(patched, 2)
        for name in list(project.files)[::2]:
            (home / "coco" / name).rename(home / name)
        project.run(store, batches)
    Blobs(store).put(b"nobody's", "png")
    (Path(store.root) / f"{TEMPORARY}killed.json.99999999-abcd").write_bytes(b"half")
    seal_store(store, command="test")
    _aged(store, 2 * DAY)
    for name in list(project.files)[::2]:
        (home / name).rename(home / "coco" / name)
    return project


def _days_ago(patched: pytest.MonkeyPatch, days: int) -> None:
    class Then(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
            return datetime.now(tz) - timedelta(days=days)

    patched.setattr(tables_module, "datetime", Then)


def _aged(store: Store, seconds: float) -> None:
    """Let all files be as old as that which are younger."""
    then = time.time() - seconds
    for path in Path(store.root).rglob("*"):
        if path.stat().st_mtime > then:
            os.utime(path, (then, then))


class SlowStore(Store):
    """A store each of whose calls takes its time, so that those of two processes come in many orders."""

    def create(self, relative: str, data: bytes, durable: bool = True) -> bool:
        _wait()
        made = super().create(relative, data, durable)
        _wait()
        return made

    def publish(self, relative: str, data: bytes, durable: bool = True) -> None:
        _wait()
        super().publish(relative, data, durable)

    def exists(self, relative: str) -> bool:
        there = super().exists(relative)
        _wait()
        return there

    def delete(self, relative: str, durable: bool = False) -> None:
        _wait()
        super().delete(relative, durable)


def _wait() -> None:
    if random.random() < 0.3:
        time.sleep(random.random() * 0.004)


def work_of_today(project: Grown, slow: bool = False) -> None:
    """Everything that there is to do: register, run all batches, cut and build. What it builds in lies there untouched for days."""
    store = _opened(project, slow)
    with store.scratch() as folder:
        kept = folder / "built"
        kept.write_bytes(b"built for days")
        for path in (kept, folder):
            os.utime(path, (time.time() - HOUR * 0.1,) * 2)
        project.run(store, project.register(store))
        if isinstance(cut := decide_cut(store, CutRecipe()), Cut):
            assert not is_built(store, cut.version)
        for version in list_cuts(store):
            build_version(store, version)
        assert kept.exists(), "what a living process builds in was removed"


def collect_again_and_again(project: Grown) -> None:
    """Collect until somebody ends the process."""
    store = _opened(project, slow=True)
    while True:
        collect(store, HOUR)
        time.sleep(random.random() * 0.05)


def on_s3(project: Grown, url: str, options: dict[str, Any]) -> Grown:
    """The same project with its store copied to a folder on S3, but for what only a disk has."""
    store, far = project.store, Store.open(url, **options)
    for path in store.files(""):
        far.publish(path, store.read(path))
    time.sleep(1.1)  # servers tell whole seconds
    return replace(project, far=Far(url, options, float(int(time.time()))))


def _opened(project: Grown, slow: bool) -> Store:
    plain = project.store
    return SlowStore(plain.url, plain.fs, plain.root) if slow else plain


def started(target: str, project: Grown, seed: int) -> Any:
    """One of `work_of_today` and `collect_again_and_again` in a process of its own."""
    process = PROCESSES.Process(target=_begin, args=(target, project, seed))
    process.start()
    return process


def _begin(target: str, project: Grown, seed: int) -> None:
    random.seed(seed)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    os.environ["WETHINK_SYNC"] = "0"
    if project.far:
        project.far.patch_ages(pytest.MonkeyPatch())
    if target == "work":
        work_of_today(project, slow=True)
    else:
        collect_again_and_again(project)
    sys.exit(0)


def contents(store: Store) -> dict[str, Any]:
    """What a store holds, but for when and by whom it was made: files that are known by their content, tables in force, claims, calls, versions."""
    found: dict[str, Any] = {}
    for folder in ("blobs", "batches", "prompts", "rejected", "cuts"):
        for path in store.files(folder):
            found[path] = "" if folder == "cuts" else hashlib.sha256(store.read(path)).hexdigest()
    images = {path.rpartition("/")[2].partition(".")[0] for path in store.files("blobs")}
    found |= {f"claim {image}": holder(store, image) for image in images}
    for asset in stage_names():
        for commit in Tables(store).commits(asset):
            found[f"{asset} {commit.batch}"] = (commit.data_version, commit.inputs)
            found |= {path: seal.sha256 for path, seal in _files_of(store, commit.folder).items()}
        for batch in store.names(f"journal/{asset}"):
            calls = journaled_calls(store, asset, batch).select("key", "text").unique()
            found[f"calls {asset} {batch}"] = sorted(map(json.dumps, map(list, calls.iter_rows())))
    for version in list_cuts(store):
        # Of its files the card says when it was decided, the look-up and the leaves by which commits.
        files = read_manifest(store, version).files
        differing = ("README.md", *LOOKUP_FILES, *LEAF_FILES)
        found[version] = {name: file.content for name, file in files.items() if name not in differing}
    return found


def _files_of(store: Store, folder: str) -> dict[str, FileSeal]:
    return {path: sealed_file(store, path) for path in store.files(folder)}
