"""A folder seen through a file system that fails as disks, mounts and rights do, mounted by FUSE.

`serve` does so until it is unmounted; it needs libfuse and the package `mfusepy`. Looking for `.fault-<kind>.<path>` at its root begins a fault of
that kind at what is named so, and below it; `.fault-none` ends it. Kinds: see `FAULTS`.
"""

import errno
import os
import stat
import time
from typing import Any

import mfusepy

ASKED = "/.fault-"
FAULTS = {
    "none": "nothing fails",
    "read-only": "what would change anything is refused, as on a file system mounted read-only",
    "full": "nothing can be written, made or lengthened: no space is left",
    "filling": "the same after the first 2,000 bytes",
    "quota": "the user's quota is used up",
    "denied": "nothing may be opened or listed",
    "unwritable": "nothing may be written",
    "faulty": "reading reports an error of the disk",
    "faulty-writes": "syncing and writing report an error of the disk",
    "stale": "the mount is gone: every call says that its handle is stale",
    "silent": "every call ends after a while with a time-out",
    "missing": "nothing is there",
    "file": "a file is where a folder should be",
    "no-text": "every file begins with bytes that are no UTF-8",
}
_WRITES = {
    "read-only": errno.EROFS,
    "full": errno.ENOSPC,
    "quota": errno.EDQUOT,
    "unwritable": errno.EACCES,
    "denied": errno.EACCES,
    "faulty-writes": errno.EIO,
}
_ALL = {"stale": errno.ESTALE, "silent": errno.ETIMEDOUT, "missing": errno.ENOENT}
_SPACE = 2_000  # bytes until a disk that fills is full


class FaultyFiles(mfusepy.Operations):
    """The folder `below`, with the fault in force."""

    use_ns = True

    def __init__(self, below: str) -> None:
        self._below, self._kind, self._target, self._written = below, "none", "", 0

    def _at(self, path: str) -> str:
        return self._below + path

    def _concerns(self, path: str) -> bool:
        return self._kind != "none" and f"{path}/".startswith(f"/{self._target}/".replace("//", "/"))

    def _look(self, path: str) -> None:
        if self._concerns(path) and self._kind in _ALL:
            if self._kind == "silent":
                time.sleep(0.02)
            raise mfusepy.FuseOSError(_ALL[self._kind])

    def _change(self, path: str, size: int = 0) -> None:
        self._look(path)
        if not self._concerns(path):
            return
        if self._kind in _WRITES:
            raise mfusepy.FuseOSError(_WRITES[self._kind])
        self._written += size
        if self._kind == "filling" and self._written > _SPACE:
            raise mfusepy.FuseOSError(errno.ENOSPC)

    def getattr(self, path: str, fh: int | None = None) -> dict[str, Any]:
        if path.startswith(ASKED):
            self._kind, _, self._target = path.removeprefix(ASKED).partition(".")
            self._target, self._written = self._target.replace("|", "/"), 0
            raise mfusepy.FuseOSError(errno.ENOENT)
        if path != "/":
            self._look(path)
        is_file = self._kind == "file" and path == f"/{self._target}"
        known = os.lstat(self._at("/" if is_file else path))
        names = ("st_mode", "st_size", "st_nlink", "st_ino", "st_uid", "st_gid")
        times = {f"st_{name}time": getattr(known, f"st_{name}time_ns") for name in "mca"}
        changed = {"st_mode": stat.S_IFREG | 0o644, "st_size": 0, "st_nlink": 1} if is_file else {}
        return {**{name: getattr(known, name) for name in names}, **times, **changed}

    def access(self, path: str, amode: int) -> int:
        if amode & os.W_OK and self._kind in ("read-only", "unwritable"):
            self._change(path)
        return 0

    def readdir(self, path: str, fh: int) -> list[str]:
        self._look(path)
        if self._concerns(path) and self._kind in ("denied", "faulty"):
            raise mfusepy.FuseOSError(errno.EACCES if self._kind == "denied" else errno.EIO)
        return [".", "..", *os.listdir(self._at(path))]

    def open(self, path: str, flags: int) -> int:
        self._look(path)
        if self._concerns(path) and self._kind == "denied":
            raise mfusepy.FuseOSError(errno.EACCES)
        if flags & os.O_ACCMODE != os.O_RDONLY and self._kind in ("read-only", "unwritable"):
            self._change(path)
        return os.open(self._at(path), flags & ~os.O_APPEND)

    def create(self, path: str, mode: int, fi: Any = None) -> int:
        self._change(path)
        return os.open(self._at(path), os.O_RDWR | os.O_CREAT | os.O_TRUNC, mode)

    def read(self, path: str, size: int, offset: int, fh: int) -> bytes:
        self._look(path)
        if self._concerns(path) and self._kind == "faulty":
            raise mfusepy.FuseOSError(errno.EIO)
        data = os.pread(fh, size, offset)
        if self._concerns(path) and self._kind == "no-text" and offset == 0:
            return b"\xff\xfe"[: len(data)] + data[2:]
        return data

    def write(self, path: str, data: bytes, offset: int, fh: int) -> int:
        self._change(path, len(data))
        return os.pwrite(fh, data, offset)

    def truncate(self, path: str, length: int, fh: int | None = None) -> int:
        self._change(path)
        os.truncate(self._at(path), length)
        return 0

    def flush(self, path: str, fh: int) -> int:
        return 0

    def fsync(self, path: str, datasync: int, fh: int) -> int:
        if self._concerns(path) and self._kind == "faulty-writes":
            raise mfusepy.FuseOSError(errno.EIO)
        return 0

    fsyncdir = fsync

    def release(self, path: str, fh: int) -> int:
        os.close(fh)
        return 0

    def link(self, target: str, source: str) -> int:
        self._change(target)
        os.link(self._at(source), self._at(target))
        return 0

    def symlink(self, target: str, source: str) -> int:
        self._change(target)
        os.symlink(source, self._at(target))
        return 0

    def readlink(self, path: str) -> str:
        self._look(path)
        return os.readlink(self._at(path))

    def rename(self, old: str, new: str, flags: int = 0) -> int:
        self._change(new)
        os.rename(self._at(old), self._at(new))
        return 0

    def unlink(self, path: str) -> int:
        if self._kind not in ("full", "quota", "filling"):  # removing takes no space
            self._change(path)
        os.unlink(self._at(path))
        return 0

    def mkdir(self, path: str, mode: int) -> int:
        self._change(path)
        os.mkdir(self._at(path), mode)
        return 0

    def rmdir(self, path: str) -> int:
        self._look(path)
        os.rmdir(self._at(path))
        return 0

    def chmod(self, path: str, mode: int) -> int:
        self._change(path)
        os.chmod(self._at(path), stat.S_IMODE(mode))
        return 0

    def chown(self, path: str, uid: int, gid: int) -> int:
        return 0

    def utimens(self, path: str, times: Any = None) -> int:
        os.utime(self._at(path), ns=times)
        return 0

    def statfs(self, path: str) -> dict[str, int]:
        known = os.statvfs(self._below)
        return {name: getattr(known, name) for name in ("f_bsize", "f_blocks", "f_bavail", "f_bfree", "f_namemax")}


def serve(below: str, mount: str) -> None:
    """Serve a folder at `mount`."""
    timeouts = {"attr_timeout": 0, "entry_timeout": 0, "negative_timeout": 0}
    mfusepy.FUSE(FaultyFiles(below), mount, foreground=True, nothreads=True, direct_io=False, **timeouts)
