"""Locations of sources: one file system and one root each, listed and opened the same way whatever the protocol."""

import errno
import os
import re
import stat
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import IO, Any, NamedTuple

import fsspec

from wethink_assets.config.locations import file_system
from wethink_assets.errors import SourceError, SourceUnreachable
from wethink_assets.plain_text import in_one_line, visible_name
from wethink_assets.sources.readers.entries import Ignored, ReadFailure, Refusal, printable
from wethink_assets.sources.readers.part_names import first_disk, whole_name
from wethink_assets.storage.access_faults import absence, access_fault, shown_url
from wethink_assets.storage.hub import is_hub, is_hub_outage, is_missing_entry, open_hub

_TRANSLATIONS = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}


def matches(pattern: str, path: str) -> bool:
    """Whether a glob matches a whole path: `**` stands for any folders, `*` and `?` stay within one.

    >>> matches("coco/**", "coco/train2017/1.jpg"), matches("*.jpg", "a/1.jpg"), matches("**/*.jpg", "1.jpg")
    (True, False, True)
    """
    return pattern == "**" or _compiled(pattern).fullmatch(path) is not None


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> re.Pattern[str]:
    tokens = re.findall(r"\*\*/|\*\*|\*|\?|[^*?]+", pattern)
    return re.compile("".join(_TRANSLATIONS.get(token) or re.escape(token) for token in tokens), re.DOTALL)


BLOCK = 4 * 2**20
_NAMES = (
    "ESTALE ENOTCONN ETIMEDOUT ECONNREFUSED ECONNRESET ECONNABORTED EHOSTDOWN EHOSTUNREACH ENETDOWN ENETUNREACH ENETRESET "
    "EPIPE EREMOTEIO ESHUTDOWN EAGAIN EMFILE ENFILE ENOMEM ENOLINK ECOMM"
)
_OUTAGES = frozenset(getattr(errno, name) for name in _NAMES.split() if hasattr(errno, name))
"""Errors of a file system that is out of reach, or of a machine that has too little to go on: none is about the file."""
_OF_A_FILE = (FileNotFoundError, PermissionError, IsADirectoryError, NotADirectoryError)
_ETAG_KEYS = ("ETag", "etag", "blob_id", "sha256", "md5", "mtime", "LastModified", "last_modified", "created")


class FileInfo(NamedTuple):
    """One file below a location: path relative to it, size in bytes, and what changes when its content does."""

    path: str
    size: int
    etag: str


Listed = FileInfo | Ignored | Refusal
"""What a listing has: a file, or what is none, with the reason."""
_SPECIAL = {stat.S_IFBLK: "device", stat.S_IFCHR: "device", stat.S_IFIFO: "pipe", stat.S_IFSOCK: "socket"}


@dataclass(frozen=True)
class Location:
    """A folder or a single file at any fsspec URL. `root` is the folder that all paths are relative to."""

    url: str
    fs: fsspec.AbstractFileSystem
    root: str
    single: str = ""  # name of the one file that the location is, else empty
    revision: str = ""  # commit that all is listed and read at, where the store has such

    @classmethod
    def open(cls, url: str, options: Mapping[str, Any], revision: str = "") -> "Location":
        """Open a location, at a revision of before where one is given. Raises `SourceError` when its protocol is unknown or nothing is there."""
        try:
            if is_hub(url):
                fs, root, revision = open_hub(url, options, revision)
            else:
                fs, root = file_system(url, options)
                fs.invalidate_cache()
            root = whole_name(root.rstrip("/"))  # one part stands for the archive that it is a part of
            folder, _, name = root.rpartition("/")
            if fs.isfile(root):
                return cls(url, fs, folder, name, revision)
            if fs.isdir(root):
                return cls(url, fs, root, revision=revision)
            if any(whole_name(part) == name != part for part in _names(fs, folder)):
                return cls(url, fs, folder, name, revision)
        except SourceError:
            raise
        except Exception as error:  # clients of remote stores have types of their own
            raise _kind_of(error, url)(
                f"location '{shown_url(url)}' cannot be opened: {access_fault(error, url, options)}"
            ) from error
        raise SourceError(f"location '{shown_url(url)}' does not exist or holds nothing: {absence(fs, root, url)}")

    @property
    def local(self) -> bool:
        """Whether the files lie on this machine."""
        return isinstance(self.fs, fsspec.implementations.local.LocalFileSystem)

    def full(self, path: str) -> str:
        """Path on the file system."""
        return f"{self.root}/{path}"

    def files(self) -> Iterator[FileInfo]:
        """All files below the location, or the one that it is (with its parts, where it was split)."""
        return (each for each in self.listed() if isinstance(each, FileInfo))

    def listed(self) -> Iterator[Listed]:
        """All that is below the location: files, and what is none, each once."""
        if self.single:
            yield from self.file_or_parts(self.single)
        elif self.local:
            yield from _walk(self.root, "")
        else:
            yield from self._find()

    def _find(self) -> Iterator[Listed]:
        start = len(self.root) + 1
        try:
            infos = self.fs.find(self.root, detail=True)
        except Exception as error:
            raise _kind_of(error, self.url)(
                f"{shown_url(self.url)} cannot be listed: {access_fault(error, self.url, self.fs.storage_options)}"
            ) from error
        for name, info in infos.items():
            if name.endswith("/"):
                yield Ignored(name[start:] or "/", "directory")
            else:
                yield FileInfo(name[start:], int(info.get("size") or 0), _etag(info))

    def file_or_parts(self, path: str) -> list[FileInfo]:
        """The file at a path, or the files beside it that are the parts of an archive of this name."""
        try:
            info = self.fs.info(self.full(path))
            if info["type"] == "file" and not self._has_disks(path):
                return [self._local_info(path) if self.local else FileInfo(path, int(info["size"] or 0), _etag(info))]
        except FileNotFoundError:
            pass
        return [file for file in self._siblings(path.rpartition("/")[0]) if whole_name(file.path) == path]

    def _has_disks(self, path: str) -> bool:
        first = first_disk(path)
        return bool(first) and self.fs.exists(self.full(first))

    def _local_info(self, path: str) -> FileInfo:
        status = Path(self.full(path)).stat()
        return FileInfo(path, status.st_size, f"mtime:{status.st_mtime_ns}")

    def _siblings(self, folder: str) -> list[FileInfo]:
        if self.local:
            return [each for each in _walk(self.root, folder, deep=False) if isinstance(each, FileInfo)]
        full = self.full(folder).rstrip("/")
        try:
            entries = self.fs.ls(full, detail=True)
        except Exception as error:
            if self.is_outage(error):
                raise self.unreachable(folder, error) from error
            raise SourceError(
                f"{visible_name(full)} cannot be listed: {access_fault(error, self.url, self.fs.storage_options)}"
            ) from error
        prefix = f"{folder}/" if folder else ""
        return [
            FileInfo(prefix + entry["name"].rpartition("/")[2], int(entry.get("size") or 0), _etag(entry))
            for entry in entries
            if entry["type"] == "file"
        ]

    def read(self, path: str, accept: Callable[[FileInfo], None]) -> bytes:
        """Content of a file, if `accept` does not raise on what the file is now.

        Raises `ReadFailure` when it cannot be read, `SourceUnreachable` when nothing can be for now.
        """
        try:
            if self.local:
                with open(self.full(path), "rb", buffering=0) as stream:
                    status = os.fstat(stream.fileno())
                    accept(FileInfo(path, status.st_size, f"mtime:{status.st_mtime_ns}"))
                    return stream.read()
            info = self.fs.info(self.full(path))
            accept(FileInfo(path, int(info.get("size") or 0), _etag(info)))
            data = bytes(self.fs.cat_file(self.full(path)))
        except ReadFailure:
            raise
        except Exception as error:
            if self.is_outage(error):
                raise self.unreachable(path, error) from error
            raise ReadFailure("unreadable", f"{visible_name(path)}: {_plain(error)}") from error
        if len(data) != int(info.get("size") or 0):
            raise ReadFailure("unreadable", f"{visible_name(path)}: {len(data)} of {info.get('size')} bytes came")
        return data

    def holds(self, path: str) -> bool:
        """Whether a file is there. Raises `SourceUnreachable` when that cannot be told for now."""
        try:
            return bool(self.fs.info(self.full(path))["type"] == "file")
        except Exception as error:
            if self.is_outage(error):
                raise self.unreachable(path, error) from error
            return False

    def is_outage(self, error: Exception) -> bool:
        """Whether an error is about the location and not about one file: the network, a server, a mount that is gone."""
        if isinstance(error, OSError) and error.errno in _OUTAGES:
            return True
        # Clients of remote stores have types of their own for what goes wrong on the way.
        return not self.local and not isinstance(error, _OF_A_FILE) and not is_missing_entry(error)

    def unreachable(self, path: str, error: Exception) -> SourceUnreachable:
        """What an outage is raised as."""
        return SourceUnreachable(
            f"{shown_url(self.url)} is out of reach: {visible_name(path)}: {access_fault(error, self.url, self.fs.storage_options)}. "
            "Nothing of it is lost: what was not read yet is read by the next run"
        )

    def begin(self, path: str, size: int) -> bytes:
        """The first bytes of a file. Raises what the file system does."""
        if self.local:
            with open(self.full(path), "rb", buffering=0) as stream:
                return stream.read(size)
        return bytes(self.fs.cat_file(self.full(path), start=0, end=size))

    def opens(self, path: str) -> bool:
        """Whether the first byte of a file can be read now."""
        try:
            with self.stream(path) as stream:
                stream.read(1)
        except Exception:
            return False
        return True

    def stream(self, path: str) -> IO[bytes]:
        """A seekable stream over a file, read in blocks. Raises `OSError`."""
        if self.local:
            return open(self.full(path), "rb", buffering=2**18)
        return self.fs.open(self.full(path), "rb", block_size=BLOCK, cache_type="readahead")


def _kind_of(error: BaseException, url: str) -> type[SourceError]:
    """An outage of the hub is none of the location's fault."""
    return SourceUnreachable if is_hub(url) and is_hub_outage(error) else SourceError


def _plain(error: Exception) -> str:
    return getattr(error, "strerror", None) or in_one_line(f"{type(error).__name__} {error}".strip())


def _names(fs: fsspec.AbstractFileSystem, folder: str) -> list[str]:
    try:
        return [name.rpartition("/")[2] for name in fs.ls(folder, detail=False)]
    except OSError:
        return []


def _etag(info: Mapping[str, Any]) -> str:
    lfs = info.get("lfs")
    if lfs:
        return f"sha256:{lfs['sha256']}"
    for key in _ETAG_KEYS:
        value = info.get(key)
        if value:
            # Some file systems give a time as a number when listing, and as a time when asked for one file.
            seconds = value.timestamp() if isinstance(value, datetime) else value
            text = str(round(seconds * 1e6)) if isinstance(seconds, float) else str(seconds)
            return f"{key.lower()}:{text}".replace('"', "")
    return ""


def _walk(root: str, folder: str, deep: bool = True) -> Iterator[Listed]:
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
            if current == folder or error.errno in _OUTAGES:
                full = f"{root}/{current}".rstrip("/")
                raise SourceError(f"{visible_name(full)} cannot be listed: {access_fault(error, full, {})}") from error
            yield Refusal(printable(current), "unreadable_folder", f"it cannot be listed: {_plain(error)}")
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
    if error.errno in _OUTAGES:
        raise SourceError(f"{visible_name(path)} cannot be listed: {_plain(error)}") from error
    if error.errno == errno.ELOOP:
        return Ignored(path, "looping_link")
    if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG):
        return Ignored(path, "dangling_link" if entry.is_symlink() else "vanished")
    return Refusal(printable(path), "unreadable", f"it cannot be looked at: {_plain(error)}")
