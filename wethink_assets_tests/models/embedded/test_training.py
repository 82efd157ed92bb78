"""Training goes on exactly where it was interrupted, and writes checkpoints that load."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from wethink_assets.models.embedded.recipe import micro
from wethink_assets.models.embedded.training import Progress, Trainer, snapshots_of
from wethink_assets.models.embedded.training_data import examples_at


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.mark.parametrize("checkpoint", ["describer", "reasoner"])
def test_interrupted_training_ends_as_uninterrupted(tmp_path: Path, checkpoint: str) -> None:
    recipe = micro(checkpoint)
    straight = Trainer(recipe, tmp_path / "straight")
    losses: list[float] = []
    assert straight.run(lambda step: losses.append(step.loss))
    resumed_losses: list[float] = []
    finished = False
    while not finished:  # a new process each time, as it were: three steps, then an end without warning
        trainer = Trainer(recipe, tmp_path / "resumed")
        trainer.resume()
        finished = trainer.run(lambda step: resumed_losses.append(step.loss), stop_after=3)
    assert resumed_losses == losses
    for name, value in straight.model.state_dict().items():
        assert torch.equal(value, trainer.model.state_dict()[name]), name
    assert (tmp_path / "resumed" / "final" / "model.safetensors").exists()
    assert not list(tmp_path.rglob("*.pt")) and not list(tmp_path.rglob("*.bin")) and not list(tmp_path.rglob("*.pkl"))


def test_a_state_of_another_recipe_is_refused(tmp_path: Path) -> None:
    trainer = Trainer(micro(), tmp_path)
    trainer.run(stop_after=1)
    with pytest.raises(ValueError, match="another recipe"):
        Trainer(replace(micro(), seed=9), tmp_path).resume()


def test_progress_and_snapshots(tmp_path: Path) -> None:
    seen: list[Progress] = []
    Trainer(micro(), tmp_path).run(seen.append)
    assert [step.stage for step in seen] == ["vision"] * 2 + ["drills"] * 2 + ["text"] * 2 + ["joint"] * 4
    assert [step.done for step in seen] == list(range(1, 11)) and seen[-1].total == 10
    assert list(snapshots_of(tmp_path)) == [2]
    assert json.loads((tmp_path / "state" / "state.json").read_text())["stage"] == 4


def test_data_of_a_step_depends_on_seed_stage_and_step_alone() -> None:
    recipe = micro("reasoner")
    prompts = [example.prompt for example in examples_at(recipe, "joint", 6)]
    examples_at(recipe, "joint", 90)
    examples_at(recipe, "drills", 2)
    assert [example.prompt for example in examples_at(recipe, "joint", 6)] == prompts
    assert [example.prompt for example in examples_at(replace(recipe, seed=8), "joint", 6)] != prompts
