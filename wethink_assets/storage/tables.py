"""Stage tables and their commits: written once, found by the highest commit.

`tables/<asset>/<batch>/<digest>/{results,rejections}.parquet` never change; `tables/<asset>/<batch>/commits/<n>.json`
are created in turn, and the highest says which digest is current and how it came about. A table that a person edited carries the edit from commit to
commit: it is laid over whatever the stage makes (`storage.edits`), which is kept beside it.
"""

from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import polars as pl
from pydantic import BaseModel, ConfigDict, Field

from wethink_assets.errors import StoreError
from wethink_assets.identity import data_version
from wethink_assets.stages.output import StageOutput
from wethink_assets.storage.edits import TableEdit, edit_path, overlaid
from wethink_assets.storage.records import create_record, parse_record, read_record
from wethink_assets.storage.rerun_marks import remove_mark, rerun_mark
from wethink_assets.storage.seals import FileSeal, seal_of
from wethink_assets.storage.store import Store
from wethink_assets.storage.table_files import read_output, scan_table, write_output

FEW = 32  # batches that are looked up one by one, wherever they are
READERS = 16  # threads that do so where the store is far away


class Provenance(BaseModel):
    """How a table came about: what its rows alone do not say."""

    model_config = ConfigDict(frozen=True)

    run_id: str = ""
    code_version: str = ""
    prompts: dict[str, str] = Field(default_factory=dict, description="prompt name to sha256 of its file")
    models: dict[str, dict[str, Any]] = Field(default_factory=dict, description="role to model id, revision, sampling")
    settings: dict[str, Any] = Field(
        default_factory=dict, description="of the pipeline, as far as the stage depends on them"
    )
    inputs: dict[str, str] = Field(default_factory=dict, description="upstream asset to the data version read")
    calls: dict[str, float] = Field(
        default_factory=dict, description="model calls, cached calls, tokens, money, seconds"
    )
    currency: str = Field("", description="what the money in `calls` is counted in")
    configuration: str = Field("", description="digest of the settings that its calls follow from")
    started: datetime | None = None


class Commit(Provenance):
    """One publication of a stage over a batch."""

    asset: str
    batch: str
    number: int
    digest: str
    data_version: str
    results: int
    rejections: int
    reasons: dict[str, int]
    finished: datetime
    edit: str = Field("", description="digest of the edit by hand that the table carries")
    edited: dict[str, int] = Field(
        default_factory=dict, description="rows that the edit changed, removed, added, set aside"
    )
    made: str = Field("", description="data version of the table as the stage made it, where it carries an edit")
    files: dict[str, FileSeal] = Field(default_factory=dict, description="bytes of both tables")
    made_files: dict[str, FileSeal] = Field(
        default_factory=dict, description="bytes of both tables as the stage made them, where they carry an edit"
    )
    previous: str = Field("", description="seal of the commit before")
    seal: str = Field("", description="hash over all of this but itself; earlier releases wrote none")

    @property
    def folder(self) -> str:
        """Folder of the tables that this commit made current."""
        return f"tables/{self.asset}/{self.batch}/{self.digest}"

    @property
    def made_folder(self) -> str:
        """Folder of the tables as the stage made them."""
        return f"tables/{self.asset}/{self.batch}/{self.made[:32]}" if self.made else self.folder

    @property
    def as_made(self) -> "Commit":
        """The same with the tables as the stage made them, where these carry an edit."""
        if not self.made:
            return self
        tables = {"digest": self.made[:32], "data_version": self.made, "files": self.made_files}
        return self.model_copy(update=tables)

    def sealed(self) -> "Commit":
        """The same with the seal of its content."""
        return self.model_copy(update={"seal": seal_of(self, only_set=True)})


def commit_path(asset: str, batch: str, number: int) -> str:
    """Where a commit lies."""
    return f"tables/{asset}/{batch}/commits/{number:06d}.json"


@dataclass(frozen=True)
class Tables:
    """The stage tables of a store."""

    store: Store

    def publish(self, asset: str, batch: str, output: StageOutput, provenance: Provenance) -> Commit:
        """Write both tables, with the edit in force laid over them, and make them current by one create-only put.

        Publishing content that is current already, made from the same inputs, adds no commit and returns the one there.
        """
        same = ("code_version", "prompts", "models", "settings", "inputs")
        mark = rerun_mark(self.store, asset, batch)
        number = mark.commit if mark else 0
        while True:
            current = self.current(asset, batch)
            edit = self.edit_of(current) if current else None
            carried = self._carrying(asset, batch, output, edit, current.edit if current else "")
            unchanged = current and current.digest == carried["digest"] and current.made == carried["made"]
            if current and unchanged and all(getattr(current, f) == getattr(provenance, f) for f in same):
                if mark:
                    remove_mark(self.store, asset, batch)
                return current
            number = max(number, current.number if current else 0) + 1
            commit = self._put(Commit(**provenance.model_dump(), **carried, number=number, finished=datetime.now(UTC)))
            if commit is not None:
                if mark:
                    remove_mark(self.store, asset, batch)
                return commit

    def publish_edit(self, current: Commit, edit: TableEdit) -> Commit:
        """Lay an edit over the table as the stage made it, in place of the edit that it carries, and make that current.

        Raises `StoreError` where the table was published anew since `current`.
        """
        create_record(self.store, edit_path(edit.asset, edit.batch, edit.digest), edit)
        made = self.load_made(current)
        carried = self._carrying(edit.asset, edit.batch, made, edit, edit.digest)
        provenance = current.model_dump(include=set(Provenance.model_fields))
        number = current.number + 1
        commit = self._put(Commit(**provenance, **carried, number=number, finished=datetime.now(UTC)))
        if commit is None:
            raise StoreError(
                f"{edit.asset} of batch {edit.batch} was published anew at the same moment, nothing was changed: export it again"
            )
        return commit

    def _put(self, commit: Commit) -> Commit | None:
        """The commit as it is kept, sealed and with the seal of the one before; None where its number was taken meanwhile."""
        before = read_record(self.store, commit_path(commit.asset, commit.batch, commit.number - 1), Commit)
        sealed = commit.model_copy(update={"previous": before.seal if before else ""}).sealed()
        path = commit_path(sealed.asset, sealed.batch, sealed.number)
        return sealed if create_record(self.store, path, sealed) else None

    def _carrying(self, asset: str, batch: str, made: StageOutput, edit: TableEdit | None, name: str) -> dict[str, Any]:
        """Write the tables of a commit, and beside them those as the stage made them where an edit is laid over; fields of the commit."""
        output, counts = (made, {}) if edit is None else overlaid(made, edit)
        version, files = self._write(asset, batch, output)
        made_version, made_files = self._write(asset, batch, made) if edit else ("", {})
        return {
            "asset": asset,
            "batch": batch,
            "digest": version[:32],
            "data_version": version,
            "results": output.results.height,
            "rejections": output.rejections.height,
            "reasons": output.reasons(),
            "edit": name,
            "edited": counts,
            "made": made_version,
            "files": files,
            "made_files": made_files,
        }

    def _write(self, asset: str, batch: str, output: StageOutput) -> tuple[str, dict[str, FileSeal]]:
        version = data_version(output.results, output.rejections)
        return version, write_output(self.store, f"tables/{asset}/{batch}/{version[:32]}", output)

    def with_edit(self, asset: str, batch: str, output: StageOutput) -> StageOutput:
        """What a stage made, with the edit in force laid over it."""
        current = self.current(asset, batch)
        edit = self.edit_of(current) if current else None
        return overlaid(output, edit)[0] if edit else output

    def edit_of(self, commit: Commit) -> TableEdit | None:
        """The edit that a commit's table carries. Raises `StoreError` when its record is missing or damaged."""
        return self.edit(commit.asset, commit.batch, commit.edit) if commit.edit else None

    def edit(self, asset: str, batch: str, digest: str) -> TableEdit:
        """One edit. Raises `StoreError` when its record is missing or damaged."""
        path = edit_path(asset, batch, digest)
        edit = read_record(self.store, path, TableEdit)
        if edit is None:
            raise StoreError(f"{self.store.link(path)} is missing, which a commit of {asset} of batch {batch} names")
        return edit

    def load_made(self, commit: Commit) -> StageOutput:
        """Both tables of a commit as the stage made them."""
        return read_output(self.store, commit.as_made)

    def current(self, asset: str, batch: str) -> Commit | None:
        """The commit in force, or None before the first."""
        folder = f"tables/{asset}/{batch}/commits"
        names = self.store.names(folder)
        return self._commit(f"{folder}/{names[-1]}") if names else None

    def all_current(self, asset: str, batches: Collection[str]) -> Iterator[Commit]:
        """The commits in force of many batches, by batch; far away, with one listing of the asset and reads side by side."""
        if self.store.local or len(batches) <= FEW:
            known = sorted(batches if len(batches) <= FEW else {*self.store.names(f"tables/{asset}")} & {*batches})
            with nullcontext() if self.store.local else ThreadPoolExecutor(READERS) as pool:
                commits = (map if pool is None else pool.map)(lambda batch: self.current(asset, batch), known)
                yield from (commit for commit in commits if commit is not None)
            return
        last: dict[str, str] = {}
        for path in self.store.files(f"tables/{asset}"):  # in order, so the last of a batch is its highest
            _, _, batch, kind, *_ = path.split("/")
            if kind == "commits" and batch in batches:
                last[batch] = path
        paths = list(last.values())
        for path, data in zip(paths, self.store.read_many(paths), strict=True):
            yield self._parsed(path, data)

    def at(self, asset: str, batch: str, number: int) -> Commit:
        """One commit by its number. Raises `StoreError` when it is missing or damaged."""
        return self._commit(commit_path(asset, batch, number))

    def all_of(self, asset: str, batch: str) -> list[Commit]:
        """All commits of an asset over a batch, oldest first."""
        folder = f"tables/{asset}/{batch}/commits"
        paths = [f"{folder}/{name}" for name in self.store.names(folder)]
        return [self._parsed(path, data) for path, data in zip(paths, self.store.read_many(paths), strict=True)]

    def _commit(self, path: str) -> Commit:
        return self._parsed(path, self.store.read(path))

    def _parsed(self, path: str, data: bytes) -> Commit:
        commit = parse_record(self.store, path, data, Commit)
        named = commit_path(commit.asset, commit.batch, commit.number)
        if (commit.seal and commit.seal != commit.sealed().seal) or named != path:
            raise StoreError(f"{self.store.link(path)} was altered: its seal is not that of its content")
        return commit

    def commits(self, asset: str) -> Iterator[Commit]:
        """The commit in force of every batch that has one, by batch."""
        return self.all_current(asset, set(self.store.names(f"tables/{asset}")))

    def load(self, asset: str, batch: str) -> StageOutput:
        """Both tables in force. Raises `StoreError` when nothing was published for the batch."""
        commit = self.current(asset, batch)
        if commit is None:
            raise StoreError(
                f"{asset} of batch {batch} was never materialized in {self.store.url}: materialize it first"
            )
        return self.load_commit(commit)

    def load_commit(self, commit: Commit) -> StageOutput:
        """Both tables of one commit. Raises `StoreError` naming a file that is missing, damaged or altered."""
        return read_output(self.store, commit)

    def scan(self, asset: str, batch: str) -> pl.LazyFrame:
        """Results in force as a lazy frame."""
        commit = self.current(asset, batch)
        if commit is None:
            raise StoreError(
                f"{asset} of batch {batch} was never materialized in {self.store.url}: materialize it first"
            )
        return scan_table(self.store, commit)
