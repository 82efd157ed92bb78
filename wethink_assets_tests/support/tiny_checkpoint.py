"""A checkpoint of a few thousand weights and a recipe of a few steps: trainings of seconds, for whoever cares how they go and not what they teach."""

from pathlib import Path
from typing import Any

from wethink_assets.models.embedded.checkpoints import checkpoint_folder

TINY: dict[str, Any] = {
    "prompt": "pack",
    "accuracy": "rules",
    "steps": 4,
    "num_generations": 2,
    "prompts_per_step": 2,
    "learning_rate": 1e-3,
    "beta": 0.0,
    "max_completion_length": 8,
    "micro_batch_size": 2,
    "gradient_checkpointing": False,
    "save_steps": 2,
    "threads": 1,
    "validation_rows": 2,
    "stop": {"patience": 1000},  # a model of random weights gets no reward
}
"""A table `[recipes.*]`, but for its model."""


def save_tiny_checkpoint(folder: Path) -> Path:
    """Write the checkpoint, with the tokenizer of the shipped ones, into a new folder; returns it."""
    import torch
    from transformers import AutoTokenizer

    from wethink_assets.models.embedded.training.model_builder import build_model, build_processor, save_checkpoint
    from wethink_assets_tests.support.micro_recipe import micro

    torch.set_num_threads(1)
    tokenizer = AutoTokenizer.from_pretrained(checkpoint_folder("policy"), local_files_only=True)
    tokenizer.chat_template = (checkpoint_folder("policy") / "chat_template.jinja").read_text()
    save_checkpoint(build_model(tokenizer, micro().architecture, 3), build_processor(tokenizer), folder)
    return folder
