"""One seekable stream over an archive that was split into parts, which are never joined on disk or in memory."""

import bisect
import io
import itertools
from collections.abc import Sequence
from typing import IO, cast

from wethink_assets.errors import SourceError
from wethink_assets.sources.locations import FileInfo, Location
from wethink_assets.storage.access_faults import is_precondition

BUFFER = 2**18


class _Joined(io.RawIOBase):
    """The bytes of several files one after the other; one of them is open at a time."""

    def __init__(self, location: Location, parts: Sequence[FileInfo]) -> None:
        self._location = location
        self._parts = list(parts)
        self._starts = list(itertools.accumulate((part.size for part in parts), initial=0))
        self._position = 0
        self._number = -1
        self._stream: IO[bytes] | None = None

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._starts[-1]}[whence]
        if base + offset < 0:
            raise OSError(22, "seek before the start")
        self._position = base + offset
        return self._position

    def readinto(self, buffer) -> int:  # type: ignore[no-untyped-def]
        if self._position >= self._starts[-1]:
            return 0
        number = bisect.bisect_right(self._starts, self._position) - 1
        data = self._read(number, min(len(buffer), self._starts[number + 1] - self._position))
        if not data:
            raise OSError(5, f"{self._parts[number].path} is shorter than it was when it was listed")
        buffer[: len(data)] = data
        self._position += len(data)
        return len(data)

    def _read(self, number: int, size: int) -> bytes:
        try:
            if number != self._number or self._stream is None:
                self._close_part()
                self._stream = self._location.stream(self._parts[number].path, self._parts[number])
                self._number = number
            self._stream.seek(self._position - self._starts[number])
            data = self._stream.read(size)
            if len(data) < size and not self._location.local:
                raise ConnectionError(f"{len(data)} of {size} bytes came")
            return data
        except SourceError:
            raise
        except Exception as error:  # clients of remote stores have types of their own
            if is_precondition(error):
                raise self._location.changed(self._parts[number].path) from error
            if self._location.is_outage(error):
                raise self._location.unreachable(self._parts[number].path, error) from error
            if isinstance(error, OSError):
                raise
            raise OSError(5, f"{self._parts[number].path}: {error}") from error

    def _close_part(self) -> None:
        if self._stream is not None:
            self._stream.close()
            self._stream = None

    def close(self) -> None:
        self._close_part()
        super().close()


class ArchiveStream(io.BufferedReader):
    """A buffered, seekable stream over an archive's parts in order.

    size: bytes of all parts; starts: where each part starts.
    """

    def __init__(self, location: Location, parts: Sequence[FileInfo]) -> None:
        super().__init__(_Joined(location, parts), BUFFER)
        self.size = sum(part.size for part in parts)
        self.location = location
        self.starts = tuple(itertools.accumulate((part.size for part in parts[:-1]), initial=0))


class Window(ArchiveStream):
    """A stream over an archive that lies within another, unpacked; closing it leaves the outer one open."""

    def __init__(self, outer: IO[bytes], start: int, size: int) -> None:
        io.BufferedReader.__init__(self, cast(io.RawIOBase, _Within(outer, start, size)), BUFFER)
        self.size = size
        self.starts = (0,)


class _Within(io.RawIOBase):
    """Bytes of a stream from a position on."""

    def __init__(self, outer: IO[bytes], start: int, size: int) -> None:
        self._outer = outer
        self._start = start
        self._size = size
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        if base + offset < 0:
            raise OSError(22, "seek before the start")
        self._position = base + offset
        return self._position

    def readinto(self, buffer) -> int:  # type: ignore[no-untyped-def]
        wanted = min(len(buffer), self._size - self._position)
        if wanted <= 0:
            return 0
        self._outer.seek(self._start + self._position)
        data = self._outer.read(wanted)
        buffer[: len(data)] = data
        self._position += len(data)
        return len(data)
