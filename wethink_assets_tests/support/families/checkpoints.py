"""A tiny checkpoint of an image-text architecture: configuration, random weights, processor and chat template in a folder, as on the hub."""

import inspect
from collections import Counter
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from wethink_assets.models.embedded.processor import (
    ALIKE,
    ImageOnlyQwen2_5_VLProcessor,
    load_processor,
    save_processor,
)
from wethink_assets_tests.support.families.configs import PATCHES, tiny_config
from wethink_assets_tests.support.families.tokens import build_tokenizer, chat_template

PROCESSORS = {
    "fast_vlm": "LlavaProcessor",
    "glm_ocr": "Glm46VProcessor",
    "glmga": "Glm46VProcessor",
    "cosmos3_omni": "Qwen3VLProcessor",
    "kosmos-2": "Kosmos2Processor",
    "kosmos-2.5": "Kosmos2_5Processor",
    "mistral4": "PixtralProcessor",
    "qwen2_5_omni_thinker": "Qwen2_5OmniProcessor",
    "qwen3_omni_moe_thinker": "Qwen3OmniMoeProcessor",
    "shieldgemma2": "Gemma3Processor",
}
"""Of families that transformers' own table leaves out."""
OPTIONS: dict[str, dict[str, Any]] = {
    "aria": {"size_conversion": {490: 128}},
    "aya_vision": {"img_size": 64, "patch_size": 16, "downsample_factor": 2},
    "cohere2_vision": {"img_size": 64, "patch_size": 16, "downsample_factor": 2},
    "ovis2": {"image_seq_length": 4},
    "vipllava": {"num_additional_image_tokens": 1, "vision_feature_select_strategy": "default"},
}
"""Options of processors by family."""
IMAGE_OPTIONS: dict[str, dict[str, Any]] = {
    "aria": {"max_image_size": 490, "size": None},
    "paligemma": {"image_seq_length": 16},
    "pi0": {"image_seq_length": 16},
    "kimi_k25": {"size": {"max_height": 56, "max_width": 56}},
    "step3p7": {"patch_size": 56, "max_image_size": 112},
    "deepseek_vl_hybrid": {"high_res_size": {"height": 64, "width": 64}},
}
"""Options of their image processors."""


def processor_class(family: str) -> Any:
    """The processor's class. Raises `LookupError` for a family that has none."""
    import transformers
    from transformers.models.auto.processing_auto import PROCESSOR_MAPPING_NAMES

    name = PROCESSORS.get(family) or PROCESSOR_MAPPING_NAMES.get(family)
    if name is None:
        raise LookupError(f"{family} has no processor")
    return getattr(transformers, name)


def build_processor(family: str, config: Any, tokenizer: Any, kind: Any) -> Any:
    """A processor whose pictures have the size that the tiny configuration wants."""
    parts: dict[str, Any] = {}
    if find_spec("torchvision") is None and kind.__name__ in ALIKE:
        images = _part(family, "image_processor", kind, config)
        return ImageOnlyQwen2_5_VLProcessor(images, tokenizer, chat_template(family, None))
    for part in kind.get_attributes():
        if part == "tokenizer" or part == "qformer_tokenizer":
            parts[part] = tokenizer
        else:
            parts[part] = _part(family, part, kind, config)
    wanted = inspect.signature(kind.__init__).parameters
    values = {name: value for name, value in _values(config).items() if name in wanted and name not in parts}
    processor = kind(**parts, **{**values, **OPTIONS.get(family, {})})
    processor.chat_template = chat_template(family, processor)
    return processor


def _vision(config: Any) -> Any:
    names = ("vision_config", "vision_tower_config", "vit_config", "encoder")
    return next((getattr(config, name) for name in names if getattr(config, name, None) is not None), config)


def _values(config: Any) -> dict[str, Any]:
    """Options of processors that follow from the configuration."""
    vision = _vision(config)
    patch = getattr(vision, "patch_size", None)
    return {
        "patch_size": patch,
        "vision_feature_select_strategy": getattr(config, "vision_feature_select_strategy", None),
        "image_seq_length": 4,
        "image_seq_len": 4,
        "num_image_tokens": PATCHES * PATCHES,
        "num_additional_image_tokens": 1,
        "spatial_merge_size": getattr(config, "spatial_merge_size", None),
    }


def _part(family: str, part: str, kind: Any, config: Any) -> Any:
    import transformers
    from transformers.models.auto.image_processing_auto import IMAGE_PROCESSOR_MAPPING_NAMES
    from transformers.models.auto.video_processing_auto import VIDEO_PROCESSOR_MAPPING_NAMES

    if part == "image_processor":
        name = IMAGE_PROCESSOR_MAPPING_NAMES.get(family)
        if name is None:
            other = next(f for f in IMAGE_PROCESSOR_MAPPING_NAMES if _processor_of(f) == kind.__name__)
            name = IMAGE_PROCESSOR_MAPPING_NAMES[other]
        made = _image_processor(name)
    elif part == "video_processor":
        stem = kind.__name__.removesuffix("Processor")
        names = [f"{stem}VideoProcessor", VIDEO_PROCESSOR_MAPPING_NAMES.get(family), "Qwen2VLVideoProcessor"]
        made = next(getattr(transformers, name) for name in names if name and hasattr(transformers, name))
    elif part == "feature_extractor":
        from transformers.models.auto.feature_extraction_auto import FEATURE_EXTRACTOR_MAPPING_NAMES

        return getattr(transformers, FEATURE_EXTRACTOR_MAPPING_NAMES.get(family) or "WhisperFeatureExtractor")()
    else:
        raise LookupError(f"no {part} for {family}")
    return made(**_image_options(family, made, config)) if part == "image_processor" else made()


def _image_processor(names: Mapping[str, str]) -> Any:
    """The class that this machine can run: without torchvision the one on Pillow, where there is one."""
    import transformers

    backend = "torchvision" if "torchvision" in names and (find_spec("torchvision") or "pil" not in names) else "pil"
    return getattr(transformers, names[backend])


def _processor_of(family: str) -> str | None:
    from transformers.models.auto.processing_auto import PROCESSOR_MAPPING_NAMES

    return PROCESSOR_MAPPING_NAMES.get(family)


def _image_options(family: str, kind: Any, config: Any) -> dict[str, Any]:
    patch = getattr(_vision(config), "patch_size", 14)
    patch = patch if isinstance(patch, int) else 14
    side = getattr(_vision(config), "image_size", None)
    side = side if isinstance(side, int) else PATCHES * patch
    options: dict[str, Any] = {}
    stock = kind()
    size = getattr(stock, "size", None)
    size = {name: value for name, value in dict(size).items() if value is not None} if size else {}
    if set(size) == {"height", "width"}:
        options["size"] = {"height": side, "width": side}
    elif set(size) == {"shortest_edge"}:
        options["size"] = {"shortest_edge": side}
    elif set(size) == {"longest_edge"}:
        options["size"] = {"longest_edge": side}
    elif set(size) == {"shortest_edge", "longest_edge"} and size["longest_edge"] > 10_000:
        options["size"] = {"shortest_edge": 4 * patch * patch, "longest_edge": side * side}
    elif size:
        options["size"] = {"shortest_edge": side, "longest_edge": side}
    if getattr(stock, "crop_size", None):
        options["crop_size"] = {"height": side, "width": side}
    if getattr(stock, "max_image_size", None):
        options["max_image_size"] = {"longest_edge": side}
    if isinstance(getattr(stock, "patch_size", None), int):
        options["patch_size"] = patch
    if getattr(config, "image_grid_pinpoints", None):
        options["image_grid_pinpoints"] = config.image_grid_pinpoints
    return {**options, **IMAGE_OPTIONS.get(family, {})}


def save_family_processor(family: str, folder: Path) -> Any:
    """Write all of a checkpoint but its weights into a folder; returns its configuration."""
    kind = processor_class(family)
    tokenizer = build_tokenizer(family, kind)
    config = tiny_config(family, -(-len(tokenizer) // 8) * 8)
    processor = build_processor(family, config, tokenizer, kind)
    if isinstance(processor, ImageOnlyQwen2_5_VLProcessor):
        save_processor(processor, folder)
    else:
        processor.save_pretrained(folder)
    _set_token_ids(config, load_processor(folder))
    config.save_pretrained(folder)
    return config


def save_family_checkpoint(family: str, folder: Path, seed: int = 0) -> Path:
    """Write a checkpoint into a new folder; returns it. Raises whatever transformers does of a family that it cannot make."""
    import torch
    from transformers import AutoModelForImageTextToText

    config = save_family_processor(family, folder)
    torch.manual_seed(seed)
    model = AutoModelForImageTextToText.from_config(config, dtype=torch.float32)
    for name, weights in model.named_parameters():
        if not weights.any() and not name.endswith("bias"):  # projections and gates that training opens
            torch.nn.init.normal_(weights, std=0.5)
    model.save_pretrained(folder)
    return folder


def _set_token_ids(config: Any, processor: Any) -> None:
    """Let the configuration name the tokens that the processor writes."""
    tokenizer, image = processor.tokenizer, _image_token_id(processor)
    for part in (config, *(value for value in vars(config).values() if hasattr(value, "model_type"))):
        for name in [name for name in vars(part) if name.endswith(("token_id", "token_index"))]:
            stem = name.removesuffix("_index").removesuffix("_id")
            if stem == "image_token":
                value = image
            elif name.startswith("pad"):
                value = tokenizer.pad_token_id
            elif name.startswith(("bos", "eos")):
                value = tokenizer.eos_token_id
            else:
                token = getattr(tokenizer, stem, None) or getattr(processor, stem, None)
                value = tokenizer.convert_tokens_to_ids(token) if isinstance(token, str) else None
            if isinstance(value, int):
                setattr(part, name, value)


def _image_token_id(processor: Any) -> int | None:
    """The token that stands for the parts of an image: the one that a prompt with a larger image has more of."""
    from PIL import Image

    text = chat_template_of(processor)
    try:
        ids = processor(images=Image.new("RGB", (96, 96)), text=text, return_tensors="pt")["input_ids"][0].tolist()
    except (TypeError, ValueError, KeyError, AttributeError):
        return getattr(processor, "image_token_id", None)
    added = set(processor.tokenizer.get_added_vocab().values()) - set(
        processor.tokenizer.convert_tokens_to_ids(["<|im_start|>", "<|im_end|>"])
    )
    counts = Counter(number for number in ids if number in added)
    named = getattr(processor, "image_token_id", None)
    most = max(counts.values(), default=0)
    likely = [number for number, count in counts.items() if count == most]
    return named if named in likely or not likely else likely[0]


def chat_template_of(processor: Any) -> str:
    """The text of a prompt that is an image alone."""
    message = {"role": "user", "content": [{"type": "image"}]}
    return str(
        processor.tokenizer.apply_chat_template([message], chat_template=processor.chat_template, tokenize=False)
    )
