"""Rebuild of a version: its tables are made again from images and journal, its files from its tables, without a model call.

Where `verification` compares what is there with the hashes that are kept, a rebuild shows that it follows from what is kept: every table of the cut
is made once more by the code of now and compared row for row, then the files are written anew and compared byte for byte.
"""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl

from wethink_assets.config import Settings
from wethink_assets.config.data import DedupSettings
from wethink_assets.dataset.cuts.cut import Cut, read_cut
from wethink_assets.dataset.cuts.recipe import CutRecipe
from wethink_assets.dataset.versions.build import described, write_files
from wethink_assets.dataset.versions.card import write_card
from wethink_assets.dataset.versions.leaf_list import write_leaf_list
from wethink_assets.dataset.versions.lookup import LOOKUP_FILES, write_lookup
from wethink_assets.dataset.versions.manifest import LEAF_FILES, MANIFEST, Manifest, commits_of, read_manifest
from wethink_assets.dataset.versions.merkle_root import leaves_of, tree_of
from wethink_assets.errors import ConfigError, ReplayError, StoreError, VersionError
from wethink_assets.extensions.builtin import STAGES
from wethink_assets.identity import data_version
from wethink_assets.planning.stages import logic_of
from wethink_assets.stages.order import stage_names
from wethink_assets.stages.output import StageOutput
from wethink_assets.stages.spec import BatchWork, Stage
from wethink_assets.storage.blobs import Blobs
from wethink_assets.storage.edits import overlaid
from wethink_assets.storage.erasures import Erasures, erasures_of
from wethink_assets.storage.local_files import beside, scan_files
from wethink_assets.storage.store import Store
from wethink_assets.storage.tables import Commit, Tables
from wethink_assets.synthesis.replay import replay_stage

__all__ = ["Difference", "Rebuild", "TableWork", "rebuild_version", "write_version"]

REPLAYED, RECOMPUTED, CHECKED = "replayed", "computed", "checked"


@dataclass(frozen=True, slots=True)
class Difference:
    """A table or file that did not come out as it was, or could not be made again."""

    path: str
    detail: str


@dataclass(slots=True)
class Rebuild:
    """What was made again, and what differs.

    tables: by how they were made: `replayed` from the journal, `computed` from other tables and images, `checked` where they hold what was read from
    files of a source, whose images were compared with their hashes.
    files: of the version, by whether they are the same `bytes`, or only the same `rows` as another release of polars writes them.
    retracted: tables whose rows were erased after a takedown: they are as they are now.
    """

    version: str
    tables: dict[str, int] = field(default_factory=lambda: dict.fromkeys((REPLAYED, RECOMPUTED, CHECKED), 0))
    rows: int = 0
    images: int = 0
    files: dict[str, str] = field(default_factory=dict)
    retracted: list[str] = field(default_factory=list)
    differences: list[Difference] = field(default_factory=list)

    @property
    def same(self) -> bool:
        """Whether everything came out as it was."""
        return not self.differences


def rebuild_version(
    store: Store, version: str, folder: Path | None = None, progress: Callable[[int, int], None] | None = None
) -> Rebuild:
    """Make a version again from the store alone, and compare it with what is there.

    Args:
        store: with journal, tables and images; nothing is written to it.
        version: a built one.
        folder: local folder to keep the rebuilt files in, complete or absent; it must be empty or absent.
        progress: called with steps done and steps in all; a step is a table, or one pass over a batch.

    Raises `VersionError` when the version does not exist, or `folder` holds something. What cannot be made again is a difference in the result.
    """
    if folder is not None and folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise VersionError(f"{folder} holds something already: name a folder that is empty or absent")
    manifest, cut = read_manifest(store, version), read_cut(store, version)
    result = Rebuild(manifest.version)
    commits = {(commit.asset, commit.batch): commit for commit in commits_of(store, cut.inputs)}
    gone = erasures_of(store)
    total, done = len(cut.inputs) + 2 * len(cut.batches), 0
    images = set[str]()
    for batch in cut.batches:
        for name in (name for name in stage_names() if name in cut.tables[batch]):
            work = TableWork(store, cut.recipe, commits[name, batch], commits, images)
            _compare(work, cut.tables[batch][name].data_version, result, gone)
            done += 1
            if progress:
                progress(done, total)
    result.images = len(images)
    shown = None if progress is None else lambda steps, _: progress(len(cut.inputs) + steps, total)
    with TemporaryDirectory() as scratch:
        _rebuild_files(store, cut, manifest, list(commits.values()), Path(scratch), result, shown or (lambda *_: None))
        if folder is not None and result.files:
            _keep(Path(scratch), [*manifest.files, MANIFEST], folder)
    return result


@dataclass(frozen=True, slots=True)
class TableWork:
    """One table to be made again.

    recipe: of a cut that names it; commits: of the tables that it was made from, by asset and batch; images: those that were compared already.
    """

    store: Store
    recipe: CutRecipe
    commit: Commit
    commits: dict[tuple[str, str], Commit]
    images: set[str]

    def made(self) -> tuple[str, StageOutput]:
        """The table made again, with the edit by hand that its commit names, and how. Raises `ReplayError`, `ConfigError` and `StoreError`."""
        how, output = self.unedited()
        edit = Tables(self.store).edit_of(self.commit) if how != CHECKED else None
        return how, overlaid(output, edit)[0] if edit else output

    def unedited(self) -> tuple[str, StageOutput]:
        """The table as the stage makes it, and how. Raises as `made` does."""
        stage = STAGES[self.commit.asset]
        if not stage.reads:
            return CHECKED, self._checked()
        inputs = [self._results(table) for table in self._upstream(stage)]
        if stage.prompts:
            return REPLAYED, replay_stage(self.store, self.commit, inputs)
        methods = self.recipe.model_dump(include=set(DedupSettings.model_fields))
        settings = Settings.model_validate({"dedup": methods})
        return RECOMPUTED, stage.run(*inputs, BatchWork(settings, Blobs(self.store), self.commit.batch))

    def _upstream(self, stage: Stage) -> Sequence[str]:
        """The tables that the commit was made from: another stage may have stood in their place than does today."""
        among = {name for name in self.commit.inputs if (name, self.commit.batch) in self.commits}
        providers = [name for name in stage_names() if name in among]
        chosen = [next((n for n in reversed(providers) if STAGES[n].provides == table), table) for table in stage.reads]
        missing = [name for name in chosen if (name, self.commit.batch) not in self.commits]
        if missing:
            raise ReplayError(f"the cut names no table of {', '.join(missing)}, from which it was made")
        return chosen

    def _results(self, name: str) -> pl.DataFrame:
        return Tables(self.store).load_commit(self.commits[name, self.commit.batch]).results

    def _checked(self) -> StageOutput:
        """A table of what was read from a source's files, each of its images compared with its hash."""
        output = Tables(self.store).load_commit(self.commit)
        blobs = Blobs(self.store)
        for path in output.results.get_column("blob").unique().sort() if "blob" in output.results.columns else ():
            if path not in self.images:
                blobs.read(path)
                self.images.add(path)
        return output


def _compare(work: TableWork, expected: str, result: Rebuild, gone: Erasures) -> None:
    entry = work.commit
    if gone.tables.get(entry.folder):
        result.retracted.append(entry.folder)
        return
    try:
        how, output = work.made()
    except (ReplayError, ConfigError, StoreError) as error:
        result.differences.append(Difference(entry.folder, str(error)))
        return
    result.tables[how] += 1
    result.rows += output.results.height + output.rejections.height
    if data_version(output.results, output.rejections) != expected:
        result.differences.append(Difference(entry.folder, _difference(work, output)))


def _difference(work: TableWork, output: StageOutput) -> str:
    """How a table that was made again differs from the one that is there."""
    kept = Tables(work.store).load_commit(work.commit)
    counts = []
    for name, before, now in (
        ("results", kept.results, output.results),
        ("rejections", kept.rejections, output.rejections),
    ):
        added = set(now.columns) ^ set(before.columns)
        if added:
            counts.append(f"columns of its {name} differ: {', '.join(sorted(added))}")
            continue
        changed = sum(a != b for a, b in zip(before.iter_rows(), now.iter_rows(), strict=False))
        if before.height != now.height or changed:
            counts.append(f"{name}: {before.height} rows before, {now.height} now, {changed} of them changed")
    logic = STAGES[work.commit.asset].logic_version
    made_by = logic_of(work.commit.code_version)
    code = "" if made_by.partition("+")[0] == logic else f"; it was made by logic {made_by}, which is {logic} now"
    return ("; ".join(counts) or "its rows are those of the table, whose data version is another") + code


def write_version(
    store: Store,
    cut: Cut,
    manifest: Manifest,
    commits: Sequence[Commit],
    folder: Path,
    progress: Callable[[int, int], None],
) -> None:
    """Write the files of a version anew into a local folder, but its manifest. Raises `StoreError` where what they are made from cannot be read."""
    statistics, _ = write_files(store, cut, commits, folder, progress)
    later = {"README.md", *LOOKUP_FILES, *LEAF_FILES}
    bare = manifest.model_copy(
        update={"files": {name: file for name, file in manifest.files.items() if name not in later}, "seal": ""}
    )
    write_card(folder / "README.md", bare, statistics)
    if manifest.files.keys() >= set(LOOKUP_FILES):
        write_lookup(folder, cut)
    if manifest.files.keys() >= set(LEAF_FILES):
        leaves = leaves_of(store, cut, manifest.files, scan_files([folder / "rows.parquet"]))
        write_leaf_list(folder, cut.version, leaves, tree_of(leaves))


def _rebuild_files(
    store: Store,
    cut: Cut,
    manifest: Manifest,
    commits: Sequence[Commit],
    folder: Path,
    result: Rebuild,
    progress: Callable[[int, int], None],
) -> None:
    try:
        write_version(store, cut, manifest, commits, folder, progress)
    except (StoreError, pl.exceptions.PolarsError, OSError) as error:
        result.differences.append(
            Difference(f"versions/{manifest.version}", f"its files cannot be written again: {error}")
        )
        return
    (folder / MANIFEST).write_bytes(manifest.model_dump_json(indent=1).encode())
    for name, before in manifest.files.items():
        now = described(folder / name)
        path = f"versions/{manifest.version}/{name}"
        if now.sha256 == before.sha256:
            result.files[name] = "bytes"
        elif now.content == before.content and name.endswith(".parquet"):
            result.files[name] = "rows"
        else:
            size = f"{before.bytes} bytes before, {now.bytes} now"
            result.files[name] = "differs"
            result.differences.append(Difference(path, size))


def _keep(scratch: Path, names: Sequence[str], folder: Path) -> None:
    with beside(folder) as unfinished:
        unfinished.mkdir(parents=True)
        for name in names:
            shutil.copyfile(scratch / name, unfinished / name)
        if folder.exists():
            folder.rmdir()
        unfinished.rename(folder)
