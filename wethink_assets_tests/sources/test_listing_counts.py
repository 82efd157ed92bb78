"""Nothing escapes the count: what a reference tool lists of a source is images, refusals, ignored entries and archives, each name once.

The references are GNU `find` and `tar`, Info-ZIP's `unzip`, pyarrow and the listing of S3; none of them is ours, and the trees are drawn.
"""

import io
import os
import random
import re
import shutil
import socket
import stat
import subprocess
import tarfile
import tempfile
import uuid
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wethink_assets.errors import SourceError
from wethink_assets.sources.catalog import Source
from wethink_assets.sources.listing import Listing, list_source
from wethink_assets.sources.readers.entries import IGNORED_KINDS
from wethink_assets.storage.store import Store
from wethink_assets_tests.support.images import drawing
from wethink_assets_tests.support.s3_server import S3Server
from wethink_assets_tests.support.sources import source_at, split, write_files

IMAGE = drawing(1)
DRAWN = settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
NAMES = (
    *(
        "a.png",
        "b.JPG",
        "c",
        "d.xyz",
        "notes.txt",
        "labels.json",
        ".DS_Store",
        ".hidden.png",
        "Thumbs.db",
        "x.7z",
        "y.rar",
        "inner.zip",
    ),
    *(
        "inner.tar.gz",
        "film.mp4",
        "w.npy",
        "p.pdf",
        "m.svg",
        "n.py",
        "a\u0308.png",
        "\u65e5\u672c.png",
        "a\x1b[2J.png",
        "b\u202egnp.exe",
        "q\x07.txt",
    ),
    *("__MACOSX", "new\nline.png", "caf\udce9.png", "blank .png", "a\\b.png"),
)
"""Names of all kinds: images, texts, hidden, of other systems, with control characters, and one that is no UTF-8."""


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.open(str(tmp_path / "store"))


def listed(store: Store, source: Source) -> Listing:
    """A listing, in which each name is once, each kind is a known one, and the counts are those of the entries."""
    listing = list_source(store, source)
    entries = list(listing.ignored)
    assert Counter(each.kind for each in entries) == listing.ignored.counts
    assert set(listing.ignored.counts) <= set(IGNORED_KINDS)
    again = list_source(store, source)  # archives are taken from their index
    assert (again.digest, again.ignored.counts, sorted(again.ignored)) == (
        listing.digest,
        listing.ignored.counts,
        sorted(entries),
    )
    return listing


def total(listing: Listing) -> int:
    return listing.entries.height + len(listing.refusals) + len(listing.ignored)


def names_of(listing: Listing) -> Counter[str]:
    """Names of all that a listing accounts for."""
    names = [*listing.entries["item"], *(refusal.name for refusal in listing.refusals)]
    return Counter([*names, *(each.name for each in listing.ignored)])


def decoded(data: bytes) -> str:
    return os.fsdecode(data).encode("utf-8", "backslashreplace").decode()


# --- folders: find ---------------------------------------------------------------------------------------------------

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
            assert listing.entries["item"].to_list() == ["a/1.png", "b/3.png"]
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


# --- tar -------------------------------------------------------------------------------------------------------------

TYPES = {
    "file": tarfile.REGTYPE,
    "old file": tarfile.AREGTYPE,
    "contiguous": tarfile.CONTTYPE,
    "folder": tarfile.DIRTYPE,
    "link": tarfile.SYMTYPE,
    "hard link": tarfile.LNKTYPE,
    "device": tarfile.CHRTYPE,
    "disk": tarfile.BLKTYPE,
    "pipe": tarfile.FIFOTYPE,
}
PLACES = st.sampled_from(["", "train/", "../", "/", "a/../../", "long_" * 40])
MEMBERS = st.lists(
    st.tuples(st.builds(str.__add__, PLACES, st.sampled_from(NAMES)), st.sampled_from(sorted(TYPES))), min_size=1
)


def tar_bytes(members: list[tuple[str, str]], mode: str = "w", form: int = tarfile.PAX_FORMAT) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode, format=form, errors="surrogateescape") as archive:  # type: ignore[call-overload]
        for name, kind in members:
            member = tarfile.TarInfo(name)
            member.type, member.linkname, member.mtime = TYPES[kind], "a.png" if "link" in kind else "", 1_700_000_000
            member.size = len(IMAGE) if kind in ("file", "old file", "contiguous") else 0
            archive.addfile(member, io.BytesIO(IMAGE))
    return out.getvalue()


def listed_by_tar(path: Path) -> int:
    command = ["tar", "--list", "--ignore-zeros", "--quoting-style=escape", "--file", str(path)]
    ran = subprocess.run(command, capture_output=True, check=True)
    return len(ran.stdout.splitlines())


@pytest.mark.parametrize("ending", ["tar", "tar.gz", "tar.bz2", "tar.xz", "parts", "joined"])
@DRAWN
@given(members=MEMBERS, form=st.sampled_from([tarfile.PAX_FORMAT, tarfile.GNU_FORMAT]))
def test_tar_lists_nothing_else(ending: str, members: list[tuple[str, str]], form: int) -> None:
    mode = f"w:{ending[4:]}" if ending.startswith("tar.") else "w"
    data = tar_bytes(members, mode, form)
    if ending == "joined":
        data += tar_bytes(members[:2], mode, form)
    with tempfile.TemporaryDirectory() as scratch:
        whole = write_files(Path(scratch), {f"whole.{ending}": data}) / f"whole.{ending}"
        name = f"x.{ending}" if ending.startswith("tar") else "x.tar"
        files = split(data, name, 1 + len(data) // 3) if ending == "parts" else {name: data}
        listing = listed(Store.open(f"{scratch}/store"), source_at(write_files(Path(scratch) / "source", files)))
        assert total(listing) == listed_by_tar(whole)
        within = sum(refusal.reason == "damaged_archive" for refusal in listing.refusals)  # images named as archives
        assert listing.archives == len(files) + within


# --- zip -------------------------------------------------------------------------------------------------------------

ZIPPED = st.lists(
    st.tuples(
        st.builds(str.__add__, PLACES, st.sampled_from([name for name in NAMES if "\udce9" not in name])),
        st.sampled_from([0, stat.S_IFLNK, stat.S_IFIFO, stat.S_IFDIR, stat.S_IFREG]),
    ),
    min_size=1,
    unique_by=lambda member: member[0],
)


def zip_bytes(members: list[tuple[str, int]]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, kind in members:
            folder = kind == stat.S_IFDIR
            info = zipfile.ZipInfo(name + "/" * folder)
            info.create_system, info.external_attr = 3, (kind | 0o644) << 16
            archive.writestr(info, b"" if folder or name.endswith("/") else IMAGE)
    return out.getvalue()


def listed_by_unzip(path: Path) -> int:
    if not shutil.which("unzip"):
        with zipfile.ZipFile(path) as archive:
            return len(archive.infolist())
    ran = subprocess.run(["unzip", "-l", str(path)], capture_output=True, check=True)
    return int(ran.stdout.split()[-2])


@pytest.mark.parametrize("split_up", [False, True])
@DRAWN
@given(members=ZIPPED)
def test_unzip_lists_nothing_else(split_up: bool, members: list[tuple[str, int]]) -> None:
    data = zip_bytes(members)
    with tempfile.TemporaryDirectory() as scratch:
        whole = write_files(Path(scratch), {"whole.zip": data}) / "whole.zip"
        files = split(data, "x.zip", 1 + len(data) // 3) if split_up else {"x.zip": data}
        listing = listed(Store.open(f"{scratch}/store"), source_at(write_files(Path(scratch) / "source", files)))
        assert total(listing) == listed_by_unzip(whole)


# --- parquet ---------------------------------------------------------------------------------------------------------

STRUCT = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
CELLS = st.sampled_from([{"bytes": IMAGE, "path": "1.png"}, {"bytes": None, "path": None}, None])
ROWS = st.lists(st.tuples(CELLS, CELLS, st.none() | st.lists(CELLS, max_size=3)), min_size=1, max_size=9)


@DRAWN
@given(rows=ROWS, group=st.integers(1, 5))
def test_pyarrow_has_no_other_images(rows: list[tuple[Any, Any, Any]], group: int) -> None:
    arrays = [
        pa.array(column, kind)
        for column, kind in zip(zip(*rows, strict=True), (STRUCT, STRUCT, pa.list_(STRUCT)), strict=True)
    ]
    with tempfile.TemporaryDirectory() as scratch:
        path = write_files(Path(scratch) / "source", {}) / "x.parquet"
        path.parent.mkdir()
        table = pa.table([*arrays, pa.array(["?"] * len(rows))], names=["image_1", "image_2", "images", "question"])
        pq.write_table(table, path, row_group_size=group)
        listing = listed(Store.open(f"{scratch}/store"), source_at(path.parent))
        read = pq.read_table(path)
        lists = [
            max(1, len(row or ())) for row in read["images"].to_pylist()
        ]  # a row without images is one that is empty
        assert total(listing) == 2 * read.num_rows + sum(lists)


# --- S3 --------------------------------------------------------------------------------------------------------------


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
