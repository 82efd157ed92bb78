"""Zips over several files: disks as Info-ZIP writes them, and the numbered pieces of 7-Zip."""

import shutil
import subprocess
from pathlib import Path
from random import Random

import pytest

from wethink_assets.storage.store import Store
from wethink_assets_tests.support.images import drawing
from wethink_assets_tests.support.sources import ingest_all, members, registered, source_at, write_files, zip_of

pytestmark = pytest.mark.skipif(not shutil.which("zip"), reason="needs Info-ZIP")
NOISE = Random(7)
FILES = {f"train/{number:02d}.png": drawing(number) + NOISE.randbytes(40_000) for number in range(6)}


@pytest.fixture
def disks(tmp_path: Path) -> Path:
    """A folder with `image.z01` and so on to `image.zip`."""
    packed = write_files(tmp_path / "files", FILES)
    folder = tmp_path / "s"
    folder.mkdir()
    subprocess.run(["zip", "-q", "-r", "-s", "64k", str(folder / "image.zip"), "train"], cwd=packed, check=True)
    assert len(list(folder.iterdir())) > 3
    return folder


def test_disks_are_read_together(disks: Path, local: Store) -> None:
    found = registered(local, disks, batch_size=20)
    assert not found.refusals and found.files == len(FILES)
    assert members(ingest_all(local, source_at(disks))) == set(FILES)


@pytest.mark.parametrize("name", ["image.zip", "image.z02"])
def test_the_location_may_be_any_of_the_disks(name: str, disks: Path, local: Store) -> None:
    assert registered(local, disks / name, batch_size=20).files == len(FILES)
    assert members(ingest_all(local, source_at(disks / name))) == set(FILES)


@pytest.mark.parametrize("gone", ["image.z01", "image.z02", "image.zip"])
def test_a_disk_that_is_missing_is_named(gone: str, disks: Path, local: Store) -> None:
    (disks / gone).unlink()
    [refusal] = registered(local, disks).refusals
    assert (refusal.name, refusal.reason) == ("image.zip", "incomplete_archive") and gone in refusal.detail


def test_a_last_disk_alone_names_all_the_others(disks: Path, local: Store) -> None:
    others = sorted(path.name for path in disks.iterdir() if path.name != "image.zip")
    for name in others:
        (disks / name).unlink()
    [refusal] = registered(local, disks).refusals
    assert refusal.reason == "incomplete_archive"
    assert others[0] in refusal.detail and others[-1] in refusal.detail


def test_numbered_pieces_are_joined_and_a_missing_one_is_named(local: Store, tmp_path: Path) -> None:
    data = zip_of(FILES)
    pieces = {
        f"image.zip.{number + 1:03d}": data[start : start + 50_000]
        for number, start in enumerate(range(0, len(data), 50_000))
    }
    folder = write_files(tmp_path / "s", pieces)
    assert registered(local, folder, batch_size=20).files == len(FILES)
    assert members(ingest_all(local, source_at(folder))) == set(FILES)
    (folder / "image.zip.002").unlink()
    [refusal] = registered(local, folder).refusals
    assert (refusal.reason, refusal.detail) == ("incomplete_archive", "parts are missing: image.zip.002")


def test_pieces_without_the_last_are_rescued(local: Store, tmp_path: Path) -> None:
    data = zip_of(FILES)
    folder = write_files(tmp_path / "s", {"image.zip.001": data[:100_000], "image.zip.002": data[100_000:200_000]})
    found = registered(local, folder, batch_size=20)
    assert 0 < found.files < len(FILES)
    assert {refusal.reason for refusal in found.refusals} == {"damaged_archive"}
