"""A file system in memory that notes every change and every sync, mounted by FUSE: what a power cut may leave of it can be made for any moment.

`serve` does so until it is unmounted; it needs libfuse and the package `mfusepy`. Looking for
`.noted-<hex>` at its root puts that text into the log, in order with the changes. Files are inodes: a hard link is a second name.
"""

import errno
import json
import stat
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import mfusepy

from support.power_cut_states import as_json

ROOT = 1
NOTED = "/.noted-"


@dataclass
class Inode:
    """A file, or a folder: then it has names."""

    number: int
    mode: int
    data: bytearray = field(default_factory=bytearray)
    names: dict[str, "Inode"] = field(default_factory=dict)
    changed: float = field(default_factory=time.time)

    @property
    def is_folder(self) -> bool:
        return stat.S_ISDIR(self.mode)


class VolatileFiles(mfusepy.Operations):
    """The file system; each change is put into `log` as a tuple that begins with what it is."""

    use_ns = True

    def __init__(self, log: list[tuple[Any, ...]]) -> None:
        self._log = log
        self._root = Inode(ROOT, stat.S_IFDIR | 0o755)
        self._last = ROOT
        self._open: dict[int, Inode] = {}
        self._handles = 0

    def _at(self, path: str) -> Inode:
        inode = self._root
        for name in path.strip("/").split("/"):
            if name:
                if not inode.is_folder:
                    raise mfusepy.FuseOSError(errno.ENOTDIR)
                if name not in inode.names:
                    raise mfusepy.FuseOSError(errno.ENOENT)
                inode = inode.names[name]
        return inode

    def _place(self, path: str) -> tuple[Inode, str]:
        folder, _, name = path.rpartition("/")
        return self._at(folder), name

    def _new(self, path: str, mode: int) -> Inode:
        folder, name = self._place(path)
        if name in folder.names:
            raise mfusepy.FuseOSError(errno.EEXIST)
        self._last += 1
        inode = folder.names[name] = Inode(self._last, mode)
        self._log.append(("new", inode.number, inode.is_folder))
        self._log.append(("name", folder.number, name, inode.number))
        return inode

    def _handle(self, inode: Inode) -> int:
        self._handles += 1
        self._open[self._handles] = inode
        return self._handles

    def getattr(self, path: str, fh: int | None = None) -> dict[str, Any]:
        if path.startswith(NOTED):
            self._log.append(("noted", bytes.fromhex(path.removeprefix(NOTED)).decode()))
            raise mfusepy.FuseOSError(errno.ENOENT)
        inode = self._open[fh] if fh in self._open else self._at(path)
        times = dict.fromkeys(("st_mtime", "st_ctime", "st_atime"), int(inode.changed * 1e9))
        return {
            "st_mode": inode.mode,
            "st_size": len(inode.data),
            "st_nlink": 1,
            "st_ino": inode.number,
            "st_uid": 0,
            "st_gid": 0,
            **times,
        }

    def readdir(self, path: str, fh: int) -> list[str]:
        return [".", "..", *self._at(path).names]

    def create(self, path: str, mode: int, fi: Any = None) -> int:
        return self._handle(self._new(path, stat.S_IFREG | mode & 0o777))

    def open(self, path: str, flags: int) -> int:
        return self._handle(self._at(path))

    def opendir(self, path: str) -> int:
        return self._handle(self._at(path))

    def release(self, path: str, fh: int) -> int:
        self._open.pop(fh, None)
        return 0

    def releasedir(self, path: str, fh: int) -> int:
        self._open.pop(fh, None)
        return 0

    def read(self, path: str, size: int, offset: int, fh: int) -> bytes:
        return bytes(self._open[fh].data[offset : offset + size])

    def write(self, path: str, data: bytes, offset: int, fh: int) -> int:
        inode = self._open[fh]
        if len(inode.data) < offset:
            inode.data.extend(bytes(offset - len(inode.data)))
        inode.data[offset : offset + len(data)] = data
        inode.changed = time.time()
        self._log.append(("write", inode.number, offset, bytes(data)))
        return len(data)

    def truncate(self, path: str, length: int, fh: int | None = None) -> int:
        inode = self._open[fh] if fh in self._open else self._at(path)
        inode.data[length:] = bytes(max(0, length - len(inode.data)))
        self._log.append(("truncate", inode.number, length))
        return 0

    def fsync(self, path: str, datasync: int, fh: int) -> int:
        self._log.append(("sync", self._open[fh].number))
        return 0

    def fsyncdir(self, path: str, datasync: int, fh: int) -> int:
        self._log.append(("sync names", self._at(path).number))
        return 0

    def link(self, target: str, source: str) -> int:
        inode, (folder, name) = self._at(source), self._place(target)
        if name in folder.names:
            raise mfusepy.FuseOSError(errno.EEXIST)
        folder.names[name] = inode
        self._log.append(("name", folder.number, name, inode.number))
        return 0

    def rename(self, old: str, new: str, flags: int = 0) -> int:
        (before, name), (after, other) = self._place(old), self._place(new)
        inode = before.names.pop(name)
        after.names[other] = inode
        self._log.append(("rename", before.number, name, after.number, other, inode.number))
        return 0

    def unlink(self, path: str) -> int:
        folder, name = self._place(path)
        if name not in folder.names:
            raise mfusepy.FuseOSError(errno.ENOENT)
        del folder.names[name]
        self._log.append(("unname", folder.number, name))
        return 0

    def mkdir(self, path: str, mode: int) -> int:
        self._new(path, stat.S_IFDIR | mode & 0o777)
        return 0

    def rmdir(self, path: str) -> int:
        if self._at(path).names:
            raise mfusepy.FuseOSError(errno.ENOTEMPTY)
        return self.unlink(path)

    def chmod(self, path: str, mode: int) -> int:
        inode = self._at(path)
        inode.mode = stat.S_IFMT(inode.mode) | mode & 0o7777
        return 0

    def chown(self, path: str, uid: int, gid: int) -> int:
        return 0

    def utimens(self, path: str, times: Any = None) -> int:
        return 0

    def flush(self, path: str, fh: int) -> int:
        return 0

    def statfs(self, path: str) -> dict[str, int]:
        return {"f_bsize": 4096, "f_blocks": 1 << 20, "f_bavail": 1 << 20, "f_bfree": 1 << 20}


def serve(mount: str, log: str) -> None:
    """Serve the file system at `mount`; the log is written as JSON when it is unmounted."""
    changes: list[tuple[Any, ...]] = []
    timeouts = {"attr_timeout": 0, "entry_timeout": 0, "negative_timeout": 0}
    mfusepy.FUSE(VolatileFiles(changes), mount, foreground=True, nothreads=True, **timeouts)
    Path(log).write_text(json.dumps(as_json(changes)))
