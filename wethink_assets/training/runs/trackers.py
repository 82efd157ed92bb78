"""Trackers of a training beside the curves in Dagster: transformers' own callbacks, by `report_to` of the recipe, in a folder of this machine."""

import os
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from wethink_assets.config import RecipeSettings
from wethink_assets.errors import TrainingError
from wethink_assets.training.runs.plan import TrainingPlan

PROJECT = "wethink"
FOLDERS = {"tensorboard": "TENSORBOARD_LOGGING_DIR", "trackio": "TRACKIO_DIR", "wandb": "WANDB_DIR"}
"""Variables that say where each tracker writes; one that is set already is left as it is."""


def require_trackers(recipe: RecipeSettings) -> None:
    """Raise `TrainingError` for a tracker whose package is not in the environment that trains."""
    missing = [name for name in recipe.report_to if find_spec(name) is None]
    if missing:
        raise TrainingError(
            f"`report_to` names {' and '.join(missing)}, which {sys.executable} lacks: `pip install {' '.join(missing)}` there, or leave it out"
        )


def point_trackers(plan: TrainingPlan, phase: str) -> None:
    """Let the trackers of a phase write into `[training] trackers`: TensorBoard to a folder of the run, others to one that runs share.

    The working folder is no place for them: it goes when the policy is published.
    """
    folder = Path(plan.configuration.resolve(plan.configuration.training.trackers))
    for name in plan.recipe.report_to:
        target = folder / name / plan.key / phase if name == "tensorboard" else folder / name
        if name == "tensorboard" or FOLDERS[name] not in os.environ:
            target.mkdir(parents=True, exist_ok=True)
            os.environ[FOLDERS[name]] = str(target)


def name_run(arguments: Any, plan: TrainingPlan, phase: str) -> None:
    """Name a trainer's run and project as the trackers show them."""
    arguments.run_name, arguments.project = f"{plan.key}.{phase}", PROJECT
