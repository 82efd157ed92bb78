"""A training in processes of its own, one or two: killed by the system, it resumes from its newest whole checkpoint."""

import json
import os
import signal
import subprocess
import sys
import time

import polars as pl
import pytest

from wethink_assets.training.policies.catalog import find_policy
from wethink_assets.training.runs.plan import command_of
from wethink_assets.training.runs.process import main, read_outcome
from wethink_assets.training.trainers.checkpoints import newest_whole
from wethink_assets_tests.support.project import ROOT
from wethink_assets_tests.support.training_outcomes import base_weights, curves, weights
from wethink_assets_tests.training.conftest import Plan


@pytest.mark.slow
def test_a_process_that_is_killed_is_started_again(plan: Plan) -> None:
    planned = plan(steps=40, save_steps=2)
    path = planned.write()
    command = [sys.executable, "-m", "wethink_assets.training.runs.process", str(path)]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL, cwd=ROOT)
    deadline = time.monotonic() + 200
    while newest_whole(planned.work_folder / "grpo") is None and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    newest = newest_whole(planned.work_folder / "grpo")
    assert newest is not None and find_policy(planned.open_store(), planned.key) is None
    before = signal.getsignal(signal.SIGTERM)
    assert main(str(path)) == 0
    signal.signal(signal.SIGTERM, before)
    assert curves(planned)["step"].to_list() == list(range(1, 41))
    assert json.loads((planned.work_folder / "outcome.json").read_text()) == {"digest": planned.digest}


@pytest.mark.slow
def test_two_processes_train_one_policy_and_go_on_after_a_kill(plan: Plan) -> None:
    sizes = {"prompts_per_step": 4, "micro_batch_size": 4, "max_completion_length": 80, "learning_rate": 1e-4}
    planned = plan(model="policy", steps=6, launcher={"processes": 2}, **sizes)
    planned.write()
    command = command_of(planned, sys.executable)
    assert "accelerate.commands.launch" in command
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "ACCELERATE_USE_CPU": "true"}
    run = {
        "stderr": subprocess.DEVNULL,
        "stdout": subprocess.DEVNULL,
        "cwd": ROOT,
        "env": environment,
    }
    launched = subprocess.Popen(command, start_new_session=True, **run)  # type: ignore[call-overload]
    deadline = time.monotonic() + 240
    while newest_whole(planned.work_folder / "grpo") is None and time.monotonic() < deadline:
        time.sleep(0.05)
    os.killpg(launched.pid, signal.SIGKILL)
    launched.wait()
    assert newest_whole(planned.work_folder / "grpo") is not None
    assert find_policy(planned.open_store(), planned.key) is None
    assert subprocess.run(command, **run).returncode == 0  # type: ignore[call-overload]
    assert curves(planned)["step"].to_list() == [1, 2, 3, 4, 5, 6]
    policy = find_policy(planned.open_store(), planned.key)
    assert policy is not None
    completions = planned.open_store().read_parquet(f"{policy.folder}/completions.parquet")
    by_step = completions.group_by("step").agg(pl.len(), pl.col("row_id").n_unique())
    assert by_step["len"].to_list() == [8] * 6 and by_step["row_id"].to_list() == [4] * 6  # no row is met by both
    base = base_weights(planned)
    assert any(not value.equal(base[name].to(value.dtype)) for name, value in weights(planned).items())


def test_an_early_stop_says_what_to_change(plan: Plan) -> None:
    planned = plan(stop={"patience": 1, "zero_variance": 0.0}, steps=2)
    before = signal.getsignal(signal.SIGTERM)
    assert main(str(planned.write())) == 1
    signal.signal(signal.SIGTERM, before)
    assert "of reward collapse: " in read_outcome(planned)["error"]
    assert find_policy(planned.open_store(), planned.key) is None
