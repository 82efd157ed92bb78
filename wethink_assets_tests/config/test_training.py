"""Settings of recipes: the paper's defaults, and what does not fit together is refused."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from wethink_assets.config import RecipeSettings, Settings
from wethink_assets.config.loading import load_settings
from wethink_assets.errors import ConfigError


def recipe(**settings: Any) -> RecipeSettings:
    return RecipeSettings.model_validate(settings)


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"accuracy_weight": 0, "format_weight": 0}, "both reward weights are 0"),
        ({"difficulty": [0.8, 0.2]}, "difficulty goes from 0.8 down to 0.2"),
        ({"micro_batch_size": 7}, "micro_batch_size 7 does not divide the 320 completions"),
        ({"rollouts": {"engine": "vllm-server"}}, "need its url"),
        ({"launcher": {"machines": 2}}, "several machines need a command"),
        ({"num_generations": 1}, "greater than or equal to 2"),
    ],
)
def test_settings_that_do_not_fit_are_refused(settings: dict[str, Any], why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        recipe(**settings)


def test_a_wrong_setting_of_a_recipe_is_refused_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "wethink.toml"
    path.write_text("[recipes.a]\nlearning_rate = 1e-5\nlerning_rate = 3\n")
    with pytest.raises(
        ConfigError, match=r"wethink\.toml:\d: unknown setting recipes\.a\.lerning_rate; allowed here: accuracy"
    ):
        load_settings(path, {})
    with pytest.raises(ConfigError, match="no recipe 'b'"):
        Settings().recipe("b")
    path.write_text('[recipes."a b"]\n')
    with pytest.raises(ConfigError, match="a recipe's name is letters"):
        load_settings(path, {})


def test_defaults_are_those_of_the_paper() -> None:
    defaults = recipe()
    assert (
        defaults.num_generations,
        defaults.learning_rate,
        defaults.beta,
        defaults.epsilon,
        defaults.temperature,
    ) == (
        5,
        1e-6,
        0.01,
        0.2,
        1.0,
    )
    assert (defaults.accuracy_weight, defaults.format_weight) == (0.7, 0.3)
