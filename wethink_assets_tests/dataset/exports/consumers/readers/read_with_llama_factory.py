"""Rows as LLaMA-Factory loads and tokenises them. Arguments: FOLDER MODEL, or `--as-it-is` MODEL and folders.

`torchaudio`, a CUDA library that fails to load beside a CPU torch, is a module without content here: nothing of it is used for images.
"""

import importlib.machinery
import sys
import types
from collections.abc import Iterator
from pathlib import Path

audio = types.ModuleType("torchaudio")
audio.__spec__ = importlib.machinery.ModuleSpec("torchaudio", None)
sys.modules["torchaudio"] = audio

from llamafactory.data import get_template_and_fix_tokenizer  # noqa: E402
from llamafactory.data.loader import get_dataset  # noqa: E402
from llamafactory.hparams import get_train_args  # noqa: E402
from llamafactory.model import load_tokenizer  # noqa: E402
from reader_output import SPLITS, digest, opened, probe, show  # noqa: E402


def tokenised(folder: Path, dataset: str, model: str) -> list[dict]:
    """Rows of a dataset of a folder's index, as they are trained on."""
    import tempfile

    model_args, data_args, training_args, *_ = get_train_args(
        {
            "model_name_or_path": model,
            "stage": "sft",
            "do_train": True,
            "finetuning_type": "full",
            "template": "qwen2_vl",
            "dataset": dataset,
            "dataset_dir": str(folder),
            "media_dir": str(folder),
            "output_dir": tempfile.mkdtemp(),
            "overwrite_cache": True,
            "cutoff_len": 8192,
            "preprocessing_num_workers": 1,
            "use_cpu": True,
            "report_to": "none",
            "bf16": False,
        }
    )
    module = load_tokenizer(model_args)
    template = get_template_and_fix_tokenizer(module["tokenizer"], data_args)
    rows = get_dataset(template, model_args, data_args, training_args, stage="sft", **module)["train_dataset"]
    pad = module["processor"].tokenizer.convert_tokens_to_ids("<|image_pad|>")
    return [{"images": row["images"], "places": row["input_ids"].count(pad), "labels": row["labels"]} for row in rows]


def as_it_is(folder: Path) -> Iterator[tuple[str, bool]]:
    """Rows of whatever the index of a folder names; without an index LLaMA-Factory is told of a file by nobody."""
    import json

    for name in json.loads((folder / "dataset_info.json").read_text()):
        for row in tokenised(folder, name, NAME):
            yield name, bool(row["images"])


if sys.argv[1] == "--as-it-is":
    NAME = sys.argv[2]
    probe(as_it_is, sys.argv[3:])
else:
    folder = Path(sys.argv[1])
    rows = {split: tokenised(folder, f"wethink_{split}", sys.argv[2]) for split in SPLITS}
    show(
        pixels={
            split: [digest(opened(image, folder)) for row in read for image in row["images"]]
            for split, read in rows.items()
        },
        placed=all(
            row["places"] > 0 and any(label >= 0 for label in row["labels"]) for read in rows.values() for row in read
        ),
    )
