"""Local folders as listings have them: files with size and time, and what is none, links followed but never in a circle."""

import errno
import os
import stat
from collections.abc import Iterator
from typing import NamedTuple

from wethink_assets.errors import SourceError
from wethink_assets.plain_text import in_one_line, visible_name
from wethink_assets.sources.readers.entries import Ignored, Refusal, printable
from wethink_assets.storage.access_faults import access_fault

__all__ = ["OUTAGES", "FileInfo", "Listed", "fault_of", "walk"]

_NAMES = (
    "ESTALE ENOTCONN ETIMEDOUT ECONNREFUSED ECONNRESET ECONNABORTED EHOSTDOWN EHOSTUNREACH ENETDOWN ENETUNREACH ENETRESET "
    "EPIPE EREMOTEIO ESHUTDOWN EAGAIN EMFILE ENFILE ENOMEM ENOLINK ECOMM"
)
OUTAGES = frozenset(getattr(errno, name) for name in _NAMES.split() if hasattr(errno, name))
"""Errors of a file system that is out of reach, or of a machine that has too little to go on: none is about the file."""


class FileInfo(NamedTuple):
    """One file below a location: path relative to it, size in bytes, and what changes when its content does."""

    path: str
    size: int
    etag: str


Listed = FileInfo | Ignored | Refusal
"""What a listing has: a file, or what is none, with the reason."""
_SPECIAL = {stat.S_IFBLK: "device", stat.S_IFCHR: "device", stat.S_IFIFO: "pipe", stat.S_IFSOCK: "socket"}


def walk(root: str, folder: str, deep: bool = True) -> Iterator[Listed]:
    """What is below a local folder, or only directly in it, the folder itself not among it.

    Links are followed, as users link data sets into place, but never in a circle. Raises `SourceError` where the folder cannot be listed.
    """
    pending: list[tuple[str, frozenset[tuple[int, int]]]] = [(folder, frozenset())]
    while pending:
        current, above = pending.pop()
        try:
            own = os.stat(f"{root}/{current}")
            identity = (own.st_dev, own.st_ino)
            if identity in above:
                yield Ignored(current, "looping_link")
                continue
            with os.scandir(f"{root}/{current}") as scanned:
                entries = sorted(scanned, key=lambda entry: entry.name)
        except OSError as error:
            if current == folder or error.errno in OUTAGES:
                full = f"{root}/{current}".rstrip("/")
                raise SourceError(f"{visible_name(full)} cannot be listed: {access_fault(error, full, {})}") from error
            yield Refusal(printable(current), "unreadable_folder", f"it cannot be listed: {fault_of(error)}")
            continue
        if current != folder:
            yield Ignored(current, "directory")
        for entry in entries:
            path = f"{current}/{entry.name}" if current else entry.name
            try:
                status = entry.stat()
            except OSError as error:
                yield _without_status(path, entry, error)
                continue
            if stat.S_ISREG(status.st_mode):
                yield FileInfo(path, status.st_size, f"mtime:{status.st_mtime_ns}")
            elif not stat.S_ISDIR(status.st_mode):
                yield Ignored(path, _SPECIAL.get(stat.S_IFMT(status.st_mode), "device"))
            elif deep:
                pending.append((path, above | {identity}))


def _without_status(path: str, entry: os.DirEntry[str], error: OSError) -> Ignored | Refusal:
    """What an entry of a folder is of which the system does not say what it is."""
    if error.errno in OUTAGES:
        raise SourceError(f"{visible_name(path)} cannot be listed: {fault_of(error)}") from error
    if error.errno == errno.ELOOP:
        return Ignored(path, "looping_link")
    if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG):
        return Ignored(path, "dangling_link" if entry.is_symlink() else "vanished")
    return Refusal(printable(path), "unreadable", f"it cannot be looked at: {fault_of(error)}")


def fault_of(error: Exception) -> str:
    """What the system or a client says of an error, on one line."""
    return getattr(error, "strerror", None) or in_one_line(f"{type(error).__name__} {error}".strip())
