"""A base model of the hub is the one of its revision, also where TRL loads it again as the reference of the KL."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from wethink_assets.errors import ModelError
from wethink_assets.training.policies.base_model import BaseModel, base_folder
from wethink_assets_tests.support.project import ROOT
from wethink_assets_tests.support.training_outcomes import curves
from wethink_assets_tests.training.conftest import planned_run

NAME = "people/tiny"


def published(cache: Path, checkpoint: Path, branch: str = "") -> str:
    """Put a checkpoint into a cache of the hub as a revision of `NAME`; its commit."""
    commit = hashlib.sha1(str(checkpoint).encode(), usedforsecurity=False).hexdigest()
    repository = cache / "models--people--tiny"
    shutil.copytree(checkpoint, repository / "snapshots" / commit)
    if branch:
        (repository / "refs").mkdir(exist_ok=True)
        (repository / "refs" / branch).write_text(commit)
    return commit


def another(checkpoint: Path, folder: Path) -> Path:
    """A copy of a checkpoint with other weights."""
    from safetensors.torch import load_file, save_file

    shutil.copytree(checkpoint, folder)
    weights = load_file(folder / "model.safetensors")
    save_file({name: tensor * 1.5 for name, tensor in weights.items()}, folder / "model.safetensors", {"format": "pt"})
    return folder


@pytest.mark.slow
def test_the_reference_is_the_pinned_revision(home: Path, tiny_model: Path, tmp_path: Path) -> None:
    cache = tmp_path / "hf" / "hub"
    pinned = published(cache, tiny_model)
    published(cache, another(tiny_model, tmp_path / "moved"), "main")
    plan = planned_run(home, model=NAME, revision=pinned, beta=0.01, steps=2, max_completion_length=16)
    offline = {**os.environ, "HF_HOME": str(tmp_path / "hf"), "HF_HUB_CACHE": str(cache), "HF_HUB_OFFLINE": "1"}
    command = [sys.executable, "-m", "wethink_assets.training.runs.process", str(plan.write())]
    done = subprocess.run(command, cwd=ROOT, env=offline, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr[-3000:]
    assert curves(plan)["kl"][0] == pytest.approx(0, abs=1e-6)
    outcome = json.loads((plan.work_folder / "outcome.json").read_text())
    config = json.loads(plan.open_store().read(f"policies/{outcome['digest']}/model/config.json"))
    assert str(tmp_path) not in json.dumps(config)


def test_a_model_that_is_nowhere_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    base = BaseModel("people/nowhere", "abc", False, {})
    with pytest.raises(
        ModelError, match=r"the model people/nowhere at revision abc is neither a folder .* cache: [^\n]+$"
    ):
        base_folder(base)
