"""Settings under former names: they load with one warning that names the new ones, from the file and from the environment."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from wethink_assets.config import Settings, load_settings
from wethink_assets.config.base import Table
from wethink_assets.config.loading import table_in
from wethink_assets.errors import ConfigError

FORMER = """
[training]
keep_checkpoints = 3

[recipes.group]
group = 6
clip = 0.1
[recipes.group.lora]
targets = ["q_proj"]

[recipes.plain]
max_grad_norm = 0.5
"""


def load(folder: Path, text: str, environ: dict[str, str] | None = None) -> Settings:
    path = folder / "wethink.toml"
    path.write_text(text)
    return load_settings(path, environ or {})


def test_former_names_load_with_one_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(2):
        settings = load(tmp_path, FORMER)
    recipe = settings.recipe("group")
    assert (recipe.num_generations, recipe.epsilon, recipe.lora.target_modules) == (6, 0.1, ("q_proj",))
    assert settings.training.save_total_limit == 3
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert record.getMessage() == (
        f"{tmp_path}/wethink.toml: renamed settings, whose former names work until release 0.3.0: training.keep_checkpoints -> save_total_limit,"
        " recipes.group.group -> num_generations, recipes.group.clip -> epsilon, recipes.group.lora.targets -> target_modules"
    )


def test_the_shipped_file_has_current_names(caplog: pytest.LogCaptureFixture) -> None:
    load_settings(Path(__file__).parents[2] / "wethink.toml", {})
    assert not caplog.records


def test_a_variable_with_a_former_name_overrides_either_name(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    environ = {"WETHINK_RECIPES__A__GROUP": "7"}
    for name in ("group", "num_generations"):
        settings = load(tmp_path, f"[recipes.a]\n{name} = 3\n", environ)
        assert settings.recipe("a").num_generations == 7
    assert "WETHINK_RECIPES__A__GROUP -> WETHINK_RECIPES__A__NUM_GENERATIONS" in caplog.text


def test_a_variable_with_the_current_name_overrides_a_former_one(tmp_path: Path) -> None:
    settings = load(tmp_path, "[recipes.a]\ngroup = 3\n", {"WETHINK_RECIPES__A__NUM_GENERATIONS": "8"})
    assert settings.recipe("a").num_generations == 8


@pytest.mark.parametrize(
    ("text", "environ", "message"),
    [
        (
            "[recipes.a]\ngroup = 3\nnum_generations = 4\n",
            {},
            r"wethink.toml:1: recipes.a: group is the former name of num_generations: give num_generations alone",
        ),
        ("[recipes.a]\n\ngroup = 1\n", {}, r"wethink.toml:3: recipes.a.num_generations: .*equal to 2 \(given: 1\)"),
        (
            "",
            {"WETHINK_RECIPES__A__CLIP": "0"},
            r"environment variable WETHINK_RECIPES__A__CLIP: recipes.a.epsilon: .*greater than 0",
        ),
        (
            "",
            {"WETHINK_RECIPES__A__CLIP": "1", "WETHINK_RECIPES__A__EPSILON": "1"},
            "WETHINK_RECIPES__A__CLIP and WETHINK_RECIPES__A__EPSILON set the same: recipes.a.epsilon",
        ),
        ("[recipes.group]\nkeep_checkpoints = 1\n", {}, r"unknown setting recipes.group.keep_checkpoints; allowed"),
    ],
)
def test_a_wrong_setting_under_a_former_name_is_refused(
    tmp_path: Path, text: str, environ: dict[str, str], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        load(tmp_path, text, environ)


def tables_below(table: type[Table], name: str = "") -> Iterator[tuple[str, type[Table]]]:
    """Every table that a configuration can have, with its place."""
    for field, info in table.model_fields.items():
        inner = table_in(info.annotation)
        if inner is not None and issubclass(inner, Table):
            yield f"{name}{field}", inner
            yield from tables_below(inner, f"{name}{field}.")


@pytest.mark.parametrize(
    ("former", "now"),
    sorted({pair for _, table in tables_below(Settings) for pair in table.RENAMED.items()}),
)
def test_each_renamed_setting_is_listed_as_deprecated(former: str, now: str) -> None:
    changelog = (Path(__file__).parents[2] / "CHANGELOG.md").read_text().partition("### Deprecated")[2]
    assert f"{former}`" in changelog and f"{now}`" in changelog


@pytest.mark.parametrize(("place", "table"), tables_below(Settings))
def test_a_renamed_setting_has_its_new_name_in_its_table(place: str, table: type[Table]) -> None:
    assert set(table.RENAMED.values()) <= set(table.model_fields), place
    assert not set(table.RENAMED) & set(table.model_fields), place


def test_the_nightly_settings_load_under_former_names(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    text = "[growth]\nbatches_a_night = 7\nbatches_at_once = 2\nobserve_seconds = 60\nnightly = '0 1 * * *'\ncut = '0 2 * * *'\n"
    growth = load(tmp_path, text).growth
    assert (growth.max_batches_per_night, growth.max_concurrent_batches, growth.observe_interval_seconds) == (7, 2, 60)
    assert (growth.nightly_cron, growth.cut_cron) == ("0 1 * * *", "0 2 * * *")
    assert "growth.batches_a_night -> max_batches_per_night" in caplog.text
