"""Push of an export to where others read it: what is there already is not sent again, and the last write makes it complete.

An export is a folder with `SHA256SUMS`. At the target that file is written last, so whoever finds it finds all that it lists; a push that was killed
left none, and the next one goes on from there. A target that is complete with other contents is refused unless it is to be replaced.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from wethink_assets.dataset.exports.checksums import SUMS, read_sums, sums_of
from wethink_assets.errors import ConfigError, VersionError

__all__ = ["PushResult", "Target", "push", "target_of"]

Progress = Callable[[int, int], None]
NAMED = 3


@dataclass(frozen=True, slots=True)
class PushResult:
    """What was, or with `dry_run` would be, sent, kept and removed: files and bytes, and whether the target is complete now."""

    target: str
    files: int
    bytes: int
    sent: int
    sent_bytes: int
    kept: int
    removed: int
    complete: bool
    dry_run: bool


class Target(Protocol):
    """A place that an export is pushed to."""

    url: str

    def names(self) -> set[str]:
        """Files that are there. Raises `StoreError` that says why it cannot be looked at."""
        ...

    def sums(self) -> bytes | None:
        """The target's `SHA256SUMS`; None while it is not complete."""
        ...

    def holds(self, files: Mapping[str, tuple[Path, str]]) -> set[str]:
        """Those of these files, by name with their local path and sha256, that are there as they are here."""
        ...

    def send(self, name: str, path: Path, sha256: str) -> None:
        """Write a file whole."""
        ...

    def remove(self, names: Iterable[str]) -> None:
        """Remove files."""
        ...


def target_of(url: str) -> Target:
    """The target of a URL. Raises `ConfigError` for one of another kind."""
    from wethink_assets.dataset.publishing.hub_target import HubTarget
    from wethink_assets.dataset.publishing.s3_target import S3Target

    scheme, _, rest = url.partition("://")
    if scheme == "hf":
        return HubTarget.open(url)
    if scheme != "s3" or not rest.partition("/")[0]:
        raise ConfigError(f"{url!r} is no target of a push: name one as s3://bucket/prefix or hf://datasets/owner/name")
    return S3Target.open(url)


def push(
    folder: Path, target: Target, *, replace: bool = False, dry_run: bool = False, progress: Progress | None = None
) -> PushResult:
    """Push an export. Safe to repeat: what was killed is gone on with, what is complete stays as it is.

    Args:
        replace: whether other contents of the target are replaced, and files of it that the export lacks removed.
        dry_run: only compare.
        progress: called with bytes done and bytes in all.

    Raises `VersionError` when the folder is no intact export, or the target holds something else and is not to be replaced, and `StoreError` when the
    target cannot be read or written.
    """
    faults = _faults(folder)
    if faults:
        more = f" and {len(faults) - NAMED} more" if len(faults) > NAMED else ""
        raise VersionError(f"{folder} is no intact export: {'; '.join(faults[:NAMED])}{more}; export it again")
    sums = read_sums(folder)
    sizes = {name: (folder / name).stat().st_size for name in (*sums, SUMS)}
    total = sum(sizes.values())
    there, complete = target.names(), target.sums()
    if complete == (folder / SUMS).read_bytes() and sums.keys() <= there:
        return PushResult(target.url, len(sizes), total, 0, 0, len(sizes), 0, True, dry_run)
    foreign = sorted(there - sizes.keys())
    if not replace and complete is not None:
        raise VersionError(f"{target.url} is complete with other contents: name another target, or give --replace")
    if not replace and foreign:
        raise VersionError(
            f"{target.url} holds {len(foreign)} files that are no part of {folder}, such as {foreign[0]!r}: name another target, or give --replace"
        )
    kept = target.holds({name: (folder / name, sums[name]) for name in sums.keys() & there})
    missing = [name for name in sums if name not in kept]
    result = PushResult(
        target.url, len(sizes), total, len(missing) + 1, sum(sizes[name] for name in (*missing, SUMS)), len(kept), len(foreign), not dry_run, dry_run
    )  # fmt: skip
    if dry_run:
        return result
    if complete is not None:
        target.remove([SUMS])  # from here on it is not complete
    done = total - result.sent_bytes
    for name in missing:
        target.send(name, folder / name, sums[name])
        done += sizes[name]
        if progress is not None:
            progress(done, total)
    if foreign:
        target.remove(foreign)
    target.send(SUMS, folder / SUMS, "")
    if progress is not None:
        progress(total, total)
    return result


def _faults(folder: Path) -> list[str]:
    """Files that are not what `SHA256SUMS` says; `wethink verify` of the folder looks further."""
    if not (folder / SUMS).is_file():
        return [f"{SUMS}: missing"]
    listed = read_sums(folder)
    there = sums_of(folder)
    faults = [f"{name}: missing" for name in listed if name not in there]
    faults += [f"{name}: not listed in {SUMS}" for name in there if name not in listed and name != SUMS]
    return faults + [
        f"{name}: altered" for name, known in there.items() if listed.get(name, known.sha256) != known.sha256
    ]
