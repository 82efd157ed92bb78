"""A tokenizer with the special tokens that a processor of transformers asks for, and a chat template with its image."""

import importlib
import inspect
import re
from typing import Any

from wethink_assets.models.embedded.checkpoints import checkpoint_folder

NAMED = {
    "image_token": "<image>",
    "video_token": "<video>",
    "audio_token": "<audio>",
    "boi_token": "<start_of_image>",
    "eoi_token": "<end_of_image>",
    "boa_token": "<start_of_audio>",
    "eoa_token": "<end_of_audio>",
}
"""Attributes of a tokenizer that processors read, where a family has no tokens of its own for them."""
OF_FAMILY: dict[str, dict[str, str]] = {
    "internvl": {
        "start_image_token": "<img>",
        "end_image_token": "</img>",
        "context_image_token": "<IMG_CONTEXT>",
        "video_token": "<video>",
    },
    "gemma3": {"image_token": "<image_soft_token>"},
    "gemma3n": {"image_token": "<image_soft_token>", "audio_token": "<audio_soft_token>"},
    "t5gemma2": {"image_token": "<image_soft_token>"},
    "emu3": {
        "image_token": "<image>",
        "boi_token": "<|image start|>",
        "eoi_token": "<|image end|>",
        "image_wrapper_token": "<|image token|>",
        "eof_token": "<|extra_201|>",
    },
    "mllama": {"image_token": "<|image|>"},
    "llama4": {"image_token": "<|image|>"},
    "gemma4": {
        "image_token": "<|image|>",
        "audio_token": "<|audio|>",
        "boi_token": "<|image>",
        "eoi_token": "<image|>",
    },
    "gemma4_unified": {
        "image_token": "<|image|>",
        "audio_token": "<|audio|>",
        "boi_token": "<|image>",
        "eoi_token": "<image|>",
    },
    "fuyu": {"speaker": "|SPEAKER|", "newline": "|NEWLINE|"},
}
OF_FAMILY["shieldgemma2"] = OF_FAMILY["gemma3"]
OF_FAMILY["qianfan_ocr"] = OF_FAMILY["internvl"]
PLACEHOLDERS = {
    "qwen2_vl": "<|vision_start|><|image_pad|><|vision_end|>",
    "qwen2_5_vl": "<|vision_start|><|image_pad|><|vision_end|>",
    "qwen3_vl": "<|vision_start|><|image_pad|><|vision_end|>",
    "qwen3_vl_moe": "<|vision_start|><|image_pad|><|vision_end|>",
    "qwen3_5": "<|vision_start|><|image_pad|><|vision_end|>",
    "qwen3_5_moe": "<|vision_start|><|image_pad|><|vision_end|>",
    "qwen4_exp": "<|vision_start|><|image_pad|><|vision_end|>",
    "glm4v": "<|begin_of_image|><|image|><|end_of_image|>",
    "glm46v": "<|begin_of_image|><|image|><|end_of_image|>",
    "glm4v_moe": "<|begin_of_image|><|image|><|end_of_image|>",
    "internvl": "<IMG_CONTEXT>\n",
    "qianfan_ocr": "<IMG_CONTEXT>\n",
    "gemma3": "<start_of_image>",
    "gemma3n": "<image_soft_token>",
    "t5gemma2": "<start_of_image>",
}
"""What the real chat templates write for an image; others write the processor's `image_token`."""
TEMPLATE = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' }}{% if message['content'] is string %}{{ message['content'] }}"
    "{% else %}{% for part in message['content'] %}{% if part['type'] == 'image' %}{{ 'PLACEHOLDER' }}{% elif part['type'] == 'text' %}"
    "{{ part['text'] }}{% endif %}{% endfor %}{% endif %}{{ '<|im_end|>\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
_SPECIAL = re.compile(r"""["'](<[^<>"'\s{}]{1,40}>|\[[A-Z_]{2,20}\])["']""")


def build_tokenizer(family: str, processor_class: Any) -> Any:
    """The tokenizer of the embedded model with the special tokens that stand in the source of a processor."""
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(checkpoint_folder("policy"), local_files_only=True)
    tokenizer.chat_template = None
    module = importlib.import_module(processor_class.__module__)
    written = sorted(set(_SPECIAL.findall(inspect.getsource(module))) - set(tokenizer.get_vocab()))
    named = {**NAMED, **OF_FAMILY.get(family, {})}
    tokenizer.add_tokens(written + sorted(set(named.values()) - set(written)), special_tokens=True)
    asked = _asked(module) - {
        "bos_token",
        "eos_token",
        "pad_token",
        "unk_token",
        "sep_token",
        "cls_token",
        "mask_token",
    }
    special = {name: named.get(name, f"<|{name}|>") for name in sorted(asked | set(OF_FAMILY.get(family, {})))}
    tokenizer.add_tokens(sorted(set(special.values())), special_tokens=True)
    tokenizer.add_special_tokens({"bos_token": "<|endoftext|>", "unk_token": "<|endoftext|>"})
    tokenizer._set_model_specific_special_tokens(special)
    return tokenizer


def _asked(module: Any) -> set[str]:
    """Attributes of the tokenizer that a processor's source reads without a default."""
    source = inspect.getsource(module)
    with_default = set(re.findall(r"""attr\((?:self\.)?tokenizer, ["'](\w+_token)(?:_id)?["']""", source))
    asked = set(re.findall(r"tokenizer\.(\w+_token)(?:_ids?)?\b", source)) - with_default
    return {name for name in asked if not name.startswith("add_")}


def chat_template(family: str, processor: Any) -> str:
    """A chat template in ChatML with the family's placeholder of an image."""
    placeholder = PLACEHOLDERS.get(family) or getattr(processor, "image_token", None) or "<image>"
    return TEMPLATE.replace("PLACEHOLDER", str(placeholder).replace("\n", "\\n"))
