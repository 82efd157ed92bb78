"""TRL's and transformers' arguments that follow from a recipe.

Settings have TRL's names where it has one; what they mean is in the papers of GRPO (Shao et al. 2024, arXiv 2402.03300) and WeThink.
"""

from pathlib import Path
from typing import Any

import torch
from trl import GRPOConfig

from wethink_assets.config import RecipeSettings


def trainer_settings(recipe: RecipeSettings, work: Path, steps: int, keep: int) -> dict[str, Any]:
    """Arguments by name, for `TrainingArguments` and what derives from it.

    Args:
        work: folder of the checkpoints.
        steps: updates to make.
        keep: checkpoints, at most; the oldest go.
    """
    gpu = torch.cuda.is_available()
    return {
        "output_dir": str(work),
        "seed": recipe.seed,
        "lr_scheduler_type": "constant_with_warmup"
        if recipe.lr_scheduler_type == "constant"
        else recipe.lr_scheduler_type,
        "warmup_steps": recipe.warmup_steps,
        "weight_decay": recipe.weight_decay,
        "max_grad_norm": recipe.max_grad_norm,
        "max_steps": steps,
        "remove_unused_columns": False,
        "dataloader_num_workers": recipe.dataloader_num_workers,
        "use_cpu": not gpu,
        "bf16": recipe.precision == "bfloat16" or (recipe.precision == "auto" and gpu),
        "gradient_checkpointing": recipe.gradient_checkpointing,
        "logging_steps": 1,
        "logging_nan_inf_filter": False,  # would put a mean in place of a NaN, and hide it
        "save_strategy": "steps",
        "save_total_limit": keep,
        "report_to": list(recipe.report_to) or "none",
        "trackio_static_space_id": False,  # nothing leaves the house unasked
        "disable_tqdm": True,
    }


def steps_of(recipe: RecipeSettings, rows: int) -> int:
    """Updates that a recipe makes on so many rows: as many as it says, or as its epochs take."""
    if recipe.steps:
        return recipe.steps
    batches = max(1, round(recipe.epochs * rows / recipe.prompts_per_step))
    return batches * recipe.num_iterations


def between_sets(recipe: RecipeSettings, steps: int) -> int:
    """Steps, at least so many, after which a set of completions has been used up: a checkpoint holds no completions."""
    return -(-steps // recipe.num_iterations) * recipe.num_iterations


def grpo_config(
    recipe: RecipeSettings, work: Path, steps: int, keep: int, processes: int = 1, context_length: int | None = None
) -> GRPOConfig:
    """TRL's configuration of a recipe but for the rewards' weights; `context_length` is the most tokens that the model takes, if known."""
    share = recipe.prompts_per_step * recipe.num_generations // processes
    micro = min(recipe.micro_batch_size or share, share)
    rollouts = recipe.rollouts
    return GRPOConfig(
        **trainer_settings(recipe, work, steps, keep),
        per_device_train_batch_size=micro,
        gradient_accumulation_steps=share // micro,
        num_generations=recipe.num_generations,
        num_iterations=recipe.num_iterations,
        max_completion_length=recipe.max_completion_length,
        temperature=recipe.temperature,
        top_p=recipe.top_p,
        beta=recipe.beta,
        epsilon=recipe.epsilon,
        epsilon_high=recipe.epsilon_high or None,
        loss_type=recipe.loss_type,
        importance_sampling_level=recipe.importance_sampling_level,
        scale_rewards=recipe.scale_rewards,
        mask_truncated_completions=recipe.mask_truncated_completions,
        learning_rate=recipe.learning_rate,
        shuffle_dataset=False,  # the order is ours
        use_vllm=rollouts.engine != "transformers",
        vllm_mode="server" if rollouts.engine == "vllm-server" else "colocate",
        vllm_server_base_url=rollouts.url or None,
        vllm_gpu_memory_utilization=rollouts.gpu_memory,
        vllm_max_model_length=None
        if context_length is None
        else min(context_length, recipe.max_prompt_length + recipe.max_completion_length),
        vllm_tensor_parallel_size=rollouts.tensor_parallel,
        save_steps=between_sets(recipe, recipe.save_steps),
    )
