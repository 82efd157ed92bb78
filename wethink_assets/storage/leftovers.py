"""What killed writers left behind: unfinished files and scratch folders, which no reader ever looks at."""

import os
from pathlib import Path

from wethink_assets.storage.local_files import TEMPORARY
from wethink_assets.storage.store import Store


def leftovers(store: Store, age: float, now: float) -> list[str]:
    """Relative paths of unfinished files and scratch folders of a local store that nobody touched for `age` seconds.

    Remote stores have none: what is not uploaded whole does not appear there.
    """
    if not store.local:
        return []
    found = []
    for folder, folders, files in os.walk(store.root):
        for name in (*folders, *files):
            if TEMPORARY in name and _last_touched(Path(folder) / name) < now - age:
                found.append(os.path.relpath(os.path.join(folder, name), store.root))
        folders[:] = [name for name in folders if TEMPORARY not in name]
    return sorted(found)


def _last_touched(path: Path) -> float:
    try:
        times = [path.lstat().st_mtime]
        times += [inner.lstat().st_mtime for inner in path.rglob("*")] if path.is_dir() else []
    except FileNotFoundError:  # its writer is at work and has just finished it
        return float("inf")
    return max(times)
