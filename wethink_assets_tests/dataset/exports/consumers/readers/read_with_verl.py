"""Rows as verl's `RLHFDataset` gives them, and rewards by its own manager. Arguments: FOLDER MODEL, or `--as-it-is` MODEL and paths."""

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
import yaml
from omegaconf import OmegaConf
from reader_output import SPLITS, digest, opened, probe, show
from transformers import AutoProcessor
from verl import DataProto
from verl.trainer.ppo.reward import get_custom_reward_fn
from verl.utils.dataset.rl_dataset import RLHFDataset, collate_fn
from verl.workers.reward_manager.naive import NaiveRewardManager

DEFAULTS = {"cache_dir": tempfile.mkdtemp(), "max_prompt_length": 8192, "filter_overlong_prompts_workers": 1}


def dataset(path: Path, settings: dict) -> RLHFDataset:
    return RLHFDataset(str(path), processor.tokenizer, OmegaConf.create({**DEFAULTS, **settings}), processor)


def images_of(row: dict) -> list:
    parts = [
        part for message in row["raw_prompt"] for part in message["content"] if isinstance(message["content"], list)
    ]
    return [opened(part["image"], Path()) for part in parts if part["type"] == "image"]


def as_it_is(path: Path) -> Iterator[tuple[str, bool]]:
    """Rows of a file under verl's defaults."""
    rows = dataset(path, {})
    for number in range(len(rows)):
        row = rows[number]
        yield str(row["raw_prompt"]), bool(images_of(row))


def rewards(rows: RLHFDataset, answer: str | None, manager: NaiveRewardManager) -> list[float]:
    """What each row's reward is for its right answer, or for another."""
    batch = collate_fn([rows[number] for number in range(len(rows))])
    texts = [f"<think>so</think><answer>{answer or row['ground_truth']}</answer>" for row in batch["reward_model"]]
    ids = [processor.tokenizer(text, add_special_tokens=False)["input_ids"] for text in texts]
    length = max(map(len, ids))
    responses = torch.tensor([one + [processor.tokenizer.pad_token_id] * (length - len(one)) for one in ids])
    attention = torch.tensor([[1] + [1] * len(one) + [0] * (length - len(one)) for one in ids])
    tensors = {
        "prompts": torch.ones((len(ids), 1), dtype=torch.long),
        "responses": responses,
        "attention_mask": attention,
    }
    others = {name: np.array(batch[name], dtype=object) for name in ("data_source", "reward_model", "extra_info")}
    return manager(DataProto.from_dict(tensors=tensors, non_tensors=others)).sum(dim=-1).tolist()


if sys.argv[1] == "--as-it-is":
    processor = AutoProcessor.from_pretrained(sys.argv[2])
    probe(as_it_is, sys.argv[3:])
else:
    folder, processor = Path(sys.argv[1]), AutoProcessor.from_pretrained(sys.argv[2])
    settings = yaml.safe_load((folder / "verl.yaml").read_text().replace("FOLDER", str(folder)))
    rows = {
        split: dataset(Path(settings["data"][key]), settings["data"])
        for split, key in zip(SPLITS, ("train_files", "val_files"), strict=True)
    }
    custom = {"custom_reward_function": {**settings["custom_reward_function"], "reward_kwargs": {}}}
    scorer = get_custom_reward_fn(OmegaConf.create({**custom, "reward": custom}))
    manager = NaiveRewardManager(
        processor.tokenizer, 0, compute_score=scorer, reward_fn_key=settings["data"]["reward_fn_key"]
    )
    show(
        pixels={
            split: [digest(image) for n in range(len(read)) for image in images_of(read[n])]
            for split, read in rows.items()
        },
        right={split: rewards(read, None, manager) for split, read in rows.items()},
        wrong={split: rewards(read, "zebra 77", manager) for split, read in rows.items()},
    )
