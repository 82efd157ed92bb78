"""Held-out accuracy while a run trains: in its curves, the best step published by choice, and the same to the bit after a kill at any moment."""

import shutil
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from pydantic import ValidationError

from wethink_assets.config import RecipeSettings
from wethink_assets.errors import TrainingError
from wethink_assets.intervals import wilson
from wethink_assets.rewards import Reward
from wethink_assets.storage.store import Store
from wethink_assets.training.policies.catalog import Policy, find_policy
from wethink_assets.training.runs.plan import TrainingPlan
from wethink_assets.training.runs.process import execute
from wethink_assets.training.runs.progress import ProgressReporter
from wethink_assets.training.trainers.rewards import Rewarder
from wethink_assets_tests.support.drawn_version import draw_version
from wethink_assets_tests.support.killed_training import Killed
from wethink_assets_tests.support.scripted_endpoint import scripted_endpoint
from wethink_assets_tests.support.training_outcomes import curves, weights
from wethink_assets_tests.training.conftest import Plan, planned_run


@pytest.fixture
def varied(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rewards that differ between completions: a model of random weights is never right, and no step would be better than another."""

    async def reward(self: Rewarder, row: Any, text: str) -> Reward:
        accuracy = zlib.crc32(text.encode()) % 7 / 6
        return Reward(0.7 * accuracy, accuracy, 0.0, "rule", "rule")

    monkeypatch.setattr(Rewarder, "reward", reward)


def trained(planned: TrainingPlan) -> Policy:
    policy = execute(planned, ProgressReporter())
    assert policy is not None
    return policy


def test_a_run_is_evaluated_and_publishes_its_best_step(
    plan: Plan, varied: None, capsys: pytest.CaptureFixture[str]
) -> None:
    planned = plan(eval_steps=1, publish="best", learning_rate=1e-2)
    policy = trained(planned)
    evaluations = policy.figures["evaluations"]
    assert [line["step"] for line in evaluations] == [1, 2, 3, 4]
    best = max(evaluations, key=lambda line: (line["accuracy"], -line["step"]))
    assert policy.figures["published"] == {"choice": "best", "step": best["step"], "of": 4}
    store = planned.open_store()
    answers = store.read_parquet(f"{policy.folder}/evaluations.parquet")
    assert answers["step"].to_list() == [1, 1, 2, 2, 3, 3, 4, 4]
    for line in evaluations:
        grades = answers.filter(pl.col("step") == line["step"])["accuracy"]
        assert line["accuracy"] == pytest.approx(grades.mean(), abs=1e-6)
        assert (line["low"], line["high"]) == pytest.approx(wilson(grades.sum(), 2), abs=1e-6)
    after = store.read_parquet(
        f"{policy.folder}/validation.parquet"
    )  # the published weights answer as those of that step did
    of_best = answers.filter(pl.col("step") == best["step"])
    assert after["completion_after"].to_list() == of_best["completion"].to_list()
    assert curves(planned)["held_out"].to_list() == [line["accuracy"] for line in evaluations]
    card = store.read(f"{policy.folder}/model/README.md").decode()
    assert f"weights of: step {best['step']} of 4, the best of 4 evaluations on the held-out rows" in card
    told = capsys.readouterr().err
    assert f"step 1/4: held-out accuracy {evaluations[0]['accuracy']:.3f} (" in told


@pytest.mark.slow
@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"lora": {"rank": 4, "alpha": 8}, "num_iterations": 2},
        {"method": "sft", "sft_steps": 4, "sft_batch_size": 2},
    ],
    ids=["full", "adapters", "sft"],
)
def test_evaluations_change_nothing_of_the_training(plan: Plan, varied: None, changed: dict[str, Any]) -> None:
    without, with_them = plan("v0001.a", eval_steps=0, **changed), plan("v0001.b", eval_steps=1, seed=0, **changed)
    assert without.digest == with_them.digest  # they are no part of what a policy is
    trained(without)
    expected, steps = weights(without), curves(without)
    shutil.rmtree(Path(without.folder) / "data" / "policies")
    policy = trained(with_them)
    assert [line["step"] for line in policy.figures["evaluations"]] == ([2] if "lora" in changed else [1, 2, 3])
    timeless = [name for name in steps.columns if "second" not in name]
    assert curves(with_them).select(timeless).equals(steps.select(timeless))
    for name, value in weights(with_them).items():
        assert value.equal(expected[name]), name


def kill_at(monkeypatch: pytest.MonkeyPatch, number: int, graded: bool) -> Callable[[], int]:
    """Let a run end at its so-manieth batch of completions, before or after they are graded; returns a counter of the batches."""
    submit, count = Rewarder.submit, 0

    def killing(self: Rewarder, rows: Any, texts: Any) -> Any:
        nonlocal count
        count += 1
        if count == number and not graded:
            raise Killed
        future = submit(self, rows, texts)
        if count == number:
            future.result()
            raise Killed
        return future

    monkeypatch.setattr(Rewarder, "submit", killing)
    return lambda: count


@pytest.mark.slow
@pytest.mark.parametrize(
    ("changed", "kills"),
    [({}, range(1, 9)), ({"lora": {"rank": 4, "alpha": 8}}, (4, 7))],
    ids=["full", "adapters"],
)
def test_a_run_killed_at_any_batch_goes_on_as_if_nothing_had_happened(
    plan: Plan,
    home: Path,
    varied: None,
    monkeypatch: pytest.MonkeyPatch,
    changed: dict[str, Any],
    kills: Sequence[int],
) -> None:
    changed = {"eval_steps": 2, "publish": "best", "save_steps": 3, "learning_rate": 1e-2, **changed}
    straight = plan(**changed)
    with monkeypatch.context() as patch:
        batches = kill_at(patch, 0, graded=False)
        expected = trained(straight)
    figures, uninterrupted, count = expected.figures["evaluations"], weights(straight), batches()
    answers = straight.open_store().read_parquet(f"{expected.folder}/evaluations.parquet")
    assert count == 8 and [line["step"] for line in figures] == [2, 4]
    for number in kills:
        shutil.rmtree(home / "data" / "policies")
        with monkeypatch.context() as patch:
            kill_at(patch, number, graded=bool(number % 2))
            with pytest.raises(Killed):
                execute(straight, ProgressReporter())
        policy = trained(straight)
        assert policy.figures["evaluations"] == figures, number
        assert policy.figures["published"] == expected.figures["published"]
        assert straight.open_store().read_parquet(f"{policy.folder}/evaluations.parquet").equals(answers)
        for name, value in weights(straight).items():
            assert value.equal(uninterrupted[name]), (number, name)


@pytest.mark.slow
def test_no_grade_is_paid_for_twice(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def reply(body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        asked.append(str(body["messages"]))
        score = (
            zlib.crc32(f"{asked[-1]}{len(asked)}".encode()) % 5 / 4
        )  # another one each time, as a service that samples
        choice = {"message": {"role": "assistant", "content": f'{{"score": {score}}}'}, "finish_reason": "stop"}
        return 200, {"model": "judge", "choices": [choice], "usage": {"prompt_tokens": 9, "completion_tokens": 3}}

    changed: dict[str, Any] = {"model": "policy", "accuracy": "judge", "max_completion_length": 80, "temperature": 1.5}
    changed |= {"steps": 4, "save_steps": 4, "eval_steps": 2, "publish": "best", "validation_rows": 3}
    with scripted_endpoint() as served:
        served.reply = reply  # type: ignore[method-assign]
        planned = planned_run(home, judge=served.url, **changed)
        for number in (2, 4, 1):  # in a step, in the first evaluation, after all
            with monkeypatch.context() as patch:
                kill_at(patch, number, graded=True)
                with pytest.raises(Killed):
                    execute(planned, ProgressReporter())
        policy = trained(planned)
    assert len(asked) == len(set(asked)) > 8
    assert policy.figures["cost"]["judge_grades"] >= len(asked)


def test_the_best_step_needs_held_out_rows(tmp_path: Path, tiny_model: Path) -> None:
    draw_version(Store.open(str(tmp_path / "data")), train=4, validation=0)
    planned = planned_run(tmp_path, model=str(tiny_model), publish="best")
    with pytest.raises(TrainingError, match=r"chooses by held-out rows, and v0001 has none"):
        execute(planned, ProgressReporter())
    assert find_policy(planned.open_store(), planned.key) is None


def test_the_best_step_needs_evaluations() -> None:
    with pytest.raises(ValidationError, match="needs evaluations to choose by"):
        RecipeSettings(publish="best", eval_steps=0)
    assert "eval_steps" not in RecipeSettings().counted() and "publish" not in RecipeSettings().counted()
    assert RecipeSettings(publish="best", eval_steps=7).counted()["eval_steps"] == 7
