"""Weights of a server: the folder that its model's name means, and the revision that pins them."""

import hashlib
import os
from functools import lru_cache
from pathlib import Path

from wethink_assets.config import Settings
from wethink_assets.config.servers import ServerSettings
from wethink_assets.errors import ConfigError
from wethink_assets.identity import digest_of

EMBEDDED = "embedded/"
WHOLE = 64 * 2**20
BLOCK = 2**16
BLOCKS = 256


def model_folder(settings: Settings, model: str) -> Path | None:
    """Folder that a model's name means: a checkpoint of the package, or a folder on this machine; None for an id of the Hub.

    Raises `ConfigError` for a path that leads nowhere, `ModelError` for a checkpoint that the package does not have.
    """
    if model.startswith(EMBEDDED):
        from wethink_assets.models.embedded.checkpoints import checkpoint_folder

        return checkpoint_folder(model.removeprefix(EMBEDDED))
    folder = Path(settings.resolve(model))
    if (folder / "config.json").is_file():
        return folder
    if model.startswith((".", "/", "~")):
        raise ConfigError(f"server model {model}: {folder} has no config.json")
    return None


def revision_of(settings: Settings, table: ServerSettings) -> str:
    """What pins a server's weights: the revision as configured, else a digest of the folder; empty for an id of the Hub without one."""
    if table.revision or table.url:
        return table.revision
    folder = model_folder(settings, table.model)
    if folder is None:
        return ""
    if table.model.startswith(EMBEDDED):
        from wethink_assets.models.embedded.checkpoints import checkpoint_digest

        return checkpoint_digest(table.model.removeprefix(EMBEDDED))
    return folder_digest(folder)


def folder_digest(folder: Path) -> str:
    """Digest of a model's files. Of a file above 64 MiB, size and 256 blocks spread over it are read: training changes all of them."""
    entries = sorted((entry.name, entry.stat()) for entry in os.scandir(folder) if entry.is_file())
    return _digest(str(folder), tuple((name, stat.st_size, stat.st_mtime_ns) for name, stat in entries))


@lru_cache(maxsize=64)
def _digest(folder: str, stamp: tuple[tuple[str, int, int], ...]) -> str:
    return digest_of([[name, size, _sampled(Path(folder, name), size)] for name, size, _ in stamp])


def _sampled(path: Path, size: int) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        if size <= WHOLE:
            digest.update(file.read())
        else:
            for number in range(BLOCKS):
                file.seek((size - BLOCK) * number // (BLOCKS - 1))
                digest.update(file.read(BLOCK))
    return digest.hexdigest()
