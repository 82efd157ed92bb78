"""Tar archives made to do harm are refused member by member."""

import io
import re
import tarfile
import time
import zipfile
from pathlib import Path
from typing import IO, cast

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
    zip_of,
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
    # Each is named, as `tar -t` lists it, though only the first ones are unpacked to be kept.
    assert [each.name for each in found.refusals] == sorted(f"x.tar.gz::{member.name}" for member in zeros)
    assert {each.reason for each in found.refusals} == {"bomb"}


def with_a_bomb(mode: str) -> bytes:
    """A tar with images before and after 8 MiB of zeros in one member, and with what is no image after it."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode) as archive:
        for name, data in {
            **{f"before/{path}": data for path, data in FILES.items()},
            "zeros.png": bytes(2**23),
            **{f"after/{path}": data for path, data in FILES.items()},
            "after/notes.txt": b"no image",
            "../after.png": b"leads out",
        }.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
        archive.addfile(link("after/link.png", tarfile.SYMTYPE, "a.png"))
        archive.addfile(link("after/folder", tarfile.DIRTYPE))
    return out.getvalue()


def lower_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of bombs, so that a small one is one."""
    monkeypatch.setattr(level, "FREE_UNPACKED", 2**20)
    monkeypatch.setattr(level, "MAX_UNPACKED", 2)
    monkeypatch.setattr("wethink_assets.sources.readers.entries.MAX_FILE_BYTES", 2**21)


@pytest.mark.parametrize("place", ["alone", "in a zip", "in a tar", "packed in a zip"])
@pytest.mark.parametrize("mode", ["w:gz", "w:bz2", "w:xz"])
def test_what_follows_a_bomb_is_named_as_tar_lists_it(
    mode: str, place: str, local: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lower_bounds(monkeypatch)
    name, data = f"x.tar.{mode[2:]}", with_a_bomb(mode)
    packing = zipfile.ZIP_DEFLATED if place == "packed in a zip" else zipfile.ZIP_STORED
    outer = {
        "alone": {name: data},
        "in a tar": {"o.tar": tar_of({name: data})},
    }.get(place, {"o.zip": zip_of({name: data}, packing)})
    folder = write_files(tmp_path / "s", outer)
    found = registered(local, folder, batch_size=100)
    prefix = f"{name}::" if place == "alone" else f"{next(iter(outer))}::{name}/"
    images = members(ingest_all(local, source_at(folder)))
    assert {image.removeprefix(f"{name}/") for image in images} == {f"before/{path}" for path in FILES}
    refused = {refusal.name.removeprefix(prefix): refusal.reason for refusal in found.refusals}
    assert refused == {
        "zeros.png": "bomb",
        **{f"after/{path}": "bomb" for path in FILES},
        "../after.png": "unsafe_path",
        "after/link.png": "link",
    }
    assert found.ignored.counts == {"text": 1, "directory": 1}
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        assert len(images) + found.refused + len(found.ignored) == len(archive.getnames())


@pytest.mark.parametrize("place", ["alone", "in a zip"])
def test_a_bomb_that_takes_too_long_says_how_much_was_not_looked_at(
    place: str, local: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lower_bounds(monkeypatch)
    monkeypatch.setattr(level, "SKIMMED_SECONDS", 0.0)
    data = with_a_bomb("w:gz")
    folder = write_files(
        tmp_path / "s", {"x.tar.gz": data} if place == "alone" else {"o.zip": zip_of({"x.tar.gz": data})}
    )
    found = registered(local, folder, batch_size=100)
    name = "x.tar.gz" if place == "alone" else "o.zip::x.tar.gz"
    [refusal] = [each for each in found.refusals if each.name == name]
    told = re.fullmatch(
        r"what follows its first 8 members is not read: .*; (\d+) bytes of it were not looked at", refusal.detail
    )
    assert refusal.reason == "bomb" and told and 0 < int(told[1]) < len(data)


@pytest.mark.slow  # packing it takes four seconds
def test_one_megabyte_that_unpacks_to_a_thousand_costs_less_than_five_seconds(local: Store, tmp_path: Path) -> None:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:gz") as archive:
        huge = tarfile.TarInfo("zeros.png")
        huge.size = 2**30
        archive.addfile(huge, cast(IO[bytes], Zeros()))
        for path, image in FILES.items():
            member = tarfile.TarInfo(path)
            member.size = len(image)
            archive.addfile(member, io.BytesIO(image))
    folder = write_files(tmp_path / "s", {"x.tar.gz": data.getvalue()})
    begun = time.process_time()
    found = registered(local, folder)
    assert time.process_time() - begun < 5
    assert {refusal.name.partition("::")[2] for refusal in found.refusals} >= {"zeros.png"}
    # A slow machine does not come to the end in time.
    assert found.refused == 1 + len(FILES) or "bytes of it were not looked at" in found.refusals[0].detail


class Zeros:
    """A file of nothing but zeros."""

    def read(self, size: int) -> bytes:
        return bytes(size)
