"""Nothing escapes the count: what a reference tool lists of an archive is images, refusals, ignored entries and archives, each name once.

The references are GNU `tar`, Info-ZIP's `unzip` and pyarrow; none of them is ours, and the members are drawn.
"""

import shutil
import stat
import subprocess
import tarfile
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wethink_assets.storage.store import Store
from wethink_assets_tests.support.listing_counts import DRAWN, IMAGE, NAMES, TYPES, listed, tar_bytes, total, zip_bytes
from wethink_assets_tests.support.sources import source_at, split, write_files

PLACES = st.sampled_from(["", "train/", "../", "/", "a/../../", "long_" * 40])
MEMBERS = st.lists(
    st.tuples(st.builds(str.__add__, PLACES, st.sampled_from(NAMES)), st.sampled_from(sorted(TYPES))), min_size=1
)


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


ZIPPED = st.lists(
    st.tuples(
        st.builds(str.__add__, PLACES, st.sampled_from([name for name in NAMES if "\udce9" not in name])),
        st.sampled_from([0, stat.S_IFLNK, stat.S_IFIFO, stat.S_IFDIR, stat.S_IFREG]),
    ),
    min_size=1,
    unique_by=lambda member: member[0],
)


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
