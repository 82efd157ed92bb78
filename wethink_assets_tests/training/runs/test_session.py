"""A training session publishes a whole policy once, or says why it cannot."""

import shutil
from pathlib import Path

import polars as pl
import pytest

from wethink_assets.errors import TrainingError
from wethink_assets.models.embedded.checkpoints import checkpoint_digest
from wethink_assets.storage.store import Store
from wethink_assets.training.data.rows import version_rows
from wethink_assets.training.policies.catalog import Policy, find_policy, local_checkpoint, policy_digest
from wethink_assets.training.runs.plan import TrainingPlan
from wethink_assets.training.runs.process import execute
from wethink_assets.training.runs.progress import ProgressReporter
from wethink_assets_tests.support.training_outcomes import curves
from wethink_assets_tests.training.conftest import Plan, planned_run


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory, drawn: Store, tiny_model: Path) -> tuple[TrainingPlan, Policy]:
    """A tiny run that was trained, and its policy."""
    home = tmp_path_factory.mktemp("trained")
    shutil.copytree(drawn.root, home / "data")
    plan = planned_run(home, model=str(tiny_model))
    policy = execute(plan, ProgressReporter())
    assert policy is not None
    return plan, policy


def test_a_run_publishes_a_whole_policy(published: tuple[TrainingPlan, Policy]) -> None:
    plan, policy = published
    store = plan.open_store()
    assert find_policy(store, plan.key) == policy
    assert set(policy.files) >= {
        "completions.parquet",
        "curves.parquet",
        "validation.parquet",
        "model/README.md",
        "model/model.safetensors",
        "plots/curves.png",
        "plots/preview.png",
    }
    assert policy.model_digest == checkpoint_digest(str(local_checkpoint(store, policy)))
    card = store.read(f"{policy.folder}/model/README.md").decode()
    assert policy.manifest in card and '"learning_rate": 0.001' in card and "- trl 1." in card
    assert (
        '"num_generations": 2' in card
    )  # the card has the settings by their names of now, the record by the stored ones
    assert policy.settings["group"] == 2 and policy.digest == policy_digest(
        policy.manifest, policy.settings, policy.base_model
    )


def test_a_run_records_its_figures_and_completions(published: tuple[TrainingPlan, Policy]) -> None:
    plan, policy = published
    assert policy.figures["steps"] == {"grpo": 4} and policy.figures["rows"]["used"] > 0
    assert policy.figures["rows"]["left_out"]["needs_judge"] > 0
    assert policy.figures["cost"]["cpu_seconds"] > 0
    completions = plan.open_store().read_parquet(f"{policy.folder}/completions.parquet")
    assert completions.height == 4 * 2 * 2 and completions["reward"].is_not_null().all()
    assert completions.group_by("step").agg(pl.col("row_id").n_unique())["row_id"].to_list() == [2] * 4
    figures = curves(plan)
    assert figures["step"].to_list() == [1, 2, 3, 4]
    by_step = completions.group_by("step", maintain_order=True).agg(pl.col("accuracy", "format", "reward").mean())
    for name in ("accuracy", "format", "reward"):  # what TRL was given is what was recorded
        assert figures[name].to_list() == pytest.approx(by_step[name].to_list(), abs=1e-6)
    assert not (plan.work_folder / "grpo").exists()  # the working folder is tidied


def test_a_run_of_another_name_is_not_trained_again(
    published: tuple[TrainingPlan, Policy], capsys: pytest.CaptureFixture[str]
) -> None:
    plan, policy = published
    again = planned_run(Path(plan.folder), "v0001.other-name", model=plan.recipe.model)
    assert again.digest == plan.digest
    known = execute(again, ProgressReporter())
    assert known is not None and known.digest == policy.digest
    assert "trained already" in capsys.readouterr().err
    assert find_policy(plan.open_store(), "v0001.other-name") is not None


@pytest.mark.parametrize("engine", ["vllm-colocated", "vllm-server"])
def test_completions_by_vllm_without_vllm_say_what_to_do(plan: Plan, engine: str) -> None:
    planned = plan(rollouts={"engine": engine, "url": "http://127.0.0.1:1"})
    with pytest.raises(TrainingError, match=f"{engine} need vLLM .* install the extra `gpu`"):
        execute(planned, ProgressReporter())
    assert find_policy(planned.open_store(), planned.key) is None


def test_rows_whose_image_cannot_be_read_are_left_out_before_the_first_step(
    plan: Plan, capsys: pytest.CaptureFixture[str]
) -> None:
    planned = plan(steps=1)
    store = planned.open_store()
    rules = pl.col("reward") == "rule"
    gone, altered = version_rows(store, "v0001", "train").filter(rules).collect()["image_path"].to_list()[:2]
    held_out = version_rows(store, "v0001", "validation").filter(rules).collect()["image_path"].to_list()[0]
    other = store.read(gone)
    store.delete(gone)
    for path in (altered, held_out):
        store.publish(path, other)
    policy = execute(planned, ProgressReporter())
    assert policy is not None
    left_out = policy.figures["rows"]["left_out"]
    assert (left_out["image_missing"], left_out["image_altered"]) == (1, 1)
    assert policy.figures["rows"]["chosen"] + sum(left_out.values()) == 24
    told = capsys.readouterr().err
    assert "1 of" in told and f"{gone} is missing" in told and "2 of" in told and f"{altered} was altered" in told
    card = store.read(f"{policy.folder}/model/README.md").decode()
    assert "1 image altered, 1 image missing" in card


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


def test_a_run_without_rows_says_why(plan: Plan) -> None:
    with pytest.raises(TrainingError, match=r"v0001 has no row to train on: of its 24 training rows all are left out"):
        execute(plan(kinds=["DES"]), ProgressReporter())
