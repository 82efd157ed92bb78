"""`SHA256SUMS` of an export: the sha256 of every other file of its folder, in the form that `sha256sum -c` reads."""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

__all__ = ["SUMS", "FileSum", "read_sums", "sums_of", "sums_text", "write_sums"]

SUMS = "SHA256SUMS"


@dataclass(frozen=True, slots=True)
class FileSum:
    """Bytes and sha256 of a file."""

    bytes: int
    sha256: str


def sums_of(
    folder: Path, names: Iterable[str] | None = None, progress: Callable[[int, int], None] | None = None
) -> dict[str, FileSum]:
    """Sums of files below a folder, by path, sorted; all of them where none are named. `progress` is told of bytes read, and of all of them."""
    paths = [folder / name for name in names] if names is not None else sorted(_files(folder))
    total = sum(path.stat().st_size for path in paths) if progress else 0
    sums = {}
    done = 0
    for path in paths:
        with path.open("rb") as stream:
            known = FileSum(path.stat().st_size, hashlib.file_digest(stream, "sha256").hexdigest())
        sums[path.relative_to(folder).as_posix()] = known
        done += known.bytes
        if progress:
            progress(done, total)
    return dict(sorted(sums.items()))


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def sums_text(sums: Mapping[str, FileSum]) -> str:
    """Content of `SHA256SUMS`."""
    return "".join(f"{known.sha256}  {name}\n" for name, known in sorted(sums.items()))


def write_sums(folder: Path, sums: Mapping[str, FileSum]) -> None:
    """Write `SHA256SUMS`."""
    (folder / SUMS).write_text(sums_text(sums), encoding="utf-8")


def read_sums(folder: Path) -> dict[str, str]:
    """Each file's sha256 as `SHA256SUMS` says it."""
    lines = (folder / SUMS).read_text(encoding="utf-8").splitlines()
    return {name: sha256 for sha256, _, name in (line.partition("  ") for line in lines)}
