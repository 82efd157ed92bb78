"""Encoding for training agrees with transformers' own processor and positions."""

import random

import numpy as np
import torch

from wethink_assets.models.embedded.encoding import IGNORED, Encoder
from wethink_assets.models.embedded.tasks import TASKS, draw_example
from wethink_assets.models.embedded.tasks.examples import training_scene
from wethink_assets.models.embedded.training.batches import view_of
from wethink_assets.models.embedded.training.model_builder import build_config, build_processor
from wethink_assets.models.embedded.vision import CELLS, patches, square_view
from wethink_assets_tests.support.micro_recipe import TINY


def test_texts_survive_and_segments_join_at_token_borders(tokenizer) -> None:
    rng = random.Random(1)
    for _ in range(300):
        for checkpoint in TASKS:
            example = draw_example(checkpoint, rng, training_scene(rng, 0.0))
            whole = tokenizer(example.prompt + example.reply)["input_ids"]
            assert tokenizer.decode(whole) == example.prompt + example.reply
            parts = [
                token
                for text in (example.prompt, *(text for _, text in example.segments))
                for token in tokenizer(text)["input_ids"]
            ]
            assert parts == whole
    other = "Ein ganz anderer Text: Grüße, 漢字 & 12.5%"
    assert tokenizer.decode(tokenizer(other)["input_ids"]) == other


def test_prompts_and_patches_are_the_stock_processors(tokenizer) -> None:
    processor = build_processor(tokenizer)
    rng = random.Random(2)
    scene = training_scene(rng, 0.0)
    image = view_of(scene, rng).resize((150, 150))
    content = [{"type": "image"}, {"type": "text", "text": "FIB: How many shapes are there?"}]
    text = processor.apply_chat_template([{"role": "user", "content": content}], add_generation_prompt=True)
    stock = processor(text=[text], images=[image], return_tensors="np")
    encoder = Encoder(tokenizer)
    assert stock["input_ids"][0].tolist() == encoder.prompt("FIB: How many shapes are there?", True)
    assert np.abs(stock["pixel_values"] - patches(square_view(image))).max() < 1e-4


def test_positions_are_those_of_qwen(tokenizer) -> None:
    from transformers import Qwen2_5_VLForConditionalGeneration

    model = Qwen2_5_VLForConditionalGeneration(build_config(tokenizer, TINY))
    encoder = Encoder(tokenizer)
    ids = torch.tensor([encoder.prompt("Describe the picture.", True)])
    stock, _ = model.model.get_rope_index(
        ids,
        image_grid_thw=torch.tensor([[1, 6, 6]]),
        mm_token_type_ids=(ids == encoder.image_token).long(),
        attention_mask=torch.ones_like(ids),
    )
    assert stock[:, 0].tolist() == encoder.positions(ids.shape[1], True).tolist()
    assert int((ids == encoder.image_token).sum()) == CELLS


def test_only_replies_carry_loss(tokenizer) -> None:
    rng = random.Random(3)
    examples = [draw_example("reasoner", rng, training_scene(rng, 0.0)) for _ in range(5)]
    encoder = Encoder(tokenizer)
    batch = encoder.batch(examples)
    for row, example in enumerate(examples):
        reply = [token for token in batch.labels[row].tolist() if token != IGNORED]
        assert tokenizer.decode(reply) == example.reply + "<|im_end|>"
        assert batch.ids[row, : len(encoder.prompt(example.prompt, False))].tolist() == encoder.prompt(
            example.prompt, False
        )
