"""The whole store is held against its seals: each damaged, missing, foreign or superfluous file is named, and what depends on it."""

import shutil
from pathlib import Path

import pytest

from wethink_assets.dataset.inventory.check import StoreCheck, check_store
from wethink_assets.dataset.inventory.sealing import seal_store
from wethink_assets.dataset.takedown.erasure import erase
from wethink_assets.dataset.takedown.takedown import find_subject, take_down
from wethink_assets.errors import StoreError
from wethink_assets.identity import sha256_hex
from wethink_assets.storage.file_kinds import KINDS, known_file
from wethink_assets.storage.store import Store
from wethink_assets_tests.support.earlier_store import unpacked_store
from wethink_assets_tests.support.full_disk import full_disk
from wethink_assets_tests.support.images import drawing
from wethink_assets_tests.support.stage_tables import Grower
from wethink_assets_tests.support.versions import cut


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The earlier store, sealed."""
    folder = unpacked_store(tmp_path_factory.mktemp("sealed") / "store")
    seal_store(Store.open(str(folder)), command="test")
    return folder


@pytest.fixture
def earlier(sealed: Path, tmp_path: Path) -> Store:
    """A copy of it to do harm to."""
    return Store.open(str(shutil.copytree(sealed, tmp_path / "store")))


def named(result: StoreCheck) -> list[tuple[str, str]]:
    return [(fault.path, fault.fault) for fault in result.faults]


def test_what_is_taken_on_trust_is_counted(tmp_path: Path) -> None:
    store = Store.open(str(unpacked_store(tmp_path / "store")))
    result = seal_store(store, command="test")
    assert (result.files, result.faults, result.foreign) == (
        len(store.files("")) - 2,
        {},
        [],
    )  # but link and head
    assert result.vouched + sum(result.trusted.values()) == result.files
    assert result.trusted["claim"] == 13
    assert "cut" not in result.trusted and "image" not in result.trusted
    again = seal_store(store, command="test")
    assert (again.files, again.link) == (0, 0)


def test_a_sound_store(earlier: Store) -> None:
    result = check_store(earlier)
    assert (named(result), result.unsealed) == ([], [])
    assert result.read == result.files == 405


def test_a_sound_store_on_a_disk_that_is_full(earlier: Store) -> None:
    files = earlier.files("")
    with full_disk():
        result = check_store(earlier)
    assert (named(result), result.read, earlier.files("")) == ([], 405, files)


def test_a_file_of_each_kind_and_each_harm_is_named(earlier: Store) -> None:
    kinds: dict[str, str] = {}
    for path in earlier.files(""):
        file = known_file(path)
        assert file is not None, path
        kinds.setdefault(file.kind.name, path)
    assert len(kinds) == 21
    for number, path in enumerate(kinds.values()):
        data = earlier.read(path)
        if number % 3 == 0:
            earlier.delete(path)
        else:
            earlier.publish(path, data[:-1] if number % 3 == 1 else bytes([data[0] ^ 1]) + data[1:])
        fault = next((each for each in check_store(earlier).faults if each.path == path), None)
        assert fault is not None, path
        assert fault.fault == ("missing" if number % 3 == 0 else "altered")
        assert fault.remedy
        earlier.publish(path, data)
    assert check_store(earlier).sound


def test_foreign_and_superfluous_files_are_named(earlier: Store) -> None:
    earlier.publish("notes.txt", b"mine")
    earlier.publish("versions/v0001/extra.parquet", b"")
    assert named(check_store(earlier)) == [("notes.txt", "foreign"), ("versions/v0001/extra.parquet", "superfluous")]


def test_what_is_not_sealed_yet_is_no_fault_but_held_against_its_name(earlier: Store) -> None:
    sha256 = sha256_hex(b"png")
    earlier.publish(f"blobs/{sha256[:2]}/{sha256}.png", b"png")
    assert check_store(earlier).unsealed == [f"blobs/{sha256[:2]}/{sha256}.png"]
    earlier.publish(f"blobs/{sha256[:2]}/{sha256}.png", b"gif")
    assert named(check_store(earlier)) == [(f"blobs/{sha256[:2]}/{sha256}.png", "altered")]


def test_a_released_lease_that_reads_as_held_is_named(earlier: Store) -> None:
    """Whoever takes a lease over makes one of the next number, so a sealed one is never written again."""
    path = next(path for path in earlier.files("journal") if path.rpartition("/")[2].startswith("lease-"))
    released = earlier.read(path)
    held = released.replace(b'"released":true', b'"releasee":true')
    assert held != released
    earlier.publish(path, held)
    assert named(check_store(earlier)) == [(path, "altered")]


def test_files_that_no_score_has_are_foreign_to_its_folder(earlier: Store) -> None:
    folder = next(path for path in earlier.files("scores")).rpartition("/")[0]
    earlier.publish(f"{folder}/extra.bin", b"mine")
    assert named(check_store(earlier)) == [(f"{folder}/extra.bin", "foreign")]


def test_files_that_no_event_of_lineage_has_are_foreign(earlier: Store) -> None:
    earlier.publish("openlineage/run/answers.coco.000001.start.json", b"{}")
    earlier.publish("openlineage/run/extra.bin", b"mine")
    assert named(check_store(earlier)) == [("openlineage/run/extra.bin", "foreign")]


def test_what_depends_on_a_file_is_named(earlier: Store) -> None:
    image = next(path for path in earlier.files("blobs"))
    listing = earlier.files("batches/coco")[0]
    for path in (image, listing):
        earlier.delete(path)
    dependents = {fault.path: fault.dependents for fault in check_store(earlier).faults}
    assert "versions v0001" in dependents[image]
    assert dependents[listing].startswith("the members of the batch, coco.000001; versions v0001")
    assert "trained v0002.tiny" in dependents[listing]


def test_nothing_sealed_is_an_error(local: Store) -> None:
    with pytest.raises(StoreError, match="nothing is sealed"):
        check_store(local)


def test_a_damaged_file_is_not_sealed(local: Store, grower: Grower) -> None:
    path = next(path for path in local.files("tables/images") if path.endswith("/results.parquet"))
    local.publish(path, local.read(path)[:-1])
    result = seal_store(local, command="test")
    assert list(result.faults) == [path]


def test_a_version_is_sealed_by_its_build_and_a_takedown_by_itself(local: Store, grower: Grower) -> None:
    seal_store(local, command="test")
    cut(local)
    assert check_store(local).unsealed == []
    subject = find_subject(local, sha256_hex(drawing(1)), None)
    take_down(local, subject)
    result = check_store(local)
    assert (named(result), result.unsealed) == ([], [])
    erase(local, subject)
    result = check_store(local)
    assert named(result) == []
    assert result.retracted
    local.delete(f"retractions/image/{subject.name}.json")
    assert named(check_store(local)) == [(f"retractions/image/{subject.name}.json", "missing")]


def test_what_was_erased_and_is_back_is_named(local: Store, grower: Grower) -> None:
    seal_store(local, command="test")
    before = {path: local.read(path) for path in local.files("")}
    subject = find_subject(local, sha256_hex(drawing(1)), None)
    take_down(local, subject)
    [record] = erase(local, subject)
    assert check_store(local).sound
    altered = [path for path in record.files if local.read(path) != before[path]]
    assert altered and record.blobs
    for path in (*altered, *record.blobs):
        local.publish(path, before[path])
    faults = dict(named(check_store(local)))
    assert faults == dict.fromkeys(altered, "altered") | dict.fromkeys(record.blobs, "superfluous")
    erase(local, subject)
    assert check_store(local).sound


def test_a_part_of_a_journal_that_was_removed_and_is_back_is_named(earlier: Store) -> None:
    before = {path: earlier.read(path) for path in earlier.files("journal") if "/part-" in path}
    image = Path(earlier.files("blobs")[0]).stem
    subject = find_subject(earlier, image, None)
    take_down(earlier, subject)
    erase(earlier, subject)
    gone = sorted(path for path in before if not earlier.exists(path))
    assert gone and check_store(earlier).sound
    for path in gone:
        earlier.publish(path, before[path])
    assert named(check_store(earlier)) == [(path, "superfluous") for path in gone]


def test_a_loss_is_not_sealed_over(earlier: Store) -> None:
    path = earlier.files("batches/coco")[0]
    earlier.delete(path)
    seal_store(earlier, command="test")
    assert named(check_store(earlier)) == [(path, "missing")]


def test_only_what_was_sealed_since_is_read(earlier: Store) -> None:
    assert check_store(earlier).sound
    again = check_store(earlier, changed=True)
    replaced = [
        path for path in earlier.files("") if (f := known_file(path)) and f.kind.nature in ("replaced", "lease")
    ]
    assert again.read == len(replaced) - 1  # but the head of the chain
    assert again.files == 405


def test_a_sample_gives_an_interval(earlier: Store) -> None:
    result = check_store(earlier, sample=100, seed=1)
    assert (result.read, result.sampled) == (100, True)
    assert result.share is not None
    assert result.share[0] == 0
    assert 0 < result.share[1] < 0.04
    for path in earlier.files("blobs"):
        earlier.publish(path, b"")
    low, high = check_store(earlier, sample=400, seed=1).share or (0, 0)
    assert low <= 13 / 405 <= high and high - low < 0.01


def test_kinds_have_names_of_their_own() -> None:
    assert len({kind.name for kind in KINDS}) == len(KINDS)


def test_it_is_so_on_s3(store: Store) -> None:
    Grower(store).grow("coco.000001", [(drawing(1), [])])
    seal_store(store, command="test")
    assert check_store(store).sound
    path = store.files("blobs")[0]
    store.publish(path, b"other")
    assert named(check_store(store)) == [(path, "altered")]
