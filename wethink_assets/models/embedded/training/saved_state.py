"""Saved state of an interrupted training: whole or not at all, as safetensors and JSON, never pickled."""

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors.torch import load_file, save_file
from torch import Tensor

POSITION = "state.json"
Tensors = Mapping[str, Tensor]


def write_state(work: Path, parts: Mapping[str, Tensors], position: Mapping[str, Any]) -> None:
    """Write a state to `work/state`: beside the last one first, then renamed into its place.

    Args:
        parts: tensors by name, one file a part; position: what else is to be known, as JSON values.
    """
    beside, target, old = work / "state.new", work / "state", work / "state.old"
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir(parents=True)
    for part, tensors in parts.items():
        # Scalars are kept as vectors of one, which every release of safetensors writes alike.
        save_file(
            {name: value.detach().reshape(value.shape or (1,)).contiguous() for name, value in tensors.items()},
            beside / f"{part}.safetensors",
        )
    (beside / POSITION).write_text(json.dumps(position))
    for path in beside.iterdir():
        with path.open("rb") as file:
            os.fsync(file.fileno())
    shutil.rmtree(old, ignore_errors=True)
    if target.exists():
        target.rename(old)
    beside.rename(target)
    shutil.rmtree(old, ignore_errors=True)


def read_state(work: Path) -> tuple[dict[str, dict[str, Tensor]], dict[str, Any]] | None:
    """Parts and position of the last state that was written whole; None when there is none."""
    folder = next((path for path in (work / "state", work / "state.old") if (path / POSITION).exists()), None)
    if folder is None:
        return None
    parts = {path.stem: load_file(path) for path in folder.glob("*.safetensors")}
    return parts, json.loads((folder / POSITION).read_text())
