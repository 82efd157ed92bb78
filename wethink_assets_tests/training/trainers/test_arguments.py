"""A recipe's settings reach TRL under the names that they share with it."""

from dataclasses import fields
from pathlib import Path

import pytest
from trl import GRPOConfig

from wethink_assets.config import RecipeSettings
from wethink_assets.training.trainers.arguments import grpo_config, steps_of

CHANGED = {
    "num_generations": 4,
    "prompts_per_step": 6,
    "micro_batch_size": 12,
    "num_iterations": 2,
    "max_completion_length": 40,
    "temperature": 0.9,
    "top_p": 0.8,
    "beta": 0.02,
    "epsilon": 0.1,
    "epsilon_high": 0.28,
    "loss_type": "grpo",
    "importance_sampling_level": "sequence",
    "scale_rewards": "none",
    "mask_truncated_completions": True,
    "learning_rate": 1e-4,
    "lr_scheduler_type": "cosine",
    "warmup_steps": 3,
    "weight_decay": 0.1,
    "max_grad_norm": 0.5,
    "dataloader_num_workers": 1,
    "gradient_checkpointing": False,
    "seed": 7,
    "save_steps": 4,
    "report_to": ["tensorboard"],
}


def test_settings_that_trl_has_too_have_its_names_and_are_passed_on(tmp_path: Path) -> None:
    recipe = RecipeSettings.model_validate(CHANGED)
    arguments = grpo_config(recipe, tmp_path, steps=10, keep=2)
    shared = set(RecipeSettings.model_fields) & {field.name for field in fields(GRPOConfig)}
    shared.remove("eval_steps")  # evaluations are ours: TRL's sample, and come before the checkpoint
    assert shared == set(CHANGED) - {"prompts_per_step", "micro_batch_size"}
    assert {name: getattr(arguments, name) for name in shared} == {name: CHANGED[name] for name in shared}
    assert (arguments.per_device_train_batch_size, arguments.gradient_accumulation_steps) == (12, 2)


@pytest.mark.parametrize(("save_steps", "num_iterations", "every"), [(5, 1, 5), (5, 2, 6), (2, 4, 4)])
def test_checkpoints_lie_between_two_sets_of_completions(
    tmp_path: Path, save_steps: int, num_iterations: int, every: int
) -> None:
    recipe = RecipeSettings(save_steps=save_steps, num_iterations=num_iterations)
    assert grpo_config(recipe, tmp_path, steps=10, keep=2).save_steps == every


def test_epochs_become_steps_where_no_steps_are_given() -> None:
    assert steps_of(RecipeSettings(epochs=2.0, prompts_per_step=8, num_iterations=2), 40) == 20
    assert steps_of(RecipeSettings(steps=7, epochs=2.0), 40) == 7
