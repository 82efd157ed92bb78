"""`SHA256SUMS` of an export: the sha256 of every other file of its folder, in the form that `sha256sum -c` reads."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

__all__ = ["SUMS", "FileSum", "export_faults", "read_sums", "sums_of", "write_sums"]

SUMS = "SHA256SUMS"


@dataclass(frozen=True, slots=True)
class FileSum:
    """Bytes and sha256 of a file."""

    bytes: int
    sha256: str


def sums_of(folder: Path, names: Iterable[str] | None = None) -> dict[str, FileSum]:
    """Sums of files below a folder, by path, sorted; all of them where none are named."""
    paths = [folder / name for name in names] if names is not None else sorted(_files(folder))
    sums = {}
    for path in paths:
        with path.open("rb") as stream:
            sums[path.relative_to(folder).as_posix()] = FileSum(
                path.stat().st_size, hashlib.file_digest(stream, "sha256").hexdigest()
            )
    return dict(sorted(sums.items()))


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def write_sums(folder: Path, sums: Mapping[str, FileSum]) -> None:
    """Write `SHA256SUMS`."""
    lines = [f"{known.sha256}  {name}\n" for name, known in sorted(sums.items())]
    (folder / SUMS).write_text("".join(lines), encoding="utf-8")


def read_sums(folder: Path) -> dict[str, str]:
    """Each file's sha256 as `SHA256SUMS` says it."""
    lines = (folder / SUMS).read_text(encoding="utf-8").splitlines()
    return {name: sha256 for sha256, _, name in (line.partition("  ") for line in lines)}


def export_faults(folder: Path) -> list[str]:
    """What is wrong with an export by its sums: files that are missing, altered, or not listed. Empty where nothing is."""
    if not (folder / SUMS).is_file():
        return [f"{SUMS}: missing"]
    listed = read_sums(folder)
    present = {path.relative_to(folder).as_posix() for path in _files(folder)} - {SUMS}
    faults = [f"{name}: missing" for name in sorted(listed.keys() - present)]
    faults += [f"{name}: not listed in {SUMS}" for name in sorted(present - listed.keys())]
    there = sums_of(folder, sorted(listed.keys() & present))
    return faults + [f"{name}: altered" for name, known in there.items() if known.sha256 != listed[name]]
