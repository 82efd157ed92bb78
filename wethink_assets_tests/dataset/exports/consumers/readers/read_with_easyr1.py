"""Rows as EasyR1's `RLHFDataset` gives them, and rewards by its own manager. Arguments: SOURCE FOLDER MODEL, or SOURCE `--as-it-is` MODEL and paths.

Its package imports vLLM and others: only the modules of dataset and rewards are taken from SOURCE, a checkout.
"""

import sys
import types
from collections.abc import Iterator
from pathlib import Path

SOURCE = Path(sys.argv[1]) / "verl"
for name in ("verl", "verl.utils", "verl.workers", "verl.workers.reward"):
    module = types.ModuleType(name)
    module.__path__ = [str(SOURCE.joinpath(*name.split(".")[1:]))]  # type: ignore[attr-defined]
    sys.modules[name] = module

import numpy as np  # noqa: E402
import torch  # noqa: E402
import yaml  # noqa: E402
from reader_output import SPLITS, digest, probe, show  # noqa: E402
from transformers import AutoProcessor  # noqa: E402
from verl.protocol import DataProto  # noqa: E402
from verl.utils.dataset import RLHFDataset, collate_fn, process_image  # noqa: E402
from verl.workers.reward.config import RewardConfig  # noqa: E402
from verl.workers.reward.function import AutoRewardManager  # noqa: E402


def dataset(path: str, **options: object) -> RLHFDataset:
    return RLHFDataset(path, processor.tokenizer, processor, max_prompt_length=8192, truncation="right", **options)


def images_of(row: dict) -> list:
    return [process_image(image, None, None) for image in row.get("multi_modal_data", {}).get("images", [])]


def as_it_is(path: Path) -> Iterator[tuple[str, bool]]:
    """Rows of a file, or folder, under EasyR1's defaults; `problem` and `answer` are the names of its examples."""
    refusals = []
    for key in ("prompt", "problem"):
        try:
            rows = dataset(str(path), prompt_key=key, image_dir=str(path.parent), filter_overlong_prompts=False)
            read = [rows[number] for number in range(len(rows))]
            if not read:
                raise ValueError("no rows")
        except Exception as error:
            refusals.append(error)
        else:
            yield from ((f"{key}: {sorted(row)}", bool(images_of(row))) for row in read)
    if len(refusals) == 2:
        raise refusals[1]


def rewards(rows: RLHFDataset, answer: str | None, manager: AutoRewardManager) -> list[float]:
    """What each row's reward is for its right answer, or for another."""
    import json

    truths = [rows[number]["ground_truth"] for number in range(len(rows))]
    texts = [f"<think>so</think><answer>{answer or json.loads(truth)['answer']}</answer>" for truth in truths]
    ids = [processor.tokenizer(text, add_special_tokens=False)["input_ids"] for text in texts]
    length = max(map(len, ids))
    tensors = {
        "responses": torch.tensor([one + [processor.tokenizer.pad_token_id] * (length - len(one)) for one in ids]),
        "response_mask": torch.tensor([[1] * len(one) + [0] * (length - len(one)) for one in ids]),
    }
    batch = DataProto.from_dict(tensors=tensors, non_tensors={"ground_truth": np.array(truths, dtype=object)})
    return manager.compute_reward(batch)[0].sum(dim=-1).tolist()


if sys.argv[2] == "--as-it-is":
    processor = AutoProcessor.from_pretrained(sys.argv[3])
    processor.tokenizer.chat_template = processor.tokenizer.chat_template or processor.chat_template
    probe(as_it_is, sys.argv[4:])
else:
    folder, processor = Path(sys.argv[2]), AutoProcessor.from_pretrained(sys.argv[3])
    settings = yaml.safe_load((folder / "easyr1.yaml").read_text().replace("FOLDER", str(folder)))
    data = settings["data"]
    options = {name: data[name] for name in ("prompt_key", "answer_key", "image_key", "image_dir", "format_prompt")}
    rows = {
        split: dataset(data[key], filter_overlong_prompts_workers=1, **options)
        for split, key in zip(SPLITS, ("train_files", "val_files"), strict=True)
    }
    for read in rows.values():
        collate_fn([read[0], read[1]])
    config = RewardConfig(reward_function=settings["worker"]["reward"]["reward_function"])
    config.post_init()
    manager = AutoRewardManager(config, processor.tokenizer)
    show(
        pixels={
            split: [digest(image) for n in range(len(read)) for image in images_of(read[n])]
            for split, read in rows.items()
        },
        prompts=processor.tokenizer.decode(rows["train"][0]["raw_prompt_ids"])[:2000],
        right={split: rewards(read, None, manager) for split, read in rows.items()},
        wrong={split: rewards(read, "zebra 77", manager) for split, read in rows.items()},
    )
