"""Rows as TRL's trainers take them, and steps on them. Arguments: FOLDER MODEL, or `--as-it-is` MODEL and paths.

`GRPOTrainer` makes one step with the package's reward functions, which `PYTHONPATH` has to show.
"""

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from datasets import load_dataset
from reader_output import SPLITS, digest, opened, probe, show
from transformers import AutoModelForImageTextToText, AutoProcessor
from trl import GRPOConfig, GRPOTrainer, SFTConfig, SFTTrainer

LOADERS = {".parquet": "parquet", ".jsonl": "json", ".json": "json"}
SMALL = {
    "output_dir": tempfile.mkdtemp(),
    "max_steps": 1,
    "use_cpu": True,
    "report_to": [],
    "save_strategy": "no",
    "logging_steps": 1,
    "per_device_train_batch_size": 2,
}


def model(name: str) -> dict:
    return {
        "model": AutoModelForImageTextToText.from_pretrained(name, attn_implementation="eager"),
        "processing_class": AutoProcessor.from_pretrained(name, padding_side="left"),
    }


class ObservedGRPO(GRPOTrainer):
    """The trainer, which notes whether what is trained on has pixels."""

    def _generate_and_score_completions(self, inputs: list) -> dict:
        output = super()._generate_and_score_completions(inputs)
        self.with_pixels = "pixel_values" in output
        return output


class ObservedSFT(SFTTrainer):
    """The trainer, which notes whether what is trained on has pixels."""

    def compute_loss(self, model: object, inputs: dict, *arguments: object, **options: object) -> object:
        self.with_pixels = "pixel_values" in inputs
        return super().compute_loss(model, inputs, *arguments, **options)


def as_it_is(path: Path) -> Iterator[tuple[str, bool]]:
    """What both trainers make of a file under their defaults."""
    rows = load_dataset(LOADERS[path.suffix], data_files=str(path))["train"]
    refusals = []
    for trainer, settings in ((ObservedGRPO, GRPOConfig), (ObservedSFT, SFTConfig)):
        options = (
            {"num_generations": 2, "max_completion_length": 2} if trainer is ObservedGRPO else {"max_length": None}
        )
        own = (
            {"reward_funcs": lambda completions, **columns: [0.0] * len(completions)} if trainer is ObservedGRPO else {}
        )
        try:
            running = trainer(**model(NAME), **own, args=settings(**SMALL, **options), train_dataset=rows)
            running.train()
        except Exception as error:
            refusals.append(error)
        else:
            yield f"{trainer.__base__.__name__}: {', '.join(rows.column_names)}", running.with_pixels
    if len(refusals) == 2:
        raise refusals[0]


if sys.argv[1] == "--as-it-is":
    NAME = sys.argv[2]
    probe(as_it_is, sys.argv[3:])
else:
    from wethink_assets.rewards.trl import reward_functions

    folder = Path(sys.argv[1])
    rows = load_dataset(str(folder))
    functions, weights = reward_functions()
    grpo = ObservedGRPO(
        **model(sys.argv[2]),
        reward_funcs=functions,
        args=GRPOConfig(**SMALL, reward_weights=weights, num_generations=2, max_completion_length=12),
        train_dataset=rows["train"],
        eval_dataset=rows["validation"],
    )
    grpo.train()
    sft = ObservedSFT(**model(sys.argv[2]), args=SFTConfig(**SMALL, max_length=None), train_dataset=rows["train"])
    sft.train()
    show(
        pixels={
            split: [digest(opened(image, folder)) for row in rows[split] for image in row["images"]] for split in SPLITS
        },
        systems=sorted({row["prompt"][0]["role"] for split in SPLITS for row in rows[split]}),
        grpo={"pixels": grpo.with_pixels, "log": grpo.state.log_history[0]},
        sft={"pixels": sft.with_pixels, "log": sft.state.log_history[0]},
    )
