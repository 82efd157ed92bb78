"""The store: whole files or none, one winner a race, nothing altered unseen; on a disk and on a real S3 server."""

import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import polars as pl
import pytest

from wethink_assets.errors import StoreError, StoreUnreachable
from wethink_assets.storage.blobs import Blobs
from wethink_assets.storage.store import Store
from wethink_assets_tests.support.full_disk import full_disk


def test_create_has_one_winner_and_keeps_its_bytes(store: Store) -> None:
    assert store.create("a/b.json", b"first")
    assert not store.create("a/b.json", b"second")
    assert store.read("a/b.json") == b"first"


def _race(url: str, options: dict[str, object], name: str) -> list[bool]:
    store = Store.open(url, **options)
    return [store.create(f"race/{n}", name.encode()) for n in range(40)]


def test_of_two_processes_exactly_one_creates_each_file(store: Store) -> None:
    # Not multiprocessing's Pool: leaving it hangs where its processes heed no SIGTERM.
    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as pool:
        jobs = [pool.submit(_race, store.url, dict(store.fs.storage_options), name) for name in ("one", "two")]
        one, two = (job.result(60) for job in jobs)
    assert all(a != b for a, b in zip(one, two, strict=True))
    assert [store.read(f"race/{n}") for n in range(40)] == [b"one" if won else b"two" for won in one]


def test_publish_replaces_whole(store: Store) -> None:
    store.publish("x", b"1" * 1000)
    store.publish("x", b"2")
    assert store.read("x") == b"2"
    assert store.names("") == ["x"]


def test_what_is_missing_is_named(store: Store) -> None:
    for act in (store.read, store.size, store.scan_parquet):
        with pytest.raises(StoreError, match=r"none\.parquet"):
            act("none.parquet")
    assert store.read_if_present("none.parquet") is None
    assert store.names("nowhere") == [] == store.files("nowhere")


def test_many_files_are_read_in_the_order_asked_for(store: Store) -> None:
    for name in "abc":
        store.publish(f"folder/{name}+", name.encode() * 3)
    assert store.read_many(["folder/c+", "folder/a+", "folder/c+"]) == [b"ccc", b"aaa", b"ccc"]
    assert store.read_many([]) == []
    with pytest.raises(StoreError, match="folder/gone is missing"):
        store.read_many(["folder/a+", "folder/gone"])


def test_of_a_file_that_ends_before_what_is_there_is_read(store: Store) -> None:
    store.publish("a", b"0123456789")
    assert [store.read_range("a", *ends) for ends in ((2, 4), (8, 20), (10, 12), (90, 99))] == [b"23", b"89", b"", b""]


def test_parquet_round_trip_and_damage(store: Store) -> None:
    frame = pl.DataFrame({"a": [1, 2], "b": [["x"], []]})
    store.write_parquet("t/x.parquet", frame)
    assert store.read_parquet("t/x.parquet").equals(frame)
    data = store.read("t/x.parquet")
    store.publish("t/x.parquet", data[: len(data) // 2])
    with pytest.raises(StoreError, match=r"x\.parquet is damaged"):
        store.read_parquet("t/x.parquet")


def test_names_with_a_plus_are_kept(store: Store) -> None:
    store.publish("batches/geoqa+/000001.parquet", b"x")
    assert store.names("batches") == ["geoqa+"]
    assert store.files("batches") == ["batches/geoqa+/000001.parquet"]
    assert store.read("batches/geoqa+/000001.parquet") == b"x"


def test_delete_removes_a_folder_and_forgives_its_absence(store: Store) -> None:
    store.publish("d/e/f", b"x")
    store.delete("d")
    store.delete("d")
    assert not store.exists("d/e/f")


def test_a_blob_is_checked_against_its_name(store: Store) -> None:
    blobs = Blobs(store)
    path = blobs.put(b"image", "png")
    assert blobs.put(b"image", "png") == path
    assert blobs.read(path) == b"image"
    store.publish(path, b"forged")
    with pytest.raises(StoreError, match="was altered"):
        blobs.read(path)


def test_an_unfinished_write_is_not_listed(tmp_path: Path) -> None:
    store = Store.open(str(tmp_path))
    store.publish("a/whole", b"x")
    (tmp_path / "a" / ".writing-half.1-2").write_bytes(b"x")
    assert store.names("a") == ["whole"]
    assert store.files("") == ["a/whole"]


def test_an_unknown_protocol_is_refused() -> None:
    with pytest.raises(StoreError, match="cannot be opened"):
        Store.open("nosuch://bucket")


def test_a_file_is_no_empty_store(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("x")
    with pytest.raises(StoreError, match="it is a file and no folder; check `url`"):
        Store.open(str(tmp_path / "data"))


def test_a_scratch_folder_that_cannot_be_removed_hides_no_error(tmp_path: Path) -> None:
    store = Store.open(str(tmp_path))
    with pytest.raises(StoreError, match="what went wrong"), store.scratch() as folder:
        folder.rmdir()
        folder.write_text("a file cannot be removed as a folder")
        raise StoreError("what went wrong")


@pytest.mark.parametrize("room", [0, 100, 2_000])
def test_a_table_that_finds_no_room_is_the_fault_of_the_disk(room: int, tmp_path: Path) -> None:
    store = Store.open(str(tmp_path))
    error: Exception | None = None
    with full_disk(room):
        try:
            store.write_parquet("a/table.parquet", pl.DataFrame({"number": range(10_000)}))
        except Exception as raised:  # what pytest prints finds no room either
            error = raised
    assert isinstance(error, StoreUnreachable) and str(error).startswith(str(tmp_path)) and "ulimit -f" in str(error)
    assert store.files("") == [] and list(tmp_path.rglob("*.parquet")) == []
