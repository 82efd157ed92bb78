"""Profiles shorten a recipe."""

from wethink_assets.config import RecipeSettings
from wethink_assets.training.studies.catalog import shortened


def test_a_profile_shortens_both_phases_of_a_recipe() -> None:
    recipe = RecipeSettings(steps=61, sft_steps=0, sft_epochs=3.0, epochs=2.0)
    short = shortened(recipe, 0.5)
    assert (short.steps, short.sft_steps, short.epochs, short.sft_epochs) == (30, 0, 1.0, 1.5)
    assert shortened(recipe, 1.0) == recipe
    assert shortened(recipe, 0.001).steps == 1
