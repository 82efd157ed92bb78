"""The root that everything lives under: bytes by relative path on any fsspec file system.

Three ways to write, and no other: `create` (only if absent, decides races), `publish` (whole or not at all) and,
for files built locally first, `publish_file`. A reader never sees half a file. What was written is on the disk when they return
(`storage.durability`), but for what is written with `durable=False`: that is on the disk after `sync`.
"""

import errno
import io
import os
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import fsspec
import polars as pl

from wethink_assets.config.locations import file_system, is_url
from wethink_assets.config.redaction import masked_text
from wethink_assets.errors import StoreError, StoreUnreachable
from wethink_assets.plain_text import visible_name
from wethink_assets.storage.access_faults import known_fault
from wethink_assets.storage.durability import (
    forget_folders,
    sync_file,
    sync_file_system,
    sync_folder,
    sync_name,
)
from wethink_assets.storage.faults import reported, unreachable
from wethink_assets.storage.first_contact import contact_fault
from wethink_assets.storage.local_files import (
    TEMPORARY,
    create_new,
    make_folder,
    read_whole,
    require_file,
    require_room,
    scan_files,
    scratch_prefix,
    temporary_name,
    write_new,
)
from wethink_assets.storage.store_format import put_new, require_conditional_puts, require_known_format

__all__ = [
    "Store",
]

READ_TOGETHER = 1_000  # files that are asked for at once, at most
DELETED_TOGETHER = 16


@dataclass(frozen=True)
class Store:
    """A root on a file system. `root` has no trailing slash; paths given to methods are relative to it."""

    url: str
    fs: fsspec.AbstractFileSystem
    root: str

    @classmethod
    def open(cls, url: str, **options: Any) -> "Store":
        """Open the store at `url` (a local path, `s3://bucket/prefix`, any fsspec URL).

        Raises `StoreError` when the URL's protocol is unknown, its package missing, or a file is there,
        `StoreUnreachable` when the host of its endpoint is not known or, asked by a command, nothing listens there.
        """
        if fault := contact_fault(url, options):
            raise StoreUnreachable(f"store {_shown(url)!r} cannot be opened: {fault}")
        try:
            fs, root = file_system(url, options)
        except (ValueError, ImportError) as error:
            raise StoreError(f"store {_shown(url)!r} cannot be opened: {error}") from error
        try:
            root.encode()
        except UnicodeEncodeError as error:
            raise StoreError(
                f"store {_shown(url)!r} cannot be opened: its path is not UTF-8; give the folder another name"
            ) from error
        store = cls(url=url.rstrip("/"), fs=fs, root=root)
        if store.local and os.path.isfile(root):  # every folder in it would seem to be empty
            raise StoreError(
                f"store {_shown(url)!r} cannot be opened: it is a file and no folder; check `url` of [store]"
            )
        return store

    @property
    def local(self) -> bool:
        """Whether the root is a folder of this machine."""
        return "file" in (self.fs.protocol if isinstance(self.fs.protocol, tuple) else (self.fs.protocol,))

    def path(self, relative: str) -> str:
        """Full path on the file system. Raises `StoreError` for one that would lead out of the store, whoever chose its names."""
        if (".." in relative and ".." in relative.split("/")) or "\0" in relative or relative.startswith("/"):
            raise StoreError(f"{visible_name(relative)} is no path of a store: it would lead out of it")
        return f"{self.root}/{relative}" if relative else self.root

    def link(self, relative: str) -> str:
        """Path or URL to show to people."""
        return f"{_shown(self.url)}/{relative}"

    def _reported(self, relative: str) -> AbstractContextManager[None]:
        """Faults of the disk or the service as `StoreUnreachable`, which names the file."""
        return reported(lambda: self.link(relative) if relative else _shown(self.url), self._known_fault)

    def _known_fault(self, error: BaseException) -> str:
        return "" if self.local else known_fault(error, self.url, self.fs.storage_options)

    def read(self, relative: str) -> bytes:
        """Content of a file. Raises `StoreError` naming it when it is missing."""
        data = self.read_if_present(relative)
        if data is None:
            raise StoreError(f"{self.link(relative)} is missing")
        return data

    def read_if_present(self, relative: str) -> bytes | None:
        """Content of a file, or None where there is none."""
        try:
            with self._reported(relative):
                return self._content(relative)
        except FileNotFoundError:
            return None

    def _content(self, relative: str) -> bytes:
        if not self.local:
            return bytes(self.fs.cat_file(self.path(relative)))
        return read_whole(self.path(relative))

    def read_range(self, relative: str, start: int, end: int) -> bytes:
        """Bytes of a file from `start` on, `end` excluded; fewer where it ends before. Raises `StoreError` naming it when it is missing."""
        try:
            with self._reported(relative):
                if not self.local:
                    return self._far_range(relative, start, end)
                require_file(self.path(relative))
                with open(self.path(relative), "rb") as stream:
                    stream.seek(start)
                    return stream.read(end - start)
        except FileNotFoundError as error:
            raise StoreError(f"{self.link(relative)} is missing") from error

    def _far_range(self, relative: str, start: int, end: int) -> bytes:
        from wethink_assets.storage.access_faults import is_beyond_end

        try:
            return bytes(self.fs.cat_file(self.path(relative), start=start, end=end))
        except Exception as error:
            if not is_beyond_end(error):
                raise
            return b""

    def read_many(self, relatives: Sequence[str]) -> list[bytes]:
        """Contents of many files, in their order; far away, many at once. Raises `StoreError` naming one that is missing."""
        if self.local:
            return [self.read(relative) for relative in relatives]
        contents: list[bytes] = []
        for start in range(0, len(relatives), READ_TOGETHER):
            some = relatives[start : start + READ_TOGETHER]
            replies = self.fs.cat_ranges([self.path(relative) for relative in some], None, None)
            for relative, content in zip(some, replies, strict=True):
                if isinstance(content, Exception):
                    try:
                        with self._reported(relative):
                            raise content
                    except FileNotFoundError as error:
                        raise StoreError(f"{self.link(relative)} is missing") from error
                contents.append(bytes(content))
        return contents

    def open_read(self, relative: str) -> IO[bytes]:
        """A seekable stream over a file."""
        try:
            with self._reported(relative):
                if self.local:
                    require_file(self.path(relative))
                return self.fs.open(self.path(relative), "rb")
        except FileNotFoundError as error:
            raise StoreError(f"{self.link(relative)} is missing") from error

    def exists(self, relative: str) -> bool:
        """Whether a file or folder is there; never answered from a listing cache."""
        self.fs.invalidate_cache(self.path(relative).rpartition("/")[0])
        with self._reported(relative):
            if not self.local:
                return bool(self.fs.exists(self.path(relative)))
            try:
                os.stat(self.path(relative))
            except (FileNotFoundError, NotADirectoryError):
                return False
            except OSError as error:
                if error.errno != errno.ELOOP:
                    raise
            return True

    def size(self, relative: str) -> int:
        """Size of a file in bytes."""
        try:
            with self._reported(relative):
                return int(self.fs.size(self.path(relative)))
        except FileNotFoundError as error:
            raise StoreError(f"{self.link(relative)} is missing") from error

    def create(self, relative: str, data: bytes, durable: bool = True) -> bool:
        """Write a file unless it exists; True for the one writer that made it. Decides races between processes.

        Where it exists it may have been written with `durable=False`, and is as durable as that.
        """
        require_known_format(self)
        target = self.path(relative)
        with self._reported(relative):
            if self.local:
                return create_new(target, data, self.root, durable)
            require_conditional_puts(self)
            return put_new(self.fs, target, data)

    def publish(self, relative: str, data: bytes, durable: bool = True) -> None:
        """Write a file whole: readers see the former content or this, never a part."""
        require_known_format(self)
        target = self.path(relative)
        with self._reported(relative):
            if not self.local:
                self.fs.pipe_file(target, data)
                return
            with self._beside(target) as temporary:
                write_new(temporary, data, durable)
                os.replace(temporary, target)
                if durable:
                    sync_name(target, self.root)

    def publish_file(self, relative: str, source: Path) -> None:
        """Publish a finished local file, by rename where it can be, else by upload; `source` may be gone afterwards."""
        require_known_format(self)
        target = self.path(relative)
        with self._reported(relative):
            if not self.local:
                self.fs.put_file(str(source), target)
                return
            make_folder(target.rpartition("/")[0])
            with self._beside(target) as temporary:
                os.replace(source, temporary)
                with open(temporary, "rb") as written:
                    sync_file(written.fileno())
                os.replace(temporary, target)
                sync_name(target, self.root)

    def sync(self) -> None:
        """Have all that was written so far on the disk, also what was not written durably: one call for many files."""
        if self.local and os.path.isdir(self.root):
            with self._reported(""):
                sync_file_system(self.root)

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """A folder for building files to publish; on the store's own disk where that is local."""
        parent = None
        with ExitStack() as stack:
            with self._reported(""):
                if self.local:
                    Path(self.root).mkdir(parents=True, exist_ok=True)
                    parent = self.root
                # What cannot be removed is a leftover that `wethink doctor` finds; what went wrong before is what is told.
                folder = stack.enter_context(
                    tempfile.TemporaryDirectory(prefix=scratch_prefix(), dir=parent, ignore_cleanup_errors=True)
                )
            try:
                yield Path(folder)
            except pl.exceptions.PolarsError:
                with self._reported(""):
                    require_room(folder)
                raise

    @contextmanager
    def _beside(self, target: str) -> Iterator[str]:
        temporary = temporary_name(target)
        try:
            yield temporary
        finally:
            with suppress(OSError):  # where it could not be written, that is what is told
                Path(temporary).unlink(missing_ok=True)

    def names(self, relative: str) -> list[str]:
        """Names directly under a folder, sorted; empty where there is no folder. Unfinished files are left out."""
        folder = self.path(relative)
        self.fs.invalidate_cache(folder)
        try:
            with self._reported(relative):
                entries = self.fs.ls(folder, detail=False)
        except (FileNotFoundError, NotADirectoryError):
            return []
        inside = {entry.rstrip("/") for entry in entries} - {folder, ""}  # S3 may list the folder's own marker
        names = {entry.rpartition("/")[2] for entry in inside}
        return sorted(name for name in names if not name.startswith(TEMPORARY))

    def files(self, relative: str) -> list[str]:
        """Relative paths of all files below a folder, sorted."""
        folder = self.path(relative)
        self.fs.invalidate_cache()
        try:
            with self._reported(relative):
                paths = self.fs.find(folder, **({"on_error": _unless_gone} if self.local else {}))
        except FileNotFoundError:
            return []
        start = len(self.root) + 1
        inside = (name[start:] for name in paths if name.rstrip("/") != folder)  # an emptied prefix may be left on S3
        return sorted(name for name in inside if TEMPORARY not in name)

    def delete(self, relative: str, durable: bool = False) -> None:
        """Remove a file or folder; nothing happens where there is none.

        durable: it is gone for good when this returns, before anything that is removed next.
        """
        require_known_format(self)
        path = self.path(relative)
        with self._reported(relative), suppress(FileNotFoundError):
            if self.local:
                folder = os.path.isdir(path)
                self.fs.rm(path, recursive=True)
                if folder:
                    forget_folders()
                if durable:
                    sync_folder(path.rpartition("/")[0])
                return
            self.fs.invalidate_cache()
            with ThreadPoolExecutor(DELETED_TOGETHER) as pool:  # `rm` would take the path for a glob
                list(pool.map(self._delete_file, self.fs.find(path)))

    def move(self, relative: str, target: str) -> None:
        """Give a file another path, where nothing is. Raises `StoreError` when it is missing."""
        before, after = self.path(relative), self.path(target)
        try:
            with self._reported(relative):
                if self.local:
                    make_folder(after.rpartition("/")[0])
                    os.rename(before, after)
                    sync_name(after, self.root)
                    sync_folder(before.rpartition("/")[0])
                    return
                self.fs.cp_file(before, after)
                self.fs.rm_file(before)
        except FileNotFoundError as error:
            raise StoreError(f"{self.link(relative)} is missing") from error

    def _delete_file(self, path: str) -> None:
        with suppress(FileNotFoundError):
            self.fs.rm_file(path)

    def read_parquet(self, relative: str) -> pl.DataFrame:
        """A parquet file as a frame. Raises `StoreError` naming it when it is missing or damaged."""
        return self.scan_parquet(relative).collect()

    def scan_parquet(self, relative: str) -> pl.LazyFrame:
        """A parquet file as a lazy frame; local files are mapped, remote ones fetched whole."""
        if not self.exists(relative):
            raise StoreError(f"{self.link(relative)} is missing")
        if self.local:
            with self._reported(relative):
                require_file(self.path(relative))
        try:
            lazy = scan_files([self.path(relative)]) if self.local else pl.scan_parquet(io.BytesIO(self.read(relative)))
            lazy.collect_schema()
        except StoreUnreachable:
            raise
        except PermissionError as error:
            raise unreachable(self.link(relative), error) from error
        except (pl.exceptions.PolarsError, OSError) as error:
            raise StoreError(f"{self.link(relative)} is damaged: {error}") from error
        return lazy

    def write_parquet(self, relative: str, frame: pl.DataFrame | pl.LazyFrame, row_group_size: int = 64_000) -> None:
        """Publish a frame as parquet: built in a scratch file, then moved in one step."""
        with self.scratch() as folder:
            local = folder / "table.parquet"
            lazy = frame.lazy() if isinstance(frame, pl.DataFrame) else frame
            with self._reported(relative):
                lazy.sink_parquet(local, compression="zstd", row_group_size=row_group_size)
            self.publish_file(relative, local)


def _shown(url: str) -> str:
    """A store's URL without its login; a path as it is, whatever stands in it."""
    return masked_text(url) if is_url(url) else url


def _unless_gone(error: OSError) -> None:
    # A folder that cannot be listed is no empty one; what another process has just deleted is.
    if not isinstance(error, FileNotFoundError | NotADirectoryError):
        raise error
