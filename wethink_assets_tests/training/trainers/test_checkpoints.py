"""A checkpoint that was cut short does not count, and a trainer resumes from a whole one with its very weights."""

from pathlib import Path

import pytest
from transformers import Trainer, TrainingArguments

from wethink_assets.training.policies.base_model import load_model
from wethink_assets.training.runs.process import execute
from wethink_assets.training.trainers.checkpoints import (
    WholeCheckpointsMixin,
    is_whole,
    newest_whole,
    remove_unfinished,
    seal,
    step_of,
)
from wethink_assets_tests.support.killed_training import Killed, KillingReporter
from wethink_assets_tests.training.conftest import Plan


def checkpoint(work: Path, step: int, whole: bool = True) -> Path:
    folder = work / f"checkpoint-{step}"
    folder.mkdir(parents=True)
    (folder / "model.safetensors").write_bytes(b"w" * 100)
    (folder / "optimizer.pt").write_bytes(b"o" * 50)
    if whole:
        seal(folder)
    return folder


def test_only_whole_checkpoints_count(tmp_path: Path) -> None:
    assert newest_whole(tmp_path) is None
    first, second = checkpoint(tmp_path, 5), checkpoint(tmp_path, 10)
    third = checkpoint(tmp_path, 15, whole=False)
    (tmp_path / "checkpoint-other").mkdir()
    assert newest_whole(tmp_path) == second and step_of(second) == 10 and not is_whole(third)
    (second / "model.safetensors").write_bytes(b"w" * 99)  # cut short after it had been sealed
    assert newest_whole(tmp_path) == first
    assert remove_unfinished(tmp_path) == ["checkpoint-10", "checkpoint-15", "checkpoint-other"]
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint-5"]
    (first / "optimizer.pt").unlink()
    assert newest_whole(tmp_path) is None


class Resuming(WholeCheckpointsMixin, Trainer):
    """transformers' trainer, but for the weights that it resumes from."""


@pytest.mark.slow
@pytest.mark.parametrize(("trainer", "restored"), [(Trainer, False), (Resuming, True)])
def test_stock_transformers_loses_the_weights_and_ours_does_not(
    plan: Plan, tmp_path: Path, trainer: type[Trainer], restored: bool
) -> None:
    planned = plan(steps=4, save_steps=2, method="sft", sft_steps=4, sft_batch_size=2, sft_learning_rate=1e-2)
    with pytest.raises(Killed):
        execute(planned, KillingReporter(after=3))
    saved = newest_whole(planned.work_folder / "sft")
    assert saved is not None and step_of(saved) == 2
    model, learnt = load_model(planned.base_model, "float32"), load_model(planned.base_model, "float32", str(saved))
    at_first = {name: value.clone() for name, value in model.state_dict().items()}
    arguments = TrainingArguments(str(tmp_path / "out"), max_steps=2, use_cpu=True, report_to="none", disable_tqdm=True)
    trainer(model, arguments, train_dataset=[{"index": 0}] * 4).train(
        resume_from_checkpoint=str(saved)
    )  # all steps are done
    now = model.state_dict()
    assert all(value.equal(now[name]) for name, value in (learnt.state_dict() if restored else at_first).items())
    assert not all(value.equal(now[name]) for name, value in (at_first if restored else learnt.state_dict()).items())
