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
