"""Which rows of a run have a prompt that is short enough?"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wethink_assets.training.prompting import RowPrompts
from wethink_assets.training.rows import Rows

PART = 1000


def fitting(rows: Rows, limit: int, prompts: RowPrompts, processor: Any, side: int | None = None) -> NDArray[np.int32]:
    """Indices of the rows whose prompt has at most `limit` tokens, with those of its picture and of the chat template.

    side: of the square that every picture is shown as, where it is not shown in its own size.
    """
    fits = []
    for start in range(0, len(rows), PART):
        part = [rows[index] for index in range(start, min(start + PART, len(rows)))]
        fits += [
            start + number for number, length in enumerate(_lengths(part, prompts, processor, side)) if length <= limit
        ]
    return np.array(fits, np.int32)


def _lengths(part: list[Mapping[str, Any]], prompts: RowPrompts, processor: Any, side: int | None) -> list[int]:
    messages = [prompts.messages(row) for row in part]
    contents = [message["content"] for told in messages for message in told]
    counted = iter(processor.tokenizer(contents, add_special_tokens=False)["input_ids"])
    texts = [sum(len(next(counted)) for _ in told) for told in messages]
    sizes = [(side or row["height"], side or row["width"]) for row in part]
    pictures = processor._get_num_multimodal_tokens(image_sizes=sizes)["num_image_tokens"]
    around = _around(messages[0], processor)
    return [text + picture + around for text, picture in zip(texts, pictures, strict=True)]


def _around(told: list[dict[str, str]], processor: Any) -> int:
    """Tokens that the chat template adds to messages of these roles and a picture."""
    empty: list[dict[str, Any]] = [
        {"role": message["role"], "content": [{"type": "text", "text": ""}]} for message in told
    ]
    empty[-1]["content"].insert(0, {"type": "image"})
    text = processor.apply_chat_template(empty, add_generation_prompt=True, tokenize=False)
    return len(processor.tokenizer(text, add_special_tokens=False)["input_ids"]) - 1  # one stands for the picture
