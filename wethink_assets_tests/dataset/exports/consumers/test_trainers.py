"""TRL, verl, EasyR1, LLaMA-Factory and ms-swift read the exports that are theirs: every row with its image, and rewards for right answers."""

import pytest

from wethink_assets_tests.dataset.exports.conftest import Exported
from wethink_assets_tests.dataset.exports.consumers.conftest import SPLITS, Reading, easyr1_source
from wethink_assets_tests.support.project import ROOT

pytestmark = pytest.mark.consumers

MODEL = ROOT / "wethink_assets" / "models" / "embedded" / "checkpoints" / "policy"
"""A small Qwen2.5-VL, with the processor that readers put images through."""
Pixels = dict[str, list[str]]


def test_trl_takes_a_step_on_every_rows_form(reading: Reading, exported_sample: Exported, pixels: Pixels) -> None:
    read = reading("trl", "read_with_trl", exported_sample("trl"), MODEL, PYTHONPATH=str(ROOT))
    assert read["pixels"] == pixels
    assert read["systems"] == ["system"]
    for trainer in ("grpo", "sft"):
        assert read[trainer]["pixels"] and "loss" in read[trainer]["log"]
    assert any(name.startswith("rewards/") for name in read["grpo"]["log"])


def right_and_wrong(read: dict[str, dict[str, list[float]]], pixels: Pixels) -> None:
    """A right answer in its form has the whole reward; another has only what its form is worth."""
    for split in SPLITS:
        assert read["right"][split] == pytest.approx([1.0] * len(pixels[split]))
        assert read["wrong"][split] == pytest.approx([0.3] * len(pixels[split]))


def test_verl_shows_and_rewards_every_row(reading: Reading, exported_sample: Exported, pixels: Pixels) -> None:
    read = reading("verl", "read_with_verl", exported_sample("verl"), MODEL)
    assert read["pixels"] == pixels
    right_and_wrong(read, pixels)


@pytest.mark.parametrize("mode", ["embedded", "files"])
def test_easyr1_shows_and_rewards_every_row(
    reading: Reading, exported_sample: Exported, pixels: Pixels, mode: str
) -> None:
    read = reading("verl", "read_with_easyr1", easyr1_source(), exported_sample("easyr1", mode), MODEL)
    assert read["pixels"] == pixels
    assert "<think>" in read["prompts"]
    right_and_wrong(read, pixels)


def require_pixels(read: Pixels, pixels: Pixels, lossy: set[str], mode: str) -> None:
    """Each row has its image. `Dataset.map` of `datasets` compresses those embedded in rows again: of a JPEG or WebP the size is compared."""
    for split in SPLITS:
        assert len(read[split]) == len(pixels[split])
        for seen, stored in zip(read[split], pixels[split], strict=True):
            again = mode == "embedded" and stored in lossy
            assert seen == stored or (again and seen.split()[0] == stored.split()[0])


@pytest.mark.parametrize("mode", ["embedded", "files"])
def test_llama_factory_tokenises_every_row_with_its_image(
    reading: Reading, exported_sample: Exported, pixels: Pixels, lossy: set[str], mode: str
) -> None:
    read = reading("llama-factory", "read_with_llama_factory", exported_sample("llama-factory", mode), MODEL)
    require_pixels(read["pixels"], pixels, lossy, mode)
    assert read["placed"]


@pytest.mark.parametrize("mode", ["embedded", "files"])
def test_ms_swift_shows_every_row(
    reading: Reading, exported_sample: Exported, pixels: Pixels, lossy: set[str], mode: str
) -> None:
    read = reading("ms-swift", "read_with_ms_swift", exported_sample("ms-swift", mode))
    assert read["placeholders"] == [1]
    require_pixels(read["pixels"], pixels, lossy, mode)
    assert {"messages", "images"} <= set(read["columns"])
