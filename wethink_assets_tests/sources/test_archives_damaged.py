"""Archives that are none, or not whole: what can be read is, and the rest is named."""

from pathlib import Path

import pytest

from wethink_assets.storage.store import Store
from wethink_assets_tests.support.sources import (
    drawings,
    ingest_all,
    members,
    registered,
    source_at,
    split,
    tar_of,
    write_files,
    zip_of,
)

FILES = drawings(7)


def test_an_archive_that_needs_a_newer_zip_is_named(local: Store, tmp_path: Path) -> None:
    data = bytearray(zip_of(FILES))
    data[data.index(b"PK\1\2") + 6] = 64  # version needed to extract, of the first member in the central directory
    found = registered(local, write_files(tmp_path / "s", {"x.zip": bytes(data)}))
    assert [(refusal.reason, refusal.detail) for refusal in found.refusals] == [
        ("damaged_archive", "x.zip: zip file version 6.4")
    ]


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
