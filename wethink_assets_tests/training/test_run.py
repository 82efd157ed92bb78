"""A training run publishes a whole policy once, and goes on after a kill as if nothing had happened."""

import shutil
import signal
import zlib
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from wethink_assets.errors import TrainingError
from wethink_assets.models.embedded.checkpoints import checkpoint_digest
from wethink_assets.rewards import Reward
from wethink_assets.training.policies.catalog import find_policy, local_checkpoint
from wethink_assets.training.runs.process import execute, main, read_outcome
from wethink_assets.training.runs.progress import ProgressReporter
from wethink_assets.training.trainers.checkpoints import WHOLE, newest_whole, step_of
from wethink_assets.training.trainers.rewards import Rewarder
from wethink_assets_tests.support.training_outcomes import base_weights, curves, weights
from wethink_assets_tests.training.conftest import Plan


def test_a_run_leaves_a_whole_policy_and_is_not_repeated(plan: Plan, capsys: pytest.CaptureFixture[str]) -> None:
    planned = plan()
    store = planned.open_store()
    published = execute(planned, ProgressReporter())
    assert published is not None and find_policy(store, planned.key) == published
    assert set(published.files) >= {
        "completions.parquet",
        "curves.parquet",
        "validation.parquet",
        "model/README.md",
        "model/model.safetensors",
        "plots/curves.png",
        "plots/preview.png",
    }
    assert published.figures["steps"] == {"grpo": 4} and published.figures["rows"]["used"] > 0
    assert published.figures["rows"]["left_out"]["needs_judge"] > 0
    assert published.figures["cost"]["cpu_seconds"] > 0
    assert published.model_digest == checkpoint_digest(str(local_checkpoint(store, published)))
    card = store.read(f"{published.folder}/model/README.md").decode()
    assert published.manifest in card and '"learning_rate": 0.001' in card and "- trl 1." in card
    completions = store.read_parquet(f"{published.folder}/completions.parquet")
    assert completions.height == 4 * 2 * 2 and completions["reward"].is_not_null().all()
    assert completions.group_by("step").agg(pl.col("row_id").n_unique())["row_id"].to_list() == [2] * 4
    assert curves(planned)["step"].to_list() == [1, 2, 3, 4]
    assert not (planned.work_folder / "grpo").exists()  # the working folder is tidied
    again = plan("v0001.other-name")
    assert again.digest == planned.digest
    known = execute(again, ProgressReporter())
    assert known is not None and known.digest == published.digest
    assert "trained already" in capsys.readouterr().err
    assert find_policy(store, "v0001.other-name") is not None


@pytest.mark.parametrize("engine", ["vllm-colocated", "vllm-server"])
def test_completions_by_vllm_without_vllm_say_what_to_do(plan: Plan, engine: str) -> None:
    planned = plan(rollouts={"engine": engine, "url": "http://127.0.0.1:1"})
    with pytest.raises(TrainingError, match=f"{engine} need vLLM .* install the extra `gpu`"):
        execute(planned, ProgressReporter())
    assert find_policy(planned.open_store(), planned.key) is None


@pytest.fixture
def varied(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rewards that differ between completions: a model of random weights is never right, and would learn nothing."""

    async def reward(self: Rewarder, row: Any, text: str) -> Reward:
        accuracy = zlib.crc32(text.encode()) % 7 / 6
        return Reward(0.7 * accuracy, accuracy, 0.0, "rule", "rule")

    monkeypatch.setattr(Rewarder, "reward", reward)


class Killed(BaseException):
    """A process that ends without a word, as it were."""


class Killing(ProgressReporter):
    """Kills the run after a step."""

    def __init__(self, after: int) -> None:
        super().__init__()
        self.after = after

    def step(self, figures: Any) -> None:
        if figures["step"] == self.after:
            raise Killed


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
def test_a_killed_run_goes_on_exactly(plan: Plan, home: Path, varied: None, changed: dict[str, Any]) -> None:
    straight = plan(**changed)
    execute(straight, ProgressReporter())
    expected, uninterrupted = weights(straight), curves(straight)
    base = base_weights(straight)
    assert any(not value.equal(base[name].to(value.dtype)) for name, value in expected.items())  # it did learn
    shutil.rmtree(home / "data" / "policies")
    with pytest.raises(Killed):
        execute(plan(**changed), Killing(after=5))
    [part] = [path for path in straight.work_folder.iterdir() if path.is_dir()]
    newest = newest_whole(part)
    assert newest is not None and step_of(newest) == 4
    half = shutil.copytree(newest, part / "checkpoint-5")  # as if it had been cut short while it was written
    (half / WHOLE).unlink()
    for path in half.glob("*.safetensors"):
        path.write_bytes(path.read_bytes()[:100])
    execute(plan(**changed), ProgressReporter())
    resumed = curves(straight)
    told = [name for name in uninterrupted.columns if "second" not in name]
    assert resumed.select(told).equals(uninterrupted.select(told))
    found = weights(straight)
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        assert value.equal(found[name]), name


@pytest.mark.slow
def test_a_run_of_two_parts_goes_on_in_the_second(plan: Plan, home: Path, varied: None) -> None:
    changed = {"method": "sft+grpo", "sft_steps": 2, "sft_batch_size": 4, "sft_learning_rate": 1e-3, "steps": 4}
    straight = plan(**changed)
    published = execute(straight, ProgressReporter())
    assert published is not None and published.figures["steps"] == {"sft": 2, "grpo": 4}
    assert {"sft_curves.parquet", "curves.parquet"} <= set(published.files)
    expected, uninterrupted = weights(straight), curves(straight)
    alone = plan(**changed | {"method": "sft"})
    execute(alone, ProgressReporter())
    between = weights(alone)
    base = base_weights(straight)
    for one, other in ((base, between), (between, expected)):  # both parts did learn
        assert any(not value.equal(one[name].to(value.dtype)) for name, value in other.items())
    shutil.rmtree(home / "data" / "policies")
    with pytest.raises(Killed):
        execute(plan(**changed), Killing(after=3))
    assert newest_whole(straight.work_folder / "grpo") is not None
    execute(plan(**changed), ProgressReporter())
    told = [name for name in uninterrupted.columns if "second" not in name]
    assert curves(straight).select(told).equals(uninterrupted.select(told))
    found = weights(straight)
    for name, value in expected.items():
        assert value.equal(found[name]), name


@pytest.mark.slow
@pytest.mark.parametrize("method", ["sft", "sft+grpo"])
def test_the_embedded_policy_learns_from_reasoning_paths(plan: Plan, method: str) -> None:
    planned = plan(
        model="policy",
        method=method,
        accuracy="hybrid",
        max_completion_length=80,
        sft_steps=6,
        sft_batch_size=8,
        sft_learning_rate=1e-4,
        learning_rate=7e-5,
        steps=2,
    )
    published = execute(planned, ProgressReporter())
    assert published is not None and planned.base["identity"]["model"] == "embedded/policy"
    store = planned.open_store()
    name = "curves" if method == "sft" else "sft_curves"
    losses = store.read_parquet(f"{published.folder}/{name}.parquet")["loss"].to_list()
    assert len(losses) == 6 and sum(losses[3:]) < sum(losses[:3])
    answered = store.read_parquet(f"{published.folder}/validation.parquet")
    assert answered["format_before"].to_list() == answered["format_after"].to_list() == [1.0, 1.0]
    if method == "sft+grpo":
        written = store.read_parquet(f"{published.folder}/completions.parquet")
        assert written["accuracy"].drop_nulls().max() > 0


@pytest.mark.slow
def test_stock_transformers_loses_the_weights_and_ours_does_not(
    plan: Plan, varied: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    from transformers import Trainer

    from wethink_assets.training.trainers.checkpoints import WholeCheckpointsMixin

    planned = plan(steps=4, save_steps=2)
    with pytest.raises(Killed):
        execute(planned, Killing(after=3))
    seen = {}

    def spy(self: Any, checkpoint: str, model: Any = None) -> None:
        before = {name: value.clone() for name, value in self.model.state_dict().items()}
        Trainer._load_from_checkpoint(self, checkpoint)
        seen["stock"] = all(value.equal(before[name]) for name, value in self.model.state_dict().items())
        restored(self, checkpoint)
        seen["ours"] = all(value.equal(before[name]) for name, value in self.model.state_dict().items())

    # Only from within, between the constructor and the first step, can be seen whose weights there are.
    restored = WholeCheckpointsMixin._load_from_checkpoint
    monkeypatch.setattr(WholeCheckpointsMixin, "_load_from_checkpoint", spy)
    execute(planned, ProgressReporter())
    assert seen == {"stock": True, "ours": False}  # whether the weights stayed those of the constructor


def test_a_run_without_rows_says_why(plan: Plan) -> None:
    with pytest.raises(TrainingError, match=r"v0001 has no row to train on: of its 24 training rows all are left out"):
        execute(plan(kinds=["DES"]), ProgressReporter())


def test_an_early_stop_is_told_with_what_to_change(plan: Plan) -> None:
    planned = plan(stop={"patience": 1, "zero_variance": 0.0}, steps=2)
    before = signal.getsignal(signal.SIGTERM)
    assert main(str(planned.write())) == 1
    signal.signal(signal.SIGTERM, before)
    assert "of reward collapse: " in read_outcome(planned)["error"]
    assert find_policy(planned.open_store(), planned.key) is None
