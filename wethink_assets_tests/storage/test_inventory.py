"""A chain of links seals files: each writer gets a link, and a link that is edited, exchanged or lost is named."""

import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from wethink_assets.errors import StoreError
from wethink_assets.storage import inventory
from wethink_assets.storage.inventory import SNAPSHOT, add_link, read_inventory
from wethink_assets.storage.seal_links import HEAD, Link, link_line, link_path, link_table, write_head
from wethink_assets.storage.seal_snapshot import parsed_snapshot, snapshot_bytes
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


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """A snapshot is written where four links would be read."""
    monkeypatch.setattr(inventory, "LINKS_READ", 4)


def require_same(store: Store) -> None:
    """All links and what readers take in their place say the same."""
    some, every = read_inventory(store), read_inventory(store, every_link=True)
    assert (some.files, some.faults, every.faults) == (every.files, [], [])
    assert (some.last, some.last_hash, some.complete) == (every.last, every.last_hash, every.complete)
    assert some.verified == every.verified


def test_what_links_say_is_read_from_the_last_snapshot(
    store: Store, few: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_link(store, {"a": seal(1), "b": seal(1)}, command="test", complete=True)
    add_link(store, {"b": None}, command="test", verified=1)
    grown(store, 12)
    require_same(store)
    read: list[str] = []
    of_store = Store.read_if_present
    monkeypatch.setattr(Store, "read_if_present", lambda store, path: read.append(path) or of_store(store, path))
    assert len(read_inventory(store).files) == 13
    if store.local:
        assert sum(path not in (HEAD, SNAPSHOT) for path in read) <= 5


def test_a_link_is_of_one_size_however_much_was_sealed_before(local: Store, few: None) -> None:
    sizes = []
    for number in range(1, 60):
        files = {f"cuts/{number:02d}{file:02d}": seal(number * 100 + file) for file in range(20)}
        link = add_link(local, files, command="test")
        assert link.files == 20
        sizes.append(len(local.read(link_path(link.number))))
    assert max(sizes) < 1.1 * min(sizes)
    require_same(local)


def test_a_snapshot_that_is_lost_edited_or_of_before_changes_nothing(local: Store, few: None) -> None:
    grown(local, 5)
    before = local.read(SNAPSHOT)
    grown(local, 20)
    files = read_inventory(local).files
    whole = local.read(SNAPSHOT)
    assert whole != before
    for content in (b"", flip(whole), whole[:-1], b" " + whole):
        local.publish(SNAPSHOT, content)
        assert (read_inventory(local).files, read_inventory(local).faults) == (files, [])
        assert [fault.path for fault in read_inventory(local, every_link=True).faults] == [SNAPSHOT]
    local.publish(SNAPSHOT, before)
    require_same(local)
    local.delete(SNAPSHOT)
    require_same(local)
    grown(local, 1)
    assert local.exists(SNAPSHOT)


def test_a_snapshot_that_says_something_else_than_the_links_is_named(local: Store, few: None) -> None:
    grown(local, 5)
    last = read_inventory(local)
    rows = [(path, each.sha256, each.bytes, each.link) for path, each in last.files.items()]
    for other in (rows[:-1], [*rows, ("b", "0" * 64, 1, 1)], [*rows[:-1], (rows[-1][0], "0" * 64, 1, 5)]):
        local.publish(SNAPSHOT, snapshot_bytes(last.last, last.last_hash, False, 0, other))
        assert [fault.path for fault in read_inventory(local, every_link=True).faults] == [SNAPSHOT]


@pytest.mark.parametrize("number", range(1, 13))
@pytest.mark.parametrize("lost", [True, False])
def test_a_link_that_a_snapshot_spares_is_named_all_the_same(local: Store, few: None, number: int, lost: bool) -> None:
    grown(local, 12)
    if lost:
        local.delete(link_path(number))
    else:
        local.publish(link_path(number), flip(local.read(link_path(number))))
    read = read_inventory(local, every_link=True)
    assert [fault.path for fault in read.faults] == [link_path(number)]
    snapshot = parsed_snapshot(local.read(SNAPSHOT))
    assert snapshot is not None and snapshot.number > 4
    assert len(read.files) == (12 if number <= snapshot.number else 11)  # what it sealed is verified all the same


def test_whole_links_of_earlier_releases_are_read(local: Store, few: None) -> None:
    grown(local, 3)
    before = read_inventory(local)
    body = link_table({path: (each.sha256, each.bytes) for path, each in before.files.items()})
    entries, made = hashlib.sha256(body).hexdigest(), datetime.now(UTC)
    whole = Link(number=4, previous=before.last_hash, entries=entries, files=3, whole=True, complete=True, created=made)
    local.publish(link_path(4), link_line(whole) + b"\n" + body)
    write_head(local)
    require_same(local)
    for _ in range(3):
        grown(local, 4)
        require_same(local)
    assert read_inventory(local).complete


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
    write_head(local)
    assert local.read(HEAD) == head


def test_nothing_is_hung_on_a_damaged_chain_but_a_new_one(local: Store) -> None:
    grown(local)
    local.delete(link_path(3))
    with pytest.raises(StoreError, match="nothing is sealed on a damaged chain"):
        add_link(local, {"a": seal(1)}, command="test")
    assert add_link(local, {"a": seal(1)}, command="test", anew=True).number == 4
    read = read_inventory(local, every_link=True)
    assert (set(read.files), read.faults) == ({"a"}, [])
