"""Random histories of sources that share images: registrations, runs, kills, files touched, copied, changed and removed."""

import os
import random
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from wethink_assets.identity import sha256_hex
from wethink_assets.sources.batches import list_batches
from wethink_assets.sources.catalog import Source
from wethink_assets.sources.ingestion import ingest_batch
from wethink_assets.sources.registration import register_source
from wethink_assets.storage.store import Store
from wethink_assets.storage.tables import Provenance, Tables
from wethink_assets_tests.support.images import drawing
from wethink_assets_tests.support.sources import source_at

CONTENTS = [drawing(number) for number in range(5)]
NAMES = ["a.png", "b.png", "c.png", "d/e.png"]


class Killed(Exception):
    """Ends a run as a kill does: nothing after it is done."""


@dataclass
class History:
    """Two sources and a store, and what is done to them."""

    store: Store
    folder: Path
    seed: int
    steps: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.rng = random.Random(self.seed)
        self.sources = {name: source_at(self._made(name), name) for name in ("one", "two")}
        self._time = 1_800_000_000

    def _made(self, name: str) -> Path:
        (self.folder / name).mkdir(parents=True)
        return self.folder / name

    def live(self, steps: int) -> None:
        """Take so many steps, then end all that was begun."""
        acts = [self._write] * 3 + [self._touch, self._remove, self._register, self._register]
        acts += [self._run, self._run, self._killed, self._again]
        for _ in range(steps):
            self.rng.choice(acts)()
        for _ in range(8):
            if not self.settle():
                return
        raise AssertionError(f"no end after {self.steps}")

    def settle(self) -> bool:
        """Register both sources and run what was not run yet; whether there was anything."""
        for source in self.sources.values():
            register_source(self.store, source, 3)
        due = self._due()
        for batch in due:
            self._publish(batch)
        return bool(due)

    def present(self) -> set[str]:
        """Contents of all files that are there."""
        return {sha256_hex(path.read_bytes()) for path in self._files()}

    def held(self) -> list[str]:
        """Images of all tables in force."""
        tables = [Tables(self.store).load("images", batch).results for batch in list_batches(self.store)]
        return pl.concat(tables)["image_id"].to_list() if tables else []

    def _files(self) -> list[Path]:
        return sorted(path for path in self.folder.rglob("*") if path.is_file())

    def _due(self) -> list[str]:
        return [batch for batch in list_batches(self.store) if Tables(self.store).current("images", batch) is None]

    def _source(self, batch: str) -> Source:
        return self.sources[batch.rpartition(".")[0]]

    def _later(self, path: Path) -> None:
        self._time += 1
        os.utime(path, (self._time, self._time))

    def _write(self) -> None:
        path = self.folder / self.rng.choice(list(self.sources)) / self.rng.choice(NAMES)
        number = self.rng.randrange(len(CONTENTS))
        self.steps.append(f"write {number} to {path.relative_to(self.folder)}")
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(CONTENTS[number])
        self._later(path)

    def _touch(self) -> None:
        if files := self._files():
            path = self.rng.choice(files)
            self.steps.append(f"touch {path.relative_to(self.folder)}")
            self._later(path)

    def _remove(self) -> None:
        if files := self._files():
            path = self.rng.choice(files)
            self.steps.append(f"remove {path.relative_to(self.folder)}")
            path.unlink()

    def _register(self) -> None:
        name = self.rng.choice(list(self.sources))
        self.steps.append(f"register {name}")
        register_source(self.store, self.sources[name], self.rng.choice([1, 2, 5]))

    def _run(self) -> None:
        if due := self._due():
            self._publish(self.rng.choice(due))

    def _again(self) -> None:
        batches = list_batches(self.store)
        if batches:
            self._publish(self.rng.choice(batches))

    def _publish(self, batch: str) -> None:
        self.steps.append(f"run {batch}")
        output = ingest_batch(self.store, self._source(batch), batch)
        Tables(self.store).publish("images", batch, output, Provenance())

    def _killed(self) -> None:
        batches = list_batches(self.store)
        if not batches:
            return
        batch, after = self.rng.choice(batches), self.rng.randrange(1, 4)
        self.steps.append(f"run {batch}, killed after {after} files")

        def progress(done: int, total: int) -> None:
            if done >= after:
                raise Killed

        try:
            ingest_batch(self.store, self._source(batch), batch, progress)
        except Killed:
            return
