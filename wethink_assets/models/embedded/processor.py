"""The Qwen2.5-VL processor without its video part, which alone needs torchvision.

Importing this module registers it with `AutoProcessor` for the configuration of Qwen2.5-VL where torchvision is missing; where it is
there, the stock processor loads the same folder and gives the same tensors.
"""

from importlib.util import find_spec
from typing import Any

from transformers import AutoProcessor, Qwen2_5_VLConfig
from transformers.models.qwen2_5_vl.processing_qwen2_5_vl import Qwen2_5_VLProcessor
from transformers.processing_utils import ProcessorMixin


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


def register_processor() -> None:
    """Make `AutoProcessor.from_pretrained` of an embedded checkpoint work without torchvision."""
    if find_spec("torchvision") is None:
        AutoProcessor.register(Qwen2_5_VLConfig, ImageOnlyQwen2_5_VLProcessor, exist_ok=True)


register_processor()
