"""Initial circuits of the text decoder: weak copies of the attention circuits that looking something up in the context needs.

Plain weights, no change of architecture ("mimetic" initialisation). Layer 0 gets a previous-token head; the layers after it get
induction heads (key: the previous token's code, value: the token itself) and label heads (key: the token's own code, value: the previous
token's code, its own position suppressed). Without them a model of this size stays for hundreds of steps at the accuracy of guessing by
elimination; with them it binds option letters to options within 200 steps.
"""

from collections.abc import Callable

import torch
from transformers import Qwen2_5_VLForConditionalGeneration

POSITIONAL = 4
"""Fast rotary dimensions that a previous-token head uses."""
RESERVED = 5
"""Fast rotary dimensions that carry no content: content rides on the slow ones, where position hardly turns it."""


def _orthonormal(rows: int, columns: int, generator: torch.Generator) -> torch.Tensor:
    sample = torch.randn(max(rows, columns), min(rows, columns), generator=generator)
    basis = torch.linalg.qr(sample)[0]
    return basis.T[:rows] if rows < columns else basis


@torch.no_grad()
def plant_circuits(
    model: Qwen2_5_VLForConditionalGeneration,
    seed: int,
    strength: float = 2.2,
    write: float = 0.1,
    bias: float = 8.0,
    self_suppression: float = 4.0,
    noise: float = 0.3,
    residual: float = 0.2,
) -> None:
    """Change a freshly initialised model in place.

    Args:
        strength: scale of the content match in query and key; write: scale of what the heads write into the residual stream.
        residual: factor on all residual writes, so that token codes stay readable in later layers.
    """
    generator = torch.Generator().manual_seed(seed)
    decoder = model.model.language_model
    config = decoder.config
    heads, width = config.num_attention_heads, config.hidden_size // config.num_attention_heads
    if config.num_key_value_heads != heads:
        raise ValueError("circuits are planted head by head: every query head needs its own key head")
    half = width // 2
    theta = config.rope_parameters["rope_theta"] ** (-torch.arange(0, width, 2).float() / width)
    slow = torch.cat([torch.arange(RESERVED, half), torch.arange(half + RESERVED, width)])

    def orthonormal(rows: int, columns: int) -> torch.Tensor:
        return _orthonormal(rows, columns, generator)

    own, previous = orthonormal(width, config.hidden_size), orthonormal(width, config.hidden_size)

    def rows(head: int) -> slice:
        return slice(head * width, (head + 1) * width)

    def look_back(attention: torch.nn.Module, head: int) -> None:
        query, key = attention.q_proj, attention.k_proj
        query.weight[rows(head)] *= 0.1
        key.weight[rows(head)] *= 0.1
        query_bias, key_bias = torch.zeros(width), torch.zeros(width)
        query_bias[:POSITIONAL] = bias
        key_bias[:POSITIONAL] = bias * theta[:POSITIONAL].cos()
        key_bias[half : half + POSITIONAL] = bias * theta[:POSITIONAL].sin()
        query.bias[rows(head)], key.bias[rows(head)] = query_bias, key_bias

    def match(
        attention: torch.nn.Module, head: int, asked: torch.Tensor, offered: torch.Tensor, not_itself: bool
    ) -> None:
        carrier = torch.zeros(width, width)
        carrier[slow] = orthonormal(len(slow), width) * strength
        query, key = attention.q_proj, attention.k_proj
        query.weight[rows(head)] = query.weight[rows(head)] * noise + carrier @ asked
        key.weight[rows(head)] = key.weight[rows(head)] * noise + carrier @ offered
        if not_itself:
            query.bias[head * width : head * width + POSITIONAL] = self_suppression
            key.bias[head * width : head * width + POSITIONAL] = -self_suppression

    def carry(attention: torch.nn.Module, head: int, source: torch.Tensor, target: torch.Tensor) -> None:
        attention.v_proj.weight[rows(head)] = source
        attention.o_proj.weight[:, rows(head)] = target.T * write

    for layer in decoder.layers:
        layer.self_attn.o_proj.weight *= residual
        layer.mlp.down_proj.weight *= residual
    plant: Callable[[], torch.Tensor] = lambda: orthonormal(width, config.hidden_size)  # noqa: E731
    for number, layer in enumerate(decoder.layers):
        attention = layer.self_attn
        if number == 0:
            look_back(attention, 0)
            carry(attention, 0, own, previous)
        elif number < 3:
            for head in (0, 1):  # induction
                match(attention, head, own, previous, not_itself=False)
                code = plant()
                carry(attention, head, code, code)
            for head in (2, 3):  # the label before an earlier copy of this token
                match(attention, head, own, own, not_itself=True)
                carry(attention, head, previous, own if head == 2 else plant())
            look_back(attention, 4)  # carries computed flags one token on
            carry(attention, 4, plant(), plant())
