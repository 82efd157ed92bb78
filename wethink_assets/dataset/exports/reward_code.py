"""Reward functions as files of an export: the function in the form that the trainer loads, and the code that it needs as one archive.

The archive holds the package's own rewards, which import nothing but Python's library (and, where they are installed, `mpmath` and `pint`, for
answers that are expressions or quantities), so that a machine that trains need not install the package.
"""

import zipfile
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Literal

__all__ = ["REWARD_CODE", "REWARD_FILE", "write_reward_function"]

PACKAGE = "wethink_assets"
REWARD_FILE = "wethink_reward.py"
REWARD_CODE = "wethink_rewards.zip"
PARTS = ("__init__.py", "errors.py", "kinds.py", "extensions", "models/__init__.py", "models/chat.py", "rewards")
"""Files and folders of the package that the rewards are made of."""


def write_reward_function(folder: Path, trainer: Literal["verl", "easyr1"]) -> None:
    """Write `wethink_reward.py`, for this trainer, and `wethink_rewards.zip`; the same code gives the same bytes."""
    package = files(PACKAGE)
    source = package.joinpath("dataset", "exports", "reward_files", f"{trainer}.py")
    (folder / REWARD_FILE).write_bytes(source.read_bytes())
    with zipfile.ZipFile(folder / REWARD_CODE, "w", zipfile.ZIP_DEFLATED) as archive:
        for part in PARTS:
            _add(archive, f"{PACKAGE}/{part}", package.joinpath(*part.split("/")))


def _add(archive: zipfile.ZipFile, name: str, source: Traversable) -> None:
    if source.is_dir():
        for entry in sorted(source.iterdir(), key=lambda entry: entry.name):
            if entry.name != "__pycache__":
                _add(archive, f"{name}/{entry.name}", entry)
    elif name.endswith((".py", ".tsv", ".json")):
        archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), source.read_bytes(), zipfile.ZIP_DEFLATED)
