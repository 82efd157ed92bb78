"""Prompts of rows, and the filter by their length.

A row is put to the policy as in the paper, or with the prompt by which the pipeline asks about images.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wethink_assets.config import RecipeSettings, Settings
from wethink_assets.identity import sha256_hex
from wethink_assets.rewards.responses import response_text
from wethink_assets.rewards.trl import opens_thought
from wethink_assets.synthesis.prompt_packs import Prompt, load_prompt
from wethink_assets.training.data.chat import encoded
from wethink_assets.training.data.rows import Rows
from wethink_assets.training.data.special_tokens import SpecialTokens

Message = dict[str, str]


class RowPrompts:
    """Prompts of a recipe. `identity` changes whenever their text does; special tokens of a `processor` are broken up in what rows say."""

    def __init__(self, settings: Settings, recipe: RecipeSettings, processor: Any = None) -> None:
        self._special = SpecialTokens(processor)
        self._system = recipe.system_prompt if recipe.prompt == "paper" else ""
        self._pack: Prompt | None = load_prompt(settings, "answer_image", "policy") if recipe.prompt == "pack" else None

    @property
    def identity(self) -> dict[str, str]:
        """What the prompts are known by."""
        if self._pack is None:
            return {"prompt": "paper", "sha256": sha256_hex(self._system.encode())}
        return {"prompt": "pack", "sha256": self._pack.sha256}

    def messages(self, row: Mapping[str, Any]) -> list[Message]:
        """Messages of a row, whose image goes before the user's text."""
        if self._pack is None:
            system, user = self._system, str(row["problem"])
        else:
            system, user = self._pack.render(question=row["question"], kind=row["kind"], options=row["options"] or [])
        first = [{"role": "system", "content": system}] if system else []
        return [*first, {"role": "user", "content": self._special.broken_up(user)}]

    def target(self, row: Mapping[str, Any], *, prefilled: bool = False) -> str:
        """What supervised training wants as the reply to a row: its reasoning path, then its answer.

        With `prefilled` the chat template has opened the thought already.
        """
        thought, answer = (self._special.broken_up(row[name]) for name in ("refined_cot", "answer"))
        return response_text(thought, answer, prefilled=prefilled)


CHUNK_ROWS = 1000


def prompt_length_filter(
    rows: Rows, limit: int, prompts: RowPrompts, processor: Any, side: int | None = None
) -> NDArray[np.int32]:
    """Indices of the rows whose prompt has at most `limit` tokens, with those of its image and of the chat template.

    side: of the square that every image is shown as, where it is not shown in its own size.
    """
    return np.flatnonzero(prompt_lengths(rows, prompts, processor, side) <= limit).astype(np.int32)


def prompt_lengths(rows: Rows, prompts: RowPrompts, processor: Any, side: int | None = None) -> NDArray[np.int64]:
    """Tokens of the prompt of each row [N], with those of its image and of the chat template; `side` as of `prompt_length_filter`."""
    lengths: list[int] = []
    image_tokens = _ImageTokens(processor)
    for start in range(0, len(rows), CHUNK_ROWS):
        chunk = [rows[index] for index in range(start, min(start + CHUNK_ROWS, len(rows)))]
        lengths += _prompt_lengths(chunk, prompts, processor, image_tokens, side)
    return np.array(lengths, np.int64)


def _prompt_lengths(
    rows: list[Mapping[str, Any]], prompts: RowPrompts, processor: Any, image_tokens: "_ImageTokens", side: int | None
) -> list[int]:
    conversations = [prompts.messages(row) for row in rows]
    contents = [message["content"] for messages in conversations for message in messages]
    tokens = iter(processor.tokenizer(contents, add_special_tokens=False)["input_ids"])
    text_tokens = [sum(len(next(tokens)) for _ in messages) for messages in conversations]
    sizes = [(side or row["height"], side or row["width"]) for row in rows]
    template = _template_tokens(conversations[0], processor)
    counts = zip(text_tokens, image_tokens.of(sizes), strict=True)
    return [text + image + template for text, image in counts]


class _ImageTokens:
    """Tokens of images by their size: as the processor counts them, else those that it writes for a blank image of that size."""

    def __init__(self, processor: Any) -> None:
        self._processor = processor
        self._of_size: dict[tuple[int, int], int] = {}

    def of(self, sizes: list[tuple[int, int]]) -> list[int]:
        """Tokens of images of these heights and widths, in pixels."""
        count = getattr(self._processor, "_get_num_multimodal_tokens", None)  # SmolVLM's and a dozen others lack it
        if count is not None:
            return list(count(image_sizes=sizes)["num_image_tokens"])
        for size in set(sizes) - self._of_size.keys():
            self._of_size[size] = self._of_blank(size)
        return [self._of_size[size] for size in sizes]

    def _of_blank(self, size: tuple[int, int]) -> int:
        from PIL import Image

        message = {"role": "user", "content": [{"type": "image", "image": Image.new("RGB", size[::-1])}]}
        written = encoded([[message]], self._processor)["input_ids"].shape[1]
        bare = str(self._processor.apply_chat_template(_without_pixels(message), add_generation_prompt=True))
        return int(written) - len(self._processor.tokenizer(bare, add_special_tokens=False)["input_ids"]) + 1


def _without_pixels(message: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{**message, "content": [{"type": "image"}]}]


def template_opens_thought(processor: Any) -> bool:
    """Whether the chat template itself writes `<think>` at the start of a reply, as those of some reasoning models do."""
    return opens_thought(_rendered_template([{"role": "user", "content": ""}], processor))


def _template_tokens(messages: list[Message], processor: Any) -> int:
    """Tokens that the chat template adds to messages of these roles and an image."""
    text = _rendered_template(messages, processor)
    return len(processor.tokenizer(text, add_special_tokens=False)["input_ids"]) - 1  # one stands for the image


def _rendered_template(messages: list[Message], processor: Any) -> str:
    """What the chat template writes around messages of these roles, which say nothing, and an image."""
    empty: list[dict[str, Any]] = [
        {"role": message["role"], "content": [{"type": "text", "text": ""}]} for message in messages
    ]
    empty[-1]["content"].insert(0, {"type": "image"})
    return str(processor.apply_chat_template(empty, add_generation_prompt=True, tokenize=False))
