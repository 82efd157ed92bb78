"""Names in archives that do not say how they are encoded."""

import io
import struct
import tarfile
import zipfile
import zlib
from pathlib import Path

import pytest

from wethink_assets.sources.readers.members.names import NameEncoding, may_be_name
from wethink_assets.storage.store import Store
from wethink_assets_tests.support.images import drawing
from wethink_assets_tests.support.sources import ingest_all, members, registered, source_at, write_files

NAMES = {
    "utf-8": ["träger/Füße.png", "日本/テスト.png", "中文/图片.png", "😀.png"],
    "cp932": ["新しいフォルダ/ソ表.png", "写真/東京タワー1.png", "画像/猫.png", "カメラ.png"],
    "gb18030": ["图片/测试文件.png", "训练集/猫咪01.png", "照片.png", "新建文件夹/副本.png"],
    "cp437": ["träger/Füße.png", "Größe.png", "naïve café.png", "Ärger.png", "señor.png"],
}


def raw_zip(names: list[bytes], extra: dict[int, bytes] | None = None, flags: int = 0) -> bytes:
    """A zip whose names are these bytes."""
    local, central = b"", b""
    for number, name in enumerate(names):
        data, more = drawing(number), (extra or {}).get(number, b"")
        sizes = (flags, 0, 0, 33, zlib.crc32(data), len(data), len(data), len(name), len(more))
        record = struct.pack("<4s6H3I5H2I", b"PK\1\2", 20, 20, *sizes, 0, 0, 0, 0, len(local))
        central += record + name + more
        local += struct.pack("<4s5H3I2H", b"PK\3\4", 20, *sizes) + name + more + data
    end = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, len(names), len(names), len(central), len(local), 0)
    return local + central + end


@pytest.mark.parametrize("encoding", sorted(NAMES))
def test_each_encoding_is_known_by_the_names(encoding: str, local: Store, tmp_path: Path) -> None:
    names = NAMES[encoding]
    folder = write_files(tmp_path / "s", {"x.zip": raw_zip([name.encode(encoding) for name in names])})
    found = registered(local, folder, batch_size=20)
    assert not found.refusals
    assert members(ingest_all(local, source_at(folder))) == set(names)
    [note] = found.notes
    assert note.kind == "names" and encoding in note.detail


@pytest.mark.parametrize("encoding", ["cp932", "gb18030"])
def test_names_of_a_zip_without_a_directory_and_of_a_tar_are_read_alike(
    encoding: str, local: Store, tmp_path: Path
) -> None:
    names = NAMES[encoding]
    data = raw_zip([name.encode(encoding) for name in names])
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT, encoding=encoding) as archive:
        for number, name in enumerate(names):
            member = tarfile.TarInfo(name)
            member.size = len(drawing(50 + number))
            archive.addfile(member, io.BytesIO(drawing(50 + number)))
    folder = write_files(tmp_path / "s", {"x.zip": data[: data.index(b"PK\1\2")], "y.tar": out.getvalue()})
    registered(local, folder, batch_size=20)
    items = set(ingest_all(local, source_at(folder)).results["item"])
    assert items == {f"{archive}::{name}" for archive in ("x.zip", "y.tar") for name in names}


def test_the_bytes_of_names_stand_in_the_index(local: Store, tmp_path: Path) -> None:
    names = NAMES["cp932"]
    registered(local, write_files(tmp_path / "s", {"x.zip": raw_zip([name.encode("cp932") for name in names])}))
    [index] = local.names("indexes")
    kept = local.read_parquet(f"indexes/{index}")
    assert dict(kept.select("member", "raw_name").iter_rows()) == {name: name.encode("cp932") for name in names}


def test_the_field_of_info_zip_has_the_last_word_if_it_is_about_the_name(local: Store, tmp_path: Path) -> None:
    def field(raw: bytes, name: str) -> bytes:
        data = b"\1" + struct.pack("<I", zlib.crc32(raw)) + name.encode()
        return struct.pack("<2H", 0x7075, len(data)) + data

    raw = ["à.png".encode("cp437"), b"\x93\xfa.png", b"plain.png"]
    extra = {0: field(b"another name", "nobody.png"), 1: field(raw[1], "日.png"), 2: field(raw[2], "ignored.png")}
    folder = write_files(tmp_path / "s", {"x.zip": raw_zip(raw, extra)})
    registered(local, folder, batch_size=20)
    assert members(ingest_all(local, source_at(folder))) == {"à.png", "日.png", "plain.png"}


def test_a_name_that_is_no_utf_8_though_the_flag_says_so_is_read(local: Store, tmp_path: Path) -> None:
    folder = write_files(
        tmp_path / "s", {"x.zip": raw_zip(["図.png".encode("cp932"), "絵画.png".encode("cp932")], flags=0x800)}
    )
    found = registered(local, folder, batch_size=20)
    assert found.files == 2 and not found.refusals
    assert ingest_all(local, source_at(folder)).rejections.is_empty()


def test_backslashes_part_folders_and_lead_nowhere_else(local: Store, tmp_path: Path) -> None:
    names = [b"train\\a.png", b"train\\b\\c.png", b"..\\out.png", b"C:\\d.png", b"\\\\host\\e.png", b"train/a.png"]
    folder = write_files(tmp_path / "s", {"x.zip": raw_zip([*names, b"empty\\"])})
    found = registered(local, folder, batch_size=20)
    assert {(each.name.partition("::")[2], each.reason) for each in found.refusals} == {
        ("..\\out.png", "unsafe_path"),
        ("C:\\d.png", "unsafe_path"),
        ("\\\\host\\e.png", "unsafe_path"),
        ("train/a.png", "duplicate_name"),
    }
    assert members(ingest_all(local, source_at(folder))) == {"train/a.png", "train/b/c.png"}
    assert found.ignored.counts == {"directory": 1}


def test_what_leaves_its_folder_only_when_it_is_read_is_refused(local: Store, tmp_path: Path) -> None:
    names = [b"\x83\x5c\x5c..\\..\\a.png", "ソ表.png".encode("cp932"), "写真.png".encode("cp932")]
    found = registered(local, write_files(tmp_path / "s", {"x.zip": raw_zip(names)}))
    assert [each.reason for each in found.refusals] == ["unsafe_path"] and found.files == 2


def test_an_archive_has_one_encoding_whatever_the_order_of_its_names() -> None:
    names = [name.encode("gb18030") for name in NAMES["gb18030"]]
    for order in (names, names[::-1]):
        encoding = NameEncoding()
        for name in order:
            encoding.add(name)
        assert encoding.name == "gb18030"


def test_every_name_in_single_bytes_is_that_of_python_and_unzip(tmp_path: Path) -> None:
    raw = bytes(range(0x80, 0x100))
    encoding = NameEncoding()
    encoding.add(raw)
    (tmp_path / "x.zip").write_bytes(raw_zip([raw]))
    assert [encoding.text(raw)] == zipfile.ZipFile(tmp_path / "x.zip").namelist()


def test_names_of_stores_made_before_are_still_found() -> None:
    raw = "テスト\\a.png".encode("cp932")
    assert may_be_name(raw, raw.decode("cp437")) and may_be_name(raw, "テスト/a.png")
    assert not may_be_name(raw, "other.png")
