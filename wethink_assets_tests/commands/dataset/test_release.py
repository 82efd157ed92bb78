"""`wethink release` and `wethink releases`: names that commands take in a version's place."""

import json
from pathlib import Path

from wethink_assets_tests.commands.dataset.conftest import printed
from wethink_assets_tests.dataset.conftest import Wethink
from wethink_assets_tests.support.stage_tables import Grower


def test_commands_take_a_name_in_place_of_a_version(wethink: Wethink, grower: Grower, tmp_path: Path) -> None:
    assert "no release in" in printed(wethink, "releases")
    assert wethink("cut").exit_code == 0
    assert wethink("cut", "--kinds", "MC").exit_code == 0
    assert "all is v0001 (digest " in printed(wethink, "release", "v0001", "all", "--note", "[b]as sent")
    assert json.loads(printed(wethink, "release", "v0002", "choices", "--json"))["version"] == "v0002"
    assert json.loads(printed(wethink, "diff", "all", "choices", "--json"))["before"] == "v0001"
    assert json.loads(printed(wethink, "verify", "choices", "--json"))["versions"] == ["v0002"]
    assert json.loads(printed(wethink, "lineage", "choices", "--json"))["version"] == "v0002"
    assert json.loads(printed(wethink, "card", "all", "--json"))["version"] == "v0001"
    assert json.loads(printed(wethink, "export", "all", str(tmp_path / "sent"), "--json"))["version"] == "v0001"
    listed = printed(wethink, "releases")
    assert "choices" in listed and "[b]as sent" in listed


def test_a_name_stands_for_one_version_until_it_is_moved(wethink: Wethink, grower: Grower) -> None:
    assert wethink("cut").exit_code == 0
    assert wethink("cut", "--kinds", "MC").exit_code == 0
    first = printed(wethink, "release", "v0001", "newest", "--json")
    assert printed(wethink, "release", "v0001", "newest", "--json") == first
    refused = wethink("release", "v0002", "newest")
    assert refused.exit_code == 1 and "newest is v0001 since" in str(refused.exception)
    assert wethink("release", "v0002", "newest", "--move").exit_code == 0
    history = json.loads(printed(wethink, "releases", "--json"))["newest"]
    assert [one["version"] for one in history] == ["v0001", "v0002"]
    assert "v0001" in printed(wethink, "releases")
