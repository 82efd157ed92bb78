"""Archives are known by their first bytes, and archives within archives are opened, one level deep."""

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from wethink_assets.sources.locations import Location
from wethink_assets.sources.registration import register_source
from wethink_assets.storage.store import Store
from wethink_assets_tests.support.sources import (
    drawings,
    ingest_all,
    members,
    registered,
    source_at,
    tar_of,
    write_files,
    zip_of,
)

FILES = drawings(5)
MORE = drawings(3, first=10, folder="more")


def deflated(files: dict[str, bytes]) -> bytes:
    return zip_of(files, zipfile.ZIP_DEFLATED)


def gzipped_tar(files: dict[str, bytes]) -> bytes:
    return tar_of(files, "w:gz")


@pytest.mark.parametrize(
    "name", ["x.tar", "x.zip", "x.tar.gz", "x.tgz", "x.bin", "x", "x.dat", "d/shard.0001", "x.cbz"]
)
@pytest.mark.parametrize("pack", [zip_of, deflated, tar_of, gzipped_tar], ids=["zip", "deflated", "tar", "tar.gz"])
def test_the_content_decides_and_not_the_name(
    name: str, pack: Callable[[dict[str, bytes]], bytes], local: Store, tmp_path: Path
) -> None:
    folder = write_files(tmp_path / "s", {name: pack(FILES), "beside.png": MORE["more/00010.png"]})
    found = registered(local, folder, batch_size=20)
    assert not found.refusals
    output = ingest_all(local, source_at(folder))
    assert members(output) == {*FILES, "beside.png"} and output.rejections.is_empty()


def test_files_with_endings_of_images_and_texts_are_not_looked_into(
    local: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[str] = []
    monkeypatch.setattr(Location, "begin", lambda self, file, size: looks.append(file.path) or b"")
    files = dict.fromkeys(("a.png", "b.jpeg", "c.txt", "d", "e.bin", ".f"), b"x" * 600)
    registered(local, write_files(tmp_path / "s", files))
    assert looks == ["d", "e.bin"]


def test_an_image_under_the_name_of_an_archive_is_an_image(local: Store, tmp_path: Path) -> None:
    folder = write_files(tmp_path / "s", {"x.zip": FILES["train/00000.png"]})
    assert not registered(local, folder).refusals
    assert members(ingest_all(local, source_at(folder))) == {"x.zip"}


def test_a_pointer_of_git_lfs_is_called_one(local: Store, tmp_path: Path) -> None:
    pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 12345\n"
    folder = write_files(tmp_path / "s", {"x.zip": pointer, "y.tar": tar_of({"in.zip": pointer, **FILES})})
    found = registered(local, folder)
    assert [(each.name, "Git LFS pointer" in each.detail) for each in found.refusals] == [
        ("x.zip", True),
        ("y.tar::in.zip", True),
    ]
    assert found.files == len(FILES)


PACKS: dict[str, Callable[[dict[str, bytes]], bytes]] = {
    "zip": zip_of,
    "deflated.zip": deflated,
    "tar": tar_of,
    "tar.gz": gzipped_tar,
    "tar.bz2": lambda files: bz2.compress(tar_of(files)),
    "tar.xz": lambda files: lzma.compress(tar_of(files)),
    "bare": zip_of,
}


@pytest.mark.parametrize("inner", sorted(PACKS))
@pytest.mark.parametrize("outer", ["zip", "deflated.zip", "tar", "tar.gz"])
def test_an_archive_within_an_archive_is_opened(outer: str, inner: str, local: Store, tmp_path: Path) -> None:
    name = "in/inner" if inner == "bare" else f"in/inner.{inner}"
    data = PACKS[outer]({**MORE, name: PACKS[inner](FILES), "b/second.tar": tar_of(drawings(2, first=30))})
    folder = write_files(tmp_path / "s", {f"outer.{outer}": data})
    found = registered(local, folder, batch_size=20)
    assert not found.refusals and not found.ignored.counts
    assert (found.files, found.archives) == (10, 3)
    output = ingest_all(local, source_at(folder))
    assert output.rejections.is_empty()
    inside = {f"{name}/{member}" for member in FILES} | {f"b/second.tar/{member}" for member in drawings(2, first=30)}
    assert members(output) == {*MORE, *inside}
    assert registered(local, folder).batches == []


def test_a_tar_of_tars_is_read_where_it_lies(local: Store, tmp_path: Path) -> None:
    synsets = {
        f"n{number:08d}.tar": tar_of(drawings(4, first=4 * number, folder=f"n{number:08d}")) for number in range(6)
    }
    folder = write_files(tmp_path / "s", {"train.tar": tar_of(synsets)})
    source = source_at(folder, include="n00000003.tar/**")
    assert register_source(local, source, 20).files == 4
    assert not local.names("blobs")
    assert ingest_all(local, source).results.height == 4


def test_deeper_levels_are_ignored_by_kind_and_what_surrounds_them_is_read(local: Store, tmp_path: Path) -> None:
    deep = tar_of({"deepest.zip": zip_of(MORE), **FILES})
    for name, outer in (("a.tar", tar_of({"in.tar": deep})), ("b.tar.gz", gzipped_tar({"in.tar": deep}))):
        folder = write_files(tmp_path / name, {name: outer})
        source = source_at(folder, name[0])
        found = register_source(local, source, 20)
        assert found.files == len(FILES) and not found.refusals
        assert list(found.ignored) == [(f"{name}::in.tar/deepest.zip", "nested_archive")]
        assert ingest_all(local, source).results.height == (len(FILES) if name == "a.tar" else 0)


@pytest.mark.parametrize("outer", ["zip", "deflated.zip", "tar", "tar.gz"])
@pytest.mark.parametrize(
    ("name", "damage"),
    [
        ("inner.zip", lambda: b"no archive at all" * 20),
        ("inner.tar", lambda: b"no archive at all" * 60),
        ("inner.tar.gz", lambda: gzipped_tar(FILES)[:40] + bytes(200)),
        ("inner.zip", lambda: zip_of(FILES)[20:200]),
    ],
)
def test_an_inner_archive_that_is_damaged_is_refused_by_itself(
    outer: str, name: str, damage: Callable[[], bytes], local: Store, tmp_path: Path
) -> None:
    folder = write_files(tmp_path / "s", {f"o.{outer}": PACKS[outer]({name: damage(), **MORE})})
    found = registered(local, folder, batch_size=20)
    assert {(each.name, each.reason) for each in found.refusals} == {(f"o.{outer}::{name}", "damaged_archive")}
    assert members(ingest_all(local, source_at(folder))) == set(MORE)


def test_a_packed_inner_archive_whose_checksum_is_wrong_is_refused(local: Store, tmp_path: Path) -> None:
    data = bytearray(zip_of({"inner.tar": tar_of(FILES), **MORE}, zipfile.ZIP_DEFLATED))
    record = data.index(b"PK\1\2")
    data[record + 16] ^= 1
    folder = write_files(tmp_path / "s", {"o.zip": bytes(data)})
    found = registered(local, folder, batch_size=20)
    assert [(each.name, each.reason) for each in found.refusals] == [("o.zip::inner.tar", "damaged_archive")]
    assert found.files == len(MORE)


def test_bombs_within_an_archive_are_stopped(local: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wethink_assets.sources.readers.members.level.FREE_UNPACKED", 2**20)
    huge = tarfile.TarInfo("zeros.png")
    huge.size = 16 * 2**20
    bomb = gzip.compress(tar_of({}, "w", (huge, huge)))
    for name, outer in (("a.zip", zip_of({"b.tar.gz": bomb, **MORE})), ("b.tar", tar_of({"b.tar.gz": bomb, **MORE}))):
        found = register_source(local, source_at(write_files(tmp_path / name, {name: outer}), name[0]), 20)
        assert found.files == len(MORE)
        assert {(each.name.rpartition("/")[0] or each.name, each.reason) for each in found.refusals} >= {
            (f"{name}::b.tar.gz", "bomb")
        }


def test_members_of_one_name_are_counted(local: Store, tmp_path: Path) -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for data in FILES.values():
            member = tarfile.TarInfo("same.png")
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    twice = tar_of({"x.tar/train/00000.png": MORE["more/00010.png"], "x.tar": tar_of(FILES)})
    folder = write_files(tmp_path / "s", {"a.tar.gz": out.getvalue(), "b.tar": twice})
    found = registered(local, folder, batch_size=20)
    assert [(each.name, each.reason) for each in found.refusals] == [
        *[("a.tar.gz::same.png", "duplicate_name")] * 4,
        ("b.tar::x.tar/train/00000.png", "duplicate_name"),
    ]
    assert members(ingest_all(local, source_at(folder))) == {"same.png", *(f"x.tar/{name}" for name in list(FILES)[:4])}


@pytest.mark.parametrize("last", ["LICENSE", "key", "a.png.1", "b.png "])
def test_what_was_looked_into_and_is_no_archive_takes_nothing_from_the_others(
    last: str, local: Store, tmp_path: Path
) -> None:
    """In a zip each member has its place in the file; the first one was refused since this one seemed to lie at its beginning."""
    files = {**drawings(3), last: next(iter(drawings(1, first=40).values())), **drawings(2, first=50)}
    for name, packed in (("a.zip", zip_of(files)), ("b.tar", tar_of(files))):
        source = source_at(write_files(tmp_path / name, {name: packed}), name[0])
        found = register_source(local, source, 100)
        assert (found.files, found.refused, len(found.ignored)) == (6, 0, 0)


def test_a_zip_whose_headers_have_other_names_than_its_directory_is_read_by_the_directory(
    local: Store, tmp_path: Path
) -> None:
    packed = zip_of(drawings(3)).replace(b"train/00001.png", b"TRAIN\\00001.png", 1)
    folder = write_files(tmp_path / "s", {"x.zip": packed})
    assert registered(local, folder).refused == 0
    assert members(ingest_all(local, source_at(folder))) == set(drawings(3))
