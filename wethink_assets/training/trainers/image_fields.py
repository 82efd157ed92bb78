"""GRPO of models whose processor gives fields that TRL (1.16) does not know, or lays images out in a way that it cannot cut.

TRL hands a handful of named fields to the model, and cuts them into micro-batches by rules for each family. Any other field ends the run
(`batch_num_images` of LLaVA-OneVision), is dropped, or is cut wrongly; a processor that only gives tensors (Mistral 3's) fails on prompts of
several lengths. Here the model's own processor encodes the prompts of each micro-batch anew, so that whatever it gives reaches the model as in
any other use. Families that TRL knows go its way.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import torch
from trl.data_utils import prepare_multimodal_messages

from wethink_assets.training.data.chat import encoded, image_fields

KNOWN = {
    "input_ids",
    "attention_mask",
    "pixel_values",
    "image_grid_thw",
    "pixel_attention_mask",
    "spatial_shapes",
    "token_type_ids",
    "mm_token_type_ids",
    "image_position_ids",
}
"""Fields that TRL hands on, but for `image_sizes`, beside which it cuts images wrongly where they have several tiles."""
CUT_BY = {"image_grid_thw", "spatial_shapes", "image_position_ids"}
"""Fields by which it tells the parts of `pixel_values`."""


def known_to_trl(conversation: Any, processor: Any) -> bool:
    """Whether TRL hands on and cuts the fields of images as it should, by those of one conversation with one image."""
    fields = encoded([conversation], processor)
    if not set(fields) <= KNOWN or "pixel_values" not in fields:
        return False
    pixels = fields["pixel_values"]
    if len(pixels) != 1 and (
        not CUT_BY & set(fields) or pixels.ndim == 4
    ):  # it takes rows of four dimensions for tiles
        return False
    options = {"add_generation_prompt": True, "tokenize": True, "return_dict": True}
    return not isinstance(processor.apply_chat_template([conversation], **options)["input_ids"], torch.Tensor)


class ImageFieldsMixin:
    """Mix-in for a `GRPOTrainer` that trains models with any fields of images."""

    _own_fields: bool | None = None
    _conversations: Sequence[Any] = ()

    def _generate_and_score_completions(self, inputs: list[dict[str, Any]]) -> dict[str, Any]:
        trainer: Any = self
        processor = trainer.processing_class
        self._conversations = [
            prepare_multimodal_messages(example["prompt"], images=example["images"]) for example in inputs
        ]
        if self._own_fields is None:
            self._own_fields = not known_to_trl(self._conversations[0], processor)
        if not self._own_fields:
            return super()._generate_and_score_completions(inputs)  # type: ignore[misc]
        trainer.processing_class = _TextOnly(processor)
        try:
            output: dict[str, Any] = super()._generate_and_score_completions(inputs)  # type: ignore[misc]
        finally:
            trainer.processing_class = processor
        output.pop("pixel_values", None)
        return {**output, "conversations": self._conversations}

    def _compute_loss(self, model: Any, inputs: Mapping[str, Any]) -> Any:
        self._conversations = inputs.get("conversations", ())
        return super()._compute_loss(model, inputs)  # type: ignore[misc]

    def _tokenize_prompts(self, prompts: list[Any]) -> tuple[list[list[int]], Any, dict[str, Any]]:
        trainer: Any = self
        if not self._own_fields:
            return super()._tokenize_prompts(prompts)  # type: ignore[misc]
        prompt = encoded(prompts, trainer.processing_class)
        ids = [
            row[mask.bool()].tolist() for row, mask in zip(prompt["input_ids"], prompt["attention_mask"], strict=True)
        ]
        images = [[part["image"] for part in _parts(messages) if part["type"] == "image"] for messages in prompts]
        return ids, images, image_fields(prompt, 0, 0)

    def _get_per_token_logps_and_entropies(
        self,
        model: Any,
        input_ids: torch.Tensor,
        attention_mask: torch.Tensor,
        logits_to_keep: int,
        batch_size: int | None = None,
        **arguments: Any,
    ) -> tuple[torch.Tensor, torch.Tensor | None, torch.Tensor | None]:
        compute: Any = super()._get_per_token_logps_and_entropies  # type: ignore[misc]
        if not self._own_fields:
            return compute(model, input_ids, attention_mask, logits_to_keep, batch_size, **arguments)
        trainer: Any = self
        asked = {name: arguments[name] for name in ("compute_entropy", "compute_aux_loss") if name in arguments}
        size = batch_size or len(input_ids)
        parts = []
        for start in range(0, len(input_ids), size):
            chunk = slice(start, start + size)
            prompt = encoded(self._conversations[chunk], trainer.processing_class)
            before = input_ids.shape[1] - logits_to_keep - prompt["input_ids"].shape[1]
            fields = trainer._prepare_fields(image_fields(prompt, before, logits_to_keep))
            parts.append(
                compute(partial(model, **fields), input_ids[chunk], attention_mask[chunk], logits_to_keep, **asked)
            )
        logps, entropies, losses = zip(*parts, strict=True)
        return (
            torch.cat(logps),
            None if entropies[0] is None else torch.cat(entropies),
            None if losses[0] is None else torch.stack(losses).mean(),
        )

    def _prepare_fields(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        trainer: Any = self
        return {
            name: value.to(trainer.accelerator.device) if isinstance(value, torch.Tensor) else value
            for name, value in fields.items()
        }


class _TextOnly:
    """A processor that keeps the fields of images to itself when it is called, as TRL does once it has completions."""

    def __init__(self, processor: Any) -> None:
        self._processor = processor

    def __getattr__(self, name: str) -> Any:
        return getattr(self._processor, name)

    def __call__(self, *, images: Sequence[Any], text: Sequence[str], **options: Any) -> dict[str, torch.Tensor]:
        return {"pixel_values": torch.zeros(len(images), 1)}


def _parts(messages: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [part for message in messages if isinstance(message["content"], list) for part in message["content"]]
