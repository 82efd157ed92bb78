"""How a finished training run becomes checkpoints to ship: the final weights, a weaker policy chosen by measured accuracy, and a record."""

import json
import os
import platform
import shutil
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch

from wethink_assets.errors import ModelError
from wethink_assets.models.embedded.engine import Engine
from wethink_assets.models.embedded.evaluation import evaluate
from wethink_assets.models.embedded.recipe import POLICY_TARGET, RECIPES, Recipe
from wethink_assets.models.embedded.training import Trainer, snapshots_of

RECORD = "training.json"
CHOOSING = 240
"""Held-out questions that each candidate for the policy is measured on."""


def copy_checkpoint(source: Path, target: Path) -> None:
    """Put a checkpoint in its place, whole or not at all."""
    beside = target.with_name(f".{target.name}.new")
    shutil.rmtree(beside, ignore_errors=True)
    shutil.copytree(source, beside)
    shutil.rmtree(target, ignore_errors=True)
    beside.rename(target)


def _note(out: Path, name: str, facts: dict[str, Any]) -> None:
    path = out / RECORD
    record = json.loads(path.read_text()) if path.exists() else {}
    record[name] = facts
    path.write_text(json.dumps(dict(sorted(record.items())), indent=2) + "\n")


def publish(trainer: Trainer, out: Path) -> None:
    """Copy a finished run's final weights to `out/<checkpoint>` and record recipe and duration."""
    name = trainer.recipe.checkpoint
    copy_checkpoint(trainer.work / "final", out / name)
    times = {"seconds": round(trainer.state.seconds), "cpu_seconds": round(trainer.state.cpu_seconds)}
    _note(out, name, {"recipe": _plain(trainer.recipe), **times, "machine": machine()})


def machine() -> str:
    """What a training ran on, in words."""
    return f"a machine of {os.cpu_count()} cores ({platform.machine()}), {torch.get_num_threads()} of them used"


def _plain(recipe: Recipe) -> dict[str, Any]:
    return asdict(recipe)


def choose_policy(work: Path, out: Path, seed: int = 3) -> tuple[int, float]:
    """Take for `policy` the snapshot of the describer whose share of right answers is nearest to `POLICY_TARGET`.

    Returns its joint step and share. The search stops once two snapshots in a row are clearly better than wanted.
    """
    measured: dict[int, float] = {}
    for step, folder in snapshots_of(work).items():
        accuracies = evaluate(Engine(folder), "policy", CHOOSING, seed)
        measured[step] = next(found.share for found in accuracies if found.group == "all")
        if len(measured) > 1 and all(share > 0.65 for share in list(measured.values())[-2:]):
            break
    if not measured:
        raise ModelError(f"no snapshots below {work}: train the describer first")
    step = min(measured, key=lambda step: abs(measured[step] - POLICY_TARGET))
    copy_checkpoint(snapshots_of(work)[step], out / "policy")
    _note(out, "policy", {"describer_step": step, "share_right_when_chosen": round(measured[step], 4)})
    return step, measured[step]


def policy_recipe() -> Recipe:
    """The describer's recipe up to the last step at which a policy could be wanted: for training that checkpoint alone.

    The learning rate does not fall before the middle of `joint`, so these first steps are the describer's own.
    """
    recipe = RECIPES["describer"]
    return replace(recipe, joint=min(recipe.joint, 1000), decay_share=0.0)
