"""A store is repaired: from a copy, from what it holds itself, or by a mark for the next run; never to other bytes than were sealed."""

import shutil
import uuid
from pathlib import Path

import pytest

from wethink_assets.dataset.inventory.check import check_store
from wethink_assets.dataset.inventory.repair import Outcome, Repair, repair_store
from wethink_assets.dataset.inventory.sealing import seal_store
from wethink_assets.dataset.takedown.erasure import erase
from wethink_assets.dataset.takedown.takedown import find_subject, take_down
from wethink_assets.errors import StoreError
from wethink_assets.identity import sha256_hex
from wethink_assets.planning.staleness import commits_in_force, missing_stages
from wethink_assets.storage import inventory
from wethink_assets.storage.file_kinds import known_file
from wethink_assets.storage.inventory import SNAPSHOT
from wethink_assets.storage.rerun_marks import marked_batches
from wethink_assets.storage.seal_links import HEAD, link_path
from wethink_assets.storage.store import Store
from wethink_assets_tests.support.earlier_store import unpacked_store
from wethink_assets_tests.support.images import drawing
from wethink_assets_tests.support.question_tables import CHOICE, COLOUR
from wethink_assets_tests.support.s3_server import S3Server
from wethink_assets_tests.support.stage_tables import Grower
from wethink_assets_tests.support.versions import cut


@pytest.fixture(scope="module")
def replica(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """The earlier store, sealed."""
    store = Store.open(str(unpacked_store(tmp_path_factory.mktemp("sealed") / "store")))
    seal_store(store, command="test")
    return store


@pytest.fixture
def earlier(replica: Store, tmp_path: Path) -> Store:
    """A copy of it to do harm to."""
    return Store.open(str(shutil.copytree(replica.root, tmp_path / "store")))


def one_of_each_kind(store: Store) -> dict[str, str]:
    kinds: dict[str, str] = {}
    for path in store.files(""):
        file = known_file(path)
        assert file is not None
        kinds.setdefault(file.kind.name, path)
    return kinds


def outcomes(result: Repair) -> dict[str, Outcome]:
    return {each.path: each.outcome for each in result.faults}


def test_a_file_of_each_kind_comes_back_from_a_replica(earlier: Store, replica: Store) -> None:
    paths = [path for path in one_of_each_kind(earlier).values() if not path.startswith("seals/")]
    for number, path in enumerate(paths):
        if number % 2:
            earlier.delete(path)
        else:
            earlier.publish(path, earlier.read(path)[:-1] + b"~")
    planned = repair_store(earlier, [replica], dry=True)
    assert not earlier.names("aside")
    result = repair_store(earlier, [replica])
    assert set(outcomes(result)) == set(paths)
    assert set(outcomes(result).values()) <= {Outcome.RESTORED, Outcome.REBUILT}
    assert (planned.repaired, planned.marked) == (result.repaired, 0)
    for path in paths:
        assert earlier.read(path) == replica.read(path), path
    assert check_store(earlier).sound


def copied(store: Store, server: S3Server) -> Store:
    """A store copied to a server."""
    far = Store.open(f"s3://{server.bucket}/{uuid.uuid4().hex}", **server.options)
    for path in store.files(""):
        far.publish(path, store.read(path))
    return far


@pytest.mark.slow
def test_a_store_on_s3_and_its_copy_on_a_disk_mend_each_other(earlier: Store, replica: Store, s3: S3Server) -> None:
    far = copied(replica, s3)
    paths = [path for path in one_of_each_kind(far).values() if not path.startswith("seals/")]
    for number, path in enumerate(paths):
        for store in (far, earlier):
            if number % 2:
                store.delete(path)
            else:
                store.publish(path, store.read(path)[:-1] + b"~")
    for store, sound in ((far, replica), (earlier, far)):
        planned = repair_store(store, [sound], dry=True)
        result = repair_store(store, [sound])
        assert set(outcomes(result)) == set(paths) and (planned.repaired, result.marked) == (result.repaired, 0)
        assert {path: store.read(path) for path in paths} == {path: replica.read(path) for path in paths}
        assert check_store(store).sound


def test_on_s3_files_are_rebuilt_set_aside_and_marked_too(local: Store, s3: S3Server) -> None:
    Grower(local).grow("coco.000001", [(drawing(1), [COLOUR, CHOICE])])
    cut(local)
    seal_store(local, command="test")
    far = copied(local, s3)
    rows, question = "versions/v0001/rows.parquet", "questions/coco.000001"
    table = next(path for path in far.files(f"tables/{question}") if path.endswith("results.parquet"))
    before = far.read(rows)
    far.delete(rows)
    assert outcomes(repair_store(far)) == {rows: Outcome.REBUILT} and far.read(rows) == before
    far.publish("notes.txt", b"mine")
    far.publish(".probe-0123456789abcdef", b"1")  # which a kill may leave
    far.publish(table, b"damaged")
    assert outcomes(repair_store(far)) == {"notes.txt": Outcome.SET_ASIDE, table: Outcome.MARKED}
    assert marked_batches(far) == {"questions": frozenset({"coco.000001"})}


def test_an_altered_replica_is_not_believed(earlier: Store, replica: Store, tmp_path: Path) -> None:
    path = earlier.files("batches/coco")[0]
    altered = Store.open(str(shutil.copytree(replica.root, tmp_path / "replica")))
    altered.publish(path, b"other")
    earlier.publish(path, b"damaged")
    assert outcomes(repair_store(earlier, [altered])) == {path: Outcome.LEFT}
    assert earlier.read(path) == b"damaged"
    assert [fault.path for fault in check_store(earlier).faults] == [path]


def test_two_files_that_changed_places_change_back(earlier: Store) -> None:
    one, other = earlier.files("claims")[:2]
    first, second = earlier.read(one), earlier.read(other)
    earlier.publish(one, second)
    earlier.publish(other, first)
    assert set(outcomes(repair_store(earlier)).values()) == {Outcome.RESTORED}
    assert (earlier.read(one), earlier.read(other)) == (first, second)
    assert check_store(earlier).sound


def test_what_is_foreign_or_superfluous_is_set_aside(earlier: Store) -> None:
    earlier.publish("notes\n.txt", b"mine")
    earlier.publish("versions/v0001/extra.parquet", b"more")
    earlier.publish("seals/00000007.seal", b"no link")
    result = repair_store(earlier)
    assert set(outcomes(result).values()) == {Outcome.SET_ASIDE}
    assert sorted(earlier.read(each.aside) for each in result.faults) == [b"mine", b"more", b"no link"]
    assert check_store(earlier).sound
    earlier.delete("aside")
    assert check_store(earlier).sound


def test_files_of_a_version_and_tables_are_made_again(local: Store, grower: Grower) -> None:
    cut(local)
    seal_store(local, command="test")
    table = next(path for path in local.files("tables/signatures/coco.000001") if path.endswith("results.parquet"))
    before = {path: local.read(path) for path in ("versions/v0001/rows.parquet", "versions/v0001/README.md", table)}
    for path in before:
        local.delete(path)
    assert outcomes(repair_store(local)) == dict.fromkeys(before, Outcome.REBUILT)
    assert {path: local.read(path) for path in before} == before
    assert check_store(local).sound


def test_a_batch_whose_table_is_lost_is_made_again_by_the_next_run(local: Store) -> None:
    grower, pictures = Grower(local), [(drawing(1), [COLOUR, CHOICE])]
    grower.grow("coco.000001", pictures)
    seal_store(local, command="test")
    table = next(path for path in local.files("tables/questions") if path.endswith("results.parquet"))
    local.publish(table, b"damaged")
    assert outcomes(repair_store(local)) == {table: Outcome.MARKED}
    assert marked_batches(local) == {"questions": frozenset({"coco.000001"})}
    assert missing_stages(commits_in_force(local, ["coco.000001"])["coco.000001"])[0] == "questions"
    grower.grow("coco.000001", pictures)
    assert not marked_batches(local).get("questions")
    assert check_store(local).sound


def test_a_commit_that_is_lost_does_not_give_its_number_away(local: Store) -> None:
    grower, pictures = Grower(local), [(drawing(1), [COLOUR, CHOICE])]
    grower.grow("coco.000001", pictures)
    seal_store(local, command="test")
    local.delete("tables/questions/coco.000001/commits/000001.json")
    repair_store(local)
    grower.grow("coco.000001", pictures)
    assert local.names("tables/questions/coco.000001/commits") == ["000002.json"]
    assert [fault.path for fault in check_store(local).faults] == ["tables/questions/coco.000001/commits/000001.json"]


def test_an_image_that_is_lost_marks_the_batch_that_holds_it(earlier: Store) -> None:
    path = earlier.files("blobs")[0]
    earlier.delete(path)
    assert outcomes(repair_store(earlier)) == {path: Outcome.MARKED}
    assert list(marked_batches(earlier)) == ["images"]


def test_what_was_erased_does_not_come_back_from_an_older_replica(local: Store, grower: Grower, tmp_path: Path) -> None:
    cut(local)
    seal_store(local, command="test")
    older = Store.open(str(shutil.copytree(local.root, tmp_path / "older")))
    subject = find_subject(local, sha256_hex(drawing(1)), None)
    take_down(local, subject)
    erase(local, subject)
    assert check_store(local).sound
    record = local.files("retractions/erased")[0]
    lost = local.read(record)
    local.delete(record)
    result = repair_store(local, [older])
    assert set(outcomes(result).values()) == {Outcome.LEFT}
    assert not any(path.endswith(f"{sha256_hex(drawing(1))}.png") for path in local.files("blobs"))
    local.publish(record, lost)
    assert check_store(local).sound


def test_links_come_back_one_after_the_other(earlier: Store) -> None:
    for number in range(3):
        earlier.publish(f"budgets/night/{number}.json", b"{}")
        seal_store(earlier, command="test")
    copy = Store.open(str(shutil.copytree(earlier.root, f"{earlier.root}-copy")))
    for path in (link_path(4), link_path(3)):
        earlier.publish(path, b"damaged")
    assert set(outcomes(repair_store(earlier)).values()) >= {Outcome.LEFT}
    repair_store(earlier, [copy])
    assert check_store(earlier).sound
    earlier.delete(HEAD)
    assert outcomes(repair_store(earlier)) == {HEAD: Outcome.REBUILT}
    assert check_store(earlier).sound
    earlier.delete(HEAD)
    earlier.publish(link_path(earlier_last(earlier)), b"damaged")
    assert outcomes(repair_store(earlier, [copy]))[HEAD] == Outcome.LEFT


def test_a_damaged_snapshot_is_moved_aside_and_written_anew(earlier: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inventory, "LINKS_READ", 2)
    for number in range(4):
        earlier.publish(f"budgets/night/{number}.json", b"{}")
        seal_store(earlier, command="test")
    assert check_store(earlier).sound
    earlier.publish(SNAPSHOT, earlier.read(SNAPSHOT)[:-1])
    assert [(fault.path, fault.fault, fault.kind) for fault in check_store(earlier).faults] == [
        (SNAPSHOT, "altered", "snapshot of seals")
    ]
    assert outcomes(repair_store(earlier)) == {SNAPSHOT: Outcome.REBUILT}
    assert check_store(earlier).sound and earlier.exists(SNAPSHOT)


def earlier_last(store: Store) -> int:
    return max(int(name[:8]) for name in store.names("seals") if name.endswith(".seal"))


def test_an_empty_replica_is_refused(earlier: Store, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="is empty, or not there"):
        repair_store(earlier, [Store.open(str(tmp_path / "nothing"))])
