"""Parts of a model stay as they are to the bit, or get adapters, and images are shown within bounds: over families of models."""

import shutil
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from wethink_assets.errors import ModelError, TrainingError
from wethink_assets.storage.store import Store
from wethink_assets.training.data.chat import encoded
from wethink_assets.training.data.prompts import _ImageTokens
from wethink_assets.training.estimates.run import estimate_run
from wethink_assets.training.policies.base_model import BaseModel, load_base_processor, load_model
from wethink_assets.training.policies.catalog import local_checkpoint
from wethink_assets.training.policies.parts import adapter_targets, freeze, part_of, part_prefixes
from wethink_assets.training.runs.process import execute
from wethink_assets.training.runs.progress import ProgressReporter
from wethink_assets_tests.support.families.checkpoints import save_family_checkpoint
from wethink_assets_tests.support.families.configs import tiny_config
from wethink_assets_tests.training.conftest import planned_run
from wethink_assets_tests.training.policies.test_families import TRAINED, load_family_processor

PARTS = {
    "aya_vision": {"model.vision_tower": "tower", "model.multi_modal_projector": "projector", "lm_head": "language"},
    "blip-2": {"vision_model": "tower", "qformer": "projector", "language_model.lm_head": "language"},
    "idefics": {"model.vision_model": "tower", "model.layers.0": "language"},
    "lighton_ocr": {"model.vision_encoder": "tower", "model.vision_projection": "projector"},
    "mllama": {"model.vision_model": "tower", "model.multi_modal_projector": "projector"},
    "qwen2_5_vl": {
        "model.visual.blocks.0": "tower",
        "model.visual.merger": "projector",
        "model.language_model": "language",
    },
    "qwen3_vl": {"model.visual.deepstack_merger_list.0": "projector", "model.visual.pos_embed": "tower"},
}
"""Written from the models' papers and code."""


def empty_model(family: str) -> Any:
    import torch
    from transformers import AutoModelForImageTextToText

    with torch.device("meta"):
        return AutoModelForImageTextToText.from_config(tiny_config(family, 64))


@pytest.mark.parametrize("family", sorted(PARTS))
def test_modules_are_of_the_part_that_papers_say(family: str) -> None:
    model = empty_model(family)
    prefixes = part_prefixes(model)
    names = {name for name, _ in model.named_modules()}
    for name, part in PARTS[family].items():
        assert name in names and part_of(name, prefixes) == part


def test_a_part_that_a_model_has_not_is_refused() -> None:
    model = empty_model("fuyu")
    with pytest.raises(
        TrainingError, match=r"`frozen` names tower, which Fuyu\w+ has not: its parts are projector, language"
    ):
        freeze(model, ["tower"])
    with pytest.raises(TrainingError, match=r"all parts of Fuyu\w+, so that nothing would be learnt"):
        freeze(model, ["projector", "language"])


def test_adapters_reach_every_linear_layer_and_those_of_linear_attention() -> None:
    from torch.nn import Linear

    model = empty_model("qwen3_5")
    targets = adapter_targets(model, ())
    linear = {name for name, module in model.named_modules() if isinstance(module, Linear)}
    assert linear - set(targets) == {"lm_head"}
    attention = {name.rsplit(".", 1)[1] for name in targets if ".linear_attn." in name}
    assert attention == {"in_proj_qkv", "in_proj_z", "in_proj_b", "in_proj_a", "out_proj"}
    language = adapter_targets(model, (), ["tower", "projector"])
    assert language and all(name.startswith("model.language_model.") for name in language)
    assert {name.rsplit(".", 1)[1] for name in adapter_targets(model, ("q_proj",))} == {"q_proj"}
    with pytest.raises(
        TrainingError, match=r"\(q_porj\) names no linear layer that is trained; Qwen3_5\w+ has .*q_proj"
    ):
        adapter_targets(model, ("q_porj",))


def test_no_adapter_is_put_where_nothing_would_read_it() -> None:
    targets = adapter_targets(empty_model("gemma3"), ())
    assert targets and not any(".head.attention." in name for name in targets)


def trained_weights(home: Path, base: Path, **changed: Any) -> tuple[dict[str, Any], dict[str, Any], Any]:
    """Weights before and after one step on reasoning paths, and the model."""
    plan = planned_run(home, model=str(base), prompt="paper", method="sft", sft_steps=1, sft_batch_size=2, **changed)
    policy = execute(plan, ProgressReporter())
    assert policy is not None
    folder = local_checkpoint(plan.open_store(), policy)
    model = load_model(plan.base_model, "float32")
    return model.state_dict(), load_model(plan.base_model, "float32", str(folder)).state_dict(), model


def require_frozen(before: dict[str, Any], after: dict[str, Any], model: Any, frozen: set[str]) -> None:
    import torch

    prefixes = part_prefixes(model)
    changed: dict[str, list[bool]] = defaultdict(list)
    for name, values in before.items():
        changed[part_of(name, prefixes)].append(not torch.equal(values, after[name]))
    assert set(changed) == {"tower", "projector", "language"}
    assert {part for part, flags in changed.items() if not any(flags)} == frozen


def test_frozen_parts_stay_to_the_bit_and_the_others_learn(home: Path, tmp_path: Path) -> None:
    base = save_family_checkpoint("qwen2_5_vl", tmp_path / "model")
    require_frozen(*trained_weights(home, base, frozen=["tower", "projector"]), {"tower", "projector"})


@pytest.mark.slow
@pytest.mark.parametrize("family", TRAINED)
@pytest.mark.parametrize("frozen", [("tower",), ("projector", "language")])
@pytest.mark.parametrize("rank", [0, 2])
def test_parts_of_a_family_stay_to_the_bit(
    family: str, frozen: tuple[str, ...], rank: int, tmp_path: Path, drawn: Store
) -> None:
    base = save_family_checkpoint(family, tmp_path / "model")
    shutil.copytree(drawn.root, tmp_path / "home" / "data")
    changed: dict[str, Any] = {"frozen": list(frozen), "lora": {"rank": rank}, "gradient_checkpointing": not rank}
    without_layers = {"projector"} if rank and family == "gemma3" else set()  # its projector is a bare weight
    require_frozen(*trained_weights(tmp_path / "home", base, **changed), {*frozen, *without_layers})


def image_tokens(processor: Any, size: tuple[int, int]) -> int:
    from PIL import Image

    content = [{"type": "image", "image": Image.new("RGB", size, "red")}]
    return int(encoded([[{"role": "user", "content": content}]], processor)["input_ids"].shape[1])


@pytest.mark.parametrize(
    ("family", "more", "most"),
    [("qwen2_5_vl", 100 * 28 * 28, 10 * 28 * 28), ("lighton_ocr", 56 * 56, 28 * 28), ("aya_vision", 0, 64 * 64)],
)
def test_large_images_are_shown_in_fewer_pixels(family: str, more: int, most: int, tmp_path: Path) -> None:
    load_family_processor(family, tmp_path / "model")
    base = BaseModel(str(tmp_path / "model"), "", False, {"model": family})
    large, small = (load_base_processor(base, (0, pixels)) for pixels in (more, most))
    for size in ((640, 320), (1280, 640)):
        assert image_tokens(small, size) < image_tokens(large, size)
        assert _ImageTokens(small).of([size[::-1]])[0] < _ImageTokens(large).of([size[::-1]])[0]


def test_small_images_are_shown_in_more_pixels(tmp_path: Path) -> None:
    stock = load_family_processor("qwen2_5_vl", tmp_path / "model")
    base = BaseModel(str(tmp_path / "model"), "", False, {"model": "qwen2_5_vl"})
    least = load_base_processor(base, (2000, 0))
    assert image_tokens(least, (20, 20)) > image_tokens(stock, (20, 20))
    with pytest.raises(ModelError, match=r"`min_pixels` is 9,000 and `max_pixels` 3,136 .*: none fits"):
        load_base_processor(base, (9000, 0))


@pytest.mark.parametrize(
    ("family", "pixels", "reason"),
    [
        (
            "gemma3",
            (0, 9000),
            r"Gemma3Processor has no bound that `max_pixels` could set \(it shows images in \d+ x \d+ pixels\)",
        ),
        ("llava_next", (0, 9000), r"the shapes of its tiles are part of the model\): leave `max_pixels` out"),
        ("mllama", (0, 9000), r"MllamaProcessor has no bound that `max_pixels` could set"),
        ("lighton_ocr", (900, 0), r"no bound that `min_pixels` could set \(its size is longest_edge 56\)"),
    ],
)
def test_bounds_that_a_family_has_not_are_refused(
    family: str, pixels: tuple[int, int], reason: str, tmp_path: Path
) -> None:
    load_family_processor(family, tmp_path / "model")
    with pytest.raises(ModelError, match=reason):
        load_base_processor(BaseModel(str(tmp_path / "model"), "", False, {"model": family}), pixels)


def test_a_run_shows_its_images_within_its_own_bounds(home: Path, tmp_path: Path) -> None:
    base = save_family_checkpoint("qwen2_5_vl", tmp_path / "model")
    estimates = [
        estimate_run(plan, plan.open_store())
        for plan in (planned_run(home, model=str(base), prompt="paper", max_pixels=most) for most in (0, 10 * 28 * 28))
    ]
    (_, shrunk), (_, whole) = (estimate.prompt_tokens or (0, 0) for estimate in estimates)
    assert 0 < shrunk < whole and not estimates[1].faults
