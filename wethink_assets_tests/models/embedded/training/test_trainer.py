"""Training goes on exactly where it was interrupted, and writes checkpoints that load."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from wethink_assets.models.embedded.training.batches import examples_at
from wethink_assets.models.embedded.training.trainer import Progress, Trainer, snapshots_of
from wethink_assets_tests.support.micro_recipe import micro

Work = Callable[[str], Path]


@pytest.mark.parametrize("checkpoint", ["describer", "reasoner"])
def test_interrupted_training_ends_as_uninterrupted(work: Work, checkpoint: str) -> None:
    recipe = micro(checkpoint)
    straight = Trainer(recipe, work("straight"))
    losses: list[float] = []
    assert straight.run(lambda step: losses.append(step.loss))
    resumed_losses: list[float] = []
    finished = False
    while not finished:  # a new process each time, as it were: three steps, then an end without warning
        trainer = Trainer(recipe, work("resumed"))
        trainer.resume()
        finished = trainer.run(lambda step: resumed_losses.append(step.loss), stop_after=3)
    assert resumed_losses == losses
    for name, value in straight.model.state_dict().items():
        assert torch.equal(value, trainer.model.state_dict()[name]), name
    assert (work("resumed") / "final" / "model.safetensors").exists()
    assert {path.suffix for path in work("resumed").rglob("*") if path.is_file()} == {".safetensors", ".json", ".jinja"}


def test_a_state_of_another_recipe_is_refused(work: Work) -> None:
    trainer = Trainer(micro(), work("run"))
    trainer.run(stop_after=1)
    with pytest.raises(ValueError, match="another recipe"):
        Trainer(replace(micro(), seed=9), work("run")).resume()


def test_progress_and_snapshots(work: Work) -> None:
    seen: list[Progress] = []
    Trainer(micro(), work("run")).run(seen.append)
    assert [step.stage for step in seen] == ["vision"] * 2 + ["drills"] * 2 + ["text"] * 2 + ["joint"] * 4
    assert [step.done for step in seen] == list(range(1, 11)) and seen[-1].total == 10
    assert list(snapshots_of(work("run"))) == [2]
    assert json.loads((work("run") / "state" / "state.json").read_text())["stage"] == 4


def test_data_of_a_step_depends_on_seed_stage_and_step_alone() -> None:
    recipe = micro("reasoner")
    prompts = [example.prompt for example in examples_at(recipe, "joint", 6)]
    examples_at(recipe, "joint", 90)
    examples_at(recipe, "drills", 2)
    assert [example.prompt for example in examples_at(recipe, "joint", 6)] == prompts
    assert [example.prompt for example in examples_at(replace(recipe, seed=8), "joint", 6)] != prompts
