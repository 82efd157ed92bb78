"""Vision of the embedded model: a square view of 48 x 48 pixels in patches as Qwen2.5-VL cuts them, and attention over many views at once.

The stock layer runs attention image by image, which at 36 patches an image is nearly all overhead. The replacement gives the same, several
times faster. It is bound to the layers of one model only; other models are untouched, and images of unequal size take the stock path.
"""

from types import MethodType
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch.nn.functional import scaled_dot_product_attention
from transformers import Qwen2_5_VLForConditionalGeneration
from transformers.models.qwen2_5_vl.modeling_qwen2_5_vl import Qwen2_5_VLVisionAttention, apply_rotary_pos_emb_vision

SIDE = 48
"""Pixels of the model's square view."""
PATCH = 8
MEAN = np.array([0.48145466, 0.4578275, 0.40821073], np.float32)
STD = np.array([0.26862954, 0.26130258, 0.27577711], np.float32)
GRID = SIDE // PATCH
CELLS = (GRID // 2) ** 2


def square_view(image: Image.Image) -> Image.Image:
    """The image as the model sees it: RGB, 48 x 48, whatever its shape was."""
    rgb = image.convert("RGB")
    return rgb if rgb.size == (SIDE, SIDE) else rgb.resize((SIDE, SIDE), Image.Resampling.BICUBIC)


def patches(image: Image.Image) -> NDArray[np.float32]:
    """Normalised patches of a 48 x 48 view, shape (36, 384), in the order of Qwen2.5-VL (2 x 2 patches of a cell together)."""
    pixels = ((np.asarray(image, np.float32) / 255 - MEAN) / STD).transpose(2, 0, 1)
    half = GRID // 2
    split = pixels.reshape(3, half, 2, PATCH, half, 2, PATCH).transpose(1, 4, 2, 5, 0, 3, 6)
    twice = np.broadcast_to(split[:, :, :, :, :, None], (*split.shape[:5], 2, PATCH, PATCH))
    return twice.reshape(GRID * GRID, 3 * 2 * PATCH * PATCH).astype(np.float32, copy=False)


def _attend(
    layer: Any,
    hidden_states: torch.Tensor,
    cu_seqlens: torch.Tensor,
    position_embeddings: tuple[torch.Tensor, torch.Tensor] | None = None,
    max_seqlen: int | None = None,
    **kwargs: Any,
) -> torch.Tensor:
    count, images = hidden_states.shape[0], cu_seqlens.numel() - 1
    lengths = cu_seqlens[1:] - cu_seqlens[:-1]
    if position_embeddings is None or images < 1 or count % images or not bool((lengths == count // images).all()):
        return Qwen2_5_VLVisionAttention.forward(
            layer, hidden_states, cu_seqlens, position_embeddings, max_seqlen, **kwargs
        )
    query, key, value = layer.qkv(hidden_states).reshape(count, 3, layer.num_heads, -1).unbind(1)
    query, key = apply_rotary_pos_emb_vision(query, key, *position_embeddings)
    query, key, value = (
        part.reshape(images, count // images, layer.num_heads, -1).transpose(1, 2) for part in (query, key, value)
    )
    output = scaled_dot_product_attention(query, key, value.to(query.dtype), scale=layer.scaling)
    return layer.proj(output.transpose(1, 2).reshape(count, -1))


def attend_in_batches(model: Qwen2_5_VLForConditionalGeneration) -> None:
    """Give one model's vision layers the batched attention."""
    for block in model.model.visual.blocks:
        block.attn.forward = MethodType(_attend, block.attn)
