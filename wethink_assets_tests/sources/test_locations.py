"""Where files may lie, and by what a change of them is noticed."""

import io
import uuid
from pathlib import Path

import fsspec
import pytest

from wethink_assets.errors import SourceError
from wethink_assets.sources.archives import Archive, format_of
from wethink_assets.sources.locations import FileInfo, Location, _etag
from wethink_assets.sources.registration import register_source
from wethink_assets.storage.store import Store
from wethink_assets_tests.support.sources import drawings, ingest_all, parquet_of, source_at, write_files, zip_of


def test_any_fsspec_file_system_will_do(tmp_path: Path) -> None:
    root = f"/{uuid.uuid4().hex}"
    memory = fsspec.filesystem("memory")
    for path, data in {
        **drawings(3),
        "x.zip": zip_of(drawings(3, first=5)),
        "y.parquet": parquet_of(drawings(2, first=9)),
    }.items():
        memory.pipe_file(f"{root}/{path}", data)
    store = Store.open(str(tmp_path / "store"))
    for name, location in (("folder", f"memory:/{root}"), ("archive", f"memory:/{root}/x.zip")):
        source = source_at(location, name)
        found = register_source(store, source, 4)
        output = ingest_all(store, source)
        assert output.results.height + output.rejections.height == found.files == (8 if name == "folder" else 3)
        assert set(output.reasons()) <= {"already_ingested"}


@pytest.mark.parametrize(
    ("info", "etag"),
    [
        ({"ETag": '"9a0364b9e99bb480dd25e1f0284c8555"'}, "etag:9a0364b9e99bb480dd25e1f0284c8555"),
        ({"blob_id": "abc", "lfs": {"sha256": "ff", "size": 3}}, "sha256:ff"),  # as hf:// tells of large files
        ({"blob_id": "abc", "lfs": None}, "blob_id:abc"),  # and of small ones
        ({"mtime": 1.5}, "mtime:1500000"),
        ({}, ""),
    ],
)
def test_what_tells_a_change(info: dict[str, object], etag: str) -> None:
    assert _etag(info) == etag


def test_a_split_archive_is_one_seekable_stream(tmp_path: Path) -> None:
    data = bytes(range(256)) * 40
    cuts = [0, 1, 3000, 3001, 9000, len(data)]
    parts = {f"a.zip.part-a{chr(97 + number)}": data[cuts[number] : cuts[number + 1]] for number in range(5)}
    location = Location.open(str(write_files(tmp_path, parts)), {})
    files = sorted(location.files())
    zip_format = format_of("a.zip", "auto")
    assert zip_format is not None
    with Archive("a.zip", zip_format, tuple(files)).open(location) as stream:
        assert stream.size == len(data)
        assert stream.read() == data and stream.read() == b""
        for start, length in ((0, 5), (2999, 3), (8990, 1000), (len(data) - 1, 10), (1, 9000)):
            stream.seek(start)
            assert stream.read(length) == data[start : start + length]
        stream.seek(-4, io.SEEK_END)
        assert stream.read() == data[-4:]
        with pytest.raises(OSError, match="before the start"):
            stream.seek(-len(data) - 1, io.SEEK_END)


def test_a_part_that_shrank_is_an_error(tmp_path: Path) -> None:
    location = Location.open(str(write_files(tmp_path, {"a.zip.001": b"12345"})), {})
    zip_format = format_of("a.zip", "auto")
    assert zip_format is not None
    with (
        Archive("a.zip", zip_format, (FileInfo("a.zip.001", 9, ""),)).open(location) as stream,
        pytest.raises(OSError, match="shorter"),
    ):
        stream.read()


def test_nothing_there(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="does not exist or holds nothing"):
        Location.open(str(tmp_path / "missing"), {})
