"""`wethink versions`: the versions of a store, whatever its name."""

import json
from pathlib import Path

from wethink_assets.storage.store import Store
from wethink_assets_tests.dataset.conftest import Wethink
from wethink_assets_tests.support.stage_tables import Grower


def test_versions_are_listed_with_their_rows(wethink: Wethink, grower: Grower) -> None:
    assert "no version in" in wethink("versions").stdout
    assert wethink("cut").exit_code == 0
    assert wethink("cut", "--kinds", "MC").exit_code == 0
    versions = json.loads(wethink("versions", "--json").stdout)["versions"]
    assert [(version["version"], version["rows"]) for version in versions] == [("v0001", 8), ("v0002", 2)]
    assert "v0002" in wethink("versions").stdout


def test_a_store_whose_name_looks_like_markup(wethink: Wethink, local: Store, grower: Grower, tmp_path: Path) -> None:
    assert wethink("cut").exit_code == 0
    Path(local.url).rename(tmp_path / "[b]store")
    (tmp_path / "wethink.toml").write_text('[store]\nurl = "[b]store"\n')
    for command, title in (("versions", "datasetversionsin"), ("growth", "growthof")):
        shown = "".join(wethink(command).stdout.split())  # a title is broken into lines where the path is long
        assert f"{title}{tmp_path}/[b]store" in shown


def test_one_damaged_manifest_hides_no_other_version(wethink: Wethink, local: Store, grower: Grower) -> None:
    assert wethink("cut").exit_code == wethink("cut", "--kinds", "MC").exit_code == 0
    local.publish("versions/v0001/manifest.json", b"{")
    shown = wethink("versions")
    assert shown.exit_code == 1 and "v0002" in shown.stdout
    assert "v0001 cannot be trusted" in shown.stderr and "manifest.json is damaged" in shown.stderr
    told = json.loads(wethink("versions", "--json").stdout)
    assert [version["version"] for version in told["versions"]] == ["v0002"] and list(told["damaged"]) == ["v0001"]
