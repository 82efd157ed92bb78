"""Checkpoints of a run: the newest whole one after a kill, and a trainer that resumes from it with the very weights that it had.

Optimiser, scheduler and random state are transformers' own files, which it reads as plain tensors (`weights_only`). A checkpoint counts from
the moment its list of files, written last, is there and every file has its size; what is cut short is removed.
"""

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from wethink_assets.errors import TrainingError

WHOLE = "whole.json"
PREFIX = "checkpoint-"


def step_of(folder: Path) -> int:
    """Step of a checkpoint's folder, -1 for any other name."""
    number = folder.name.removeprefix(PREFIX)
    return int(number) if folder.name.startswith(PREFIX) and number.isdigit() else -1


def seal(folder: Path) -> None:
    """Note what a finished checkpoint holds, once all of it is on the disk."""
    sizes = {}
    for path in sorted(path for path in folder.rglob("*") if path.is_file() and path.name != WHOLE):
        with path.open("rb") as file:
            os.fsync(file.fileno())
        sizes[str(path.relative_to(folder))] = path.stat().st_size
    unfinished = folder / f"{WHOLE}.writing"
    with unfinished.open("w") as file:
        json.dump({"step": step_of(folder), "files": sizes}, file)
        file.flush()
        os.fsync(file.fileno())
    unfinished.rename(folder / WHOLE)


def is_whole(folder: Path) -> bool:
    """Whether a checkpoint was written to its end and has all its files still."""
    try:
        files = json.loads((folder / WHOLE).read_text())["files"]
        return bool(files) and all((folder / name).stat().st_size == size for name, size in files.items())
    except (OSError, ValueError, KeyError, AttributeError):
        return False


def newest_whole(work: Path) -> Path | None:
    """The newest whole checkpoint below a folder; None when there is none."""
    folders = sorted((path for path in work.glob(f"{PREFIX}*") if path.is_dir() and step_of(path) >= 0), key=step_of)
    return next((folder for folder in reversed(folders) if is_whole(folder)), None)


def remove_unfinished(work: Path) -> list[str]:
    """Remove checkpoints that were cut short, and any that are later than the newest whole one; returns their names."""
    newest = newest_whole(work)
    last = step_of(newest) if newest else -1
    removed = []
    for folder in work.glob(f"{PREFIX}*"):
        if folder.is_dir() and (not is_whole(folder) or step_of(folder) > last):
            shutil.rmtree(folder)
            removed.append(folder.name)
    return sorted(removed)


class WholeCheckpointsMixin:
    """Mix-in for a `transformers.Trainer` that seals its checkpoints and really restores weights from them.

    transformers saves Qwen2.5-VL under the names of its first release and loads checkpoints with `strict=False`: no name fits, a warning is
    logged, and training continues from the weights of the constructor. Here weights go through `from_pretrained`, which knows the old names, and
    are loaded strictly.
    """

    def _save_checkpoint(self, model: Any, trial: Any) -> None:
        super()._save_checkpoint(model, trial)  # type: ignore[misc]
        trainer: Any = self
        trainer.accelerator.wait_for_everyone()
        if trainer.args.should_save:
            seal(Path(trainer.args.output_dir) / f"{PREFIX}{trainer.state.global_step}")

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: Any = None) -> None:
        trainer: Any = self
        whole = trainer.accelerator.unwrap_model(model if model is not None else trainer.model)
        sharded = trainer.is_fsdp_enabled or trainer.is_deepspeed_enabled
        if sharded:
            super()._load_from_checkpoint(resume_from_checkpoint, model)  # type: ignore[misc]
            return
        if hasattr(whole, "peft_config"):
            _load_adapters(whole, Path(resume_from_checkpoint))
            return
        from wethink_assets.models.embedded.chat import LOADING

        with LOADING:
            saved = type(whole).from_pretrained(resume_from_checkpoint, dtype=next(whole.parameters()).dtype)
        whole.load_state_dict(saved.state_dict(), strict=True)
        whole.tie_weights()


def _load_adapters(model: Any, folder: Path) -> None:
    """Give a model's adapters the weights that they have in a checkpoint: the one that is trained, and that of the reference where there is one.

    transformers leaves the first out where the checkpoint has a folder for the second.
    """
    trained = model.active_adapters
    for name in model.peft_config:
        of_adapter = folder if name == "default" else folder / name
        model.load_adapter(str(of_adapter), name, is_trainable=name in trained)
        _require_adapter(model, name, of_adapter)
    model.set_adapter(trained[0])


def _require_adapter(model: Any, adapter: str, folder: Path) -> None:
    """Raise `TrainingError` unless the weights of an adapter in a folder are now those of the model's."""
    import torch
    from peft import get_peft_model_state_dict
    from safetensors.torch import load_file

    saved: Mapping[str, Any] = load_file(folder / "adapter_model.safetensors")
    now: Mapping[str, Any] = get_peft_model_state_dict(model, adapter_name=adapter)
    if saved.keys() != now.keys() or any(
        not torch.equal(saved[name], now[name].to("cpu", saved[name].dtype)) for name in saved
    ):
        raise TrainingError(
            f"the adapter in {folder} could not be restored: remove the folder, and the run starts from the one before"
        )
