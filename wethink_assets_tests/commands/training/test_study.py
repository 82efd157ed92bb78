"""`wethink study`: killed midway it goes on, trains nothing twice, and tells what could not be trained."""

import json
import os
import shutil
import signal
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from wethink_assets.cli import app
from wethink_assets.definitions import definitions_of
from wethink_assets.defs.assets.studies import STUDY
from wethink_assets.defs.runs.instance import project_instance
from wethink_assets.defs.runs.reporting import known_versions
from wethink_assets.signals import SENTENCE
from wethink_assets.storage.store import Store
from wethink_assets.training.policies.catalog import list_policies
from wethink_assets.training.studies.design import design_study
from wethink_assets.training.trainers.checkpoints import newest_whole
from wethink_assets_tests.support.project import ROOT, Project
from wethink_assets_tests.support.training_processes import training_processes
from wethink_assets_tests.training.conftest import TINY, drawn, home, tiny_model

__all__ = ["drawn", "home", "tiny_model"]  # fixtures


def configured(home: Path, model: Path, studies: str = "", **changed: Any) -> Project:
    """A project with one recipe to vary, on the drawn version."""
    for name in ("dagster.yaml", "workspace.yaml"):
        shutil.copy(ROOT / name, home)
    told = {**TINY, "model": str(model), **changed}
    stop = told.pop("stop")
    lines = ["[pipeline]", 'prompt_pack = "embedded"', "[studies]", 'recipe = "tiny"', "scenes = 8", studies]
    lines += ["[recipes.tiny]", *(f"{name} = {json.dumps(value)}" for name, value in told.items())]
    lines += ["[recipes.tiny.stop]", *(f"{name} = {value}" for name, value in stop.items())]
    (home / "wethink.toml").write_text("\n".join(lines) + "\n")
    return Project(home)


def policies_of(home: Path) -> dict[str, str]:
    """When each policy of a study was made, by its digest."""
    return {
        path.parent.name: json.loads(path.read_text())["created"] for path in home.glob("data/policies/*/policy.json")
    }


def under_way(home: Path) -> bool:
    """Whether one policy is there, and another one has a checkpoint to go on from."""
    made = [digest[:24] for digest in policies_of(home)]
    parts = [part for part in home.glob("work/training/*/grpo") if part.parent.name not in made]
    return bool(made) and any(newest_whole(part) for part in parts)


@pytest.mark.slow
def test_a_killed_study_goes_on_and_trains_nothing_twice(
    home: Path, tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = configured(home, tiny_model, steps=75)  # 30 in the quick profile
    asked = ("study", "kinds", "--profile", "quick", "--seeds", "1", "--parallel", "1")
    command = project.start("wethink_assets.cli", *asked)
    deadline = time.monotonic() + 400
    while time.monotonic() < deadline:
        if under_way(home):
            break
        assert command.poll() is None, (home / "process.log").read_text()
        time.sleep(0.05)
    os.kill(command.pid, signal.SIGKILL)
    command.wait()
    kept = policies_of(home)
    assert len(kept) == 1 and not list(home.glob("data/studies/kinds/*/study.json"))
    deadline = time.monotonic() + 60
    while training_processes(home) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert not training_processes(home)

    done = project.wethink(*asked, "--json")
    told = json.loads(done.stdout)
    assert "2 runs of 2 policies, 1 of them to be trained" in done.stderr and ", after step " in done.stderr
    made = policies_of(home)
    assert len(made) == 2 and {digest: made[digest] for digest in kept} == kept
    assert [run["policy"] for outcome in told["outcomes"] for run in outcome["runs"]] == [
        run.plan.digest
        for run in design_study(project.settings, Store.open(str(home / "data")), "kinds", seeds=[1]).runs
    ]
    for outcome in told["outcomes"]:
        assert [run["seed"] for run in outcome["runs"]] == [1]
        assert {run["steps"]["grpo"] for run in outcome["runs"]} == {30}
        assert outcome["scores"]["drawn scenes"]["all"]["n"] == 8
        assert set(outcome["scores"]["held-out rows"]) > {"all"}
    assert told["trained"] == 1

    again = project.wethink(*asked, "--markdown", "--plot", str(home / "plot.png"))
    assert "was finished on" in again.stderr and "| MC only |" in again.stdout
    assert policies_of(home) == made and (home / "plot.png").read_bytes().startswith(b"\x89PNG")
    assert json.loads(project.wethink("study", "show", "kinds", "--json").stdout) == told
    assert told["digest"][:12] in project.wethink("study", "list").stdout
    store = Store.open(str(home / "data"))
    assert list_policies(store) == [] and len(list_policies(store, studies=True)) == 2
    for name in ("reward-methods", "sft", "data-size"):  # what they have in common is not trained again
        assert len(design_study(project.settings, store, name, seeds=[1]).plans.keys() & made.keys()) == 1

    monkeypatch.setenv("DAGSTER_HOME", str(home))
    monkeypatch.setenv("WETHINK_CONFIG", str(home / "wethink.toml"))
    with project_instance() as instance:
        assert known_versions(instance, "studies") == {"kinds": told["digest"]}
        job = definitions_of(project.settings).resolve_job_def(STUDY)
        config = {"ops": {"studies": {"config": {"seeds": [1]}}}}
        ran = job.execute_in_process(partition_key="kinds", run_config=config, instance=instance)
        [event] = ran.asset_materializations_for_node("studies")
        assert event.tags["dagster/data_version"] == told["digest"]
        assert {"plot", "accuracy on 8 drawn scenes", "trainings", "settings"} <= set(event.metadata)


@pytest.mark.slow
def test_what_cannot_be_trained_is_told_and_tried_again(home: Path, tiny_model: Path) -> None:
    project = configured(home, tiny_model, studies="data_shares = [0.000001, 1.0]")
    made: dict[str, str] = {}
    for _ in range(2):
        done = project.wethink("study", "data-size", "--seeds", "3", "--json", check=False)
        assert done.returncode == 1
        told = json.loads(done.stdout)
        [failure] = [run["failure"] for outcome in told["outcomes"] for run in outcome["runs"] if run["failure"]]
        assert failure.startswith("v0001 has no row to train on") and failure in done.stderr
        assert [bool(outcome["scores"]) for outcome in told["outcomes"]] == [False, True]
        made = made or policies_of(home)
        assert policies_of(home) == made
    project = configured(
        home, tiny_model, studies="data_shares = [0.000001, 0.000002]", kinds=["DES"], accuracy="rules"
    )
    done = project.wethink("study", "kinds", "--seeds", "3", "--recipe", "other", check=False)
    assert done.returncode == 1 and "no recipe 'other'" in done.stderr


@pytest.mark.slow
def test_an_interrupted_study_leaves_no_training_behind(home: Path, tiny_model: Path) -> None:
    project = configured(home, tiny_model, steps=1000, save_steps=500)
    wrapper = home / "wrapper"
    wrapper.write_text('#!/bin/bash\n"$@"\n')  # stays, as launchers do
    wrapper.chmod(0o755)
    with (home / "wethink.toml").open("a") as file:
        file.write(f"[recipes.tiny.launcher]\ncommand = {json.dumps([str(wrapper), sys.executable])}\n")
    command = project.start("wethink_assets.cli", "study", "kinds", "--seeds", "1", "--parallel", "1")
    deadline = time.monotonic() + 400
    while not any(home.glob("work/training/*/grpo/curves.jsonl")) and time.monotonic() < deadline:
        assert command.poll() is None, (home / "process.log").read_text()
        time.sleep(0.1)
    assert len(training_processes(home)) == 2  # the wrapper, too
    command.send_signal(signal.SIGINT)
    sent = time.monotonic()
    assert command.wait(90) == 130
    assert not training_processes(home)
    assert time.monotonic() - sent < 2
    assert SENTENCE in (home / "process.log").read_text()


def test_lists_and_pages_of_an_empty_store(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "wethink.toml").write_text("")
    monkeypatch.setenv("WETHINK_CONFIG", str(home / "wethink.toml"))
    listed = CliRunner().invoke(app, ["study", "list"])
    assert listed.exit_code == 0 and "reward-weights" in listed.output and "finished" not in listed.output
    assert json.loads(CliRunner().invoke(app, ["study", "list", "--json"]).output)["finished"] == []
    shown = CliRunner().invoke(app, ["study", "show", "kinds"])
    assert "has no finished study kinds: `wethink study kinds` makes one" in str(shown.exception)
    shown = CliRunner().invoke(app, ["study", "show", "kinds", "--digest", "0a"])
    assert "has no finished study kinds whose digest begins with 0a: `wethink study kinds`" in str(shown.exception)
    wrong = CliRunner().invoke(app, ["study", "kinds", "--seeds", "one"])
    assert wrong.exit_code == 2
