"""A run that goes wrong is stopped with what to change; a checkpoint that was cut short does not count; figures are written down whole."""

import json
import math
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from pydantic import ValidationError

from wethink_assets.config import RecipeSettings, Settings
from wethink_assets.config.loading import load_settings
from wethink_assets.errors import ConfigError, TrainingError
from wethink_assets.training.policies.plots import column, draw_curves, small, smoothed, sparkline, write_plots
from wethink_assets.training.runs.plan import TrainingPlan, command_of
from wethink_assets.training.trainers.checkpoints import is_whole, newest_whole, remove_unfinished, seal, step_of
from wethink_assets.training.trainers.guards import Guard, out_of_memory
from wethink_assets.training.trainers.recorder import RunRecorder, curves_table, figures_of, read_lines
from wethink_assets.training.validation.held_out import gains, paired
from wethink_assets_tests.training.conftest import Plan


def recipe(**settings: Any) -> RecipeSettings:
    return RecipeSettings.model_validate(settings)


@pytest.mark.parametrize(
    ("figures", "what", "advice"),
    [
        ({"zero_variance": 0.96}, "3 steps of reward collapse", "difficulty"),
        ({"zero_variance": 0.95}, "3 steps of reward collapse", "temperature"),
        ({"kl": 1.2}, "3 steps of runaway KL", "raise `beta`"),
    ],
)
def test_bounds_must_be_passed_for_some_steps_in_a_row(figures: dict[str, float], what: str, advice: str) -> None:
    guard = Guard(recipe(stop={"patience": 3}))
    for step in (1, 2, 4, 5):
        guard.check(step, figures if step != 4 else {"zero_variance": 0.4, "kl": 0.1})
    guard.check(6, figures)
    with pytest.raises(TrainingError, match=what) as error:
        guard.check(7, figures)
    assert advice in str(error.value) and "stopped at step 7" in str(error.value)


def test_a_length_explosion_is_long_and_cut_off() -> None:
    guard = Guard(recipe(stop={"patience": 2}))
    for step in range(1, 4):
        guard.check(step, {"length": 100.0, "cut_off": 0.0})
    for step in range(4, 9):
        guard.check(step, {"length": 500.0, "cut_off": 0.1})  # long, but they end by themselves
    guard.check(9, {"length": 500.0, "cut_off": 0.9})
    with pytest.raises(TrainingError, match="length explosion"):
        guard.check(10, {"length": 500.0, "cut_off": 0.9})


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_loss_that_is_no_number_stops_at_once(value: float) -> None:
    with pytest.raises(TrainingError, match=r"stopped at step 5: loss is (nan|inf)\. .*lower `learning_rate`"):
        Guard(recipe()).check(5, {"loss": value})


def test_out_of_memory_names_the_settings_to_lower() -> None:
    told = out_of_memory(RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB"))
    assert told is not None and "micro_batch_size" in told and "lora.rank" in told
    assert out_of_memory(MemoryError()) and out_of_memory(ValueError("no")) is None


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


def rewarded(kind: str, accuracy: float | None, tokens: int = 10) -> dict[str, Any]:
    named = {"row_id": "r", "image_id": "i", "kind": kind, "problem": "p", "answer": "a", "completion": "c"}
    return {**named, "tokens": tokens, "accuracy": accuracy, "format": 1.0, "reward": 1.0, "graded_by": "rule"}


def test_a_record_goes_on_from_a_step_and_counts_lost_seconds(tmp_path: Path) -> None:
    record = RunRecorder(tmp_path)
    for step in (1, 2, 3):
        record.step({"step": step, "reward": step / 10})
        record.completions(step, [rewarded("MC", 1.0)])
    spent = record.save_spent()
    with (tmp_path / "curves.jsonl").open("a") as file:
        file.write('{"step": 4, "rew')  # killed while it wrote
    again = RunRecorder(tmp_path, from_step=2)
    assert (
        [line["step"] for line in again.lines]
        == [1, 2]
        == [line["step"] for line in read_lines(tmp_path / "curves.jsonl")]
    )
    assert again.all_completions().collect()["step"].to_list() == [1, 2]
    assert again.save_spent()["wall"] >= spent["wall"]


def test_figures_of_a_step() -> None:
    logs = {"loss": 0.5, "rewards/accuracy_reward/mean": 0.25, "step_time": 2.0, "kl": None}
    line = figures_of(logs, 7, [rewarded("MC", 1.0), rewarded("MC", 0.0), rewarded("DES", None, 20)])
    assert line["step"] == 7 and line["accuracy"] == 0.25 and line["kl"] is None
    assert line["tokens"] == 40 and line["tokens_per_second"] == 20 and line["accuracy/MC"] == 0.5
    assert "accuracy/DES" not in line and line["judge_failed"] == pytest.approx(1 / 3)
    table = curves_table([line, {**line, "loss": math.nan, "extra": 1.0}])
    assert table["loss"].to_list() == [0.5, None] and table["extra"].to_list() == [None, 1.0]


def test_curves_are_small_pictures(tmp_path: Path) -> None:
    lines = [
        {"step": step, "reward": step / 200, "accuracy/MC": None, "length": 30 + step % 7} for step in range(1, 201)
    ]
    write_plots(lines, "v0001.grpo", tmp_path)
    assert (tmp_path / "curves.png").read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "preview.png").stat().st_size < 12_000
    assert small(draw_curves(lines, "t", ["reward"]), 10) == b""
    assert smoothed([1.0, None, 3.0], 2) == [1.0, 1.0, 3.0] and column(lines, "kl")[0] is None
    assert sparkline([None, None]) == "" and len(sparkline(list(range(1000)))) <= 40


def test_pairs_give_a_gain_with_its_interval() -> None:
    told = paired([0.0] * 50 + [1.0] * 50, [1.0] * 20 + [0.0] * 30 + [1.0] * 50)
    assert told["before"] == 0.5 and told["after"] == 0.7 and told["gain"] == 0.2
    assert told["low"] == pytest.approx(0.2 - 1.96 * math.sqrt(0.16 * 100 / 99 / 100), abs=1e-3)
    assert paired([], [])["n"] == 0
    one = paired([0.0], [1.0])
    assert (one["gain"], one["low"], one["high"]) == (1.0, -1.0, 1.0)
    few = paired([0.0, 0.0], [0.0, 1.0])
    assert few["gain"] == 0.5 and few["low"] < 0 and few["high"] == 1.0
    before = pl.DataFrame(
        {"row_id": ["a", "b", "c"], "kind": ["MC", "DES", "DES"], "accuracy": [1.0, None, 0.5], "format": [1.0] * 3}
    )
    after = before.with_columns(pl.Series("accuracy", [1.0, 1.0, 1.0]))
    told_by = gains(before, after)
    assert told_by["all"]["n"] == 2 and told_by["DES"]["gain"] == 0.5  # what was not graded both times is left out


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"accuracy_weight": 0, "format_weight": 0}, "both reward weights are 0"),
        ({"difficulty": [0.8, 0.2]}, "difficulty goes from 0.8 down to 0.2"),
        ({"micro_batch_size": 7}, "micro_batch_size 7 does not divide the 320 completions"),
        ({"rollouts": {"engine": "vllm-server"}}, "need its url"),
        ({"launcher": {"machines": 2}}, "several machines need a command"),
        ({"num_generations": 1}, "greater than or equal to 2"),
    ],
)
def test_settings_that_do_not_fit_are_refused(settings: dict[str, Any], why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        recipe(**settings)


def test_a_recipe_of_the_file_is_told_by_line(tmp_path: Path) -> None:
    path = tmp_path / "wethink.toml"
    path.write_text("[recipes.a]\nlearning_rate = 1e-5\nlerning_rate = 3\n")
    with pytest.raises(
        ConfigError, match=r"wethink\.toml:\d: unknown setting recipes\.a\.lerning_rate; allowed here: accuracy"
    ):
        load_settings(path, {})
    with pytest.raises(ConfigError, match="no recipe 'b'"):
        Settings().recipe("b")
    path.write_text('[recipes."a b"]\n')
    with pytest.raises(ConfigError, match="a recipe's name is letters"):
        load_settings(path, {})


def test_defaults_are_those_of_the_paper() -> None:
    defaults = recipe()
    assert (
        defaults.num_generations,
        defaults.learning_rate,
        defaults.beta,
        defaults.epsilon,
        defaults.temperature,
    ) == (
        5,
        1e-6,
        0.01,
        0.2,
        1.0,
    )
    assert (defaults.accuracy_weight, defaults.format_weight) == (0.7, 0.3)


def test_what_a_run_is_started_with(plan: Plan) -> None:
    def planned(**changed: Any) -> TrainingPlan:
        return plan(model="policy", **changed)  # of the package: nothing needs to be built

    plain = planned()
    assert command_of(plain, "python")[:3] == ["python", "-m", "wethink_assets.training.runs.process"]
    several = command_of(planned(launcher={"processes": 2}), "python")
    assert several[:5] == ["python", "-m", "accelerate.commands.launch", "--num_processes", "2"]
    own = command_of(planned(launcher={"machines": 2, "processes": 2, "command": ["srun", "python"]}), "python")
    assert own[:4] == ["srun", "python", "-m", "wethink_assets.training.runs.process"]
    assert plain.digest == planned(threads=2, save_steps=4, in_main_run=True).digest
    assert plain.digest != planned(seed=1).digest != planned(format_weight=0.5).digest
    path = plain.write()
    assert path.stat().st_mode & 0o077 == 0 and json.loads(path.read_text())["key"] == "v0001.tiny"
