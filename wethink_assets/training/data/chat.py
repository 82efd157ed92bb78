"""Conversations as tensors: what a model takes for rows with their images, by its own processor and chat template."""

from collections.abc import Sequence
from typing import Any

from wethink_assets.errors import ModelError

LAST_ROW_GOES_ON = ("cross_attention_mask",)
"""Fields whose last token's values are those of all later tokens; others are 0 beyond the prompt."""


def encoded(conversations: Sequence[Any], processor: Any) -> Any:
    """Prompts of conversations, whose images are in them, padded on the left: `input_ids` and `attention_mask` [N, L] and the fields of images."""
    return processor.apply_chat_template(
        list(conversations),
        add_generation_prompt=True,
        tokenize=True,
        return_dict=True,
        processor_kwargs={"padding": True, "return_tensors": "pt"},
    )


def require_images(processor: Any) -> None:
    """Raise `ModelError` unless the processor makes a prompt of an image and a question, with the image in it, by its chat template."""
    from PIL import Image

    content = [{"type": "image", "image": Image.new("RGB", (96, 64))}, {"type": "text", "text": "?"}]
    name = type(processor).__name__
    try:
        prompt = encoded([[{"role": "user", "content": content}]], processor)
    except Exception as error:  # whatever its template or code raises
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise ModelError(
            f"{name} makes no prompt of an image and a question, which a training needs: {reason}; mend its chat template or start from another model"
        ) from error
    tokens = image_token_ids(processor)
    shown = any("pixel" in field or "patches" in field for field in prompt)
    if not shown or (tokens and not set(tokens) & set(prompt["input_ids"].flatten().tolist())):
        raise ModelError(
            f"{name} leaves the image out of a prompt: its chat template writes no token for parts of the type `image`; mend the template"
        )


def image_fields(prompts: Any, before: int, after: int) -> dict[str, Any]:
    """Fields of encoded prompts but for `input_ids` and `attention_mask`, those with a value a token made longer.

    before, after: tokens that were put on the left, as padding, and on the right, as a reply.
    """
    import torch

    shape = prompts["input_ids"].shape
    fields: dict[str, Any] = {}
    for name, value in prompts.items():
        if name in ("input_ids", "attention_mask"):
            continue
        if isinstance(value, torch.Tensor) and value.shape[:2] == shape:
            rest = value[:, -1:] if name in LAST_ROW_GOES_ON else torch.zeros_like(value[:, -1:])
            right = rest.expand(-1, after, *value.shape[2:])
            left = value.new_zeros((value.shape[0], before, *value.shape[2:]))
            value = torch.cat([left, value, right], 1)
        fields[name] = value
    return fields


def image_token_ids(*owners: Any) -> list[int] | None:
    """Tokens that stand for the parts of an image by a processor or a model's configuration; None where they name none.

    No reply may hold one: the model would look for another image.
    """
    ids = {getattr(owner, name, None) for owner in owners for name in ("image_token_id", "image_token_index")}
    return sorted(number for number in ids if isinstance(number, int)) or None
