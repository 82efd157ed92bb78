"""A project folder for benchmarks that run `wethink` for real: drawn images, a scripted endpoint behind every role, a folder or S3 as store."""

import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wethink_assets.config import Settings, load_settings
from wethink_assets.dataset.versions.manifest import list_built, read_manifest
from wethink_assets.models.chat import ROLES
from wethink_assets.sources.batches import list_batches
from wethink_assets.stages.order import stage_names
from wethink_assets.storage.store import Store
from wethink_assets.storage.tables import Tables
from wethink_assets_tests.support.block_images import blocks

ROOT = Path(__file__).resolve().parents[2]
SOURCE = "coco"


@dataclass(frozen=True)
class ScriptedProject:
    """A project in `home`, which is its DAGSTER_HOME too."""

    home: Path

    @classmethod
    def make(
        cls, home: Path, role: Mapping[str, Any], store: Mapping[str, Any] | None = None, **pipeline: Any
    ) -> "ScriptedProject":
        """Write its configuration.

        Args:
            home: folder, made here.
            role: table that every role gets.
            store: table `[store]`; without it results lie in `home/data`.
            pipeline: settings of the table `[pipeline]`.
        """
        home.mkdir(parents=True)
        for name in ("dagster.yaml", "workspace.yaml"):
            shutil.copy(ROOT / name, home)
        tables = {"store": store or {"url": "data"}, "pipeline": {"prompt_pack": "standard", **pipeline}}
        tables[f"sources.{SOURCE}"] = {"location": f"images/{SOURCE}"}
        tables |= {f"roles.{name}": dict(role) for name in ROLES}
        lines = [line for name, table in tables.items() for line in (f"[{name}]", *_entries(table))]
        (home / "wethink.toml").write_text("\n".join(lines) + "\n")
        return cls(home)

    @property
    def settings(self) -> Settings:
        """Its configuration, without anybody's environment."""
        return load_settings(self.home / "wethink.toml", {})

    def store(self) -> Store:
        """Its store."""
        return Store.open(self.settings.store_url, **self.settings.store.options)

    def draw(self, count: int, seed: int) -> None:
        """Add `count` small pictures to its source, the same for the same seed."""
        folder = self.home / "images" / SOURCE
        folder.mkdir(parents=True, exist_ok=True)
        for number in range(count):
            blocks(random.Random(f"{seed} {number}"), 48, 5, 24).save(folder / f"{seed:04d}-{number:05d}.png")

    def start(self, *arguments: str, prefix: Sequence[str] = ()) -> "subprocess.Popen[str]":
        """Start a `wethink` command in a process of its own, by a program such as `nice` where one is given as prefix; its standard error goes to
        `home/commands.log`."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("WETHINK_", "DAGSTER_"))}
        own = {"DAGSTER_HOME": str(self.home), "WETHINK_CONFIG": str(self.home / "wethink.toml")}
        with (self.home / "commands.log").open("a") as log:
            return subprocess.Popen(
                [*prefix, sys.executable, "-m", "wethink_assets", *arguments],
                cwd=self.home,
                env={**kept, **own, "OMP_NUM_THREADS": "1", "DO_NOT_TRACK": "1"},
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )

    def log_tail(self) -> str:
        """The end of what its commands wrote to standard error."""
        return (self.home / "commands.log").read_text()[-3000:]

    def content(self) -> dict[str, str]:
        """What there is in the end: data version of each table in force, digest of each dataset version."""
        store = self.store()
        tables = Tables(store)
        content = {}
        for batch in list_batches(store):
            for stage in stage_names():
                commit = tables.current(stage, batch)
                content[f"{stage} of {batch}"] = commit.data_version if commit else "missing"
        for version in list_built(store):
            manifest = read_manifest(store, version)
            content[f"version {version}"] = f"{manifest.rows} rows, {manifest.files['rows.parquet'].content}"
        return content


def _entries(table: Mapping[str, Any]) -> Iterator[str]:
    for name, value in table.items():
        if isinstance(value, Mapping):
            yield f"{name} = {{ {', '.join(f'{key} = {json.dumps(inner)}' for key, inner in value.items())} }}"
        else:
            yield f"{name} = {json.dumps(value)}"


@contextmanager
def s3_store(folder: Path) -> Iterator[dict[str, Any]]:
    """A `[store]` table on a real S3 server (SeaweedFS) that keeps its data in `folder` while the block runs."""
    from wethink_assets_tests.support.s3_server import s3_server

    folder.mkdir(parents=True)
    with s3_server(folder) as server:
        yield {"url": f"s3://{server.bucket}/{folder.parent.name}", "options": server.options}
