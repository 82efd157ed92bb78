"""A store of an earlier release is brought to today's layout without a byte of what it holds being touched, whenever the command is killed."""

import hashlib
import json
import multiprocessing
import os
import shutil
import signal
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from wethink_assets.cli import app
from wethink_assets.config import load_settings
from wethink_assets.dataset.garbage import find_garbage
from wethink_assets.dataset.inventory.check import check_store
from wethink_assets.dataset.inventory.migration import Step, migrate, needed_steps
from wethink_assets.dataset.inventory.sealing import seal_store
from wethink_assets.dataset.versions.build import build_version
from wethink_assets.dataset.versions.manifest import read_manifest
from wethink_assets.dataset.versions.verification import verify_versions
from wethink_assets.errors import StoreError
from wethink_assets.sources.catalog import sources_of
from wethink_assets.sources.registration import register_source
from wethink_assets.storage import store_format
from wethink_assets.storage.store import Store
from wethink_assets_tests.support.earlier_store import ARCHIVES, unpacked_project

PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["wethink_assets_tests.dataset.inventory.test_migration"])
WRITES = 9
"""More than a migration of the store makes: the format, three links with their heads, and two indexes that go."""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return unpacked_project(tmp_path)


@pytest.fixture
def store(project: Path) -> Store:
    return Store.open(str(project / "data"))


def contents(store: Store) -> dict[str, str]:
    """Hashes of all files, but of those that a migration makes or drops."""
    kept = (path for path in store.files("") if not path.startswith(("seals/", "indexes/")) and path != "format.json")
    return {path: hashlib.sha256(store.read(path)).hexdigest() for path in kept}


def test_the_fixture_is_small() -> None:
    assert sum(path.stat().st_size for path in ARCHIVES.iterdir()) < 200_000


def test_an_earlier_store_is_brought_to_todays_layout(store: Store) -> None:
    before = contents(store)
    steps = needed_steps(store)
    assert [(step.name, step.files) for step in steps] == [("indexes", 2), ("seals", len(before) + 2)]
    assert contents(store) == before and len(store.files("indexes")) == 2, "nothing is done by listing"
    seen: list[tuple[str, int, int]] = []
    done = migrate(store, lambda *progress: seen.append(progress))
    assert done.steps == steps and done.sealing and not done.sealing.faults and not done.sealing.foreign
    assert done.sealing.files == len(before) and seen[-1] == ("seals", len(before), len(before))
    assert contents(store) == before and not store.files("indexes")
    assert not needed_steps(store) and not migrate(store).steps
    check = check_store(store)
    assert check.sound and not check.unsealed and verify_versions(store).sound


def test_what_was_migrated_goes_on_as_before(project: Path, store: Store) -> None:
    migrate(store)
    settings = load_settings(project / "wethink.toml", {"WETHINK_STORE__URL": store.url})
    for source in ("chartqa", "coco"):
        found = register_source(store, sources_of(settings)[source], 8)
        assert (len(found.batches), found.new, found.changed, found.vanished) == (0, 0, 0, 0)
    assert len(store.files("indexes")) == 2 and not needed_steps(store), "they are those of this release"
    assert not list(find_garbage(store, 0.0))
    digest = read_manifest(store, "v0001").digest
    shutil.rmtree(store.path("versions"))
    assert build_version(store, "v0001").digest == digest


def test_a_sealed_store_stays_sound_when_its_indexes_go(store: Store) -> None:
    indexes = {path: store.read(path) for path in store.files("indexes")}
    migrate(store)
    for path, data in indexes.items():
        store.publish(path, data)
    seal_store(store, command="test")
    assert [step.name for step in needed_steps(store)] == ["indexes"]
    migrate(store)
    assert check_store(store).sound and not store.files("indexes")


def test_a_newer_format_is_written_first_and_refused_by_an_earlier_release(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_format, "FORMAT", 2)
    monkeypatch.setattr("wethink_assets.dataset.inventory.migration.FORMAT", 2)
    assert needed_steps(store)[0] == Step(
        "format", 1, "format.json says 1, and this release writes 2: earlier ones write no more then"
    )
    migrate(store)
    assert not needed_steps(store) and check_store(store).sound
    monkeypatch.setattr(store_format, "FORMAT", 1)
    store_format._read.clear()
    with pytest.raises(StoreError, match="has format 2 since wethink"):
        needed_steps(store)
    with pytest.raises(StoreError, match="nothing was written"):
        store.create("cuts/v0009.json", b"{}")


def test_an_empty_store_needs_nothing(tmp_path: Path) -> None:
    assert not needed_steps(Store.open(str(tmp_path / "store")))


def test_a_damaged_index_is_named(store: Store) -> None:
    path = store.files("indexes")[0]
    store.publish(path, b"no parquet")
    with pytest.raises(StoreError, match=rf"{path} is damaged: .*; remove it, and its archive is read again"):
        needed_steps(store)


def test_the_command_lists_by_default_and_applies_when_asked(
    project: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WETHINK_CONFIG", str(project / "wethink.toml"))
    monkeypatch.setenv("WETHINK_STORE__URL", store.url)

    def wethink(*arguments: str) -> Result:
        done = CliRunner().invoke(app, ["migrate", *arguments])
        assert done.exit_code == 0, done.output
        return done

    before = contents(store)
    listed = json.loads(wethink("--json").stdout)
    assert not listed["applied"] and [step["name"] for step in listed["steps"]] == ["indexes", "seals"]
    assert "nothing was done: `wethink migrate --apply` does it" in wethink().stdout and contents(store) == before
    assert f"{len(before)} files sealed" in wethink("--apply").stdout
    assert "there is nothing to do" in wethink("--apply").stdout
    again = json.loads(wethink("--json").stdout)
    assert again == {"applied": False, "steps": [], "sealing": None}


class KillingStore(Store):
    """A store whose process is killed before or after its write of a number."""

    moment = ""
    number = 0
    written = 0

    def _at(self, moment: str) -> None:
        KillingStore.written += moment == "before"
        if moment == KillingStore.moment and KillingStore.written == KillingStore.number:
            os.kill(os.getpid(), signal.SIGKILL)

    def create(self, relative: str, data: bytes, durable: bool = True) -> bool:
        self._at("before")
        made = super().create(relative, data, durable)
        self._at("after")
        return made

    def publish(self, relative: str, data: bytes, durable: bool = True) -> None:
        self._at("before")
        super().publish(relative, data, durable)
        self._at("after")

    def delete(self, relative: str, durable: bool = False) -> None:
        self._at("before")
        super().delete(relative, durable)
        self._at("after")


def _migrated(root: str, moment: str, number: int) -> None:
    KillingStore.moment, KillingStore.number = moment, number
    store_format.FORMAT = 2
    import wethink_assets.dataset.inventory.migration as module

    module.FORMAT = 2  # so that this step is among those that are killed
    plain = Store.open(root)
    migrate(KillingStore(plain.url, plain.fs, plain.root))


@pytest.mark.slow
@pytest.mark.parametrize("sealed", [False, True])
def test_a_migration_that_is_killed_at_any_write_goes_on(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sealed: bool
) -> None:
    if sealed:
        store.publish(store_format.PATH, store_format.StoreFormat().model_dump_json().encode())
        seal_store(store, command="test")
    monkeypatch.setattr(store_format, "FORMAT", 2)
    monkeypatch.setattr("wethink_assets.dataset.inventory.migration.FORMAT", 2)
    before, killed = contents(store), 0
    for moment in ("before", "after"):
        for number in range(1, WRITES):
            root = tmp_path / f"{moment}-{number}"
            shutil.copytree(store.root, root)
            process = PROCESSES.Process(target=_migrated, args=(str(root), moment, number))
            process.start()
            process.join(60)
            copy = Store.open(str(root))
            killed += process.exitcode == -signal.SIGKILL
            assert process.exitcode == -signal.SIGKILL or not needed_steps(copy)
            assert contents(copy) == before
            migrate(copy)
            assert not needed_steps(copy) and contents(copy) == before
            check = check_store(copy)
            assert check.sound and not check.unsealed, (moment, number, check.faults)
    assert killed == (14 if sealed else 10), "before and after each write"
