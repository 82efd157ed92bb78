"""Tar archives made to do harm are refused member by member."""

import tarfile
from pathlib import Path

import pytest

from wethink_assets.sources.readers.members import level
from wethink_assets.storage.store import Store
from wethink_assets_tests.support.sources import (
    drawings,
    ingest_all,
    members,
    registered,
    source_at,
    tar_of,
    write_files,
)

FILES = drawings(7)


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
    monkeypatch.setattr("wethink_assets.sources.readers.entries.MAX_FILE_BYTES", 2**20)  # of 128 MiB
    huge = tarfile.TarInfo("huge.png")
    huge.size = 3 * 2**20
    folder = write_files(tmp_path / "s", {name: tar_of(FILES, mode, (huge,))})
    found = registered(local, folder)
    assert [(refusal.name, refusal.reason) for refusal in found.refusals] == [(f"{name}::huge.png", "bomb")]
    assert found.files == 7


def test_a_compressed_tar_that_never_ends_is_left(
    local: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Low enough for 64 MiB of zeros; the real ones take more than 256.
    monkeypatch.setattr(level, "FREE_UNPACKED", 2**20)
    monkeypatch.setattr("wethink_assets.sources.readers.entries.MAX_FILE_BYTES", 2**18)
    zeros = tuple(tarfile.TarInfo(f"zeros{number}.png") for number in range(64))
    for member in zeros:
        member.size = 2**20
    data = tar_of({}, "w:gz", zeros)
    found = registered(local, write_files(tmp_path / "s", {"x.tar.gz": data}))
    assert found.refusals[0].reason == "bomb" and found.refusals[0].name == "x.tar.gz"
    assert 1 < found.refused < 64
