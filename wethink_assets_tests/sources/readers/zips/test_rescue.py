"""Zip archives without a directory, with a damaged one, cut off, joined, or behind a program: read as far as they go, what was rescued marked."""

import io
import shutil
import struct
import subprocess
import zipfile
from pathlib import Path

import pytest

from wethink_assets.sources.batches import read_membership
from wethink_assets.sources.registration import Registration
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

FILES = drawings(6)
NAMES = list(FILES)


class Unseekable(io.RawIOBase):
    """A pipe, as far as a zip's writer can tell: sizes and checksums follow the data."""

    def __init__(self) -> None:
        self.data = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data) -> int:  # type: ignore[no-untyped-def]
        self.data += data
        return len(data)


def streamed(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = Unseekable()
    with zipfile.ZipFile(out, "w", method) as archive:  # type: ignore[arg-type]
        for name, data in files.items():
            archive.writestr(name, data)
    return bytes(out.data)


def zip64(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            with archive.open(name, "w", force_zip64=True) as member:
                member.write(data)
    return out.getvalue()


PACKS = {
    "stored": zip_of,
    "deflated": lambda files: zip_of(files, zipfile.ZIP_DEFLATED),
    "bzip2": lambda files: zip_of(files, zipfile.ZIP_BZIP2),
    "lzma": lambda files: zip_of(files, zipfile.ZIP_LZMA),
    "streamed": streamed,
    "streamed, stored": lambda files: streamed(files, zipfile.ZIP_STORED),
    "streamed, bzip2": lambda files: streamed(files, zipfile.ZIP_BZIP2),
    "streamed, lzma": lambda files: streamed(files, zipfile.ZIP_LZMA),
    "zip64": zip64,
}


def outcome(store: Store, tmp_path: Path, data: bytes) -> tuple[Registration, set[str]]:
    folder = write_files(tmp_path / "s", {"x.zip": data})
    found = registered(store, folder, batch_size=20)
    return found, members(ingest_all(store, source_at(folder))) if found.batches else set()


@pytest.mark.parametrize("pack", sorted(PACKS))
def test_a_zip_that_lost_its_directory_is_rescued_and_marked(pack: str, local: Store, tmp_path: Path) -> None:
    data = PACKS[pack](FILES)
    found, images = outcome(local, tmp_path, data[: data.index(b"PK\1\2")])
    assert images == set(FILES)
    assert [(each.name, each.reason) for each in found.refusals] == [("x.zip", "damaged_archive")]
    assert [(note.archive, note.kind) for note in found.notes] == [("x.zip", "rescued")]
    assert all(etag.startswith("rescued-crc:") for etag in read_membership(local, found.batches[0])["etag"])


@pytest.mark.parametrize("pack", sorted(PACKS))
def test_of_a_download_that_was_cut_off_the_first_members_are_read(pack: str, local: Store, tmp_path: Path) -> None:
    data = PACKS[pack](FILES)
    cut = data.index(NAMES[3].encode()) + 120
    found, images = outcome(local, tmp_path, data[:cut])
    assert images == set(NAMES[:3])
    assert [(each.name, each.reason) for each in found.refusals] == [
        ("x.zip", "damaged_archive"),
        (f"x.zip::{NAMES[3]}", "damaged_archive"),
    ]


def test_a_directory_with_a_damaged_record_is_not_trusted(local: Store, tmp_path: Path) -> None:
    data = bytearray(zip_of(FILES))
    record = data.index(b"PK\1\2", data.index(b"PK\1\2") + 1)
    data[record] ^= 0xFF
    found, images = outcome(local, tmp_path, bytes(data))
    assert images == set(FILES) and [note.kind for note in found.notes] == ["rescued"]


def test_what_follows_a_hole_is_rescued_and_the_hole_is_named(local: Store, tmp_path: Path) -> None:
    data = bytearray(zip_of(FILES))[: zip_of(FILES).index(b"PK\1\2")]
    second = data.index(NAMES[1].encode()) - 30
    data[second : second + 4] = b"\0\0\0\0"
    found, images = outcome(local, tmp_path, bytes(data))
    assert images == set(FILES) - {NAMES[1]}
    assert any("are no member" in each.detail for each in found.refusals)


@pytest.mark.skipif(not shutil.which("zip"), reason="needs Info-ZIP")
def test_no_more_and_no_less_is_rescued_than_by_info_zip(local: Store, tmp_path: Path) -> None:
    data = zip_of(FILES, zipfile.ZIP_DEFLATED)
    (tmp_path / "cut.zip").write_bytes(data[: data.index(b"PK\1\2")])
    subprocess.run(
        ["zip", "-FF", "cut.zip", "--out", "fixed.zip"], cwd=tmp_path, input=b"y\n", check=True, capture_output=True
    )
    with zipfile.ZipFile(tmp_path / "fixed.zip") as fixed:
        assert outcome(local, tmp_path, (tmp_path / "cut.zip").read_bytes())[1] == set(fixed.namelist())


def test_joined_zips_are_all_read(local: Store, tmp_path: Path) -> None:
    packs = sorted(PACKS)
    parts = [PACKS[pack]({name: FILES[name]}) for pack, name in zip(packs, NAMES, strict=False)]
    found, images = outcome(local, tmp_path, b"".join(parts))
    assert images == set(NAMES) and not found.refusals and not found.notes


def test_a_zip_that_was_cut_before_another_is_rescued(local: Store, tmp_path: Path) -> None:
    first = zip_of({name: FILES[name] for name in NAMES[:3]})
    second = zip_of({name: FILES[name] for name in NAMES[3:]})
    found, images = outcome(local, tmp_path, first[: first.index(b"PK\1\2")] + second)
    assert images == set(FILES)
    rescued = read_membership(local, found.batches[0]).filter(
        read_membership(local, found.batches[0])["etag"].str.starts_with("rescued")
    )
    assert set(rescued["member"]) == set(NAMES[:3])


@pytest.mark.parametrize("name", ["x.zip", "x.exe"])
@pytest.mark.parametrize("program", [b"MZ" + bytes(5000), b"#!/bin/sh\nexec unzip $0\nexit\n"])
def test_a_program_that_unpacks_itself_is_read(name: str, program: bytes, local: Store, tmp_path: Path) -> None:
    folder = write_files(tmp_path / "s", {name: program + zip_of(FILES)})
    found = registered(local, folder, batch_size=20)
    assert not found.refusals
    assert members(ingest_all(local, source_at(folder))) == set(FILES)


@pytest.mark.parametrize("tail", [b"\0" * 700, b"<html>not found</html>", b"PK\5\6" + bytes(18), b"\n"])
def test_what_follows_the_end_of_a_zip_does_no_harm(tail: bytes, local: Store, tmp_path: Path) -> None:
    assert outcome(local, tmp_path, zip_of(FILES) + tail)[1] == set(FILES)


def test_a_comment_that_looks_like_an_end_is_one(local: Store, tmp_path: Path) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:  # CPython issue 108526
        archive.comment = b"PK\5\6" + bytes(18)
        for name, data in FILES.items():
            archive.writestr(name, data)
    found, images = outcome(local, tmp_path, out.getvalue())
    assert images == set(FILES) and not found.refusals


def test_a_member_whose_sum_is_wrong_is_refused_alone(local: Store, tmp_path: Path) -> None:
    data = bytearray(zip_of(FILES, zipfile.ZIP_LZMA))
    data[data.index(NAMES[2].encode()) + len(NAMES[2]) + 60] ^= 0xFF
    folder = write_files(tmp_path / "s", {"x.zip": bytes(data)})
    registered(local, folder, batch_size=20)
    assert reasons_by_item(ingest_all(local, source_at(folder))) == {f"x.zip::{NAMES[2]}": "corrupt"}


def test_sums_that_follow_the_data_may_have_no_signature(local: Store, tmp_path: Path) -> None:
    data = streamed(FILES)
    bare = data[: data.index(b"PK\1\2")].replace(b"PK\7\10", b"")
    assert outcome(local, tmp_path, bare)[1] == set(FILES)


def test_an_end_of_64_bits_may_hold_more_than_it_must(local: Store, tmp_path: Path) -> None:
    data = zip_of(FILES)
    directory, end = data.index(b"PK\1\2"), data.rindex(b"PK\5\6")
    numbers = (0, 0, len(FILES), len(FILES), end - directory, directory)
    more = b"CPython issue 126834"
    record = struct.pack("<4sQ2H2I4Q", b"PK\6\6", 44 + len(more), 45, 45, *numbers) + more
    locator = struct.pack("<4sIQI", b"PK\6\7", 0, end, 1)
    last = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    found, images = outcome(local, tmp_path, data[:end] + record + locator + last)
    assert images == set(FILES) and not found.refusals


def test_a_zip_of_nothing_is_no_fault(local: Store, tmp_path: Path) -> None:
    found, _ = outcome(local, tmp_path, zip_of({}))
    assert not found.files and not found.refusals and found.ignored.counts == {"empty_archive": 1}


def test_a_stored_zip_that_lies_in_one_without_its_directory_is_one_member(local: Store, tmp_path: Path) -> None:
    inner = drawings(2, first=40, folder="in")
    data = zip_of({NAMES[0]: FILES[NAMES[0]], "inner.zip": zip_of(inner)})
    cut = data[: data.rindex(b"inner.zip") - 46]
    found, images = outcome(local, tmp_path, cut)
    assert images == {NAMES[0], *(f"inner.zip/{name}" for name in inner)}
    assert {etag.partition(":")[0] for etag in read_membership(local, found.batches[0])["etag"]} == {
        "crc",
        "rescued-crc",
    }
