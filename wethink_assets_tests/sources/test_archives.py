"""Archives of every kind, read where they lie, and archives made to do harm."""

import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from wethink_assets.sources.readers import compressed_tar
from wethink_assets.sources.registration import Registration, register_source
from wethink_assets.storage.store import Store
from wethink_assets_tests.sources.making import (
    drawings,
    ingest_all,
    members,
    parquet_of,
    reasons_by_item,
    source_at,
    tar_of,
    write_files,
    zip_of,
)

FILES = drawings(7)
SPLIT = 900


def split(data: bytes, name: str) -> dict[str, bytes]:
    pieces = [data[start : start + SPLIT] for start in range(0, len(data), SPLIT)]
    return {f"{name}.part-a{chr(97 + number)}": piece for number, piece in enumerate(pieces)}


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


@pytest.fixture
def local(tmp_path: Path) -> Store:
    return Store.open(str(tmp_path / "store"))


def registered(store: Store, location: Path, batch_size: int = 3) -> Registration:
    return register_source(store, source_at(location), batch_size)


@pytest.mark.parametrize("kind", ARCHIVES)
def test_each_kind_is_registered_and_read(kind: str, local: Store, tmp_path: Path) -> None:
    folder = write_files(tmp_path / "source", {**ARCHIVES[kind](), "README.md": b"# images"})
    found = registered(local, folder)
    assert (found.files, found.new, found.refused, len(found.batches)) == (7, 7, 0, 3)
    assert found.ignored == 1
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


def test_an_index_is_built_once(local: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write_files(tmp_path / "s", {"images.zip": zip_of(FILES)})
    registered(local, folder)
    (index,) = local.names("indexes")
    monkeypatch.setattr(zipfile, "ZipFile", None)  # reading the directory again would fail
    assert registered(local, folder).new == 0
    assert local.names("indexes") == [index]


def test_a_compressed_tar_is_read_once_for_all_its_batches(
    local: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_files(tmp_path / "s", {"images.tar.gz": tar_of(FILES, "w:gz")})
    opened = []
    real = tarfile.open
    monkeypatch.setattr(tarfile, "open", lambda *args, **kwargs: opened.append(kwargs) or real(*args, **kwargs))
    assert len(registered(local, folder, batch_size=2).batches) == 4
    (folder / "images.tar.gz").unlink()
    assert ingest_all(local, source_at(folder)).results.height == 7
    assert len(opened) == 1


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
        "partly.parquet::00000001": "unreadable",
        "partly.parquet::00000002": "empty",
    }


def link(name: str, kind: bytes, target: str = "") -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, target
    return member


HARMFUL = (
    link("link.jpg", tarfile.SYMTYPE, "/etc/passwd"),
    link("hard.jpg", tarfile.LNKTYPE, "train/00000.png"),
    link("tty.jpg", tarfile.CHRTYPE),
    link("disk.jpg", tarfile.BLKTYPE),
    link("pipe.jpg", tarfile.FIFOTYPE),
    tarfile.TarInfo("../../outside.jpg"),
    tarfile.TarInfo("/etc/absolute.jpg"),
)


@pytest.mark.parametrize(("name", "mode"), [("x.tar", "w"), ("x.tar.gz", "w:gz")])
def test_a_harmful_tar_is_refused_member_by_member(name: str, mode: str, local: Store, tmp_path: Path) -> None:
    folder = write_files(tmp_path / "s", {name: tar_of(FILES, mode, HARMFUL)})
    found = registered(local, folder, batch_size=10)
    assert {refusal.name.partition("::")[2]: refusal.reason for refusal in found.refusals} == {
        "link.jpg": "link",
        "hard.jpg": "link",
        "tty.jpg": "special_file",
        "disk.jpg": "special_file",
        "pipe.jpg": "special_file",
        "../../outside.jpg": "unsafe_path",
        "/etc/absolute.jpg": "unsafe_path",
    }
    assert members(ingest_all(local, source_at(folder))) == set(FILES)


@pytest.mark.parametrize(("name", "mode"), [("x.tar", "w"), ("x.tar.gz", "w:gz"), ("x.tar.xz", "w:xz")])
def test_a_huge_member_of_a_tar_is_skipped(
    name: str, mode: str, local: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wethink_assets.sources.readers.entries.MAX_FILE_BYTES", 2**20)
    huge = tarfile.TarInfo("huge.png")
    huge.size = 3 * 2**20
    folder = write_files(tmp_path / "s", {name: tar_of(FILES, mode, (huge,))})
    found = registered(local, folder)
    assert [(refusal.name, refusal.reason) for refusal in found.refusals] == [(f"{name}::huge.png", "bomb")]
    assert found.files == 7


def test_a_compressed_tar_that_never_ends_is_left(
    local: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compressed_tar, "RATIO_FREE_BYTES", 2**20)
    monkeypatch.setattr("wethink_assets.sources.readers.entries.MAX_FILE_BYTES", 2**18)
    zeros = tuple(tarfile.TarInfo(f"zeros{number}.png") for number in range(64))
    for member in zeros:
        member.size = 2**20
    data = tar_of({}, "w:gz", zeros)
    found = registered(local, write_files(tmp_path / "s", {"x.tar.gz": data}))
    assert found.refusals[0].reason == "bomb" and found.refusals[0].name == "x.tar.gz"
    assert 1 < found.refused < 64


def test_a_harmful_zip_is_refused_member_by_member(local: Store, tmp_path: Path) -> None:
    folder = tmp_path / "s"
    folder.mkdir()
    with zipfile.ZipFile(folder / "x.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("../outside.png", "/absolute.png", "C:\\drive.png", "a\\..\\..\\b.png"):
            archive.writestr(name, b"x")
        symbolic = zipfile.ZipInfo("symbolic.png")
        symbolic.create_system, symbolic.external_attr = 3, 0o120777 << 16
        archive.writestr(symbolic, "/etc/passwd")
        archive.writestr("bomb.png", bytes(64 * 2**20))
        for name, data in FILES.items():
            archive.writestr(name, data)
        archive.writestr("train/", b"")
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("train/00000.png", FILES["train/00006.png"] + b"1")
    found = registered(local, folder, batch_size=20)
    assert sorted((refusal.name.partition("::")[2], refusal.reason) for refusal in found.refusals) == [
        ("../outside.png", "unsafe_path"),
        ("/absolute.png", "unsafe_path"),
        ("C:\\drive.png", "unsafe_path"),
        ("a\\..\\..\\b.png", "unsafe_path"),
        ("bomb.png", "bomb"),
        ("symbolic.png", "link"),
        ("train/00000.png", "duplicate_name"),
    ]
    output = ingest_all(local, source_at(folder))
    assert members(output) == set(FILES)
    assert registered(local, folder).listing_digest == found.listing_digest


def directory_entries(data: bytearray) -> list[int]:
    places, at = [], data.find(b"PK\1\2")
    while at >= 0:
        places.append(at)
        at = data.find(b"PK\1\2", at + 4)
    return places


def test_encrypted_and_strangely_packed_members_are_refused(local: Store, tmp_path: Path) -> None:
    data = bytearray(zip_of(FILES))
    places = directory_entries(data)
    data[places[0] + 8] |= 1  # encrypted
    struct.pack_into("<H", data, places[1] + 10, 97)  # a method nobody knows
    folder = write_files(tmp_path / "s", {"x.zip": bytes(data)})
    found = registered(local, folder, batch_size=20)
    assert {refusal.name.partition("::")[2]: refusal.reason for refusal in found.refusals} == {
        "train/00000.png": "encrypted",
        "train/00001.png": "compression",
    }
    assert ingest_all(local, source_at(folder)).results.height == 5


def test_members_that_share_their_bytes_are_a_bomb(local: Store, tmp_path: Path) -> None:
    data = bytearray(zip_of(FILES))
    places = directory_entries(data)
    first = struct.unpack_from("<I", data, places[0] + 42)[0]
    for place in places[1:4]:
        struct.pack_into("<I", data, place + 42, first)  # as in zip bombs without nesting
    found = registered(local, write_files(tmp_path / "s", {"x.zip": bytes(data)}), batch_size=20)
    assert [refusal.reason for refusal in found.refusals] == ["bomb"] * 3
    assert found.files == 4


def test_a_member_that_lies_about_its_size_is_stopped_while_unpacking(local: Store, tmp_path: Path) -> None:
    packed = zlib.compress(bytes(300 * 2**20), 9)[2:-4]
    header = struct.pack("<4s5H3I2H", b"PK\3\4", 20, 0, 8, 0, 33, 0, len(packed), 5000, 5, 0) + b"a.png"
    entry = (
        struct.pack("<4s6H3I5H2I", b"PK\1\2", 20, 20, 0, 8, 0, 33, 0, len(packed), 5000, 5, 0, 0, 0, 0, 0, 0) + b"a.png"
    )
    start = len(header) + len(packed)
    end = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, 1, 1, len(entry), start, 0)
    folder = write_files(tmp_path / "s", {"x.zip": header + packed + entry + end})
    assert registered(local, folder).files == 1
    assert reasons_by_item(ingest_all(local, source_at(folder))) == {"x.zip::a.png": "corrupt"}


def test_damaged_data_in_a_zip_is_corrupt(local: Store, tmp_path: Path) -> None:
    data = bytearray(zip_of(FILES))
    data[200] ^= 0xFF
    folder = write_files(tmp_path / "s", {"x.zip": bytes(data)})
    registered(local, folder, batch_size=20)
    output = ingest_all(local, source_at(folder))
    assert reasons_by_item(output) == {"x.zip::train/00000.png": "corrupt"}
    assert output.results.height == 6


def test_sizes_that_follow_the_data_are_read(local: Store, tmp_path: Path) -> None:
    folder = tmp_path / "s"
    folder.mkdir()

    class Unseekable:
        def __init__(self, path: Path) -> None:
            self.file = path.open("wb")

        def write(self, data: bytes) -> int:
            return self.file.write(data)

        def flush(self) -> None:
            self.file.flush()

    out = Unseekable(folder / "x.zip")
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:  # type: ignore[arg-type]
        for name, data in FILES.items():
            archive.writestr(name, data)
    out.file.close()
    registered(local, folder, batch_size=4)
    assert members(ingest_all(local, source_at(folder))) == set(FILES)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("x.zip", "damaged_archive"),
        ("x.tar", "damaged_archive"),
        ("x.tar.gz", "damaged_archive"),
        ("x.parquet", "damaged_archive"),
        ("x.zip.part-ab", "incomplete_archive"),
    ],
)
def test_an_archive_that_is_none_is_named_and_the_rest_is_read(
    name: str, reason: str, local: Store, tmp_path: Path
) -> None:
    folder = write_files(tmp_path / "s", {name: b"this is no archive" * 100, "good.zip": zip_of(FILES)})
    found = registered(local, folder, batch_size=20)
    assert [refusal.reason for refusal in found.refusals] == [reason]
    assert members(ingest_all(local, source_at(folder))) == set(FILES)


@pytest.mark.parametrize(("name", "mode"), [("x.tar", "w"), ("x.tar.gz", "w:gz")])
def test_a_tar_that_was_cut_gives_its_first_members(name: str, mode: str, local: Store, tmp_path: Path) -> None:
    files = {f"{number}.png": data + bytes(range(256)) * 40 for number, data in enumerate(FILES.values())}
    whole = tar_of(files, mode)
    folder = write_files(tmp_path / "s", {name: whole[: len(whole) * 2 // 3]})
    found = registered(local, folder, batch_size=20)
    assert 0 < found.files < 7
    assert "damaged_archive" in {refusal.reason for refusal in found.refusals}
    assert ingest_all(local, source_at(folder)).results.height == found.files


def test_a_missing_part_is_named(local: Store, tmp_path: Path) -> None:
    parts = split(zip_of(FILES), "image.zip")
    assert len(parts) > 2
    del parts["image.zip.part-ab"]
    found = registered(local, write_files(tmp_path / "s", parts))
    assert [(refusal.name, refusal.reason) for refusal in found.refusals] == [("image.zip", "incomplete_archive")]
