"""A chain of links seals files: each writer gets a link, and a link that is edited, exchanged or lost is named."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from wethink_assets.errors import StoreError
from wethink_assets.storage import inventory
from wethink_assets.storage.inventory import HEAD, add_link, link_path, read_inventory
from wethink_assets.storage.seals import FileSeal
from wethink_assets.storage.store import Store


@pytest.fixture
def local(tmp_path: Path) -> Store:
    return Store.open(str(tmp_path / "store"))


def seal(number: int) -> FileSeal:
    return FileSeal(sha256=f"{number:064x}", bytes=number)


def grown(store: Store, links: int = 3) -> None:
    for number in range(1, links + 1):
        add_link(store, {f"cuts/v{number:04d}.json": seal(number)}, command="test")


def test_what_was_sealed_last_counts(store: Store) -> None:
    add_link(store, {"a": seal(1), "b": seal(2)}, command="test")
    add_link(store, {"a": seal(3), "b": None, "c": FileSeal(sha256="4" * 64, bytes=-1)}, command="test")
    read = read_inventory(store, every_link=True)
    assert {path: (each.sha256, each.bytes, each.link) for path, each in read.files.items()} == {
        "a": (seal(3).sha256, 3, 2),
        "c": ("4" * 64, None, 2),
    }
    assert (read.last, read.faults) == (2, [])


def test_writers_at_once_each_get_a_link(store: Store) -> None:
    with ThreadPoolExecutor(8) as pool:
        links = list(pool.map(lambda n: add_link(store, {f"file-{n}": seal(n)}, command="test").number, range(12)))
    read = read_inventory(store, every_link=True)
    assert sorted(links) == list(range(1, 13))
    assert set(read.files) == {f"file-{n}" for n in range(12)}
    assert read.faults == []


def test_many_links_are_read_from_the_last_whole_one(local: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inventory, "LINKS_READ", 4)
    grown(local, 11)
    some, every = read_inventory(local), read_inventory(local, every_link=True)
    assert {path: each.sha256 for path, each in some.files.items()} == {
        path: each.sha256 for path, each in every.files.items()
    }
    assert len(some.files) == 11
    assert some.since_whole <= 4
    assert (some.faults, every.faults) == ([], [])


def flip(data: bytes) -> bytes:
    return data[:-1] + bytes([data[-1] ^ 1])


@pytest.mark.parametrize("number", [1, 2, 3])
@pytest.mark.parametrize("harm", [flip, lambda data: data[:-1], lambda data: b"", lambda data: b" " + data])
def test_an_altered_link_is_named(local: Store, number: int, harm: Callable[[bytes], bytes]) -> None:
    grown(local)
    local.publish(link_path(number), harm(local.read(link_path(number))))
    assert link_path(number) in {fault.path for fault in read_inventory(local, every_link=True).faults}


def test_every_single_bit_of_a_link_counts(local: Store) -> None:
    grown(local, 1)
    data = local.read(link_path(1))
    for place in range(0, len(data), 7):
        changed = bytearray(data)
        changed[place] ^= 1 << place % 8
        local.publish(link_path(1), bytes(changed))
        assert [fault.path for fault in read_inventory(local).faults] == [link_path(1)], place


@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_lost_link_is_named(local: Store, number: int) -> None:
    grown(local)
    local.delete(link_path(number))
    assert [fault.path for fault in read_inventory(local, every_link=True).faults] == [link_path(number)]


def test_exchanged_links_are_named(local: Store) -> None:
    grown(local)
    first, second = local.read(link_path(1)), local.read(link_path(2))
    local.publish(link_path(1), second)
    local.publish(link_path(2), first)
    assert [fault.path for fault in read_inventory(local, every_link=True).faults] == [link_path(1), link_path(2)]


def test_a_head_that_is_lost_edited_or_of_before_is_named(local: Store) -> None:
    grown(local, 1)
    before = local.read(HEAD)
    grown(local, 1)
    head = local.read(HEAD)
    for content in (before, flip(head), head.replace(b"2", b"3", 1), b""):
        local.publish(HEAD, content)
        assert [fault.path for fault in read_inventory(local).faults] == [HEAD]
    local.delete(HEAD)
    assert [(fault.path, fault.fault) for fault in read_inventory(local).faults] == [(HEAD, "missing")]
    inventory.write_head(local)
    assert local.read(HEAD) == head


def test_nothing_is_hung_on_a_damaged_chain_but_a_new_one(local: Store) -> None:
    grown(local)
    local.delete(link_path(3))
    with pytest.raises(StoreError, match="nothing is sealed on a damaged chain"):
        add_link(local, {"a": seal(1)}, command="test")
    assert add_link(local, {"a": seal(1)}, command="test", anew=True).number == 4
    read = read_inventory(local, every_link=True)
    assert (set(read.files), read.faults) == ({"a"}, [])
