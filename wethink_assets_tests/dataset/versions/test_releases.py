"""Releases: what may name a version, and what a name stands for."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from wethink_assets.dataset.versions.manifest import read_manifest
from wethink_assets.dataset.versions.releases import list_releases, release_history, release_version, resolve_version
from wethink_assets.errors import StoreError, VersionError
from wethink_assets.storage.store import Store
from wethink_assets_tests.support.stage_tables import Grower
from wethink_assets_tests.support.versions import cut


@pytest.fixture
def version(local: Store, grower: Grower) -> str:
    return cut(local)


@pytest.mark.parametrize("name", ["", "v0001", "Paper", "../cuts", "a/b", "a b", "-a", "x" * 65])
def test_what_cannot_name_a_release(local: Store, version: str, name: str) -> None:
    with pytest.raises(VersionError, match="cannot name a release"):
        release_version(local, version, name)
    assert not list_releases(local)


def test_what_stands_for_no_version(local: Store, version: str) -> None:
    release_version(local, version, "paper-1")
    with pytest.raises(VersionError, match=r"'paper-2' is neither .* released: paper-1"):
        resolve_version(local, "paper-2")
    with pytest.raises(VersionError, match="no version v0007"):
        release_version(local, "v0007", "paper-2")
    assert resolve_version(local, "v0007") == "v0007"  # whoever reads it says that there is none


def test_a_release_may_be_named_by_another(local: Store, version: str) -> None:
    first = release_version(local, version, "paper-1", "as sent")
    assert release_version(local, "paper-1", "stable").version == first.version == resolve_version(local, "stable")
    assert first.digest == read_manifest(local, version).digest and first.note == "as sent"


def test_processes_that_name_two_versions_at_once(local: Store, version: str, grower: Grower) -> None:
    names = [f"race-{number}" for number in range(20)]

    def name(one: str) -> int:
        try:
            release_version(local, version, one)
        except VersionError:
            return 0
        return 1

    with ThreadPoolExecutor(8) as pool:
        made = sum(pool.map(name, names * 4))
    assert made >= len(names) == len(list_releases(local))
    assert all(len(release_history(local, one)) == 1 for one in names)


def test_a_name_does_not_stand_for_other_content(local: Store, version: str) -> None:
    release_version(local, version, "paper-1")
    manifest = read_manifest(local, version)
    files = {name: file.model_copy(update={"content": "0" * 64}) for name, file in manifest.files.items()}
    altered = manifest.model_copy(update={"files": files})
    altered = altered.sealed()
    local.publish(f"versions/{version}/manifest.json", altered.model_dump_json().encode())
    with pytest.raises(VersionError, match="is not what was released as paper-1"):
        resolve_version(local, "paper-1")


def test_a_damaged_record_is_named(local: Store, version: str) -> None:
    release_version(local, version, "paper-1")
    local.publish("releases/paper-1/000001.json", json.dumps({"name": "paper-1"}).encode())
    with pytest.raises(StoreError, match=r"paper-1/000001\.json is damaged"):
        resolve_version(local, "paper-1")
