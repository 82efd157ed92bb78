"""Locations of sources: one file system and one root each, listed and opened the same way whatever the protocol."""

import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import IO, Any

import fsspec

from wethink_assets.config.locations import file_system
from wethink_assets.errors import SourceChanged, SourceError, SourceUnreachable
from wethink_assets.plain_text import visible_name
from wethink_assets.sources.local_folders import OUTAGES, FileInfo, Listed, fault_of, walk
from wethink_assets.sources.readers.entries import Ignored, ReadFailure
from wethink_assets.sources.readers.part_names import first_disk, whole_name
from wethink_assets.storage.access_faults import absence, access_fault, is_busy, is_precondition, shown_url
from wethink_assets.storage.hub import is_hub, is_hub_outage, is_missing_entry, open_hub

__all__ = ["FileInfo", "Listed", "Location", "matches"]

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
_OF_A_FILE = (FileNotFoundError, PermissionError, IsADirectoryError, NotADirectoryError)
MOST_CHANGES = 3
"""Times that a file is begun anew which changes while it is read."""
_ETAG_KEYS = ("ETag", "etag", "blob_id", "sha256", "md5", "mtime", "LastModified", "last_modified", "created")


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
            kind = _kind_at(fs, root, url, options)
            if kind == "file":
                return cls(url, fs, folder, name, revision)
            if kind == "directory" or fs.isdir(root):
                return cls(url, fs, root, revision=revision)
            if any(whole_name(part) == name != part for part in _names(fs, folder)):
                return cls(url, fs, folder, name, revision)
        except SourceError:
            raise
        except Exception as error:  # clients of remote stores have types of their own
            raise _kind_of(error, url, options)(
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
            yield from walk(self.root, "")
        else:
            yield from self._find()

    def _find(self) -> Iterator[Listed]:
        start = len(self.root) + 1
        try:
            infos = self.fs.find(self.root, detail=True)
        except Exception as error:
            raise _kind_of(error, self.url, self.fs.storage_options)(
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
        except Exception as error:
            if self.is_outage(error):
                raise self.unreachable(path, error) from error
            raise
        return [file for file in self._siblings(path.rpartition("/")[0]) if whole_name(file.path) == path]

    def _has_disks(self, path: str) -> bool:
        first = first_disk(path)
        return bool(first) and self.fs.exists(self.full(first))

    def _local_info(self, path: str) -> FileInfo:
        status = Path(self.full(path)).stat()
        return FileInfo(path, status.st_size, f"mtime:{status.st_mtime_ns}")

    def _siblings(self, folder: str) -> list[FileInfo]:
        if self.local:
            return [each for each in walk(self.root, folder, deep=False) if isinstance(each, FileInfo)]
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
                    data = stream.read()
                    now = os.fstat(stream.fileno())
                    if (now.st_size, now.st_mtime_ns) != (status.st_size, status.st_mtime_ns):
                        # Written into while it was read: what came is of no state that it was in.
                        accept(FileInfo(path, now.st_size, f"mtime:{now.st_mtime_ns}"))
                    return data
            info, data = self._read_accepted(path, accept)
        except ReadFailure:
            raise
        except Exception as error:
            if self.is_outage(error):
                raise self.unreachable(path, error) from error
            raise ReadFailure("unreadable", f"{visible_name(path)}: {fault_of(error)}") from error
        if len(data) != info.size:
            # The server has the file as it was accepted, and fewer bytes came: that is no fault of the file.
            raise self.unreachable(path, ConnectionError(f"{len(data)} of {info.size} bytes came"))
        return data

    def _read_accepted(self, path: str, accept: Callable[[FileInfo], None]) -> tuple[FileInfo, bytes]:
        """What a file is now and its content, never of two states of it."""
        for _ in range(MOST_CHANGES):
            info, read = self._opened(path)
            accept(info)
            try:
                data = read()
                now = info if self._reads_one_state else self._remote_info(path)
            except Exception as error:
                if not is_precondition(error):
                    raise
                now = None
            if now == info:
                return info, data
            self.fs.invalidate_cache(self.full(path))
        raise self.unreachable(path, ConnectionError("it changed whenever it was read"))

    def _opened(self, path: str) -> tuple[FileInfo, Callable[[], bytes]]:
        if not self._reads_one_state:
            return self._remote_info(path), lambda: bytes(self.fs.cat_file(self.full(path)))
        stream = self.fs.open(self.full(path), "rb", cache_type="none")
        return FileInfo(path, int(stream.size or 0), _etag(stream.details)), lambda: bytes(stream.read())

    def _remote_info(self, path: str) -> FileInfo:
        info = self.fs.info(self.full(path))
        return FileInfo(path, int(info.get("size") or 0), _etag(info))

    @property
    def _reads_one_state(self) -> bool:
        """Whether an open file is read as it was when it was opened, or not at all: s3fs asks for its etag with each range."""
        protocol = self.fs.protocol
        return "s3" in ((protocol,) if isinstance(protocol, str) else protocol)

    def is_as_listed(self, file: FileInfo) -> bool:
        """Whether a file that was read is what a listing had, as far as local ones tell. S3 gives what was opened, or nothing."""
        try:
            return not self.local or self._local_info(file.path) == file
        except OSError as error:
            if self.is_outage(error):
                raise self.unreachable(file.path, error) from error
            return False

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
        if isinstance(error, OSError) and error.errno in OUTAGES:
            return True
        # Clients of remote stores have types of their own for what goes wrong on the way.
        return not self.local and not isinstance(error, _OF_A_FILE) and not is_missing_entry(error)

    def unreachable(self, path: str, error: Exception) -> SourceUnreachable:
        """What an outage is raised as."""
        return SourceUnreachable(
            f"{shown_url(self.url)} is out of reach: {visible_name(path)}: {access_fault(error, self.url, self.fs.storage_options)}. "
            "Nothing of it is lost: what was not read yet is read by the next run"
        )

    def begin(self, file: FileInfo, size: int) -> bytes:
        """The first bytes of a file. Raises what the file system does, `ConnectionError` where fewer came from afar than the file has."""
        if self.local:
            with open(self.full(file.path), "rb", buffering=0) as stream:
                return stream.read(size)
        data = bytes(self.fs.cat_file(self.full(file.path), start=0, end=size))
        if len(data) < min(size, file.size):
            raise ConnectionError(f"{len(data)} of {min(size, file.size)} bytes came")
        return data

    def opens(self, path: str) -> bool:
        """Whether the first byte of a file can be read now."""
        try:
            with self.stream(path) as stream:
                stream.read(1)
        except Exception:
            return False
        return True

    def stream(self, path: str, listed: FileInfo | None = None) -> IO[bytes]:
        """A seekable stream over a file, read in blocks. Raises `OSError`, `SourceChanged` where it is another than was listed."""
        if self.local:
            return open(self.full(path), "rb", buffering=2**18)
        stream = self.fs.open(self.full(path), "rb", block_size=BLOCK, cache_type="readahead")
        if listed and self._reads_one_state and (stream.size, _etag(stream.details)) != (listed.size, listed.etag):
            stream.close()
            raise self.changed(path)
        return stream

    def changed(self, path: str) -> SourceChanged:
        """What is raised where a file is replaced while it is read."""
        self.fs.invalidate_cache()
        return SourceChanged(
            f"{visible_name(path)} in {shown_url(self.url)} changed while it was read: the next run reads it as it is then"
        )


def _kind_at(fs: fsspec.AbstractFileSystem, path: str, url: str, options: Mapping[str, Any]) -> str:
    """`file`, `directory`, or nothing: what goes wrong but an outage is told better by `isdir`, a listing."""
    try:
        return str(fs.info(path)["type"])
    except Exception as error:
        if is_busy(error, url, options):
            raise
        return ""


def _kind_of(error: BaseException, url: str, options: Mapping[str, Any]) -> type[SourceError]:
    """An outage is none of the location's fault."""
    out = is_hub_outage(error) if is_hub(url) else is_busy(error, url, options)
    return SourceUnreachable if out else SourceError


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
