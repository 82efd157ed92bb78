"""`wethink cut`: from options and recipe files to a version, once."""

import json
from pathlib import Path

from wethink_assets.errors import ConfigError, VersionError
from wethink_assets_tests.dataset.conftest import Wethink
from wethink_assets_tests.support.stage_tables import Grower


def test_a_cut_makes_a_version_once(wethink: Wethink, grower: Grower) -> None:
    first = wethink("cut")
    assert first.exit_code == 0
    assert "v0001: 9 rows in, 8 kept, over 5 images" in first.stdout
    assert "1 left out: duplicate_near" in first.stdout
    assert "nothing new: v0001 already holds all 3 complete batches" in wethink("cut").stdout
    assert json.loads(wethink("cut", "--json").stdout) == {"new": False, "version": "v0001", "batches": 3}


def test_options_decide_what_a_version_includes(wethink: Wethink, grower: Grower) -> None:
    figures = json.loads(wethink("cut", "--kinds", "MC,DES", "--max-rows", "2", "--seed", "3", "--json").stdout)
    assert (figures["new"], figures["version"], figures["rows"]) == (True, "v0001", 2)
    assert figures["recipe"]["kinds"] == ["DES", "MC"]


def test_a_recipe_file_and_options_over_it(wethink: Wethink, grower: Grower, tmp_path: Path) -> None:
    recipe = tmp_path / "small.toml"
    recipe.write_text('sources = ["geoqa+"]\nmax_rows = 2\n')
    figures = json.loads(wethink("cut", "--recipe", str(recipe), "--max-rows", "1", "--json").stdout)
    assert (figures["recipe"]["sources"], figures["recipe"]["max_rows"], figures["rows"]) == (["geoqa+"], 1, 1)


def test_wrong_options_are_refused(wethink: Wethink, grower: Grower) -> None:
    assert isinstance(wethink("cut", "--kinds", "XX").exception, ConfigError)
    assert isinstance(wethink("cut", "--sources", "vg").exception, VersionError)  # no batch of it yet
    assert isinstance(wethink("cut", "--sources", "nowhere").exception, ConfigError)
