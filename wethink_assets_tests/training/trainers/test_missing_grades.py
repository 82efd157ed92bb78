"""A completion that the judge gave no grade moves neither the policy nor the mean of its group, and too many of them stop a run."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from safetensors.torch import load_file

from wethink_assets.errors import TrainingError
from wethink_assets.models.embedded.checkpoints import checkpoint_folder
from wethink_assets.training.policies.catalog import Policy, local_checkpoint
from wethink_assets.training.runs.plan import TrainingPlan
from wethink_assets.training.runs.process import execute
from wethink_assets.training.runs.progress import ProgressReporter
from wethink_assets_tests.support.scripted_endpoint import ScriptedEndpoint, scripted_endpoint
from wethink_assets_tests.support.training_outcomes import curves
from wethink_assets_tests.training.conftest import planned_run

pytestmark = pytest.mark.slow


class Judge:
    """Grades as JSON, but for each of so many completions on which it talks nonsense."""

    def __init__(self, nonsense: int) -> None:
        self.nonsense = nonsense
        self.about = dict[str, bool]()

    def reply(self, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        asked = str(body["messages"])
        fails = self.about.setdefault(asked, len(self.about) % self.nonsense == 0)  # on every attempt alike
        text = "Bananas are yellow." if fails else '{"score": 0.75}'
        choice = {"message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
        return 200, {"model": "judge", "choices": [choice], "usage": {"prompt_tokens": 9, "completion_tokens": 3}}


@pytest.fixture
def endpoint() -> Iterator[ScriptedEndpoint]:
    with scripted_endpoint() as served:
        yield served


def planned(home: Path, endpoint: ScriptedEndpoint, judge: Judge, **changed: Any) -> TrainingPlan:
    endpoint.reply = judge.reply  # type: ignore[method-assign]
    settings: dict[str, Any] = {"model": "policy", "accuracy": "judge", "max_completion_length": 80, **changed}
    return planned_run(home, judge=endpoint.url, **settings)


def trained(plan: TrainingPlan) -> Policy:
    policy = execute(plan, ProgressReporter())
    assert policy is not None
    return policy


def test_without_any_grade_the_policy_stays_what_it_was(home: Path, endpoint: ScriptedEndpoint) -> None:
    plan = planned(home, endpoint, Judge(nonsense=1), steps=2)
    policy = trained(plan)
    assert curves(plan)["judge_failed"].min() > 0  # the others say the true answer, which needs no judge
    before = load_file(checkpoint_folder("policy") / "model.safetensors")
    after = load_file(local_checkpoint(plan.open_store(), policy) / "model.safetensors")
    assert all(weights.float().equal(after[name].float()) for name, weights in before.items())


def test_what_has_no_grade_is_in_no_mean(home: Path, endpoint: ScriptedEndpoint) -> None:
    plan = planned(home, endpoint, Judge(nonsense=2), num_generations=4)
    policy = trained(plan)
    completions = plan.open_store().read_parquet(f"{policy.folder}/completions.parquet")
    ungraded = completions.filter(completions["accuracy"].is_null())
    assert 0 < ungraded.height < completions.height and ungraded["reward"].is_null().all()
    assert policy.figures["without_grade"] == ungraded.height and policy.figures["completions"] == completions.height
    card = plan.open_store().read(f"{policy.folder}/model/README.md").decode()
    assert f"gave no grade to {ungraded.height} of {completions.height} completions" in card
    names = ("accuracy", "format", "reward")
    graded = completions.drop_nulls("reward").group_by("step").agg(pl.col(names).mean())
    both = curves(plan).select(pl.col("step").cast(pl.Int32), *names).join(graded, on="step", suffix="_recorded")
    assert both.height > 1
    for name in names:  # what TRL was given is what was recorded
        assert both[name].to_list() == pytest.approx(both[f"{name}_recorded"].to_list(), abs=1e-6)


def test_too_many_of_them_stop_the_run(home: Path, endpoint: ScriptedEndpoint) -> None:
    plan = planned(home, endpoint, Judge(nonsense=1), steps=4, stop={"patience": 2, "zero_variance": 1.0})
    with pytest.raises(TrainingError, match=r"step 2 after 2 steps of missing grades: .* config check --call judge"):
        execute(plan, ProgressReporter())
