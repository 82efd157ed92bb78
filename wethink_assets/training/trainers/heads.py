"""Output layers under GRPO that scale as their models do.

TRL (1.16) computes log-probabilities past the model's own output, scaled and capped as the text model's configuration says. Models for images and
text have an output of their own, some of which leave that out (Aya Vision's and Cohere2 Vision's `logit_scale`, PaliGemma 2's soft cap): what
is trained would be another distribution than the one that the completions were sampled from.
"""

import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from trl.trainer import grpo_trainer

SCALES: dict[str, float | None] = {
    "logit_scale": 1.0,
    "output_multiplier": 1.0,
    "lm_head_multiplier": 1.0,
    "logits_scaling": 1.0,
    "final_logit_softcapping": None,
}
"""Settings of a text model that TRL reads, with the values that change nothing."""


def unused_scales(model: Any) -> list[str]:
    """Scales that the text model's configuration has and the code of a model for images and text does not apply."""
    text = model.config.get_text_config()
    if text is model.config:
        return []
    source = inspect.getsource(type(model))
    return [name for name in SCALES if getattr(text, name, None) is not None and name not in source]


@contextmanager
def heads_scale_as_models() -> Iterator[None]:
    """A trainer that is made meanwhile, and its reference model, leave out the scales that their models leave out."""
    stock = grpo_trainer.add_fused_lm_head

    def add_head(model: Any, *arguments: Any, **options: Any) -> None:
        text = model.config.get_text_config()
        left_out = {name: getattr(text, name) for name in unused_scales(model)}
        for name in left_out:
            setattr(text, name, SCALES[name])
        try:
            stock(model, *arguments, **options)
        finally:
            for name, value in left_out.items():
                setattr(text, name, value)

    grpo_trainer.add_fused_lm_head = add_head
    try:
        yield
    finally:
        grpo_trainer.add_fused_lm_head = stock
