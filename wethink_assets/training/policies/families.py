"""Families of models that cannot be trained, told by the files of a checkpoint before any weights are loaded: each with reason and remedy."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wethink_assets.errors import ModelError


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why models of a family are not trained, and what to do instead."""

    reason: str
    remedy: str


ANOTHER = "start from a model that answers by continuing its prompt, such as Qwen3-VL, InternVL, Gemma 3 or SmolVLM"
ENCODER_DECODER = Refusal("it is an encoder-decoder, whose answer is no continuation of its prompt", ANOTHER)
REFUSED: dict[str, Refusal] = {
    "diffusion_gemma": Refusal(
        "it writes text by diffusion, so that its tokens have no probabilities in turn", ANOTHER
    ),
    "evolla": Refusal("it reads proteins, no images", ANOTHER),
    "florence2": ENCODER_DECODER,
    "fun_asr_nano": Refusal("it reads speech, no images", ANOTHER),
    "instructblipvideo": Refusal("it reads videos, no images", ANOTHER),
    "pi0": Refusal("it writes the movements of a robot, no text", ANOTHER),
    "pix2struct": ENCODER_DECODER,
    "pp_formulanet": ENCODER_DECODER,
    "shieldgemma2": Refusal("it says yes or no to a policy on content, and answers no questions", ANOTHER),
    "t5gemma2": ENCODER_DECODER,
    "udop": ENCODER_DECODER,
    "vision-encoder-decoder": ENCODER_DECODER,
}
"""By the `model_type` of a checkpoint's configuration; docs/families.md has what was tried of all families."""
_HIDDEN = Refusal(
    "it gives no hidden states from which GRPO could compute probabilities",
    'train it with `method = "sft"`, or start from another model',
)
REFUSED_BY_GRPO: dict[str, Refusal] = {"qwen2_5_omni_thinker": _HIDDEN, "qwen3_omni_moe_thinker": _HIDDEN}
"""Families that learn from reasoning paths only."""
TEMPLATE_FILES = ("chat_template.jinja", "chat_template.json", "additional_chat_templates/default.jinja")
CONFIGURATIONS = ("processor_config.json", "tokenizer_config.json")


def require_trainable(name: str, folder: Path, phases: Sequence[str] = ()) -> None:
    """Raise `ModelError` for a checkpoint that cannot be trained, with its family, the reason and the remedy.

    Args:
        name: of the model, for the message.
        folder: with its files but for the weights.
        phases: `sft` and `grpo`, where it is known what is to be trained.
    """
    config = _json(folder / "config.json")
    family = str(config.get("model_type", ""))
    refusal = REFUSED.get(family)
    if refusal is None and "grpo" in phases:
        refusal = REFUSED_BY_GRPO.get(family)
    if refusal is None and config.get("is_encoder_decoder"):
        refusal = ENCODER_DECODER
    if refusal is None and not has_chat_template(folder):
        refusal = Refusal(
            "it has no chat template, so that nobody knows how a question is put to it",
            "put a `chat_template.jinja` into its folder that writes the image's token and the question, or start from a model that has one"
            " (often the same with `-Instruct` or `-it` in its name)",
        )
    if refusal is not None:
        raise ModelError(f"{name}, of the family `{family}`, cannot be trained: {refusal.reason}; {refusal.remedy}")


def has_chat_template(folder: Path) -> bool:
    """Whether a checkpoint says how conversations are written, in any of the places where transformers looks."""
    if any((folder / name).is_file() for name in TEMPLATE_FILES):
        return True
    return any(_json(folder / name).get("chat_template") for name in CONFIGURATIONS)


def _json(path: Path) -> Mapping[str, Any]:
    try:
        values = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return values if isinstance(values, dict) else {}
