"""A store at any path: names that mean something to globs, URLs, shells or homes are names, and what lies beside is nobody's."""

import re
import uuid
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from wethink_assets.config import load_settings
from wethink_assets.config.locations import file_system
from wethink_assets.errors import StoreError
from wethink_assets.sources.locations import Location
from wethink_assets.storage.local_files import TEMPORARY
from wethink_assets.storage.store import Store
from wethink_assets.storage.store_format import PATH
from wethink_assets_tests.support.s3_server import S3Server

NAMES = (
    "run[1]", "*", "**", "?", "[!x]", "a#b", "a%20b", "100%", "a b", " a", "a ", "it's", 'say "a"', "back\\slash", "-rf", "~", "~root", "$HOME",
    "${x}", "{a,b}", "{x}", "`id`", "a;b&c|d", "file:x", "s3:", "a::b", "zip::a", "C:", "a=b", "a@b:c", "...", ".hidden", "e\u0301", "\u00e9",
    "日本", "\u202egnp", "\U0001f600", "a.writing-b", "a?versionId=3", "+", "&amp;", "<b>",
)  # fmt: skip
ON_S3 = ("run[1]", "*", "?", "a#b", "100%25", ' it\'s "$HOME" `id` ', "~", "{a,b}", "a::b", "-e\u0301 日本", "+&<b>;|=")
ORDINARY = st.text(st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="/"), min_size=1, max_size=20)
SEGMENT = st.one_of(st.sampled_from(NAMES), ORDINARY.filter(lambda name: name not in (".", "..")))
FRAME = pl.DataFrame({"value": [1, 2]})
FOREIGN = pl.DataFrame({"value": [3]})


def uses(store: Store, name: str) -> None:
    """Every way in and out of a store, with a file of this name."""
    assert store.create(f"{name}/{name}", b"1") and not store.create(f"{name}/{name}", b"2")
    store.publish(f"{name}/other", b"3")
    own = set() if store.local else {PATH}  # what says that the server honours conditional puts
    assert {*store.names("")} == {name} | own and store.names(name) == sorted([name, "other"])
    assert store.files(name) == sorted([f"{name}/{name}", f"{name}/other"])
    assert {*store.files("")} == {*store.files(name)} | own
    assert store.read(f"{name}/{name}") == b"1" and store.read_many([f"{name}/other"]) == [b"3"]
    assert store.exists(name) and store.size(f"{name}/other") == 1
    with store.open_read(f"{name}/other") as stream:
        assert stream.read() == b"3"
    store.write_parquet(f"{name}/table.parquet", FRAME)
    assert store.read_parquet(f"{name}/table.parquet").equals(FRAME)
    store.delete(f"{name}/table.parquet")
    assert store.names(name) == sorted([name, "other"])
    store.delete(name)
    assert {*store.files("")} == own and store.read_if_present(f"{name}/other") is None


@given(SEGMENT, SEGMENT.filter(lambda name: TEMPORARY not in name))
@example("run[1]", "a[1]")
@example("a.writing-b", "a")
@settings(max_examples=25, deadline=None)
def test_a_folder_of_any_name_is_a_store(tmp_path_factory: pytest.TempPathFactory, above: str, name: str) -> None:
    folder = tmp_path_factory.mktemp("any") / above
    store = Store.open(str(folder))
    assert store.local and store.root == str(folder)
    uses(store, name)
    assert [path.name for path in folder.parent.iterdir()] == [above]


@pytest.mark.parametrize("name", ON_S3)
def test_a_prefix_of_any_name_is_a_store_on_s3(s3: S3Server, name: str) -> None:
    uses(Store.open(f"s3://{s3.bucket}/{uuid.uuid4().hex}/{name}", **s3.options), name)


@pytest.mark.parametrize(
    "own, foreign", [("run[1]", "run1"), ("a*", "ab"), ("a?", "ab"), ("[!x]", "y"), ("{a,b}", "a")]
)
@pytest.mark.parametrize("where", ["local", "s3"])
def test_what_a_glob_would_match_is_neither_read_nor_deleted(
    request: pytest.FixtureRequest, tmp_path: Path, where: str, own: str, foreign: str
) -> None:
    base, options = str(tmp_path), {}
    if where == "s3":
        server = request.getfixturevalue("s3")
        base, options = f"s3://{server.bucket}/{uuid.uuid4().hex}", server.options
    store, neighbour = (Store.open(f"{base}/{name}", **options) for name in (own, foreign))
    store.write_parquet("a/rows.parquet", FRAME)
    neighbour.write_parquet("a/rows.parquet", FOREIGN)
    assert store.read_parquet("a/rows.parquet").equals(FRAME)
    assert store.files("") == store.files("a") == ["a/rows.parquet"]
    store.delete("a")
    assert not store.exists("a/rows.parquet") and store.files("") == []
    with pytest.raises(StoreError, match="is missing"):
        store.read_parquet("a/rows.parquet")
    assert neighbour.read_parquet("a/rows.parquet").equals(FOREIGN)


@given(SEGMENT, SEGMENT)
@settings(max_examples=25, deadline=None)
def test_a_source_below_a_project_of_any_name_is_listed(
    tmp_path_factory: pytest.TempPathFactory, above: str, name: str
) -> None:
    folder = tmp_path_factory.mktemp("any") / above
    folder.mkdir()
    (folder / "wethink.toml").write_text('[store]\nurl = "data"\n[sources.coco]\nlocation = "images"\n')
    (folder / "images").mkdir()
    (folder / "images" / name).write_bytes(b"1")
    configured = load_settings(folder / "wethink.toml", {})
    assert configured.store_url == str(folder / "data")
    location = Location.open(configured.resolve(configured.sources["coco"].location), {})
    assert [file.path for file in location.files()] == [name]
    assert location.read(name, lambda _: None) == b"1"


@pytest.mark.parametrize(
    "url, root",
    [
        ("s3://bucket/a::b/c", "bucket/a::b/c"),
        ("s3://bucket/a[1] #?%20/", "bucket/a[1] #?%20"),
        ("simplecache::s3://bucket/a", "bucket/a"),
        ("file:///a%20b", "/a%20b"),
    ],
)
def test_a_url_names_what_stands_in_it(url: str, root: str) -> None:
    given_options: dict[str, Any] = {"s3": {"anon": True}} if "::s3" in url else {}
    assert file_system(url, given_options)[1] == root


def test_a_path_that_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="is not UTF-8"):
        Store.open(f"{tmp_path}/a\udcff")


def test_a_prefix_that_s3fs_would_take_for_a_version_is_refused() -> None:
    with pytest.raises(StoreError, match=r"`\?versionId=`.*give the prefix another name"):
        Store.open("s3://bucket/a?versionId=3/data", anon=True)


def test_no_table_is_read_by_a_path_that_may_be_taken_for_a_glob() -> None:
    root = Path(__file__).parents[2] / "wethink_assets"
    reads = re.compile(
        r"pl\.(?:scan|read)_(?:parquet|csv|ndjson|ipc)\((?!io\.BytesIO|BytesIO|stream|list\(\[?os\.path)"
    )
    lines = [
        f"{path.relative_to(root)}: {line.strip()}"
        for path in root.rglob("*.py")
        for line in path.read_text().splitlines()
        if reads.search(line)
    ]
    assert [line for line in lines if not line.startswith("storage/local_files.py")] == []
