"""A base model of the hub is the one of its revision, also where TRL loads it again as the reference of the KL."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from wethink_assets.errors import ModelError
from wethink_assets.models.embedded.checkpoints import checkpoint_folder
from wethink_assets.training.policies.base_model import BaseModel, base_folder, load_base_processor, save_base_processor
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


def of_another_family(folder: Path) -> BaseModel:
    """A base model with a processor of LLaVA; its tokenizer is ours."""
    from transformers import AutoTokenizer, LlavaProcessor
    from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

    tokenizer = AutoTokenizer.from_pretrained(checkpoint_folder("policy"))
    tokenizer.add_tokens(["<image>"], special_tokens=True)
    LlavaProcessor(CLIPImageProcessorPil(), tokenizer, patch_size=14, chat_template="{{ messages }}").save_pretrained(
        folder
    )
    (folder / "config.json").write_text('{"model_type": "llava"}')
    return BaseModel(str(folder), "", False, {"model": "llava", "revision": ""})


def test_the_processor_of_another_family_is_its_own_and_published_byte_for_byte(tmp_path: Path) -> None:
    from transformers import AutoProcessor

    base, target = of_another_family(tmp_path / "base"), tmp_path / "published"
    processor = load_base_processor(base)
    assert type(processor).__name__ == "LlavaProcessor" and processor.tokenizer.padding_side == "left"
    target.mkdir()
    save_base_processor(base, processor, target)
    names = {"chat_template.jinja", "processor_config.json", "tokenizer.json", "tokenizer_config.json"}
    assert {path.name for path in target.iterdir()} == names
    assert all((target / name).read_bytes() == (tmp_path / "base" / name).read_bytes() for name in names)
    assert hasattr(AutoProcessor.from_pretrained(target), "image_processor")


def test_a_folder_without_a_processor_of_images_is_refused(tmp_path: Path) -> None:
    base = of_another_family(tmp_path / "base")
    (tmp_path / "base" / "processor_config.json").unlink()
    with pytest.raises(ModelError, match="processor"):
        load_base_processor(base)


@pytest.mark.skipif(find_spec("torchvision") is not None, reason="torchvision is there, so that the processor loads")
def test_a_processor_that_needs_torchvision_says_so(tmp_path: Path) -> None:
    base = of_another_family(tmp_path / "base")
    config = {
        "processor_class": "SmolVLMProcessor",
        "image_processor": {"image_processor_type": "SmolVLMImageProcessor"},
    }
    (tmp_path / "base" / "processor_config.json").write_text(json.dumps(config))
    with pytest.raises(ModelError, match=r"(?is)base.*torchvision"):
        load_base_processor(base)


def test_a_model_that_is_nowhere_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    base = BaseModel("people/nowhere", "abc", False, {})
    with pytest.raises(
        ModelError, match=r"the model people/nowhere at revision abc is neither a folder .* cache: [^\n]+$"
    ):
        base_folder(base)
