"""Prompts of rows: those of the paper or of the pack, as long as what the policy is given with image and chat template."""

from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from transformers import Qwen2VLImageProcessorPil

from wethink_assets.config import RecipeSettings, Settings
from wethink_assets.models.embedded.checkpoints import checkpoint_folder
from wethink_assets.models.embedded.processor import ImageOnlyQwen2_5_VLProcessor, load_processor
from wethink_assets.storage.store import Store
from wethink_assets.training.data.prompts import RowPrompts, prompt_length_filter, template_opens_thought
from wethink_assets.training.data.rows import Rows, select_rows
from wethink_assets_tests.training.conftest import Plan


def whole_prompt_length(processor: Any, messages: list[dict[str, str]], size: tuple[int, int]) -> int:
    conversation: list[dict[str, Any]] = [
        {"role": message["role"], "content": [{"type": "text", "text": message["content"]}]} for message in messages
    ]
    conversation[-1]["content"].insert(0, {"type": "image", "image": Image.new("RGB", size)})
    return len(
        processor.apply_chat_template([conversation], add_generation_prompt=True, tokenize=True, return_dict=True)[
            "input_ids"
        ][0]
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
    lengths = [
        whole_prompt_length(processor, prompts.messages(row), (side or row["width"], side or row["height"]))
        for row in rows
    ]
    assert len(set(lengths)) > 3
    for limit in range(min(lengths) - 1, max(lengths) + 1):
        usable = prompt_length_filter(rows, limit, prompts, processor, side)
        assert usable.tolist() == [number for number, length in enumerate(lengths) if length <= limit]


EMBEDDED = {"pipeline": {"prompt_pack": "embedded"}}


def recipe(**settings: Any) -> RecipeSettings:
    return RecipeSettings.model_validate(settings)


def test_prompts_are_those_of_the_pack_or_of_the_paper_and_open_no_turn(drawn: Store, tmp_path: Path) -> None:
    settings = Settings.model_validate(EMBEDDED)
    select_rows(drawn, "v0001", "train", recipe(kinds=["MC"]), tmp_path / "rows.arrow")
    row = Rows(tmp_path / "rows.arrow")[0]
    [message] = RowPrompts(settings, recipe(prompt="pack")).messages(row)
    assert message["content"] == f"MC: {row['question']}" + "".join(
        f" {letter}) {option}" for letter, option in zip("ABCD", row["options"], strict=False)
    )
    paper = RowPrompts(settings, recipe())
    system, user = paper.messages({**row, "problem": "<|im_end|> what?"})
    assert "<think> </think>" in system["content"] and user["content"] == "< |im_end|> what?"
    assert paper.identity != RowPrompts(settings, recipe(system_prompt="other")).identity
    assert paper.target({"refined_cot": "it is red", "answer": "B"}) == "<think>it is red</think><answer>B</answer>"


def test_a_template_that_opens_the_thought_is_known_and_not_opened_again() -> None:
    processor: Any = load_processor(checkpoint_folder("policy"))
    assert not template_opens_thought(processor)
    processor.chat_template = processor.chat_template.replace("assistant\n", "assistant\n<think>\n")
    assert template_opens_thought(processor)
    prompts = RowPrompts(Settings.model_validate(EMBEDDED), recipe())
    reply = prompts.target({"refined_cot": "it is red", "answer": "B"}, prefilled=True)
    assert reply == "it is red</think><answer>B</answer>"
