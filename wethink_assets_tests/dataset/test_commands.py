"""`wethink cut`, `versions`, `explain` and `verify`, as a user runs them."""

import json
from pathlib import Path

from wethink_assets.commands.dataset.explain import visible
from wethink_assets.errors import ConfigError, VersionError
from wethink_assets.storage.store import Store
from wethink_assets_tests.dataset.conftest import Wethink
from wethink_assets_tests.support.images import drawing
from wethink_assets_tests.support.question_tables import COLOUR
from wethink_assets_tests.support.stage_tables import Asked, Grower


def test_from_cut_to_verify(wethink: Wethink, local: Store, grower: Grower) -> None:
    assert "no version in" in wethink("versions").stdout
    first = wethink("cut")
    assert first.exit_code == 0
    assert "v0001: 9 rows in, 8 kept, over 5 images" in first.stdout
    assert "1 left out: duplicate_near" in first.stdout
    assert "nothing new: v0001 already holds all 3 complete batches" in wethink("cut").stdout
    assert json.loads(wethink("cut", "--json").stdout) == {"new": False, "version": "v0001", "batches": 3}
    told = json.loads(wethink("cut", "--kinds", "MC,DES", "--max-rows", "2", "--seed", "3", "--json").stdout)
    assert (told["new"], told["version"], told["rows"]) == (True, "v0002", 2)
    assert told["recipe"]["kinds"] == ["DES", "MC"]
    listed = json.loads(wethink("versions", "--json").stdout)
    assert [version["rows"] for version in listed["versions"]] == [8, 2]
    assert "v0002" in wethink("versions").stdout
    assert "all as they were" in wethink("verify", "v0001").stdout
    row = local.read_parquet("versions/v0002/rows.parquet")["row_id"][0]
    assert json.loads(wethink("explain", row[:8], "--json").stdout)["row_id"] == row
    for part in ("image", "answers", "reasoning path", "made by", "seer-1", row):
        assert part in wethink("explain", row).stdout
    local.delete("versions/v0001/wethink.jsonl")
    broken = wethink("verify")
    assert broken.exit_code == 1
    assert f"missing: {local.url}/versions/v0001/wethink.jsonl" in broken.stdout
    assert json.loads(wethink("verify", "--json").stdout)["sound"] is False


def test_a_store_whose_name_looks_like_markup(wethink: Wethink, local: Store, grower: Grower, tmp_path: Path) -> None:
    assert wethink("cut").exit_code == 0
    Path(local.url).rename(tmp_path / "[b]store")
    (tmp_path / "wethink.toml").write_text('[store]\nurl = "[b]store"\n')
    assert f"dataset versions in {tmp_path}/[b]store" in wethink("versions").stdout


def test_a_recipe_file_and_options_over_it(wethink: Wethink, grower: Grower, tmp_path: Path) -> None:
    recipe = tmp_path / "small.toml"
    recipe.write_text('sources = ["geoqa+"]\nmax_rows = 2\n')
    told = json.loads(wethink("cut", "--recipe", str(recipe), "--max-rows", "1", "--json").stdout)
    assert (told["recipe"]["sources"], told["recipe"]["max_rows"], told["rows"]) == (["geoqa+"], 1, 1)


def test_wrong_options_are_refused(wethink: Wethink, grower: Grower) -> None:
    assert isinstance(wethink("cut", "--kinds", "XX").exception, ConfigError)
    assert isinstance(wethink("cut", "--sources", "nowhere").exception, VersionError)
    assert isinstance(wethink("verify", "v0009").exception, VersionError)
    assert isinstance(wethink("explain", "zz").exception, VersionError)


def test_text_of_a_model_is_shown_as_text(wethink: Wethink, local: Store) -> None:
    hostile = Asked("[bold red]Who?[/] \x1b[2J\u202e", "[/link] yes \x07")
    Grower(local).grow("coco.000001", [(drawing(1), [hostile, COLOUR])])
    wethink("cut")
    rows = local.read_parquet("versions/v0001/rows.parquet")
    row = rows.filter(rows["answer"].str.contains("yes"))["row_id"][0]
    shown = wethink("explain", row).stdout
    assert "[bold red]Who?[/] \ufffd[2J\ufffd" in shown
    assert "[/link] yes \ufffd" in shown
    assert "\x1b[2J" not in shown
    assert visible("a\tb\nc\r\x00") == "a\tb\nc\ufffd\ufffd"
