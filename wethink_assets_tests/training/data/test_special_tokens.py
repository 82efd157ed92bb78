"""Text of rows holds no special token of the model that is trained on it, whatever the tokens of that model are."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from transformers import AddedToken

from wethink_assets.config import RecipeSettings, Settings
from wethink_assets.models.embedded.checkpoints import checkpoint_folder
from wethink_assets.models.embedded.processor import load_processor
from wethink_assets.training.data.prompts import RowPrompts
from wethink_assets.training.data.special_tokens import SpecialTokens

OTHERS = [
    "<image>",
    "<start_of_image>",
    "<IMG_CONTEXT>",
    "[IMG]",
    "[INST]",
    "</s>",
    "<end_of_utterance>",
    "<fake_token_around_image>",
]


def processor_with(tokens: list[str]) -> Any:
    """The embedded model's processor with further tokens, as models of other families have them."""
    processor: Any = load_processor(checkpoint_folder("policy"))
    processor.tokenizer.add_tokens([AddedToken(token, special=True) for token in tokens[1:]])
    processor.image_token = tokens[0]  # known to the processor alone
    return processor


@pytest.fixture(scope="module")
def processor() -> Any:
    return processor_with(OTHERS)


@given(st.lists(st.one_of(st.sampled_from(OTHERS), st.text("<[I>|/ a", max_size=4)), max_size=12).map("".join))
def test_no_token_is_left_and_nothing_but_spaces_is_added(processor: Any, text: str) -> None:
    broken = SpecialTokens(processor).broken_up(text)
    assert not any(token in broken for token in OTHERS)
    assert broken.replace(" ", "") == text.replace(" ", "")
    assert SpecialTokens(processor).broken_up(broken) == broken


def test_a_row_that_holds_them_is_put_as_text(processor: Any) -> None:
    prompts = RowPrompts(Settings(), RecipeSettings(), processor)
    row = {"problem": "What is <image> and <start_of_image>?", "refined_cot": "[IMG] is red", "answer": "</s>"}
    assert prompts.messages(row)[-1]["content"] == "What is < image> and < start_of_image>?"
    assert prompts.target(row) == "<think>[ IMG] is red</think><answer>< /s></answer>"
    special = set(processor.tokenizer.convert_tokens_to_ids(OTHERS[1:]))
    assert special.isdisjoint(processor.tokenizer(prompts.target(row))["input_ids"])


def test_plain_text_stays(processor: Any) -> None:
    text = "Is 3 < 5, is a<b and b>c, and what does [1] say about <b>bold</b> text!"
    assert SpecialTokens(processor).broken_up(text) == text
