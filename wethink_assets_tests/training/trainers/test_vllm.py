"""Completions by a vLLM in the process of the training, on a CPU: they come from the weights of their step and see its pictures."""

import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import time
from pathlib import Path

import polars as pl
import pytest

from wethink_assets.training.policies.catalog import find_policy
from wethink_assets.training.runs.plan import command_of
from wethink_assets.training.trainers.checkpoints import newest_whole
from wethink_assets_tests.support.training_outcomes import base_weights, curves, weights
from wethink_assets_tests.support.vllm_environment import ROOT, vllm_python
from wethink_assets_tests.training.conftest import Plan

RECIPE = {
    "model": "policy",
    "steps": 6,
    "num_generations": 4,
    "prompts_per_step": 4,
    "micro_batch_size": 8,
    "learning_rate": 1e-4,
    "beta": 0.01,
    "max_completion_length": 60,
    "rollouts": {"engine": "vllm-colocated", "chunks": 2},
}


@pytest.fixture
def command(tmp_path: Path) -> tuple[str, ...]:
    """Starts a run with the Python of the environment of vLLM, where what it lacks for training comes from the one of the tests."""
    (tmp_path / "site").mkdir()
    others = sysconfig.get_path("purelib")
    (tmp_path / "site" / "sitecustomize.py").write_text(f"import sys\n\nsys.path.append({others!r})\n")
    path = os.pathsep.join((str(tmp_path / "site"), str(ROOT)))
    return ("env", f"PYTHONPATH={path}", "OMP_NUM_THREADS=1", "VLLM_CPU_KVCACHE_SPACE=1", vllm_python())


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_completions_are_those_of_the_policy_as_it_is_and_the_same_after_a_kill(
    plan: Plan, home: Path, command: tuple[str, ...], tmp_path: Path
) -> None:
    planned = plan(**RECIPE, launcher={"command": command})
    store = planned.open_store()
    start = command_of(planned, sys.executable)

    def run(log: Path) -> None:
        with log.open("w") as file:
            ended = subprocess.run(start, cwd=tmp_path, stdout=file, stderr=file)
        assert ended.returncode == 0, log.read_text()[-3000:]

    planned.write()
    run(tmp_path / "straight.log")
    policy = find_policy(store, planned.key)
    assert policy is not None
    figures, learnt = curves(planned), weights(planned)
    completions = store.read_parquet(f"{policy.folder}/completions.parquet")
    assert figures["step"].to_list() == [1, 2, 3, 4, 5, 6]
    # What vLLM gave its tokens is what the training gives them, whatever was learnt by then and whichever pictures came before.
    assert figures["rollout_gap"].is_not_null().all() and (figures["rollout_gap"] < 1e-5).all()
    base = base_weights(planned)
    assert any(not value.equal(base[name].to(value.dtype)) for name, value in learnt.items())
    by_step = completions.group_by("step", maintain_order=True).agg(
        pl.len(), pl.col("row_id").n_unique(), pl.col("tokens").mean()
    )
    assert by_step["len"].to_list() == [16] * 6 and by_step["row_id"].to_list() == [4] * 6
    assert completions["row_id"].n_unique() < 24  # some came again
    assert completions["reward"].n_unique() > 1 and completions["tokens"].n_unique() > 1
    assert figures["length"].to_list() == pytest.approx(by_step["tokens"].to_list())

    shutil.rmtree(home / "data" / "policies")
    planned.write()
    with (tmp_path / "killed.log").open("w") as file:
        killed = subprocess.Popen(start, cwd=tmp_path, stdout=file, stderr=file)
    deadline = time.monotonic() + 300
    while newest_whole(planned.work_folder / "grpo") is None and killed.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    assert newest_whole(planned.work_folder / "grpo") is not None and find_policy(store, planned.key) is None
    run(tmp_path / "resumed.log")
    timeless = [name for name in figures.columns if "second" not in name]
    assert curves(planned).select(timeless).equals(figures.select(timeless))
    assert store.read_parquet(f"{policy.folder}/completions.parquet").equals(completions)
    assert all(value.equal(learnt[name]) for name, value in weights(planned).items())
