"""Files on this machine: atomic writes, of which nobody ever sees a part; what killed writers leave behind; tables read by their path alone.

What is not whole yet lies beside its place as `.writing-<name>.<process>-<random>`, everywhere. A killed writer leaves that behind: in a store
`wethink gc` removes it; beside a file or folder that a user named, whoever writes the same name next does.
"""

import errno
import os
import re
import shutil
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import polars as pl

from wethink_assets.storage.durability import forget_folders, sync_file, sync_later, sync_name
from wethink_assets.storage.process_identity import started_at

TEMPORARY = ".writing-"
ROOM = 1 << 20
_WRITER = re.compile(r"\.writing-(?:.*\.)?(\d+)-\w+")


def temporary_name(target: str) -> str:
    """A name beside `target` that no other writer uses."""
    folder, _, name = target.rpartition("/")
    return f"{folder}/{TEMPORARY}{name}.{os.getpid()}-{os.urandom(4).hex()}"


def scratch_prefix() -> str:
    """How the name of a folder begins in which this process builds files."""
    return f"{TEMPORARY}{os.getpid()}-"


def write_new(path: str, data: bytes, durable: bool = False) -> None:
    """Write a file that is not there; its folder is made only where it is missing, as this is called once an image.

    durable: its bytes are on the disk when this returns; its name is not.
    """
    flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY
    try:
        descriptor = os.open(path, flags, 0o666)
    except FileNotFoundError:
        make_folder(path.rpartition("/")[0])
        descriptor = os.open(path, flags, 0o666)
    try:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(descriptor, rest) :]
        if durable:
            sync_file(descriptor)
    finally:
        os.close(descriptor)


def create_new(target: str, data: bytes, root: str, durable: bool = True) -> bool:
    """Write a file below a root unless it exists; True for the one writer that made it."""
    temporary = temporary_name(target)
    try:
        write_new(temporary, data, durable)
        os.link(temporary, target)
        made = True
    except FileExistsError:
        made = False
    finally:
        with suppress(OSError):  # where it could not be written, that is what is told
            os.unlink(temporary)
    (sync_name if durable else sync_later)(target, root)  # whoever made it: it is relied on from now on
    return made


def replace_file(path: Path, data: bytes) -> None:
    """Write a file of a user's own, whatever stood there: it is the former one or this, never a part. Raises `OSError`."""
    with beside(path) as unfinished:
        write_new(str(unfinished), data, durable=True)
        os.replace(unfinished, path)


@contextmanager
def beside(path: Path) -> Iterator[Path]:
    """Where a file or folder of a user's own is made until it is whole and gets its name, by renaming; what is left of it then is removed.

    So is before what killed writers of the same name left there.
    """
    remove_abandoned(path)
    unfinished = Path(temporary_name(str(path.absolute())))
    try:
        yield unfinished
    finally:
        _remove(unfinished)


def remove_abandoned(path: Path) -> None:
    """Remove what killed writers of a file or folder of a user's own left beside it; what a process of this host is writing stays."""
    name = re.compile(re.escape(f"{TEMPORARY}{path.name}.") + r"\d+-[0-9a-f]+")
    try:
        with os.scandir(path.absolute().parent) as entries:
            found = [Path(entry.path) for entry in entries if name.fullmatch(entry.name)]
    except OSError:  # whoever writes there says what is wrong
        return
    for one in found:
        if not _is_written_to(one.name, _last_touched(one)):
            _remove(one)


def _remove(path: Path) -> None:
    with suppress(OSError):  # where it could not be written, that is what is told
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def require_room(folder: str) -> None:
    """Raise the error of a disk that takes no more.

    Polars may say of a write that failed for that no more than that the file is out of specification, so that the disk itself is asked.
    """
    probe = f"{folder}/{TEMPORARY}room-{os.urandom(4).hex()}"
    try:
        write_new(probe, bytes(ROOM), durable=True)
    finally:
        with suppress(OSError):  # where it could not be written, that is what is told
            os.unlink(probe)


def make_folder(folder: str) -> None:
    """Make a folder, and those above it, where it is missing."""
    if not os.path.isdir(folder):
        os.makedirs(folder, exist_ok=True)
        forget_folders()


def read_whole(path: str) -> bytes:
    """Content of a file, without the objects of `open`, as this too is called once or twice an image, mostly for files that are not there."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)  # a pipe that nobody writes to would be waited for
    try:
        parts = []
        about = os.fstat(descriptor)
        _require_file(about, path)
        missing = about.st_size + 1
        while part := os.read(descriptor, missing):
            parts.append(part)
            missing = max(missing - len(part), 1)
        return parts[0] if len(parts) == 1 else b"".join(parts)
    finally:
        os.close(descriptor)


def require_file(path: str) -> None:
    """Raises `OSError` where something lies at a path, or at the end of its links, that can't be read as a file: a pipe would be waited for."""
    _require_file(os.stat(path), path)


def _require_file(about: os.stat_result, path: str) -> None:
    if stat.S_ISDIR(about.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), path)
    if not stat.S_ISREG(about.st_mode):
        raise OSError(errno.ESPIPE, os.strerror(errno.ESPIPE), path)


def scan_files(paths: Sequence[Path | str]) -> pl.LazyFrame:
    """Rows of parquet files one after the other, each file at exactly its path.

    Left to itself polars takes `[1]` or `*` in a folder's name for a glob and reads the rows of others, and `~` at the start for a home.
    """
    return pl.scan_parquet([os.path.abspath(path) for path in paths], glob=False, hive_partitioning=False)


def leftovers(root: str, age: float, now: float) -> list[str]:
    """Unfinished files and scratch folders below a folder that nobody touched for `age` seconds: what killed writers left behind.

    Paths are relative to the folder. No reader ever looks at them. What a process of this host is still writing is none of them, however long
    it has been computing what comes next.
    """
    paths = []
    for folder, folders, files in os.walk(root):
        for name in (*folders, *files):
            if TEMPORARY not in name:
                continue
            touched = _last_touched(Path(folder) / name)
            if touched < now - age and not _is_written_to(name, touched):
                paths.append(os.path.relpath(os.path.join(folder, name), root))
        folders[:] = [name for name in folders if TEMPORARY not in name]
    return sorted(paths)


def _is_written_to(name: str, touched: float) -> bool:
    """Whether the process that a name tells of is at work; another one that has its number by now started later."""
    writer = _WRITER.fullmatch(name)
    started = started_at(int(writer[1])) if writer else None
    return started is not None and started <= touched


def remove_empty_folder(path: str) -> None:
    """Remove a folder unless anything is in it."""
    with suppress(OSError):
        os.rmdir(path)
        forget_folders()


def _last_touched(path: Path) -> float:
    try:
        times = [path.lstat().st_mtime]
        times += [inner.lstat().st_mtime for inner in path.rglob("*")] if path.is_dir() else []
    except FileNotFoundError:  # its writer is at work and has just finished it
        return float("inf")
    return max(times)
