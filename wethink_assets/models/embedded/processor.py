"""Processors of models, and that of the Qwen-VL models without its video part, which alone needs torchvision.

The folders of the checkpoints name the stock processor, which loads them with `AutoProcessor` where torchvision is there. Ours
loads the same folders where it is not, and gives the same tensors.
"""

import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from transformers import AutoProcessor
from transformers.models.qwen2_5_vl.processing_qwen2_5_vl import Qwen2_5_VLProcessor
from transformers.processing_utils import ProcessorMixin

from wethink_assets.errors import ModelError

STOCK = "Qwen2_5_VLProcessor"
ALIKE = ("Qwen2VLProcessor", STOCK, "Qwen3VLProcessor")
"""Stock processors that treat images alike."""
_OF_THIS_MACHINE = ("is_local", "local_files_only")


class ImageOnlyQwen2_5_VLProcessor(Qwen2_5_VLProcessor):
    """Tokenizer and image processor; a video raises an error of the missing attribute."""

    def __init__(
        self, image_processor: Any = None, tokenizer: Any = None, chat_template: str | None = None, **kwargs: Any
    ) -> None:
        # No video_processor in the signature: ProcessorMixin derives the parts to load from it.
        self.image_token, self.video_token = "<|image_pad|>", "<|video_pad|>"
        self.image_token_id = tokenizer.convert_tokens_to_ids(self.image_token)
        self.video_token_id = tokenizer.convert_tokens_to_ids(self.video_token)
        ProcessorMixin.__init__(self, image_processor, tokenizer, chat_template=chat_template)


def load_processor(folder: str | Path) -> Any:
    """The stock processor of a checkpoint; of a Qwen-VL model the one for images only where there is no torchvision.

    Raises `ModelError` where it has none that knows images, or one that needs torchvision.
    """
    if find_spec("torchvision") is None and _class_of(Path(folder)) in ALIKE:
        return ImageOnlyQwen2_5_VLProcessor.from_pretrained(folder, local_files_only=True)
    try:
        loaded: Any = AutoProcessor.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    except (ImportError, OSError, ValueError) as error:
        lacking = "" if find_spec("torchvision") else "; torchvision, which many processors need, is not installed"
        raise ModelError(f"the processor of {folder} cannot be loaded: {_first_sentence(error)}{lacking}") from error
    if not hasattr(loaded, "image_processor"):
        raise ModelError(
            f"{folder} has a tokenizer alone, and no processor that knows images (`preprocessor_config.json` or `processor_config.json`)"
        )
    return loaded


def _class_of(folder: Path) -> str:
    for name in ("processor_config.json", "preprocessor_config.json", "tokenizer_config.json"):
        if (folder / name).is_file():
            kind = json.loads((folder / name).read_text()).get("processor_class")
            if kind:
                return str(kind)
    return ""


def _first_sentence(error: Exception) -> str:
    return str(error).strip().split("\n")[0].split(". ")[0]


def save_processor(processor: Any, folder: Path) -> None:
    """Write a processor such that the stock one loads it: under its name, and with the video part that it asks for."""
    processor.save_pretrained(folder)
    config = json.loads((folder / "processor_config.json").read_text())
    image = config["image_processor"]
    shared = ("patch_size", "merge_size", "temporal_patch_size", "image_mean", "image_std", "size")
    video = {name: image[name] for name in shared} | {"video_processor_type": "Qwen2VLVideoProcessor"}
    config |= {"processor_class": STOCK, "video_processor": video}
    (folder / "processor_config.json").write_text(json.dumps(config, indent=2, sort_keys=True) + "\n")
    path = folder / "tokenizer_config.json"
    kept = {name: value for name, value in json.loads(path.read_text()).items() if name not in _OF_THIS_MACHINE}
    path.write_text(json.dumps(kept | {"processor_class": STOCK}, indent=2, sort_keys=True) + "\n")
