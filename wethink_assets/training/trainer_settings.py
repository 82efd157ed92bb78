"""Which arguments of transformers' trainers follow from a recipe in the same way, whatever it is trained by?"""

from pathlib import Path
from typing import Any

import torch

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
        "lr_scheduler_type": "constant_with_warmup" if recipe.schedule == "constant" else recipe.schedule,
        "warmup_steps": recipe.warm_up,
        "weight_decay": recipe.weight_decay,
        "max_grad_norm": recipe.gradient_norm,
        "max_steps": steps,
        "remove_unused_columns": False,
        "dataloader_num_workers": recipe.loader_workers,
        "use_cpu": not gpu,
        "bf16": recipe.precision == "bfloat16" or (recipe.precision == "auto" and gpu),
        "gradient_checkpointing": recipe.gradient_checkpointing,
        "logging_steps": 1,
        "logging_nan_inf_filter": False,  # would put a mean in place of a NaN, and hide it
        "save_strategy": "steps",
        "save_total_limit": keep,
        "report_to": "none",
        "disable_tqdm": True,
    }
