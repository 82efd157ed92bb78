"""Supervised training on the reasoning paths of the rows: plain next-token prediction on the reply."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from datasets import Dataset
from numpy.typing import NDArray
from transformers import Trainer, TrainingArguments
from trl.data_utils import prepare_multimodal_messages

from wethink_assets.config import RecipeSettings
from wethink_assets.training.data.chat import encoded, image_fields
from wethink_assets.training.data.prompts import RowPrompts, template_opens_thought
from wethink_assets.training.data.rows import Rows, row_order
from wethink_assets.training.trainers.arguments import trainer_settings
from wethink_assets.training.trainers.checkpoints import WholeCheckpointsMixin

IGNORED = -100  # label of tokens that are not learnt
LoadImage = Callable[[Mapping[str, Any]], Any]


def sft_steps(recipe: RecipeSettings, rows: int) -> int:
    """Updates of the supervised phase."""
    return recipe.sft_steps or max(1, round(recipe.sft_epochs * rows / recipe.sft_batch_size))


class ReplyCollator:
    """Collates rows into batches: prompt and reply as one text, labels on the reply alone, padded on the left."""

    def __init__(self, rows: Rows, processor: Any, prompts: RowPrompts, load_image: LoadImage) -> None:
        self._rows, self._processor, self._prompts, self._load_image = rows, processor, prompts, load_image
        self._prefilled = template_opens_thought(processor)

    def __call__(self, batch: Sequence[Mapping[str, int]]) -> dict[str, Any]:
        """Tensors of a batch."""
        rows = [self._rows[example["index"]] for example in batch]
        conversations = [
            prepare_multimodal_messages(self._prompts.messages(row), images=[self._load_image(row)]) for row in rows
        ]
        prompts = encoded(conversations, self._processor)
        tokenizer = self._processor.tokenizer
        end = tokenizer.eos_token or ""
        replies = tokenizer(
            [self._prompts.target(row, prefilled=self._prefilled) + end for row in rows],
            padding=True,
            padding_side="right",
            add_special_tokens=False,
            return_tensors="pt",
        )
        labels = replies["input_ids"].masked_fill(replies["attention_mask"] == 0, IGNORED)
        tensors = image_fields(prompts, 0, labels.shape[1])
        tensors["labels"] = torch.cat([torch.full_like(prompts["input_ids"], IGNORED), labels], 1)
        for name in ("input_ids", "attention_mask"):
            tensors[name] = torch.cat([prompts[name], replies[name]], 1)
        return tensors


class RowSFTTrainer(WholeCheckpointsMixin, Trainer):
    """Supervised training over rows of a version, in the order that they are given in."""

    def _get_train_sampler(self, train_dataset: Any = None) -> Any:
        return torch.utils.data.SequentialSampler(train_dataset if train_dataset is not None else self.train_dataset)


def sft_trainer(
    *,
    model: Any,
    processor: Any,
    rows: Rows,
    usable: NDArray[np.int32],
    recipe: RecipeSettings,
    prompts: RowPrompts,
    load_image: LoadImage,
    work: Path,
    keep: int,
    processes: int,
    callbacks: list[Any],
) -> RowSFTTrainer:
    """The trainer of the supervised phase, with all rows of the run in their order."""
    steps = sft_steps(recipe, len(usable))
    share = max(1, recipe.sft_batch_size // processes)
    micro = min(recipe.micro_batch_size or share, share)
    while share % micro:
        micro -= 1
    order = usable[row_order(len(usable), steps * share * processes, recipe.seed)]
    arguments = TrainingArguments(
        **trainer_settings(recipe, work, steps, keep),
        per_device_train_batch_size=micro,
        gradient_accumulation_steps=share // micro,
        learning_rate=recipe.sft_learning_rate,
        save_steps=recipe.save_steps,
    )
    return RowSFTTrainer(
        model=model,
        args=arguments,
        train_dataset=Dataset.from_dict({"index": order}),
        data_collator=ReplyCollator(rows, processor, prompts, load_image),
        processing_class=processor,
        callbacks=callbacks,
    )
