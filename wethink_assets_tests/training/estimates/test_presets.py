"""Presets hold the sizes that transformers counts, fit by the formulas, and stand in the docs as the module makes them."""

from pathlib import Path
from typing import Any

import pytest

from wethink_assets.config import RecipeSettings
from wethink_assets.training.estimates.memory import shape_of
from wethink_assets.training.estimates.presets import DEVICE_GIB, DEVICES, FULL, SIZES, preset, preset_table

PAGE = Path(__file__).parents[3] / "docs" / "presets.md"
TEXT = (
    "hidden_size",
    "intermediate_size",
    "num_hidden_layers",
    "num_attention_heads",
    "num_key_value_heads",
    "vocab_size",
)
CONFIGURATIONS: dict[str, tuple[tuple[int, ...], bool, int]] = {
    "Qwen/Qwen2-VL-2B-Instruct": ((1536, 8960, 28, 12, 2, 151936), True, 0),
    "Qwen/Qwen2.5-VL-3B-Instruct": ((2048, 11008, 36, 16, 2, 151936), True, 3420),
    "Qwen/Qwen2.5-VL-7B-Instruct": ((3584, 18944, 28, 28, 4, 152064), False, 3420),
    "Qwen/Qwen2.5-VL-32B-Instruct": ((5120, 27648, 64, 40, 8, 152064), False, 3456),
    "Qwen/Qwen2.5-VL-72B-Instruct": ((8192, 29568, 80, 64, 8, 152064), False, 3456),
}
"""From the models' config.json: sizes of `TEXT`, whether embeddings are tied, and the feed-forward size of the tower."""


def published(name: str) -> Any:
    from transformers import Qwen2_5_VLConfig, Qwen2VLConfig

    sizes, tied, feed_forward = CONFIGURATIONS[name]
    text = {**dict(zip(TEXT, sizes, strict=True)), "tie_word_embeddings": tied}
    if not feed_forward:
        return Qwen2VLConfig(text_config=text, vision_config={"hidden_size": sizes[0]}, tie_word_embeddings=tied)
    vision = {"out_hidden_size": sizes[0], "intermediate_size": feed_forward, "hidden_size": 1280}
    return Qwen2_5_VLConfig(text_config=text, vision_config=vision, tie_word_embeddings=tied)


@pytest.mark.slow
@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_sizes_are_what_transformers_counts(name: str) -> None:
    [model] = [size for size in SIZES if size.name == name]
    assert shape_of(published(name), RecipeSettings()) == model.shape
    adapters = RecipeSettings.model_validate({"lora": {"rank": 64}})
    assert shape_of(published(name), adapters).trained == model.adapters


def test_every_size_has_presets_that_fit() -> None:
    assert [model.name for model in SIZES] == list(CONFIGURATIONS)
    for model in SIZES:
        for gib in DEVICE_GIB:
            fits = [preset(model, devices, gib) for devices in DEVICES]
            assert all(one.memory is None or one.memory.peak <= FULL * gib for one in fits)
            trained = [one.recipe is not None for one in fits]
            assert trained == sorted(trained)  # what fits on some devices fits on more
        assert preset(model, 8, 80).recipe is not None
    assert preset(SIZES[0], 1, 80).recipe is not None and preset(SIZES[-1], 1, 80).recipe is None


def test_the_page_is_what_the_module_makes() -> None:
    assert preset_table() in PAGE.read_text()
