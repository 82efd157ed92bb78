"""The Qwen2.5-VL processor without its video part, which alone needs torchvision.

The folders of the checkpoints name the stock processor, which loads them with `AutoProcessor` where torchvision is there. This one
loads the same folders where it is not, and gives the same tensors.
"""

import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from transformers import AutoProcessor
from transformers.models.qwen2_5_vl.processing_qwen2_5_vl import Qwen2_5_VLProcessor
from transformers.processing_utils import ProcessorMixin

STOCK = "Qwen2_5_VLProcessor"
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


def load_processor(folder: str | Path) -> Qwen2_5_VLProcessor:
    """The processor of a checkpoint: the stock one where torchvision is there, else the one for images only."""
    kind = AutoProcessor if find_spec("torchvision") else ImageOnlyQwen2_5_VLProcessor
    loaded: Qwen2_5_VLProcessor = kind.from_pretrained(folder, local_files_only=True)
    return loaded


def save_processor(processor: Qwen2_5_VLProcessor, folder: Path) -> None:
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
