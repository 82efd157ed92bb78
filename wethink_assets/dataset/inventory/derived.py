"""Files of a store that follow from others: stage tables from journal and upstream tables, files of a version from its cut, prompts that are shipped.

They are written into a local folder. Whether they have the bytes that were sealed is for the caller to compare: another release may write others.
"""

from collections.abc import Callable
from pathlib import Path

import polars as pl

from wethink_assets.dataset.cuts.cut import list_cuts, read_cut
from wethink_assets.dataset.cuts.recipe import CutRecipe
from wethink_assets.dataset.versions.manifest import MANIFEST, commits_of, read_manifest
from wethink_assets.dataset.versions.rebuild import TableWork, write_version
from wethink_assets.errors import StoreError, VersionError, WeThinkError
from wethink_assets.extensions.builtin import STAGES
from wethink_assets.identity import sha256_hex
from wethink_assets.storage.file_kinds import KnownFile
from wethink_assets.storage.store import Store
from wethink_assets.storage.table_files import output_files
from wethink_assets.storage.tables import Commit, Tables
from wethink_assets.synthesis import prompt_packs

__all__ = ["DERIVED", "Derived"]


class Derived:
    """Makes files of a store again, each version and each table once."""

    def __init__(self, store: Store, scratch: Path) -> None:
        self._store = store
        self._scratch = scratch
        self._made: dict[str, str] = {}

    def forget(self) -> None:
        """Try again what could not be made, now that more of the store is mended."""
        self._made = {}

    def made(self, file: KnownFile) -> Path | str:
        """A file made again, in the scratch folder, or why it could not be."""
        make = DERIVED.get(file.kind.name)
        if make is None:
            return ""
        target = self._scratch / file.path
        if file.path not in self._made:
            try:
                self._made[file.path] = make(self, file)
            except (WeThinkError, pl.exceptions.PolarsError, OSError) as error:
                self._made[file.path] = str(error)
        return target if target.exists() else self._made[file.path]

    def _version_file(self, file: KnownFile) -> str:
        version = file.parts["version"]
        folder = self._scratch / "versions" / version
        if file.path.endswith(f"/{MANIFEST}"):
            return "when a version was built does not follow from anything"
        if not folder.exists():
            manifest, cut = read_manifest(self._store, version), read_cut(self._store, version)
            folder.mkdir(parents=True)
            write_version(self._store, cut, manifest, commits_of(self._store, cut.inputs), folder, lambda *_: None)
        return ""

    def _table(self, file: KnownFile) -> str:
        _, asset, batch, digest, _ = file.path.split("/")
        tables = Tables(self._store)
        commits = [each for each in _readable(tables, asset, batch) if digest in (each.digest, each.made[:32])]
        if not commits:
            return "no commit that can be read names it"
        commit = commits[-1]
        upstream = {
            (each.asset, batch): each
            for name, version in commit.inputs.items()
            for each in _readable(tables, name, batch)
            if each.data_version == version
        }
        if not STAGES[asset].reads:
            return "it holds what was read from files of its source"
        work = TableWork(self._store, self._recipe(batch), commit, upstream, set())
        _, output = work.made() if digest == commit.digest else work.unedited()
        for path, data in output_files(f"tables/{asset}/{batch}/{digest}", output).items():
            (self._scratch / path).parent.mkdir(parents=True, exist_ok=True)
            (self._scratch / path).write_bytes(data)
        return ""

    def _recipe(self, batch: str) -> CutRecipe:
        """Of the newest cut that names a batch: it says how images were signed."""
        for version in reversed(list_cuts(self._store)):
            try:
                cut = read_cut(self._store, version)
            except (StoreError, VersionError):
                continue
            if batch in cut.batches:
                return cut.recipe
        return CutRecipe()

    def _prompt(self, file: KnownFile) -> str:
        for path in (Path(prompt_packs.__file__).parent / "prompts").rglob("*.md"):
            data = path.read_bytes()
            if sha256_hex(data) == file.parts["sha256"]:
                (self._scratch / file.path).parent.mkdir(parents=True, exist_ok=True)
                (self._scratch / file.path).write_bytes(data)
                return ""
        return "no prompt of this release has these words"


DERIVED: dict[str, Callable[[Derived, KnownFile], str]] = {
    "version file": Derived._version_file,
    "stage table": Derived._table,
    "prompt": Derived._prompt,
}
"""Kinds of files that are made again, each by a function that writes the file, or says why it cannot."""


def _readable(tables: Tables, asset: str, batch: str) -> list[Commit]:
    """All commits of a table that can be read, oldest first."""
    found = []
    for name in tables.store.names(f"tables/{asset}/{batch}/commits"):
        try:
            found.append(tables.at(asset, batch, int(name.removesuffix(".json"))))
        except (StoreError, ValueError):
            continue
    return found
