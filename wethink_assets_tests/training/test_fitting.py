"""A prompt is as long as what the policy is given: its text, its picture and the chat template."""

from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from transformers import Qwen2VLImageProcessorPil

from wethink_assets.models.embedded.checkpoints import checkpoint_folder
from wethink_assets.models.embedded.processor import ImageOnlyQwen2_5_VLProcessor, load_processor
from wethink_assets.training.data.prompts import RowPrompts, prompt_length_filter
from wethink_assets.training.data.rows import Rows, select_rows
from wethink_assets_tests.training.conftest import Plan


def in_full(processor: Any, messages: list[dict[str, str]], size: tuple[int, int]) -> int:
    told: list[dict[str, Any]] = [
        {"role": message["role"], "content": [{"type": "text", "text": message["content"]}]} for message in messages
    ]
    told[-1]["content"].insert(0, {"type": "image", "image": Image.new("RGB", size)})
    return len(
        processor.apply_chat_template([told], add_generation_prompt=True, tokenize=True, return_dict=True)["input_ids"][
            0
        ]
    )


@pytest.mark.parametrize("prompt", ["paper", "pack"])
@pytest.mark.parametrize("side", [48, None])
def test_a_row_fits_from_the_length_of_its_whole_prompt_on(
    plan: Plan, tmp_path: Path, prompt: str, side: int | None
) -> None:
    planned = plan(prompt=prompt)
    processor: Any = load_processor(checkpoint_folder("policy"))
    if side is None:  # as other models see pictures, in their own size
        processor = ImageOnlyQwen2_5_VLProcessor(
            Qwen2VLImageProcessorPil(), processor.tokenizer, chat_template=processor.chat_template
        )
    select_rows(planned.open_store(), planned.version, "train", planned.recipe, tmp_path / "rows.arrow")
    rows = Rows(tmp_path / "rows.arrow")
    prompts = RowPrompts(planned.configuration, planned.recipe)
    lengths = [in_full(processor, prompts.messages(row), (side or row["width"], side or row["height"])) for row in rows]
    assert len(set(lengths)) > 3
    for limit in range(min(lengths) - 1, max(lengths) + 1):
        usable = prompt_length_filter(rows, limit, prompts, processor, side)
        assert usable.tolist() == [number for number, length in enumerate(lengths) if length <= limit]
