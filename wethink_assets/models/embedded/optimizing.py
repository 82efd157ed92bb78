"""With which optimiser, and how fast, is each stage trained?"""

import math
from collections.abc import Sequence

import torch

from wethink_assets.models.embedded.recipe import Recipe, StageName

Named = Sequence[tuple[str, torch.nn.Parameter]]


def optimizer_of(recipe: Recipe, stage: StageName, named: Named) -> torch.optim.AdamW:
    """AdamW over named parameters, without decay on biases and norms; `vision` forgets gradients sooner and decays less."""
    groups = [
        {
            "params": [value for _, value in named if value.ndim > 1],
            "weight_decay": 0.02 if stage == "vision" else recipe.weight_decay,
        },
        {"params": [value for _, value in named if value.ndim <= 1], "weight_decay": 0.0},
    ]
    beta2 = 0.95 if stage == "vision" else recipe.beta2
    return torch.optim.AdamW(groups, lr=recipe.learning_rate, betas=(0.9, beta2), fused=True)


def rate_at(recipe: Recipe, stage: StageName, step: int, steps: int) -> float:
    """The learning rate of a step of a stage: warm-up, then constant, falling in `vision`, at the end of `joint`, and in what comes after it."""
    warm = min(1.0, (step + 1) / recipe.warm_up)
    if stage == "vision":
        return recipe.learning_rate * warm * (0.1 + 0.45 * (1 + math.cos(math.pi * step / steps)))
    if stage in ("hardening", "haste"):
        return recipe.learning_rate * recipe.late_factor * warm * (0.02 + 0.49 * (1 + math.cos(math.pi * step / steps)))
    if stage != "joint":
        return recipe.learning_rate * (warm if stage == "drills" else 1.0)
    start = steps * (1 - recipe.decay_share)
    fall = 1.0 if step < start else 0.02 + 0.49 * (1 + math.cos(math.pi * (step - start) / (steps - start)))
    return recipe.learning_rate * recipe.joint_factor * fall
