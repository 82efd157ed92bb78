"""Image-text models of several families train, publish and load again with their images; those that cannot are refused at once, with a reason."""

import json
import shutil
import time
from pathlib import Path
from typing import Any

import pytest

from wethink_assets.errors import ModelError
from wethink_assets.storage.store import Store
from wethink_assets.training.data.chat import encoded, require_images
from wethink_assets.training.data.prompts import _ImageTokens
from wethink_assets.training.policies.base_model import BaseModel, load_base_processor
from wethink_assets.training.policies.catalog import local_checkpoint
from wethink_assets.training.policies.families import REFUSED
from wethink_assets.training.runs.process import execute
from wethink_assets.training.runs.progress import ProgressReporter
from wethink_assets_tests.support.families.checkpoints import save_family_checkpoint, save_family_processor
from wethink_assets_tests.training.conftest import Plan, planned_run

TRAINED = ("aya_vision", "gemma3", "lighton_ocr", "llava_next", "mllama", "qwen2_5_vl")
"""Of those whose processors need no torchvision: flat patches, tiles, images of several sizes, cross-attention, token types."""


def load_family_processor(family: str, folder: Path) -> Any:
    """A tiny checkpoint's processor, as a training loads it."""
    save_family_processor(family, folder)
    return load_base_processor(BaseModel(str(folder), "", False, {"model": family}))


@pytest.mark.slow
@pytest.mark.parametrize("family", TRAINED)
@pytest.mark.parametrize("method", ["grpo", "sft", "lora"])
def test_a_family_trains_and_is_loaded_again_with_its_images(
    family: str, method: str, tmp_path: Path, drawn: Store
) -> None:
    import torch
    from PIL import Image
    from transformers import AutoModelForImageTextToText

    from wethink_assets.models.embedded.processor import load_processor

    base = save_family_checkpoint(family, tmp_path / family)
    shutil.copytree(drawn.root, tmp_path / "home" / "data")
    changed: dict[str, object] = {"model": str(base), "prompt": "paper", "steps": 2, "beta": 0.01}
    if method == "sft":
        changed |= {"method": "sft", "sft_steps": 2, "sft_batch_size": 2}
    if method == "lora":
        changed |= {"lora": {"rank": 2}}
    plan = planned_run(tmp_path / "home", **changed)
    policy = execute(plan, ProgressReporter())
    assert policy is not None and policy.figures["steps"] == {"sft" if method == "sft" else "grpo": 2}
    folder = local_checkpoint(plan.open_store(), policy)
    model = AutoModelForImageTextToText.from_pretrained(folder, dtype=torch.float32).eval()
    processor = load_processor(folder)
    content = [{"type": "image"}, {"type": "text", "text": "what is it?"}]
    asked = [
        encoded([[{"role": "user", "content": [{**content[0], "image": image}, content[1]]}]], processor)
        for image in (Image.new("RGB", (96, 64), "red"), Image.linear_gradient("L").convert("RGB").resize((96, 64)))
    ]
    with torch.inference_mode():
        red, grey = (model(**one).logits[0, -1] for one in asked)
    assert torch.isfinite(red).all() and not torch.equal(red, grey)


@pytest.mark.parametrize("family", sorted(REFUSED))
def test_a_family_that_cannot_train_is_refused_when_the_run_is_planned(family: str, plan: Plan, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"model_type": family}))
    start = time.perf_counter()
    with pytest.raises(ModelError, match=rf"of the family `{family}`, cannot be trained: .*; start from a model"):
        plan(model=str(tmp_path))
    assert time.perf_counter() - start < 5


def test_a_family_that_learns_from_reasoning_paths_alone_is_refused_for_grpo(plan: Plan, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "qwen2_5_omni_thinker"}))
    (tmp_path / "chat_template.jinja").write_text("{{ messages }}")
    with pytest.raises(
        ModelError, match=r'`qwen2_5_omni_thinker`, cannot be trained: .*train it with `method = "sft"`'
    ):
        plan(model=str(tmp_path))
    assert plan(model=str(tmp_path), method="sft").base_model.name_or_path == str(tmp_path)


def test_a_model_without_chat_template_is_refused_before_its_weights_are_loaded(plan: Plan, tmp_path: Path) -> None:
    save_family_processor("paligemma", tmp_path)
    (tmp_path / "chat_template.jinja").unlink()
    with pytest.raises(ModelError, match=r"`paligemma`.*no chat template.*put a `chat_template.jinja` into its folder"):
        plan(model=str(tmp_path))


def test_a_template_that_leaves_the_image_out_is_refused(tmp_path: Path) -> None:
    processor = load_family_processor("llava", tmp_path)
    require_images(processor)
    processor.chat_template = "{% for message in messages %}{{ message['role'] }}{% endfor %}"
    with pytest.raises(ModelError, match=r"LlavaProcessor leaves the image out of a prompt: .*mend the template"):
        require_images(processor)


def test_images_are_counted_by_what_a_processor_writes_where_it_cannot_say(tmp_path: Path) -> None:
    from PIL import Image

    processor = load_family_processor("deepseek_vl", tmp_path)
    assert not hasattr(processor, "_get_num_multimodal_tokens")
    sizes = [(40, 80), (96, 64), (40, 80)]
    counted = _ImageTokens(processor).of(sizes)
    for (height, width), count in zip(sizes, counted, strict=True):
        content = [{"type": "image", "image": Image.new("RGB", (width, height))}]
        ids = encoded([[{"role": "user", "content": content}]], processor)["input_ids"][0].tolist()
        assert ids.count(processor.image_token_id) == count == 16
