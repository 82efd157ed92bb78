"""Files that were copied again, renamed or packed anew make no batch; files that changed always do."""

import io
import os
import shutil
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from wethink_assets.sources.batches import read_membership
from wethink_assets.sources.catalog import Source
from wethink_assets.sources.claims import occurrences
from wethink_assets.sources.locations import FileInfo, Location
from wethink_assets.sources.recopied_files import CompareLimits
from wethink_assets.sources.registration import Registration, register_source
from wethink_assets.storage.store import Store
from wethink_assets.storage.tables import Provenance, Tables
from wethink_assets_tests.support.images import drawing
from wethink_assets_tests.support.sources import (
    drawings,
    ingest_all,
    parquet_of,
    source_at,
    tar_of,
    write_files,
    zip_of,
)

LATER = 1_900_000_000


def grown(store: Store, source: Source, batch_size: int = 100) -> Registration:
    """The source registered, its new batches ingested and published."""
    registered = register_source(store, source, batch_size)
    for key in registered.batches:
        Tables(store).publish("images", key, ingest_all(store, source, [key]), Provenance())
    return registered


def touched(folder: Path, when: int = LATER) -> None:
    """All files of a folder with another time."""
    for path in folder.rglob("*"):
        if path.is_file():
            os.utime(path, (when, when))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_files(
        tmp_path / "s", {**drawings(6), "broken.png": b"\x89PNG\r\n\x1a\n and no more", "empty.jpg": b""}
    )


def test_other_times_make_no_batch_and_are_remembered(store: Store, folder: Path) -> None:
    source = source_at(folder)
    grown(store, source, 3)
    touched(folder)
    again = register_source(store, source, 3)
    assert (again.batches, again.known, again.changed, again.new) == ([], 8, 0, 0)
    write_files(folder, {"train/another.png": drawing(50)})
    more = register_source(store, source, 3, limits=CompareLimits(bytes=0))
    assert (more.known, more.new, more.changed) == (0, 1, 0)


def test_a_changed_file_among_recopied_ones_makes_a_batch_with_the_new_content(local: Store, folder: Path) -> None:
    source = source_at(folder)
    grown(local, source)
    path = folder / "train/00002.png"
    size = path.stat().st_size
    touched(folder)
    path.write_bytes(drawing(77).ljust(size, b"\0")[:size])
    write_files(folder, {"train/00003.png": drawing(78)})
    found = grown(local, source)
    assert (found.known, found.changed, found.new) == (6, 2, 0)
    assert read_membership(local, found.batches[0])["item"].to_list() == ["train/00002.png", "train/00003.png"]


def test_renamed_and_copied_files_make_no_batch_and_are_noted(local: Store, folder: Path) -> None:
    source = source_at(folder)
    grown(local, source)
    (folder / "train").rename(folder / "renamed")
    (folder / "renamed/00001.png").rename(folder / "another name.png")
    shutil.copytree(folder / "renamed", folder / "copies")
    shutil.copy(folder / "renamed/00000.png", folder / "copy of it.png")
    found = register_source(local, source, 100)
    assert (found.batches, found.known, found.vanished) == ([], 12, 6)
    image = Tables(local).load("images", "mine.000001").results.row(0, named=True)
    assert {one.item for one in occurrences(local, image["image_id"])} == {
        "train/00000.png",
        "renamed/00000.png",
        "copies/00000.png",
        "copy of it.png",
    }


def test_a_source_that_is_a_copy_of_another_makes_no_batch(local: Store, folder: Path, tmp_path: Path) -> None:
    grown(local, source_at(folder))
    shutil.copytree(folder, tmp_path / "copy")
    found = register_source(local, source_at(tmp_path / "copy", "another"), 100)
    assert (found.batches, found.known) == ([], 8)
    moved = register_source(local, source_at(tmp_path / "copy"), 100)
    assert (moved.batches, moved.known + moved.files - 8) == ([], moved.known)


def repacked_tar(files: Mapping[str, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for path, data in reversed(list(files.items())):
            member = tarfile.TarInfo(path)
            member.size, member.mtime = len(data), LATER
            archive.addfile(member, io.BytesIO(data))
    return out.getvalue()


PACKINGS: dict[str, tuple[str, Callable[[Mapping[str, bytes]], bytes], str, Callable[[Mapping[str, bytes]], bytes]]] = {
    "tar, other order and times": ("a.tar", tar_of, "a.tar", repacked_tar),
    "zip, compressed": ("a.zip", zip_of, "a.zip", lambda files: zip_of(files, zipfile.ZIP_DEFLATED)),
    "zip of another name": ("a.zip", zip_of, "b.zip", lambda files: zip_of(files, zipfile.ZIP_DEFLATED)),
    "tar as zip": ("a.tar", tar_of, "a.zip", zip_of),
    "tar, compressed": ("a.tar", tar_of, "a.tar.gz", lambda files: tar_of(files, "w:gz")),
    "parquet, other groups": ("a.parquet", parquet_of, "a.parquet", lambda files: parquet_of(files, 2)),
}


@pytest.mark.parametrize("packing", PACKINGS)
def test_archives_that_are_packed_anew_make_no_batch(packing: str, local: Store, tmp_path: Path) -> None:
    name, pack, new_name, pack_anew = PACKINGS[packing]
    source = source_at(write_files(tmp_path / "s", {name: pack(drawings(5))}))
    assert grown(local, source).new == 5
    (tmp_path / "s" / name).unlink()
    write_files(tmp_path / "s", {new_name: pack_anew(drawings(5))})
    os.utime(tmp_path / "s" / new_name, (LATER, LATER))
    assert register_source(local, source, 100).batches == []
    write_files(tmp_path / "s", {new_name: pack_anew({**drawings(5), "train/00001.png": drawing(60)})})
    os.utime(tmp_path / "s" / new_name, (LATER + 5, LATER + 5))
    changed = grown(local, source)
    images = pl.concat([Tables(local).load("images", key).results for key in changed.batches])
    assert images.height == 1


def test_what_was_not_read_yet_is_not_known(local: Store, folder: Path) -> None:
    source = source_at(folder)
    register_source(local, source, 100)
    touched(folder)
    found = register_source(local, source, 100)
    assert (found.known, found.changed) == (0, 8)


def test_a_claim_of_a_batch_that_did_not_end_makes_nothing_known(local: Store, folder: Path) -> None:
    source = source_at(folder)
    (key,) = register_source(local, source, 100).batches
    ingest_all(local, source, [key])  # claimed, and killed before the table was published
    touched(folder)
    found = register_source(local, source, 100)
    assert [one for one in read_membership(local, found.batches[0])["item"] if one.startswith("train")] == sorted(
        drawings(6)
    )


@pytest.mark.parametrize("limits", [CompareLimits(bytes=0), CompareLimits(seconds=0)])
def test_beyond_the_limits_files_are_put_into_batches(limits: CompareLimits, local: Store, folder: Path) -> None:
    source = source_at(folder)
    grown(local, source)
    touched(folder)
    found = register_source(local, source, 100, limits=limits)
    assert (found.known, found.changed) == (0, 8)
    assert ingest_all(local, source, found.batches).reasons()["already_ingested"] == 6


def test_many_new_files_are_not_all_read_twice(local: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = source_at(write_files(tmp_path / "s", drawings(3)))
    grown(local, source)
    write_files(tmp_path / "s", {f"train/n{number:04d}.png": drawing(5) + bytes(number) for number in range(1, 300)})
    reads: list[str] = []
    read = Location.read

    def counted(self: Location, path: str, accept: Callable[[FileInfo], None]) -> bytes:
        reads.append(path)
        return read(self, path, accept)

    monkeypatch.setattr(Location, "read", counted)
    found = register_source(local, source, 1000)
    assert found.new == 299 and len(reads) <= 96


def test_recheck_finds_what_changed_behind_an_unchanged_time(local: Store, folder: Path) -> None:
    source = source_at(folder)
    grown(local, source)
    path = folder / "train/00004.png"
    times = path.stat()
    data = bytearray(path.read_bytes())
    data[-1] ^= 255
    path.write_bytes(bytes(data))
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert register_source(local, source, 100).batches == []
    found = register_source(local, source, 100, recheck=True)
    assert (found.changed, len(found.batches)) == (1, 1)
    assert read_membership(local, found.batches[0])["item"].to_list() == ["train/00004.png"]
    for key in found.batches:
        Tables(local).publish("images", key, ingest_all(local, source, [key]), Provenance())
    assert register_source(local, source, 100, recheck=True).batches == []


def test_an_interrupted_search_goes_on_where_it_ended(local: Store, folder: Path) -> None:
    source = source_at(folder)
    grown(local, source)
    touched(folder)
    half = replace(CompareLimits(), bytes=1)
    assert register_source(local, source, 100, limits=half).changed > 0
    assert register_source(local, source, 100).batches == []
