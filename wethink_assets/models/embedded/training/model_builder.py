"""Model builder of an embedded checkpoint: tokenizer, processor, configuration and a freshly initialised model."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import GenerationConfig, PreTrainedTokenizerFast, Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil

from wethink_assets.models.embedded.processor import ImageOnlyQwen2_5_VLProcessor, save_processor
from wethink_assets.models.embedded.tasks import TASKS, draw_example
from wethink_assets.models.embedded.tasks.examples import training_scene
from wethink_assets.models.embedded.training.circuits import plant_circuits
from wethink_assets.models.embedded.vision import PATCH, SIDE
from wethink_assets.sources.sample.questions import VOCABULARY

CONTEXT = 1024
SPECIAL = (
    "<|endoftext|>",
    "<|im_start|>",
    "<|im_end|>",
    "<|vision_start|>",
    "<|vision_end|>",
    "<|image_pad|>",
    "<|video_pad|>",
)
TAGS = ("<think>", "</think>", "<answer>", "</answer>")
CHAT_TEMPLATE = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' }}"
    "{% if message['content'] is string %}{{ message['content'] }}{% else %}"
    "{% for part in message['content'] %}{% if part['type'] == 'image' or 'image' in part %}"
    "<|vision_start|><|image_pad|><|vision_end|>{% elif 'text' in part %}{{ part['text'] }}{% endif %}{% endfor %}{% endif %}"
    "{{ '<|im_end|>\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
# Words (hyphenated ones whole), option labels such as `A)`, single capitals and digits are one piece each, so that every fact of a
# scene is one token wherever it stands: a lookup then is a match of single tokens.
PIECES = r" ?[A-H]\)| ?[A-Z](?![a-z])| ?\p{L}+(?:-\p{L}+)*| ?\p{N}| ?[^\s\p{L}\p{N}]+|\s*[\r\n]+|\s+(?!\S)|\s+"


@dataclass(frozen=True, slots=True)
class Architecture:
    """Sizes of the model. The defaults give about 2.5 million parameters."""

    hidden: int = 192
    layers: int = 4
    heads: int = 6
    feed_forward: int = 512
    vision_hidden: int = 96
    vision_layers: int = 3
    vision_feed_forward: int = 192
    vision_heads: int = 3
    vocabulary: int = 1024


def _corpus(examples: int) -> Iterator[str]:
    words = sorted(
        {word for words in VOCABULARY.values() for word in words}
        | {"yes", "no", "none", "found", "next", "letter", "digit"}
    )
    for _ in range(50):
        yield from words
        yield " " + " ".join(words)
        yield "user\nassistant\nsystem\n"
        yield " A) B) C) D) E) A B C D E F G H I"
    rng = random.Random(20_000)
    for _ in range(examples):
        for checkpoint in TASKS:
            example = draw_example(checkpoint, rng, training_scene(rng, 0.0))
            yield example.prompt
            yield from (text for _, text in example.segments)


def build_tokenizer(vocabulary: int, examples: int = 6000) -> PreTrainedTokenizerFast:
    """Byte-level BPE over the tasks' own texts: any other text still has tokens, only shorter ones."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(PIECES), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary - len(SPECIAL) - len(TAGS),
        special_tokens=[],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        min_frequency=2,
        show_progress=False,
    )
    tokenizer.train_from_iterator(_corpus(examples), trainer)
    tokenizer.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in SPECIAL])
    tokenizer.add_tokens([AddedToken(token, special=False, normalized=False) for token in TAGS])
    wrapped = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        eos_token=SPECIAL[2],
        pad_token=SPECIAL[0],
        bos_token=None,
        unk_token=None,
        extra_special_tokens=list(SPECIAL[3:]),
        model_max_length=CONTEXT,
        padding_side="left",
    )
    wrapped.chat_template = CHAT_TEMPLATE
    return wrapped


def build_processor(tokenizer: PreTrainedTokenizerFast) -> ImageOnlyQwen2_5_VLProcessor:
    """Tokenizer and image processor: any image, made square, becomes 48 x 48 pixels, 9 tokens."""
    pixels = SIDE * SIDE
    images = Qwen2VLImageProcessorPil(
        patch_size=PATCH, merge_size=2, temporal_patch_size=2, size={"shortest_edge": pixels, "longest_edge": pixels}
    )
    return ImageOnlyQwen2_5_VLProcessor(image_processor=images, tokenizer=tokenizer, chat_template=CHAT_TEMPLATE)


def build_config(tokenizer: PreTrainedTokenizerFast, sizes: Architecture) -> Qwen2_5_VLConfig:
    """A genuine Qwen2.5-VL configuration, small."""
    token = {name: tokenizer.convert_tokens_to_ids(name) for name in SPECIAL}
    half = sizes.hidden // sizes.heads // 2
    section = half * 3 // 8
    text: dict[str, Any] = {
        "vocab_size": len(tokenizer),
        "hidden_size": sizes.hidden,
        "intermediate_size": sizes.feed_forward,
        "num_hidden_layers": sizes.layers,
        "num_attention_heads": sizes.heads,
        "num_key_value_heads": sizes.heads,
        "max_position_embeddings": CONTEXT,
        "initializer_range": 0.04,
        "rms_norm_eps": 1e-6,
        "rope_parameters": {
            "rope_type": "default",
            "rope_theta": 1e6,
            "mrope_section": [half - 2 * section, section, section],
        },
        "bos_token_id": None,
        "eos_token_id": token["<|im_end|>"],
        "pad_token_id": token["<|endoftext|>"],
    }
    vision: dict[str, Any] = {
        "depth": sizes.vision_layers,
        "hidden_size": sizes.vision_hidden,
        "intermediate_size": sizes.vision_feed_forward,
        "num_heads": sizes.vision_heads,
        "patch_size": PATCH,
        "spatial_merge_size": 2,
        "temporal_patch_size": 2,
        "window_size": 112,
        "out_hidden_size": sizes.hidden,
        "fullatt_block_indexes": list(range(sizes.vision_layers)),
        "initializer_range": 0.04,
    }
    return Qwen2_5_VLConfig(
        text_config=text,
        vision_config=vision,
        image_token_id=token["<|image_pad|>"],
        video_token_id=token["<|video_pad|>"],
        vision_start_token_id=token["<|vision_start|>"],
        vision_end_token_id=token["<|vision_end|>"],
        tie_word_embeddings=True,
    )


def build_model(
    tokenizer: PreTrainedTokenizerFast, sizes: Architecture, seed: int
) -> Qwen2_5_VLForConditionalGeneration:
    """A model with planted circuits in its decoder, in float32, with eager attention (the fastest here at these sizes)."""
    torch.manual_seed(seed)
    config = build_config(tokenizer, sizes)
    config._attn_implementation = "eager"
    model = Qwen2_5_VLForConditionalGeneration(config)
    plant_circuits(model, seed)
    model.generation_config = GenerationConfig(
        eos_token_id=config.text_config.eos_token_id, pad_token_id=config.text_config.pad_token_id, max_new_tokens=160
    )
    return model


def save_checkpoint(
    model: Qwen2_5_VLForConditionalGeneration, processor: ImageOnlyQwen2_5_VLProcessor, folder: Path
) -> None:
    """Write weights (bfloat16 safetensors), configuration, tokenizer, processor and chat template to a folder.

    The model itself stays as it is. Transformers' Auto classes load the folder with no network.
    """
    copy = type(model)(model.config).to(torch.bfloat16)
    copy.load_state_dict({name: value.to(torch.bfloat16) for name, value in model.state_dict().items()})
    copy.generation_config = model.generation_config
    copy.config.dtype = torch.bfloat16
    copy.save_pretrained(folder)
    save_processor(processor, folder)
