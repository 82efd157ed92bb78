"""Recipes of cuts: from options, file and configuration."""

import json
from pathlib import Path

import pytest

from wethink_assets.config import CutSettings, DedupSettings, Settings
from wethink_assets.dataset.cuts.recipe import CutRecipe
from wethink_assets.errors import ConfigError

SETTINGS = Settings(cut=CutSettings(max_rows=100), dedup=DedupSettings(phash_distance=4))


def test_the_configuration_is_the_base() -> None:
    recipe = CutRecipe.of(SETTINGS, kinds=("MC",))
    assert (recipe.max_rows, recipe.phash_distance, recipe.kinds) == (100, 4, ("MC",))
    assert recipe.comparison.settings.phash_distance == 4


def test_the_order_of_names_does_not_matter() -> None:
    one, other = CutRecipe(sources=("coco", "ai2d")), CutRecipe(sources=("ai2d", "coco", "coco"))
    assert one == other
    assert one.digest == other.digest != CutRecipe(sources=("ai2d",)).digest


def test_the_code_and_the_configuration_have_the_same_defaults() -> None:
    assert CutRecipe.of(Settings()) == CutRecipe()


def test_the_default_methods_are_no_part_of_a_recipes_digest() -> None:
    named = CutRecipe(image_method="phash", text_method="minhash")
    assert named.digest == CutRecipe().digest == "519a64cd733400c67418667ee2ad23c06f1d0a7d0c87a62a52aa05f14a96a4f2"
    assert list(CutRecipe().model_dump()) == [
        "sources",
        "licences",
        "kinds",
        "max_rows",
        "max_rows_per_source",
        "seed",
        "phash_distance",
        "pixel_difference",
        "text_similarity",
    ]


@pytest.mark.parametrize("name", ["recipe.toml", "recipe.json"])
def test_a_file_says_some_of_it(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    told = {"sources": ["coco"], "seed": 7}
    path.write_text(json.dumps(told) if name.endswith("json") else 'sources = ["coco"]\nseed = 7\n')
    recipe = CutRecipe.read(path, SETTINGS)
    assert (recipe.sources, recipe.seed, recipe.max_rows) == (("coco",), 7, 100)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("kinds = ['XX']", "kinds: unknown question kind 'XX'; known: MC, FIB, DES (given: 'XX')"),
        ("max_row = 3", "unknown setting max_row; allowed: sources, licences, kinds, max_rows"),
        ("max_rows = -1", "max_rows: Input should be greater than or equal to 0 (given: -1)"),
        ("max_rows = ", "is not TOML"),
        ("image_method = 'eye'", "unknown near-duplicate method of images 'eye'; known: phash"),
        ("text_method = 'ear'", "unknown near-duplicate method of texts 'ear'; known: minhash"),
        ("thresholds = {depth = 2}", "unknown threshold 'depth'; the chosen methods declare none of their own"),
    ],
)
def test_a_wrong_file_is_refused_with_what_is_allowed(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "recipe.toml"
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        CutRecipe.read(path, SETTINGS)
    assert str(path) in str(caught.value)
    assert told in str(caught.value)


def test_a_missing_file_and_a_list_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        CutRecipe.read(tmp_path / "none.toml", SETTINGS)
    (tmp_path / "list.json").write_text("[1]")
    with pytest.raises(ConfigError, match="must be a table"):
        CutRecipe.read(tmp_path / "list.json", SETTINGS)
