"""Checkpoints of the embedded model that come with the package, one folder each beside this file, and the digests that pin them."""

import hashlib
import os
from functools import lru_cache
from pathlib import Path

from wethink_assets.errors import ModelError

FOLDER = Path(__file__).parent


def checkpoint_names() -> tuple[str, ...]:
    """Names of the checkpoints in the package."""
    return tuple(sorted(path.parent.name for path in FOLDER.glob("*/config.json")))


def checkpoint_folder(name: str) -> Path:
    """Folder of a checkpoint: one of the package by name, or any folder by path. Raises `ModelError` when there is none."""
    for folder in (FOLDER / name, Path(name)):
        if (folder / "config.json").is_file():
            return folder.resolve()
    raise ModelError(
        f"no embedded checkpoint {name!r}: the package has {', '.join(checkpoint_names()) or 'none'}, or give a folder"
    )


@lru_cache(maxsize=32)
def _digest(folder: str, _stamp: tuple[tuple[str, int, int], ...]) -> str:
    digest = hashlib.sha256()
    for path in sorted(Path(folder).iterdir()):
        if path.is_file() and path.name != "README.md":
            digest.update(f"{path.name}\0{path.stat().st_size}\0".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


def checkpoint_digest(name: str) -> str:
    """sha256 over names and bytes of a checkpoint's files, its card excepted. Needs no torch; computed once for unchanged files."""
    folder = checkpoint_folder(name)
    stamp = tuple(
        sorted(
            (entry.name, entry.stat().st_size, entry.stat().st_mtime_ns)
            for entry in os.scandir(folder)
            if entry.is_file()
        )
    )
    return _digest(str(folder), stamp)
