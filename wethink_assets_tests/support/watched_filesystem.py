"""A file system that says what is opened on it, and lists its files in another order each time."""

import random
from typing import Any, ClassVar

import fsspec
from fsspec.implementations.memory import MemoryFileSystem


class WatchedFileSystem(MemoryFileSystem):
    """Files in memory at `watched:///...`."""

    protocol = "watched"
    store: ClassVar[dict[str, Any]] = {}
    pseudo_dirs: ClassVar[list[str]] = [""]
    opened: ClassVar[list[str]] = []

    @classmethod
    def _strip_protocol(cls, path: str) -> str:
        return super()._strip_protocol(path.removeprefix("watched://"))

    def find(self, *args: Any, **options: Any) -> Any:
        found = super().find(*args, **options)
        names = random.sample(list(found), len(found))
        return {name: found[name] for name in names} if isinstance(found, dict) else names

    def _open(self, path: str, mode: str = "rb", **options: Any) -> Any:
        if mode == "rb":
            self.opened.append(path)
        return super()._open(path, mode, **options)


def watched_folder(name: str, files: dict[str, bytes]) -> str:
    """Location of a folder with these files, of which none was opened yet."""
    fsspec.register_implementation("watched", WatchedFileSystem, clobber=True)
    system = fsspec.filesystem("watched")
    for path, data in files.items():
        system.pipe_file(f"/{name}/{path}", data)
    WatchedFileSystem.opened.clear()
    return f"watched:///{name}"
