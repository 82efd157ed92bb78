"""Growth: what is new becomes batches, once, whoever registers."""

import json
import os
from collections import Counter
from pathlib import Path

import pytest

from wethink_assets.errors import SourceError, StoreError
from wethink_assets.sources import listing
from wethink_assets.sources.batches import membership_digest, read_membership
from wethink_assets.sources.locations import Location
from wethink_assets.sources.registration import register_source
from wethink_assets.stages.schemas import MEMBERSHIP
from wethink_assets.storage.store import Store
from wethink_assets_tests.support.images import drawing
from wethink_assets_tests.support.sources import drawings, items, source_at, tar_of, write_files, zip_of
from wethink_assets_tests.support.watched_filesystem import watched_folder


def test_new_files_become_batches_of_bounded_size(store: Store, tmp_path: Path) -> None:
    folder = write_files(tmp_path / "geoqa+", drawings(8))
    source = source_at(folder, "geoqa+")
    seen: list[tuple[int, int]] = []
    found = register_source(store, source, 3, lambda done, total: seen.append((done, total)))
    assert found.batches == ["geoqa+.000001", "geoqa+.000002", "geoqa+.000003"]
    assert (found.files, found.new, found.changed, found.vanished) == (8, 8, 0, 0)
    assert [read_membership(store, key).height for key in found.batches] == [3, 3, 2]
    assert read_membership(store, found.batches[0]).schema == MEMBERSHIP
    assert items(store, "geoqa+") == sorted(drawings(8))
    assert seen[-1] == (8, 8)
    again = register_source(store, source, 3)
    assert (again.new, again.batches, again.listing_digest) == (0, [], found.listing_digest)


def test_growth_is_append_only(store: Store, tmp_path: Path) -> None:
    folder = write_files(tmp_path / "s", drawings(5))
    source = source_at(folder)
    first = register_source(store, source, 3)
    before = {key: membership_digest(read_membership(store, key)) for key in first.batches}
    write_files(folder, drawings(4, first=5))
    write_files(folder, {"a_folder_sorted_first/1.png": drawing(99)})
    second = register_source(store, source, 3)
    assert (second.new, second.batches) == (5, ["mine.000003", "mine.000004"])
    assert second.listing_digest != first.listing_digest
    assert {key: membership_digest(read_membership(store, key)) for key in first.batches} == before
    assert max(Counter(items(store)).values()) == 1


def test_a_changed_file_is_a_new_image_in_a_new_batch(local: Store, tmp_path: Path) -> None:
    folder = write_files(tmp_path / "s", drawings(4))
    source = source_at(folder)
    register_source(local, source, 10)
    write_files(folder, {"train/00002.png": drawing(77)})
    found = register_source(local, source, 10)
    assert (found.new, found.changed, found.vanished) == (0, 1, 0)
    assert read_membership(local, "mine.000002").select("item", "change").rows() == [("train/00002.png", "changed")]
    assert read_membership(local, "mine.000001")["change"].unique().to_list() == ["new"]
    assert register_source(local, source, 10).batches == []


def test_a_vanished_file_is_recorded_and_may_come_back(local: Store, tmp_path: Path) -> None:
    folder = write_files(tmp_path / "s", drawings(4))
    source = source_at(folder)
    register_source(local, source, 10)
    gone = folder / "train/00001.png"
    content, times = gone.read_bytes(), gone.stat()
    gone.unlink()
    for _ in range(2):
        found = register_source(local, source, 10)
        assert (found.files, found.new, found.vanished, found.batches) == (3, 0, 1, [])
    record = json.loads(local.read(f"listings/mine/{found.listing_digest}.json"))
    assert record["vanished"] == ["train/00001.png"]
    assert len(items(local)) == 4
    gone.write_bytes(content)
    os.utime(gone, ns=(times.st_atime_ns, times.st_mtime_ns))
    found = register_source(local, source, 10)
    assert (found.new, found.changed, found.vanished) == (0, 0, 0)


def test_annotations_are_ignored_and_unknown_endings_are_not(local: Store, tmp_path: Path) -> None:
    files = {"a.json": b"{}", "notes/b.TXT": b"", ".DS_Store": b"", "c": b"x", "d.xyz": b"x", "e.png": b"x"}
    found = register_source(local, source_at(write_files(tmp_path / "s", files)), 10)
    assert (found.files, found.ignored.counts) == (3, {"text": 2, "system_file": 1, "directory": 1})
    assert items(local) == ["c", "d.xyz", "e.png"]


def test_include_chooses_files(local: Store, tmp_path: Path) -> None:
    folder = write_files(tmp_path / "s", {**drawings(2, folder="vg/VG_100K"), **drawings(3, folder="vg/other")})
    assert register_source(local, source_at(folder, include="vg/VG_100K/*"), 10).files == 2


def test_the_reader_of_a_source_chooses_what_is_read(local: Store, tmp_path: Path) -> None:
    files = {"a.zip": zip_of(drawings(2)), "b.tar": tar_of(drawings(3)), "c.png": drawing(5)}
    folder = write_files(tmp_path / "s", files)
    for reader, count in (("auto", 6), ("zip", 2), ("tar", 3), ("folder", 1), ("parquet", 0)):
        assert register_source(local, source_at(folder, f"as_{reader}", reader=reader), 10).files == count


def test_names_that_are_no_text_are_refused_by_name(local: Store, tmp_path: Path) -> None:
    folder = write_files(tmp_path / "s", drawings(1))
    with open(os.fsencode(folder) + b"/caf\xe9.png", "wb") as file:
        file.write(drawing(3))
    found = register_source(local, source_at(folder), 10)
    assert found.files == 1
    assert [(refusal.name, refusal.reason) for refusal in found.refusals] == [("caf\\udce9.png", "unsafe_path")]


def test_links_are_followed_but_never_in_a_circle(local: Store, tmp_path: Path) -> None:
    folder = write_files(tmp_path / "s", drawings(2))
    elsewhere = write_files(tmp_path / "elsewhere", drawings(3, first=10))
    (folder / "linked").symlink_to(elsewhere)
    (folder / "train" / "up").symlink_to(folder)
    (folder / "broken.png").symlink_to(tmp_path / "nothing")
    assert register_source(local, source_at(folder), 10).files == 5


def test_the_digest_does_not_depend_on_the_order_of_listing(local: Store) -> None:
    source = source_at(watched_folder("unordered", {**drawings(9), "z.zip": zip_of(drawings(5, first=20))}))
    once = listing.list_source(local, source)
    orders = {tuple(file.path for file in Location.open(source.location, {}).files()) for _ in range(20)}
    assert len(orders) > 1
    for _ in range(3):
        again = listing.list_source(local, source)
        assert again.digest == once.digest
        assert again.entries.read().equals(once.entries.read())


@pytest.mark.parametrize(
    "location",
    ["/nowhere/at/all", "nosuch://bucket/x", "s3://bucket/x"],
)
def test_a_location_that_cannot_be_listed_is_an_error_that_names_it(location: str, local: Store) -> None:
    options = {
        "key": "k",
        "secret": "s",
        "endpoint_url": "http://127.0.0.1:9",
        "config_kwargs": {"retries": {"max_attempts": 0}},
    }
    source = source_at(location, options=options if location.startswith("s3") else {})
    with pytest.raises(SourceError, match=location):
        register_source(local, source, 10)


def test_a_source_without_location_says_how_to_give_it_one(local: Store) -> None:
    with pytest.raises(SourceError, match=r'sources\."geoqa\+" a location'):
        register_source(local, source_at("", "geoqa+"), 10)


def test_nothing_new_costs_no_look_at_the_batches(local: Store, tmp_path: Path) -> None:
    folder = write_files(tmp_path / "s", drawings(3))
    source = source_at(folder)
    register_source(local, source, 2)
    for path in local.files("batches"):
        local.publish(path, b"no table")
    assert register_source(local, source, 2).batches == []
    write_files(folder, drawings(1, first=9))
    with pytest.raises(StoreError):  # something new does
        register_source(local, source, 2)
