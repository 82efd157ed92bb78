"""Recipes in the store: renamed settings keep their names there, so that policies trained before the renaming are found."""

from pathlib import Path

import pytest

from wethink_assets.config import RecipeSettings, load_settings
from wethink_assets.identity import digest_of
from wethink_assets.training.studies.answer_store import COUNTED

FORMER = {
    "system": "Think.",
    "group": 8,
    "schedule": "cosine",
    "warm_up": 3,
    "clip": 0.3,
    "iterations": 2,
    "loss": "grpo",
    "gradient_norm": 0.5,
    "prompt_length": 100,
    "completion_length": 50,
    "micro_batch": 4,
    "sft_batch": 16,
    "checkpoint_every": 7,
    "loader_workers": 2,
    "prompts_per_step": 4,
    "lora": {"rank": 4, "targets": ["q_proj"]},
    "rollouts": {"memory": 0.5, "chunks": 2},
    "kinds": ["MC"],
    "stop": {"kl": 2.0},
    "in_main_run": True,
}
ROOT = Path(__file__).parents[2]


def from_shipped_file(name: str) -> RecipeSettings:
    return load_settings(ROOT / "wethink.toml", {}).recipe(name)


@pytest.mark.parametrize(
    ("recipe", "digest"),
    [
        (RecipeSettings(), "59bc8c091299c5797796cbaf2ba305896a362fc057fd569a4cac2140c9795434"),
        (
            RecipeSettings.model_validate(FORMER),
            "b4886d5ce057e18646b78e453c1df14150557b15cf600907127593d78c9e8963",
        ),
        (from_shipped_file("grpo"), "c7f89496a13f33e7dc9fe5a8f596c931661c88127584d5d41833faa37fc213de"),
        (from_shipped_file("grpo-short"), "bb5ddd71de6644e0c503aeb687983e93e3c889a019a17b032607b51ea59e1840"),
    ],
    ids=["defaults", "all renamed settings", "grpo", "grpo-short"],
)
def test_policies_keep_the_digest_that_release_0_1_gave_them(recipe: RecipeSettings, digest: str) -> None:
    assert digest_of(recipe.counted()) == digest


def test_answers_to_held_out_rows_keep_the_digest_that_release_0_1_gave_them() -> None:
    stored = RecipeSettings.model_validate(FORMER).stored()
    counted = {name: stored[name] for name in COUNTED}
    assert digest_of(counted) == "06664f7bb9aeb0fed903ea9ffc289593f62c62f250b1ed33cdb07ca0700f37f2"


def test_settings_of_a_record_are_read_and_shown_by_their_current_names() -> None:
    recipe = RecipeSettings.model_validate(FORMER)
    stored = recipe.stored()
    assert FORMER.keys() <= stored.keys()
    assert RecipeSettings.model_validate(stored) == recipe
    assert RecipeSettings.current({**stored, "judge": None}) == {**recipe.model_dump(mode="json"), "judge": None}


def test_every_former_name_belongs_to_one_setting() -> None:
    renamed = RecipeSettings.RENAMED
    assert set(renamed.values()) <= set(RecipeSettings.model_fields)
    assert not set(renamed) & set(RecipeSettings.model_fields)
