"""Archives of every kind, read where they lie."""

import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from wethink_assets.sources.registration import register_source
from wethink_assets.storage.store import Store
from wethink_assets_tests.support.sources import (
    drawings,
    ingest_all,
    members,
    parquet_of,
    reasons_by_item,
    registered,
    source_at,
    split,
    tar_of,
    write_files,
    zip_of,
)
from wethink_assets_tests.support.watched_filesystem import WatchedFileSystem, watched_folder

FILES = drawings(7)

ARCHIVES: dict[str, Callable[[], dict[str, bytes]]] = {
    "zip": lambda: {"images.zip": zip_of(FILES)},
    "deflated zip": lambda: {"images.zip": zip_of(FILES, zipfile.ZIP_DEFLATED)},
    "bzip2 zip": lambda: {"images.zip": zip_of(FILES, zipfile.ZIP_BZIP2)},
    "split zip": lambda: split(zip_of(FILES), "image.zip"),
    "split deflated zip": lambda: split(zip_of(FILES, zipfile.ZIP_DEFLATED), "image.zip"),
    "tar": lambda: {"images.tar": tar_of(FILES)},
    "split tar": lambda: split(tar_of(FILES), "images.tar"),
    "tar.gz": lambda: {"images.tar.gz": tar_of(FILES, "w:gz")},
    "tgz": lambda: {"images.tgz": tar_of(FILES, "w:gz")},
    "tar.bz2": lambda: {"images.tar.bz2": tar_of(FILES, "w:bz2")},
    "tar.xz": lambda: {"images.tar.xz": tar_of(FILES, "w:xz")},
    "split tar.gz": lambda: split(tar_of(FILES, "w:gz"), "images.tar.gz"),
    "parquet": lambda: {"data/train-0.parquet": parquet_of(FILES)},
}


@pytest.mark.parametrize("kind", ARCHIVES)
def test_each_kind_is_registered_and_read(kind: str, local: Store, tmp_path: Path) -> None:
    folder = write_files(tmp_path / "source", {**ARCHIVES[kind](), "README.md": b"# images"})
    found = registered(local, folder)
    assert (found.files, found.new, found.refused, len(found.batches)) == (7, 7, 0, 3)
    assert found.ignored.counts["text"] == 1
    output = ingest_all(local, source_at(folder))
    assert output.rejections.is_empty()
    assert output.results["bytes"].sort().to_list() == sorted(len(data) for data in FILES.values())
    if kind != "parquet":
        assert members(output) == set(FILES)
    assert registered(local, folder).batches == []


@pytest.mark.parametrize("kind", ["zip", "tar", "tar.gz", "parquet"])
def test_the_location_may_be_the_archive_itself(kind: str, local: Store, tmp_path: Path) -> None:
    (name, data) = next(iter(ARCHIVES[kind]().items()))
    location = write_files(tmp_path, {name: data}) / name
    assert registered(local, location).new == 7
    assert ingest_all(local, source_at(location)).results.height == 7


@pytest.mark.parametrize("name", ["image.zip", "image.zip.part-aa"])
def test_the_location_may_be_a_split_archive_or_a_part_of_it(local: Store, tmp_path: Path, name: str) -> None:
    write_files(tmp_path, {**split(zip_of(FILES), "image.zip"), "other.jpg": b"not ours"})
    assert registered(local, tmp_path / name).new == 7
    assert ingest_all(local, source_at(tmp_path / name)).results.height == 7


def test_one_archive_serves_several_sources(local: Store, tmp_path: Path) -> None:
    files = {**drawings(4, folder="coco/train2017"), **drawings(3, first=9, folder="geoqa+/images")}
    folder = write_files(tmp_path / "s", split(zip_of(files), "image.zip"))
    for name, count in (("coco", 4), ("geoqa+", 3)):
        source = source_at(folder, name, include=f"{name}/**")
        assert register_source(local, source, 10).new == count
        assert ingest_all(local, source).results["source"].to_list() == [name] * count
    assert len(local.names("indexes")) == 1


def test_an_index_is_built_once(local: Store, tmp_path: Path) -> None:
    folder = write_files(tmp_path / "s", {"images.zip": zip_of(FILES)})
    registered(local, folder)
    (index,) = local.names("indexes")
    archive = folder / "images.zip"
    known = archive.stat()
    archive.write_bytes(bytes(known.st_size))  # looks unchanged from outside; reading its directory again would fail
    os.utime(archive, ns=(known.st_atime_ns, known.st_mtime_ns))
    found = registered(local, folder)
    assert (found.files, found.new, found.refused) == (7, 0, 0)
    assert local.names("indexes") == [index]


def test_a_compressed_tar_is_read_once_for_all_its_batches(local: Store) -> None:
    source = source_at(watched_folder("once", {"images.tar.gz": tar_of(FILES, "w:gz"), "about.txt": b""}))
    assert len(register_source(local, source, 2).batches) == 4
    WatchedFileSystem().rm("/once/images.tar.gz")
    assert ingest_all(local, source).results.height == 7
    assert WatchedFileSystem.opened == ["/once/images.tar.gz"]


def test_a_compressed_tar_that_grew_adds_only_what_is_new(local: Store, tmp_path: Path) -> None:
    folder = write_files(tmp_path / "s", {"images.tar.gz": tar_of(FILES, "w:gz")})
    registered(local, folder)
    write_files(folder, {"images.tar.gz": tar_of({**FILES, **drawings(2, first=20)}, "w:gz")})
    found = registered(local, folder)
    assert (found.new, found.changed, found.vanished) == (2, 0, 0)


@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_members_that_moved_are_found_and_changed_ones_are_not_taken(kind: str, local: Store, tmp_path: Path) -> None:
    pack = zip_of if kind == "zip" else tar_of
    folder = write_files(tmp_path / "s", {f"images.{kind}": pack(FILES)})
    registered(local, folder, batch_size=10)
    names = sorted(FILES, reverse=True)
    altered = {name: FILES[name] for name in names} | {names[0]: FILES[names[0]] + b"more"}
    write_files(folder, {f"images.{kind}": pack(altered)})
    output = ingest_all(local, source_at(folder))
    assert members(output) == set(names[1:])
    assert reasons_by_item(output) == {f"images.{kind}::{names[0]}": "changed_since_registration"}
    found = registered(local, folder, batch_size=10)
    assert (found.new, found.changed) == (0, 1)
    assert members(ingest_all(local, source_at(folder), found.batches)) == {names[0]}


def test_a_parquet_file_that_changed_is_not_taken_for_the_old_one(local: Store, tmp_path: Path) -> None:
    folder = write_files(tmp_path / "s", {"a.parquet": parquet_of(FILES)})
    registered(local, folder, batch_size=10)
    write_files(folder, {"a.parquet": parquet_of({**FILES, **drawings(1, first=30)})})
    assert set(reasons_by_item(ingest_all(local, source_at(folder))).values()) == {"changed_since_registration"}
    assert registered(local, folder, batch_size=10).files == 8


def test_an_archive_that_is_gone_ends_no_run(local: Store, tmp_path: Path) -> None:
    folder = write_files(tmp_path / "s", {"images.zip": zip_of(FILES), "loose.png": drawings(1, 50).popitem()[1]})
    registered(local, folder, batch_size=10)
    (folder / "images.zip").unlink()
    output = ingest_all(local, source_at(folder))
    assert members(output) == {"loose.png"}
    assert set(reasons_by_item(output).values()) == {"unreadable"}


def test_parquet_columns(local: Store, tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    folder = tmp_path / "s"
    folder.mkdir()
    data = list(FILES.values())
    pq.write_table(pa.table({"id": [1, 2], "jpg": pa.array(data[:2], pa.binary())}), folder / "plain.parquet")
    outside = [{"bytes": data[2], "path": "a.png"}, {"bytes": None, "path": "b.png"}, None]
    pq.write_table(pa.table({"image": outside}), folder / "partly.parquet")
    pq.write_table(pa.table({"text": ["no", "image"]}), folder / "text.parquet")
    found = registered(local, folder, batch_size=10)
    assert found.files == 5
    assert [(refusal.name, refusal.reason) for refusal in found.refusals] == [("text.parquet", "no_image_column")]
    output = ingest_all(local, source_at(folder))
    assert output.results.height == 3
    assert reasons_by_item(output) == {
        "partly.parquet::00000001": "missing_file",
        "partly.parquet::00000002": "empty",
    }
