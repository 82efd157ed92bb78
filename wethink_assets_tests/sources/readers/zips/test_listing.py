"""Zip archives made to do harm, and strange but honest ones."""

import struct
import zipfile
import zlib
from pathlib import Path

import pytest

from wethink_assets.storage.store import Store
from wethink_assets_tests.support.sources import (
    drawings,
    ingest_all,
    members,
    reasons_by_item,
    registered,
    source_at,
    write_files,
    zip_of,
)

FILES = drawings(7)


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
