"""Garbage: superseded tables, unclaimed images, leftovers. What a version, a commit in force, a batch or an import needs stays."""

import json
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from wethink_assets.dataset.collected_tables import CollectedTables
from wethink_assets.dataset.garbage import collect, find_garbage
from wethink_assets.dataset.inventory.check import check_store
from wethink_assets.dataset.inventory.sealing import seal_store
from wethink_assets.dataset.named_blobs import named_blobs
from wethink_assets.dataset.versions.verification import verify_versions
from wethink_assets.errors import StoreError, VersionError
from wethink_assets.identity import sha256_hex
from wethink_assets.sources.claims import Occurrence, claim, claim_path
from wethink_assets.sources.ingestion import ingest_batch
from wethink_assets.sources.registration import register_source
from wethink_assets.stages.order import stage_names
from wethink_assets.storage.blobs import Blobs
from wethink_assets.storage.journal.journal import journal_folder
from wethink_assets.storage.lease import Lease, leased
from wethink_assets.storage.removals import unnamed_work
from wethink_assets.storage.store import Store
from wethink_assets.storage.tables import Provenance, Tables
from wethink_assets_tests.dataset.conftest import Wethink
from wethink_assets_tests.support.images import drawing
from wethink_assets_tests.support.question_tables import CHOICE, COLOUR, STORY
from wethink_assets_tests.support.sources import source_at, tar_of, write_files
from wethink_assets_tests.support.stage_tables import Grower
from wethink_assets_tests.support.versions import cut

DAY = 24 * 3_600.0
BATCH = "geoqa+.000001"


def paths(store: Store, kind: str, age: float = 0.0) -> set[str]:
    return {garbage.path for garbage in find_garbage(store, age) if garbage.kind == kind}


def superseded(grower: Grower) -> set[str]:
    """Grow a batch anew with other questions; folders of the tables that were in force."""
    before = {asset: Tables(grower.store).current(asset, BATCH) for asset in stage_names()}
    grower.grow(BATCH, [(drawing(2), [STORY]), (drawing(3), [COLOUR, CHOICE])], licence="MIT")
    after = {asset: Tables(grower.store).current(asset, BATCH) for asset in stage_names()}
    return {
        old.folder
        for old, new in zip(before.values(), after.values(), strict=True)
        if old and new and old.digest != new.digest
    }


def aged(store: Store, seconds: float = 2 * DAY) -> None:
    """Let all files be as old as that."""
    for path in Path(store.root).rglob("*"):
        os.utime(path, (time.time() - seconds,) * 2)


def test_superseded_tables_are_garbage_and_the_store_is_sound_without_them(grower: Grower, local: Store) -> None:
    assert not list(find_garbage(local, 0.0))
    gone = superseded(grower)
    assert len(gone) >= 4 and paths(local, "table") == gone
    version = cut(local)
    assert not list(find_garbage(local, DAY)), "a superseded table is garbage a day later"
    collect(local, 0.0)
    assert not any(local.exists(folder) for folder in gone) and CollectedTables(local).folders == gone
    assert not list(find_garbage(local, 0.0))
    assert verify_versions(local, [version]).sound
    assert all(Tables(local).all_of(asset, BATCH) for asset in stage_names()), "commits stay"


def test_a_sealed_store_is_sound_without_its_garbage(grower: Grower, local: Store) -> None:
    nobodys = Blobs(local).put(drawing(77), "png")
    seal_store(local, command="test")
    gone = superseded(grower)
    seal_store(local, command="test")
    cut(local)
    seal_store(local, command="test")
    collect(local, 0.0)
    assert not local.exists(nobodys) and not any(local.exists(folder) for folder in gone)
    check = check_store(local)
    assert check.sound and check.read, check.faults


def test_a_collected_table_that_was_made_anew_and_is_lost_is_named(grower: Grower, local: Store) -> None:
    commit = Tables(local).current("questions", BATCH)
    assert commit is not None
    output = Tables(local).load_commit(commit)
    superseded(grower)
    seal_store(local, command="test")
    collect(local, 0.0)
    seal_store(local, command="test")
    assert not local.exists(commit.folder) and check_store(local).sound
    assert Tables(local).publish("questions", BATCH, output, Provenance()).folder == commit.folder
    seal_store(local, command="test")
    local.delete(commit.folder)
    seal_store(local, command="test")
    faults = {fault.path: fault.fault for fault in check_store(local).faults}
    assert faults == {f"{commit.folder}/{name}.parquet": "missing" for name in ("results", "rejections")}


def test_tables_of_a_version_stay(grower: Grower, local: Store) -> None:
    version = cut(local)
    assert superseded(grower) and not list(find_garbage(local, 0.0))
    collect(local, 0.0)
    assert verify_versions(local, [version]).sound


def test_nothing_goes_where_a_cut_or_a_commit_is_lost(grower: Grower, local: Store) -> None:
    version = cut(local)
    superseded(grower)
    local.delete(f"cuts/{version}.json")
    with pytest.raises(VersionError, match="there is no version v0001"):
        collect(local, 0.0)
    local.delete(f"versions/{version}")
    lost = {f"tables/{asset}/{BATCH}/commits/000001.json" for asset in stage_names()}
    for path in lost:
        local.delete(path)
    assert not list(find_garbage(local, 0.0))


def test_images_that_nobody_names_are_garbage(grower: Grower, local: Store) -> None:
    blobs = Blobs(local)
    unnamed, claimed = blobs.put(b"unnamed", "png"), blobs.put(b"claimed", "png")
    claim(local, sha256_hex(b"claimed"), Occurrence("mine", "mine.000001", "a.png", "MIT"))
    assert paths(local, "blob") == {unnamed} and not list(find_garbage(local, DAY))
    collect(local, 0.0)
    assert not local.exists(unnamed) and local.exists(claimed) and verify_versions(local, [cut(local)]).sound


def test_who_relies_on_what_is_there_keeps_it(grower: Grower, local: Store) -> None:
    before, path = superseded(grower), Blobs(local).put(b"unnamed", "png")
    aged(local)
    assert paths(local, "blob", DAY) == {path}
    Blobs(local).put(b"unnamed", "png")
    assert not paths(local, "blob", DAY)
    (folder,) = (folder for folder in before if "/questions/" in folder)
    commit = next(one for one in Tables(local).all_of("questions", BATCH) if one.folder == folder)
    output = Tables(local).load_commit(commit)
    Tables(local)._write("questions", BATCH, output)  # as `publish` does before its commit
    assert min(file.stat().st_mtime for file in Path(local.path(folder)).iterdir()) > time.time() - DAY


def test_leftovers_of_killed_writes_go_wherever_they_are(local: Store) -> None:
    for folder in ("cuts", "tables/images/a.000001"):
        Path(local.root, folder).mkdir(parents=True)
        Path(local.root, folder, ".writing-v0001.json.99999999-ab").write_bytes(b"half")
    assert not paths(local, "leftover", DAY)
    aged(local)
    collect(local, DAY)
    assert not [path for path in Path(local.root).rglob("*") if path.is_file()]


def test_what_a_living_process_builds_in_stays(local: Store) -> None:
    with local.scratch() as folder:
        (folder / "half").write_bytes(b"half")
        assert not paths(local, "leftover")
        os.utime(folder / "half", (1, 1)), os.utime(folder, (1, 1))
        assert paths(local, "leftover") == {folder.name}, "another process had this number then"


def test_members_of_an_archive_that_waits_for_its_batch_stay(local: Store, tmp_path: Path) -> None:
    folder = write_files(tmp_path / "mine", {"a.tar.gz": tar_of({"a.png": drawing(1), "b.png": drawing(2)}, "w:gz")})
    (batch,) = register_source(local, source_at(folder), 10).batches
    assert len(local.files("blobs")) == 2 and not local.names("leases")
    aged(local)
    collect(local, 0.0)
    assert ingest_batch(local, source_at(folder), batch).results.height == 2


def test_an_image_that_its_batch_has_no_longer_is_garbage(local: Store, tmp_path: Path) -> None:
    folder = write_files(tmp_path / "mine", {"a.png": drawing(1), "b.png": drawing(2)})
    source = source_at(folder)
    (batch,) = register_source(local, source, 10).batches
    for name in ("a.png", "b.png"):
        Tables(local).publish("images", batch, ingest_batch(local, source, batch), Provenance())
        (folder / name).rename(tmp_path / name)
        os.utime(local.path(claim_path(sha256_hex(drawing(1)))), (1, 1))
    assert len(paths(local, "table")) == 1
    collect(local, 0.0)
    assert [path[9:].partition(".")[0] for path in local.files("blobs")] == [sha256_hex(drawing(2))]
    aged(local)
    (tmp_path / "a.png").rename(folder / "a.png")
    assert ingest_batch(local, source, batch).results.height == 1  # claimed anew
    assert not paths(local, "blob")


def test_what_nothing_names_yet_stays_while_the_work_goes_on(local: Store) -> None:
    with unnamed_work(local):
        path = Blobs(local).put(b"extracted", "png")
        assert not paths(local, "blob")
    assert paths(local, "blob") == {path} and not local.names("leases")


def test_tables_of_a_batch_that_calls_are_made_for_stay(grower: Grower, local: Store) -> None:
    gone = superseded(grower)
    with leased(local, journal_folder("answers", BATCH)):
        assert not paths(local, "table")
    assert paths(local, "table") == gone


def test_no_image_goes_while_a_table_in_force_is_lost(grower: Grower, local: Store) -> None:
    commit = Tables(local).current("images", BATCH)
    assert commit is not None
    local.delete(commit.folder)
    with pytest.raises(StoreError, match=r"is missing, so which images are needed is not known"):
        list(find_garbage(local, 0.0))


def _at_the_last_moment(monkeypatch: pytest.MonkeyPatch, store: Store, work: Callable[[], object]) -> None:
    """Collect, and let somebody rely on what goes once its age was looked at."""
    require, threads = Lease.require, []

    def interrupted(lease: Lease) -> None:
        if not threads:
            threads.append(threading.Thread(target=work))
            threads[0].start()
            threads[0].join(0.3)
        require(lease)

    monkeypatch.setattr(Lease, "require", interrupted)
    collect(store, 0.0)
    assert threads
    threads[0].join()


def test_a_blob_that_is_relied_on_at_the_last_moment_is_there(local: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    path = Blobs(local).put(b"unnamed", "png")
    aged(local)
    _at_the_last_moment(monkeypatch, local, lambda: Blobs(local).put(b"unnamed", "png"))
    assert local.read(path) == b"unnamed" and not local.names("collecting")


def test_a_table_that_is_relied_on_at_the_last_moment_is_there(
    grower: Grower, local: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = superseded(grower)
    outputs = {
        commit.asset: (commit, Tables(local).load_commit(commit))
        for asset in stage_names()
        for commit in Tables(local).all_of(asset, BATCH)
        if commit.folder in before
    }
    aged(local)
    _at_the_last_moment(
        monkeypatch,
        local,
        lambda: [Tables(local)._write(asset, BATCH, output) for asset, (_, output) in outputs.items()],
    )
    assert len(outputs) >= 4
    for commit, output in outputs.values():
        assert Tables(local).load_commit(commit).results.equals(output.results)


def test_a_table_that_a_run_makes_anew_as_it_is_looked_for_is_read(grower: Grower, local: Store) -> None:
    looked: list[str] = []

    class Remade(Store):
        def scan_parquet(self, relative: str) -> pl.LazyFrame:
            looked.append(relative)
            if looked.count(relative) == 1:
                raise StoreError(f"{relative} is missing")
            return super().scan_parquet(relative)

    remade = Remade(local.url, local.fs, local.root)
    assert named_blobs(remade, ()).tolist() == named_blobs(local, ()).tolist() != []
    lost = next(name for name in local.names(f"tables/images/{BATCH}") if name != "commits")
    local.delete(f"tables/images/{BATCH}/{lost}/results.parquet")
    with pytest.raises(StoreError, match=f"{lost}/results.parquet is missing"):
        named_blobs(local, ())


def test_a_file_that_is_no_blob_is_named(local: Store) -> None:
    local.publish("blobs/no/notes.txt", b"mine")
    with pytest.raises(StoreError, match=r"blobs/no/notes\.txt is no blob"):
        list(find_garbage(local, 0.0))


def test_the_command_lists_by_default_and_removes_when_asked(grower: Grower, local: Store, wethink: Wethink) -> None:
    path = Blobs(local).put(b"unnamed", "png")
    assert "there is nothing to collect" in wethink("gc").stdout
    aged(local)
    listed = json.loads(wethink("gc", "--json").stdout)
    assert listed["kinds"] == {"blob": {"count": 1, "files": 1, "bytes": 7}} and not listed["deleted"]
    assert "nothing was removed" in wethink("gc").stdout and local.exists(path)
    removed = json.loads(wethink("gc", "--delete", "--json").stdout)
    assert [one["path"] for one in removed["garbage"]] == [path] and not local.exists(path)
