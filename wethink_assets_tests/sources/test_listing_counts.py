"""Nothing escapes the count: what a reference tool lists of a folder or a bucket is images, refusals, ignored entries and archives, each name once.

The references are GNU `find` and the listing of S3; none of them is ours, and the trees are drawn.
"""

import os
import random
import re
import socket
import stat
import subprocess
import tempfile
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wethink_assets.errors import SourceError
from wethink_assets.sources.listing import list_source
from wethink_assets.storage.store import Store
from wethink_assets_tests.support.listing_counts import (
    DRAWN,
    IMAGE,
    NAMES,
    decoded,
    listed,
    names_of,
    tar_bytes,
    zip_bytes,
)
from wethink_assets_tests.support.s3_server import S3Server
from wethink_assets_tests.support.sources import source_at, split, write_files

MADE: dict[str, Callable[[Path], object]] = {
    "file": lambda path: path.write_bytes(IMAGE),
    "folder": lambda path: path.mkdir(),
    "full folder": lambda path: write_files(path, {"in/1.png": IMAGE, "in/1.txt": b""}),
    "dangling": lambda path: path.symlink_to("nothing here"),
    "through a file": lambda path: path.symlink_to("/dev/null/x"),
    "to itself": lambda path: path.symlink_to(path.name),
    "upwards": lambda path: path.symlink_to(path.parent),
    "to a file": lambda path: path.symlink_to("/dev/null"),
    "pipe": lambda path: os.mkfifo(path),
    "socket": lambda path: bound(path),
}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.open(str(tmp_path / "store"))


def bound(path: Path) -> None:
    here = os.getcwd()
    os.chdir(path.parent)  # the path of a socket is 108 bytes at most
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(os.fsencode(path.name))
    finally:
        os.chdir(here)


def found(folder: Path) -> tuple[Counter[str], int]:
    """Names that `find` lists, links followed, and how many links it finds to lead in a circle."""
    command = ["find", "-L", str(folder), "-mindepth", "1", "-printf", "%P\\0"]
    ran = subprocess.run(command, capture_output=True, check=False, env={**os.environ, "LC_ALL": "C"})
    circles = re.findall(rb"^find: .*(?:File system loop detected|Too many levels of symbolic links)", ran.stderr, re.M)
    return Counter(decoded(name) for name in ran.stdout.split(b"\0")[:-1]), len(circles)


@DRAWN
@given(tree=st.dictionaries(st.sampled_from(NAMES), st.sampled_from(sorted(MADE)), min_size=3))
def test_find_lists_nothing_else(tree: dict[str, str]) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "source"
        folder.mkdir()
        for number, (name, kind) in enumerate(tree.items()):
            below = folder / f"sub{number % 3}" if number % 2 else folder
            below.mkdir(exist_ok=True)
            MADE[kind](below / name)
        listing = listed(Store.open(f"{scratch}/store"), source_at(folder, reader="folder"))
        names, circles = found(folder)
        looping = Counter(each.name for each in listing.ignored if each.kind == "looping_link")
        assert looping.total() == circles
        assert names_of(listing) - looping == names


def test_each_odd_entry_of_a_folder_has_its_kind(store: Store, tmp_path: Path) -> None:
    folder = tmp_path / "source"
    folder.mkdir()
    for number, (name, make) in enumerate(MADE.items()):
        make(folder / f"{number}_{name}.png")
    write_files(folder, {"x.7z": b"7z", "y.rar": b"Rar!", ".DS_Store": b"", "labels.csv": b"", ".git/HEAD": b""})
    if os.geteuid() == 0:
        os.mknod(folder / "null", stat.S_IFCHR | 0o600, os.makedev(1, 3))
    counts = dict(listed(store, source_at(folder)).ignored.counts)
    assert counts.pop("device", 0) == (os.geteuid() == 0) + 1  # /dev/null by a link is one, too
    assert counts == {
        "directory": 4,
        "dangling_link": 2,
        "looping_link": 2,
        "pipe": 1,
        "socket": 1,
        "archive": 2,
        "system_file": 1,
        "hidden": 1,
        "text": 2,
    }


@contextmanager
def as_nobody() -> Iterator[None]:
    """As a user who may not read what is forbidden, which root may."""
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)


def test_a_folder_that_nobody_may_list_is_one_refusal(tmp_path: Path) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        folder = write_files(Path(scratch), {"a/1.png": IMAGE, "locked/2.png": IMAGE, "b/3.png": IMAGE})
        folder.chmod(0o755)
        (folder / "locked").chmod(0)
        store = Store.open(str(tmp_path / "store"))
        try:
            with as_nobody():
                listing = list_source(store, source_at(folder))
            assert [(refusal.name, refusal.reason) for refusal in listing.refusals] == [("locked", "unreadable_folder")]
            assert listing.entries.read()["item"].to_list() == ["a/1.png", "b/3.png"]
            with as_nobody(), pytest.raises(SourceError, match="this user may not read it"):
                list_source(store, source_at(folder / "locked"))
        finally:
            (folder / "locked").chmod(0o755)


def test_folders_as_deep_as_the_system_allows_are_listed(store: Store, tmp_path: Path) -> None:
    """Deeper than Python's recursion, which making and removing them by the library would need."""
    folders = [f"{tmp_path}/source{'/d' * depth}" for depth in range(1100)]
    for folder in folders:
        os.mkdir(folder)
    image = Path(folders[-1], "1.png")
    image.write_bytes(IMAGE)
    try:
        listing = list_source(store, source_at(folders[0]))
        assert (listing.entries.height, listing.ignored.counts) == (1, {"directory": 1099})
    finally:
        image.unlink()
        for folder in reversed(folders):
            os.rmdir(folder)


def test_archives_in_a_folder_stand_for_their_members(store: Store, tmp_path: Path) -> None:
    files = {
        "1.png": IMAGE,
        "x.zip": zip_bytes([("a.png", 0), ("b/", 0)]),
        **split(zip_bytes([("c.png", 0)]), "y.zip", 60),
    }
    folder = write_files(tmp_path / "source", {**files, "n.txt": b"", "in.tar": tar_bytes([("d.png", "file")])})
    listing = listed(store, source_at(folder))
    beside = sum("::" not in name for name in names_of(listing))
    assert listing.archives > 3 and listing.archives + beside == found(folder)[0].total()


@pytest.mark.parametrize(
    ("reader", "include"), [("zip", "**"), ("auto", "a/**"), ("folder", "*.png"), ("tar", "**/*.png")]
)
def test_what_a_source_leaves_out_is_counted(reader: str, include: str, store: Store, tmp_path: Path) -> None:
    members = [("a/1.png", 0), ("b/2.png", 0), ("a/n.txt", 0), ("../c.png", 0)]
    files = {"a/1.png": IMAGE, "b/2.png": IMAGE, "b/n.txt": b"", "x.zip": zip_bytes(members)}
    files |= {"x.tar.gz": tar_bytes([(name, "file") for name, _ in members], "w:gz")}
    folder = write_files(tmp_path / "source", files)
    listing = listed(store, source_at(folder, reader=reader, include=include))
    read = {"zip": ["x.zip"], "tar": ["x.tar.gz"], "auto": ["x.zip", "x.tar.gz"], "folder": []}[reader]
    names = names_of(listing)
    assert listing.archives == len(read)
    assert sum("::" not in name for name in names) == found(folder)[0].total() - len(read)
    assert sum("::" in name for name in names) == len(members) * len(read)


def test_s3_lists_nothing_else(s3: S3Server, store: Store) -> None:
    client, prefix, drawn = s3.client(), uuid.uuid4().hex, random.Random(1)
    names = [name for name in NAMES if name.isprintable() and not name.startswith("inner")]
    keys = {f"{place}{name}" for place in ("", "train/", "deep/er/") for name in drawn.sample(names, 5)}
    for key in sorted(keys | {"marker/", "train/marker/", "x.zip"}):
        data = zip_bytes([("a.png", 0), ("n.txt", 0)]) if key == "x.zip" else b"" if key.endswith("/") else IMAGE
        client.put_object(Bucket=s3.bucket, Key=f"{prefix}/{key}", Body=data)
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=s3.bucket, Prefix=f"{prefix}/")
    reference = [each["Key"].removeprefix(f"{prefix}/") for page in pages for each in page.get("Contents", ())]
    listing = listed(store, source_at(f"s3://{s3.bucket}/{prefix}", options=s3.options))
    beside = Counter({name: count for name, count in names_of(listing).items() if "::" not in name})
    assert beside + Counter(["x.zip"]) == Counter(reference)
    assert names_of(listing).total() - beside.total() == 2  # members of x.zip
