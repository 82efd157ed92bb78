"""`wethink train` through Dagster: what it leaves, what it does not repeat, and what happens when it is killed."""

import json
import os
import shutil
import signal
import time
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from wethink_assets.defs.assets.training import sync_policies
from wethink_assets.defs.runs.instance import project_instance
from wethink_assets.defs.runs.liveness import fail_dead_runs
from wethink_assets.defs.runs.reporting import Synced, known_versions
from wethink_assets.defs.stages.publication import weight
from wethink_assets.storage.store import Store
from wethink_assets.training.runs.watchdog import is_gone
from wethink_assets.training.trainers.checkpoints import newest_whole
from wethink_assets_tests.support.project import ROOT, Project
from wethink_assets_tests.support.training_processes import training_processes
from wethink_assets_tests.training.conftest import TINY, drawn, home, tiny_model

__all__ = ["drawn", "home", "tiny_model"]  # fixtures
KEY = "v0001.tiny"


def configured(home: Path, model: Path, **changed: Any) -> Project:
    """A project with one recipe on the drawn version."""
    for name in ("dagster.yaml", "workspace.yaml"):
        shutil.copy(ROOT / name, home)
    recipe = {**TINY, "model": str(model), **changed}
    stop = recipe.pop("stop")
    lines = ["[pipeline]", 'prompt_pack = "embedded"', "[training]", 'leaks = "allow"', "[recipes.tiny]"]
    lines += [f"{name} = {json.dumps(value)}" for name, value in recipe.items()]
    lines += ["[recipes.tiny.stop]", *(f"{name} = {value}" for name, value in stop.items())]
    (home / "wethink.toml").write_text("\n".join(lines) + "\n")
    return Project(home)


@pytest.mark.slow
def test_a_policy_is_trained_shown_and_known_again(
    home: Path, tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = configured(home, tiny_model)
    monkeypatch.setenv("DAGSTER_HOME", str(home))
    monkeypatch.setenv("WETHINK_CONFIG", str(home / "wethink.toml"))
    with project_instance() as instance:
        instance.add_dynamic_partitions("dataset_version", ["v0001"])
    told = json.loads(project.wethink("train", "v0001", "tiny", "--json").stdout)
    assert told["new"] and told["steps"] == {"grpo": 4}
    again = json.loads(project.wethink("train", "v0001", "tiny", "--json").stdout)
    assert not again["new"] and again["digest"] == told["digest"]
    [listed] = json.loads(project.wethink("policies", "--json").stdout)
    assert listed["key"] == KEY and listed["model_digest"] == told["model_digest"]
    assert KEY in project.wethink("policies").stdout

    with project_instance() as instance:
        assert known_versions(instance, "policy") == {KEY: told["model_digest"]}
        assert known_versions(instance, "training_runs") == {KEY: told["digest"]}
        record = instance.get_latest_data_version_record(dg.AssetKey("policy"), partition_key=KEY)
        assert record is not None and record.asset_materialization is not None
        metadata = record.asset_materialization.metadata
        assert {"held-out rows", "curves", "plot", "settings", "model", "completions", "cpu seconds"} <= set(metadata)
        assert weight(metadata) < 32_000
        observed = instance.fetch_observations(
            dg.AssetRecordsFilter(asset_key=dg.AssetKey("dataset"), asset_partitions=["v0001"]), limit=1
        ).records[0]  # what the version's page tells beside what was known when it was built
        assert observed.asset_observation is not None
        uses = observed.asset_observation.metadata
        assert uses["training runs on it"].value == 1
        assert f"/assets/policy?view=partitions&partition={KEY})" in str(uses["trained on it"].value)
        run = instance.get_run_by_id(told["run"])
        assert run is not None
        said = [entry.user_message for entry in instance.all_logs(run.run_id)]
        assert any(line.startswith("step 4/4: reward ") for line in said)  # told through Pipes
    with dg.DagsterInstance.ephemeral() as empty:
        synced = Synced()
        sync_policies(empty, Store.open(str(home / "data")), synced)
        assert synced.events == {"training_runs": 1, "policy": 1}
        assert known_versions(empty, "policy") == {KEY: told["model_digest"]}
        assert empty.get_dynamic_partitions("training_run") == [KEY]
        again_synced = Synced()
        sync_policies(empty, Store.open(str(home / "data")), again_synced)
        assert again_synced.nothing
    missing = project.wethink("train", "v0001", "other", check=False)
    assert missing.returncode == 1 and "no recipe 'other'" in missing.stderr


@pytest.mark.slow
def test_a_killed_command_takes_its_training_along_and_the_next_one_goes_on(
    home: Path, tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = configured(home, tiny_model, steps=60)
    command = project.start("wethink_assets.cli", "train", "v0001", "tiny")
    deadline = time.monotonic() + 400
    while time.monotonic() < deadline:
        if any(newest_whole(part) for part in home.glob("work/training/*/grpo")):
            break
        assert command.poll() is None, (home / "process.log").read_text()
        time.sleep(0.2)
    [child] = training_processes(home)
    os.kill(command.pid, signal.SIGKILL)
    command.wait()
    deadline = time.monotonic() + 60
    while training_processes(home) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert child not in training_processes(home)
    [plan] = home.glob("work/training/*/plan.json")
    assert json.loads(plan.read_text())["starter"]["process"] == command.pid
    store_root = home / "data"
    assert not list(store_root.glob("policies/*/policy.json"))

    monkeypatch.setenv("DAGSTER_HOME", str(home))
    monkeypatch.setenv("WETHINK_CONFIG", str(home / "wethink.toml"))
    with project_instance() as instance:
        assert list(fail_dead_runs(instance).values()) == [f"its process {command.pid} is gone"]
    done = project.wethink("train", "v0001", "tiny", "--json")
    assert ": resumed after step" in done.stderr
    assert json.loads(done.stdout)["steps"] == {"grpo": 60}


def test_a_starter_is_gone_when_its_process_is(home: Path) -> None:
    from wethink_assets.training.runs.watchdog import Starter

    here = Starter.here()
    assert not is_gone(here)
    assert is_gone(here.model_copy(update={"started": "1"}))  # the number belongs to another process now
    assert not is_gone(here.model_copy(update={"host": "elsewhere", "process": 1 << 22}))
