"""`wethink verify`: a version is as it was, or its missing files are named."""

import json

from wethink_assets.errors import VersionError
from wethink_assets.storage.store import Store
from wethink_assets_tests.dataset.conftest import Wethink
from wethink_assets_tests.support.stage_tables import Grower


def test_a_missing_file_is_named(wethink: Wethink, local: Store, grower: Grower) -> None:
    assert wethink("cut").exit_code == 0
    assert "all as they were" in wethink("verify", "v0001").stdout
    local.delete("versions/v0001/wethink.jsonl")
    broken = wethink("verify")
    assert broken.exit_code == 1
    assert f"missing: {local.url}/versions/v0001/wethink.jsonl" in broken.stdout
    assert json.loads(wethink("verify", "--json").stdout)["sound"] is False


def test_a_version_that_does_not_exist_is_refused(wethink: Wethink) -> None:
    assert isinstance(wethink("verify", "v0009").exception, VersionError)


def test_the_whole_store_is_verified_once_it_is_sealed(wethink: Wethink, local: Store, grower: Grower) -> None:
    assert "nothing is sealed" in str(wethink("verify", "--all").exception)
    sealed = wethink("seal")
    assert sealed.exit_code == 0
    assert "0 taken on trust" in sealed.stdout
    assert "all as they were sealed" in wethink("verify", "--all").stdout
    path = local.files("blobs")[0]
    local.publish(path, b"other")
    local.publish("notes.txt", b"mine")
    for way in (["--all"], ["--changed", "--all"], ["--sample", "1000"]):
        broken = wethink("verify", *way)
        assert broken.exit_code == 1
        assert f"foreign: {local.url}/notes.txt" in broken.stdout
    assert f"altered: {local.url}/{path} (its sha256 is" in wethink("verify", "--all").stdout
    told = json.loads(wethink("verify", "--all", "--json").stdout)
    assert [fault["remedy"] for fault in told["faults"]][1] == "move it away"
    assert wethink("seal").exit_code == 1
    assert wethink("verify", "v0001", "--all").exit_code == 2


def test_a_damaged_chain_is_begun_anew(wethink: Wethink, local: Store, grower: Grower) -> None:
    assert wethink("seal").exit_code == 0
    local.delete("seals/00000001.seal")
    assert "missing: " in wethink("verify", "--all").stdout
    assert "nothing is sealed on a damaged chain" in str(wethink("seal").exception)
    assert wethink("seal", "--anew").exit_code == 0
    assert wethink("verify", "--all").exit_code == 0


def test_a_file_is_accepted_as_it_is(wethink: Wethink, local: Store, grower: Grower) -> None:
    local.publish("budgets/night/1.json", b"{}")
    assert "1 taken on trust (1 of kind budget)" in wethink("seal").stdout
    path = local.files("tables/images")[0]
    local.publish(path, b"{}")
    assert wethink("seal").exit_code == 0
    assert wethink("verify", "--all").exit_code == 1
    assert wethink("seal", "--accept", path).exit_code == 0
    assert wethink("verify", "--all").exit_code == 0
