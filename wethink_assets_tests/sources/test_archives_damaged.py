"""Archives that are none, or not whole: what can be read is, and the rest is named."""

import bz2
import gzip
import io
import lzma
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from random import Random

import pyarrow
import pytest

from wethink_assets.sources.ingestion import ingest_batch
from wethink_assets.sources.registration import register_source
from wethink_assets.storage.store import Store
from wethink_assets_tests.support.sources import (
    drawings,
    ingest_all,
    members,
    parquet_of,
    registered,
    source_at,
    split,
    tar_of,
    write_files,
    zip_of,
)

FILES = drawings(7)


def test_an_archive_that_claims_to_need_a_newer_zip_is_read_by_its_methods(local: Store, tmp_path: Path) -> None:
    data = bytearray(zip_of(FILES))
    data[data.index(b"PK\1\2") + 6] = 64  # version needed to extract, of the first member in the central directory
    folder = write_files(tmp_path / "s", {"x.zip": bytes(data)})
    assert not registered(local, folder).refusals
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


def test_a_nameless_member_is_refused_and_the_others_are_read(local: Store, tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in FILES.items():
            archive.writestr(name, data)
        with archive.open(zipfile.ZipInfo(""), "w") as member:
            member.write(b"nobody knows its name")
    found = registered(local, write_files(tmp_path / "s", {"x.zip": buffer.getvalue()}))
    assert [refusal.reason for refusal in found.refusals] == ["unsafe_path"]
    assert found.files == len(FILES)


MAKERS: dict[str, Callable[[dict[str, bytes]], bytes]] = {
    "x.zip": lambda files: zip_of(files, zipfile.ZIP_DEFLATED),
    "x.tar": tar_of,
    "x.tar.gz": lambda files: tar_of(files, "w:gz"),
    "x.parquet": parquet_of,
}


@pytest.mark.parametrize("name", sorted(MAKERS))
def test_no_change_of_an_archive_ends_a_registration_or_a_batch(name: str, local: Store, tmp_path: Path) -> None:
    whole = MAKERS[name](FILES)
    random = Random(name)
    for number in range(40):
        data = bytearray(whole)
        structure = random.choice((range(600), range(len(data) - 400, len(data)), range(len(data))))
        for _ in range(random.randint(1, 8)):
            position = random.choice(structure) % len(data)
            data[position] = random.choice((0, 1, 0x7F, 0x80, 0xFF, random.randrange(256)))
        folder = write_files(tmp_path / str(number), {name: bytes(data), "beside.png": next(iter(FILES.values()))})
        source = source_at(folder, f"mutated{number}")
        found = register_source(local, source, 1000)
        for key in found.batches:
            output = ingest_batch(local, source, key)
            assert output.results.height + output.rejections.height == found.files, "each file is one outcome"


PACKED: dict[str, Callable[[bytes], bytes]] = {
    "gz": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "zst": lambda data: pyarrow.compress(data, "zstd", asbytes=True),
    "lz4": lambda data: pyarrow.compress(data, "lz4", asbytes=True),
}


def halves(data: bytes) -> tuple[bytes, bytes]:
    return data[: len(data) // 2], data[len(data) // 2 :]


@pytest.mark.parametrize("ending", sorted(PACKED))
def test_an_archive_of_several_streams_is_read_to_its_end(ending: str, local: Store, tmp_path: Path) -> None:
    pack = PACKED[ending]
    data = b"".join(map(pack, halves(tar_of(FILES))))
    folder = write_files(tmp_path / "s", {f"x.tar.{ending}": data})
    found = registered(local, folder, batch_size=20)
    assert not found.refusals
    assert members(ingest_all(local, source_at(folder))) == set(FILES)


def skippable(data: bytes) -> bytes:
    """A frame that decoders of zstd and lz4 skip, as pzstd writes one before each of its own."""
    return struct.pack("<II", 0x184D2A50, len(data)) + data


@pytest.mark.parametrize("ending", ["zst", "lz4"])
@pytest.mark.parametrize("size", [4, 5000])
def test_frames_to_be_skipped_are_skipped(ending: str, size: int, local: Store, tmp_path: Path) -> None:
    data = b"".join(skippable(bytes(size)) + PACKED[ending](half) for half in halves(tar_of(FILES)))
    folder = write_files(tmp_path / "s", {f"x.tar.{ending}": data})
    assert not registered(local, folder, batch_size=20).refusals
    assert members(ingest_all(local, source_at(folder))) == set(FILES)


@pytest.mark.parametrize("ending", sorted(PACKED))
def test_a_packed_tar_in_a_packed_zip_is_read(ending: str, local: Store, tmp_path: Path) -> None:
    inner = PACKED[ending](tar_of(FILES))
    folder = write_files(tmp_path / "s", {"x.zip": zip_of({f"i.tar.{ending}": inner}, zipfile.ZIP_DEFLATED)})
    assert not registered(local, folder, batch_size=20).refusals
    assert ingest_all(local, source_at(folder)).results.height == len(FILES)


@pytest.mark.parametrize(
    ("name", "data", "reason", "words"),
    [
        ("a.tar.lz4", b"\x02\x21\x4c\x18" + bytes(100), "compression", "legacy form"),
        ("a.tar.zst", b"\x28\xb5\x2f\xfd\0" + bytes([21 << 3]) + bytes(100), "compression", "larger than 128 MiB"),
        ("a.tar.zst", b"rubbish" * 100, "damaged_archive", "is no archive and not compressed"),
        ("a.tar.gz", skippable(bytes(50)), "damaged_archive", "is no archive and not compressed"),
    ],
)
def test_a_form_that_is_not_unpacked_is_named(
    name: str, data: bytes, reason: str, words: str, local: Store, tmp_path: Path
) -> None:
    [refusal] = registered(local, write_files(tmp_path / "s", {name: data})).refusals
    assert refusal.reason == reason and words in refusal.detail


@pytest.mark.parametrize("ending", ["", ".gz", ".zst"])
def test_joined_tars_are_read_to_their_end(ending: str, local: Store, tmp_path: Path) -> None:
    names = list(FILES)
    data = tar_of({name: FILES[name] for name in names[:3]}) + tar_of({name: FILES[name] for name in names[3:]})
    data = PACKED[ending[1:]](data) if ending else data
    folder = write_files(tmp_path / "s", {f"x.tar{ending}": data})
    found = registered(local, folder, batch_size=20)
    assert not found.refusals
    assert members(ingest_all(local, source_at(folder))) == set(FILES)


@pytest.mark.parametrize(("name", "pack"), [("x.tar", gzip.compress), ("x.tar", bz2.compress), ("x.tar.gz", bytes)])
def test_the_content_decides_how_a_tar_is_packed(
    name: str, pack: Callable[[bytes], bytes], local: Store, tmp_path: Path
) -> None:
    folder = write_files(tmp_path / "s", {name: pack(tar_of(FILES))})
    assert not registered(local, folder, batch_size=20).refusals
    assert members(ingest_all(local, source_at(folder))) == set(FILES)


@pytest.mark.parametrize("ending", ["", ".gz"])
def test_what_follows_a_damaged_header_is_read_and_the_gap_is_named(ending: str, local: Store, tmp_path: Path) -> None:
    data = bytearray(tar_of(FILES))
    second = data.index(list(FILES)[1].encode())
    data[second + 150] ^= 0xFF  # the header's checksum
    packed = PACKED["gz"](bytes(data)) if ending else bytes(data)
    folder = write_files(tmp_path / "s", {f"x.tar{ending}": packed})
    found = registered(local, folder, batch_size=20)
    [refusal] = found.refusals
    assert refusal.reason == "damaged_archive" and "are no member" in refusal.detail
    assert members(ingest_all(local, source_at(folder))) == set(FILES) - {list(FILES)[1]}


@pytest.mark.parametrize("ending", ["", ".gz"])
def test_a_tar_cut_between_two_members_is_named(ending: str, local: Store, tmp_path: Path) -> None:
    data = tar_of(FILES)
    cut = data[: data.index(list(FILES)[4].encode())]
    folder = write_files(tmp_path / "s", {f"x.tar{ending}": PACKED["gz"](cut) if ending else cut})
    found = registered(local, folder, batch_size=20)
    assert [refusal.reason for refusal in found.refusals] == ["damaged_archive"]
    assert found.files == 4


@pytest.mark.parametrize("ending", ["gz", "xz"])
def test_a_wrong_checksum_refuses_all_that_it_covers(ending: str, local: Store, tmp_path: Path) -> None:
    data = bytearray(PACKED[ending](tar_of(FILES)))
    position = len(data) - 8 if ending == "gz" else len(data) - 40
    data[position] ^= 1
    found = registered(local, write_files(tmp_path / "s", {f"x.tar.{ending}": bytes(data)}), batch_size=20)
    assert found.files == 0 and [refusal.reason for refusal in found.refusals] == ["damaged_archive"]


@pytest.mark.parametrize("ending", ["", ".gz"])
def test_a_member_of_negative_size_is_refused_and_the_first_ones_are_read(
    ending: str, local: Store, tmp_path: Path
) -> None:
    data = bytearray(tar_of(FILES))
    header = data.index(list(FILES)[3].encode())
    data[header + 124 : header + 136] = (
        b"\xff" * 11 + b"\x00"
    )  # as GNU tar writes numbers that eleven octal digits can't hold
    total = sum(data[header : header + 512]) - sum(data[header + 148 : header + 156]) + 8 * 32
    data[header + 148 : header + 156] = b"%06o\0 " % total
    folder = write_files(tmp_path / "s", {f"x.tar{ending}": PACKED["gz"](bytes(data)) if ending else bytes(data)})
    found = registered(local, folder, batch_size=20)
    assert {refusal.reason for refusal in found.refusals} == {"damaged_archive"}
    assert members(ingest_all(local, source_at(folder))) >= set(list(FILES)[:3])


def test_gzip_with_an_extra_field_is_read(local: Store, tmp_path: Path) -> None:
    data = bytearray(gzip.compress(tar_of(FILES)))
    data[3] |= 4
    data[10:10] = b"\6\0AB\2\0xy"
    folder = write_files(tmp_path / "s", {"x.tar.gz": bytes(data)})
    assert not registered(local, folder, batch_size=20).refusals
    assert members(ingest_all(local, source_at(folder))) == set(FILES)


@pytest.mark.parametrize("name", ["image.zip", "images.tar.gz", "images.tar"])
def test_parts_with_bare_letters_are_joined(name: str, local: Store, tmp_path: Path) -> None:
    data = {"image.zip": zip_of, "images.tar.gz": lambda files: tar_of(files, "w:gz"), "images.tar": tar_of}[name](
        FILES
    )
    parts = {part.replace(".part-", "."): piece for part, piece in split(data, name).items()}
    assert f"{name}.aa" in parts
    folder = write_files(tmp_path / "s", parts)
    assert not registered(local, folder, batch_size=20).refusals
    assert members(ingest_all(local, source_at(folder))) == set(FILES)
