"""Durability: what is published is on the disk before it is named, so that a power cut takes nothing that anybody was told of.

A file is synced before it gets its name, and its folder after that; a folder that is new is synced into the one above. Where many small files
lead up to one commit, as the images of a batch do, they are written as they come and synced all together just before it (`sync_file_system`), since
syncing each would cost more than reading and decoding it. Of these, and of no others, a power cut may leave a name without its bytes.

`WETHINK_SYNC=0` leaves it to the operating system when anything reaches the disk: for stores that may be lost, as those of tests.

On S3 and the like a put that was answered is durable, and nothing here is called.
"""

import ctypes
import errno
import os
import sys
import threading
from functools import cache

__all__ = ["forget_folders", "sync_file", "sync_file_system", "sync_folder", "sync_later", "sync_name"]

_NO_SYNC = (
    errno.EINVAL,
    errno.ENOTSUP,
    errno.EBADF,
)  # of folders on some network file systems, which write names through
_known: set[str] = set()  # folders of this process that are in the folder above for good
_unsynced: dict[str, set[str]] = {}  # by root
_lock = threading.Lock()
_MOST_KNOWN = 100_000
_FUSE = 0x65735546  # statfs(2)


def sync_file(descriptor: int) -> None:
    """Have what was written to an open file on the disk when this returns."""
    if not _wanted():
        return
    if sys.platform == "darwin":  # where fsync leaves it to the drive when it writes
        import fcntl

        fcntl.fcntl(descriptor, fcntl.F_FULLFSYNC)
        return
    os.fsync(descriptor)


def sync_folder(folder: str) -> None:
    """Have the names in a folder on the disk when this returns."""
    if not _wanted():
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        sync_file(descriptor)
    except OSError as error:
        if error.errno not in _NO_SYNC:
            raise
    finally:
        os.close(descriptor)


def sync_name(path: str, root: str) -> None:
    """Have the name of a file on the disk, and those of all folders down to it from `root`; these are synced once a process."""
    if not _wanted():
        return
    folder = path.rpartition("/")[0]
    sync_folder(folder)
    new = []
    while folder.startswith(root) and folder not in _known:
        new.append(folder)
        parent = folder.rpartition("/")[0]
        if not parent:
            break
        sync_folder(parent)
        folder = parent
    with _lock:
        if len(_known) > _MOST_KNOWN:
            _known.clear()
        _known.update(new)


def forget_folders() -> None:
    """Sync all folders anew when something is next published: some were made or deleted."""
    with _lock:
        _known.clear()


def sync_later(path: str, root: str) -> None:
    """Note a file that was written under `root` without a sync, where `sync_file_system` has to be told of it."""
    if not _synced_by_call(root):
        with _lock:
            _unsynced.setdefault(root, set()).add(path)


def sync_file_system(root: str) -> None:
    """Have everything on the disk that was written so far under `root`, a folder: one call of the system whatever the number of files.

    Where that call does nothing, as on file systems in user space, or is not there, the files of `sync_later` are synced one by one.
    """
    if not _wanted():
        return
    if not _synced_by_call(root):
        with _lock:
            paths = _unsynced.pop(root, set())
        for path in paths:
            _sync_path(path)
        for path in {path.rpartition("/")[0]: path for path in paths}.values():
            sync_name(path, root)
        return
    descriptor = os.open(root, os.O_RDONLY)
    try:
        if _libc().syncfs(descriptor) != 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number), root)
    finally:
        os.close(descriptor)


def _sync_path(path: str) -> None:
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except FileNotFoundError:  # deleted since
        return
    try:
        sync_file(descriptor)
    finally:
        os.close(descriptor)


@cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


@cache
def _synced_by_call(root: str) -> bool:
    # The kernel passes syncfs on to no file system in user space but virtiofs.
    if sys.platform != "linux" or not hasattr(_libc(), "syncfs"):
        return False
    about = (ctypes.c_long * 64)()
    return _libc().statfs(root.encode(), about) == 0 and about[0] != _FUSE


def _wanted() -> bool:
    return os.environ.get("WETHINK_SYNC") != "0"
