"""A killed phase of a run resumes as if nothing had happened."""

import shutil
import zlib
from pathlib import Path
from typing import Any

import pytest

from wethink_assets.rewards import Reward
from wethink_assets.training.runs.process import execute
from wethink_assets.training.runs.progress import ProgressReporter
from wethink_assets.training.trainers.checkpoints import WHOLE, newest_whole, step_of
from wethink_assets.training.trainers.rewards import Rewarder
from wethink_assets_tests.support.killed_training import Killed, KillingReporter
from wethink_assets_tests.support.training_outcomes import base_weights, curves, weights
from wethink_assets_tests.training.conftest import Plan


@pytest.fixture
def varied(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rewards that differ between completions: a model of random weights is never right, and would learn nothing."""

    async def reward(self: Rewarder, row: Any, text: str) -> Reward:
        accuracy = zlib.crc32(text.encode()) % 7 / 6
        return Reward(0.7 * accuracy, accuracy, 0.0, "rule", "rule")

    monkeypatch.setattr(Rewarder, "reward", reward)


@pytest.mark.slow
@pytest.mark.parametrize(
    "changed",
    [
        {"steps": 6},
        {"steps": 6, "beta": 0.04, "lr_scheduler_type": "linear", "warmup_steps": 1},
        {"steps": 6, "num_iterations": 2},
        {"steps": 6, "lora": {"rank": 4, "alpha": 8}},
        {"method": "sft", "sft_steps": 6, "sft_batch_size": 4, "sft_learning_rate": 1e-3},
    ],
    ids=["full", "kl", "iterations", "lora", "sft"],
)
def test_a_killed_run_resumes_exactly(plan: Plan, home: Path, varied: None, changed: dict[str, Any]) -> None:
    straight = plan(**changed)
    execute(straight, ProgressReporter())
    expected, uninterrupted = weights(straight), curves(straight)
    base = base_weights(straight)
    assert any(not value.equal(base[name].to(value.dtype)) for name, value in expected.items())  # it did learn
    shutil.rmtree(home / "data" / "policies")
    with pytest.raises(Killed):
        execute(plan(**changed), KillingReporter(after=5))
    [phase] = [path for path in straight.work_folder.iterdir() if path.is_dir()]
    newest = newest_whole(phase)
    assert newest is not None and step_of(newest) == 4
    half = shutil.copytree(newest, phase / "checkpoint-5")  # as if it had been cut short while it was written
    (half / WHOLE).unlink()
    for path in half.glob("*.safetensors"):
        path.write_bytes(path.read_bytes()[:100])
    execute(plan(**changed), ProgressReporter())
    resumed = curves(straight)
    timeless = [name for name in uninterrupted.columns if "second" not in name]
    assert resumed.select(timeless).equals(uninterrupted.select(timeless))
    after = weights(straight)
    assert after.keys() == expected.keys()
    for name, value in expected.items():
        assert value.equal(after[name]), name


@pytest.mark.slow
@pytest.mark.parametrize(
    "further",
    [{}, {"lora": {"rank": 4, "alpha": 8}, "beta": 0.04}],
    ids=["full", "adapters, of which the reference has its own"],
)
def test_a_run_of_two_phases_resumes_in_the_second(
    plan: Plan, home: Path, varied: None, further: dict[str, Any]
) -> None:
    changed = {"method": "sft+grpo", "sft_steps": 2, "sft_batch_size": 4, "sft_learning_rate": 1e-3, "steps": 4}
    changed |= further
    straight = plan(**changed)
    published = execute(straight, ProgressReporter())
    assert published is not None and published.figures["steps"] == {"sft": 2, "grpo": 4}
    assert {"sft_curves.parquet", "curves.parquet"} <= set(published.files)
    expected, uninterrupted = weights(straight), curves(straight)
    alone = plan(**changed | {"method": "sft"})
    execute(alone, ProgressReporter())
    between = weights(alone)
    base = base_weights(straight)
    for one, other in ((base, between), (between, expected)):  # both phases did learn
        assert any(not value.equal(one[name].to(value.dtype)) for name, value in other.items())
    shutil.rmtree(home / "data" / "policies")
    with pytest.raises(Killed):
        execute(plan(**changed), KillingReporter(after=3))
    assert newest_whole(straight.work_folder / "grpo") is not None
    execute(plan(**changed), ProgressReporter())
    timeless = [name for name in uninterrupted.columns if "second" not in name]
    assert curves(straight).select(timeless).equals(uninterrupted.select(timeless))
    after = weights(straight)
    for name, value in expected.items():
        assert value.equal(after[name]), name
