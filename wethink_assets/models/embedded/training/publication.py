"""Publication of a finished training run as checkpoints to ship: the final weights, the weaker policy, and a record."""

import json
import os
import platform
import shutil
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch

from wethink_assets.errors import ModelError
from wethink_assets.models.embedded.training.recipe import RECIPES, Recipe
from wethink_assets.models.embedded.training.trainer import Trainer, snapshots_of

RECORD = "training.json"


def copy_checkpoint(source: Path, target: Path) -> None:
    """Put a checkpoint in its place, whole or not at all."""
    beside = target.with_name(f".{target.name}.new")
    target.parent.mkdir(parents=True, exist_ok=True)
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


def first_steps() -> Recipe:
    """The describer's recipe up to the snapshot that the policy starts from: for training that checkpoint alone.

    The learning rate does not fall before the middle of `joint`, so these first steps are the describer's own.
    """
    return replace(RECIPES["describer"], joint=RECIPES["policy"].starts_from + 1, decay_share=0.0)


def policy_trainer(describer: Path, work: Path, device: str = "cpu") -> Trainer:
    """A training of `policy` below `work` that starts from a snapshot of the describer's training below `describer`.

    Raises ModelError where that training has not come to the snapshot.
    """
    recipe = RECIPES["policy"]
    snapshot = snapshots_of(describer).get(recipe.starts_from)
    if snapshot is None:
        raise ModelError(
            f"{describer} has no snapshot of joint step {recipe.starts_from}, from which the policy starts: train the describer first"
        )
    if not (work / "tokenizer").exists():
        copy_checkpoint(describer / "tokenizer", work / "tokenizer")
    trainer = Trainer(recipe, work, device)
    trainer.start_from(snapshot)
    return trainer
