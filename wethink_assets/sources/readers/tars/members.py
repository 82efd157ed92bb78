"""Members of a tar stream: also of several tars that were joined, and of what follows a damaged header, as GNU tar reads with `--ignore-zeros`.

Python's reader ends in silence at the first block that is no header: at the end mark of the first of two joined tars, at a header that was
overwritten, at the end of a file that was cut between two members. Each of these is told here, and what follows is looked for block by block.
"""

import tarfile
from collections.abc import Iterator
from typing import IO, NamedTuple

from wethink_assets.sources.readers.entries import printable, unsafe_size

__all__ = ["Gap", "Member", "TarStream", "refused_member", "tar_members"]

BLOCK = tarfile.BLOCKSIZE
PIECE = 2**20
CHECKSUM = 148  # where that of a header begins
SCANNED = 2**16
MAX_PASSED = 2**30
"""Bytes in which a header is looked for after a damaged one or an end mark, at most: more than that is a bomb, or no tar."""
_ZEROS = bytes(BLOCK)


class Member(NamedTuple):
    """A member; `archive` reads it as long as no later one was asked for."""

    archive: tarfile.TarFile
    info: tarfile.TarInfo


class Gap(NamedTuple):
    """Bytes that are no member, or an end that is missing."""

    detail: str


class TarStream:
    """A stream that is read from its start to its end; what was read last can be read again."""

    def __init__(self, stream: IO[bytes], seekable: bool) -> None:
        """`seekable`: what is skipped need not be read."""
        self._stream = stream
        self._seekable = seekable
        self._position = 0
        self._again = b""
        self.last = b""
        """What the last `read` gave."""

    def tell(self) -> int:
        """Position, in unpacked bytes."""
        return self._position

    def read(self, size: int) -> bytes:
        """Exactly so many bytes, fewer at the end."""
        parts = [self._again[:size]]
        self._again = self._again[size:]
        missing = size - len(parts[0])
        while missing and (data := self._stream.read(min(missing, 64 * PIECE))):
            parts.append(data)
            missing -= len(data)
        self.last = parts[0] if len(parts) == 1 else b"".join(parts)
        self._position += len(self.last)
        return self.last

    def seek(self, position: int) -> int:
        """Go forward. Raises `tarfile.StreamError` for a position that was passed."""
        if position < self._position:
            raise tarfile.StreamError("seeking backwards is not allowed")
        while self._position < position:
            step = position - self._position
            if self._seekable and not self._again:
                self._stream.seek(position)
                self._position = position
            elif not self.read(min(step, PIECE)):
                break
        return self._position

    def put_back(self, data: bytes) -> None:
        """Have what was read last read again."""
        self._again = data + self._again
        self._position -= len(data)


def tar_members(stream: TarStream) -> Iterator[Member | Gap]:
    """The members of a stream in order, and what is between and after them that is none.

    Raises `tarfile.TarError` where the stream does not begin as a tar does, and whatever the stream raises.
    """
    found = False
    while True:
        begun = stream.tell()
        with tarfile.TarFile(fileobj=stream, mode="r") as archive:  # type: ignore[arg-type]
            while (info := archive.next()) is not None:
                found = True
                yield Member(archive, info)
                archive.members = []  # type: ignore[attr-defined] # tarfile keeps all it has seen
        if stream.last != _ZEROS[: len(stream.last)] or not stream.last:
            if not stream.last:
                if found and stream.tell() > begun:
                    yield Gap("it has no end mark: it may have been cut off between two members")
                return
            stream.put_back(stream.last)
        gap_at = stream.tell()
        skipped = _skipped(stream)
        if skipped:
            yield Gap(f"{skipped} bytes from byte {gap_at} on are no member")
        if not stream.last:
            return


def refused_member(member: tarfile.TarInfo) -> tuple[str, str] | None:
    """Reason and detail when a member must not be read, whatever its name."""
    bomb = unsafe_size(None, member.size)
    if member.size < 0:
        return "damaged_archive", f"its header states a size of {member.size} bytes"
    if member.issym() or member.islnk():
        return "link", f"it is a link to {printable(member.linkname)}"
    if member.isdir():
        return None
    if not member.isreg() or member.issparse():
        return "special_file", "it is a device, pipe or sparse file"
    if bomb:
        return "bomb", bomb
    return None


def _skipped(stream: TarStream) -> int:
    """Go to the next header, or to the end; returns the bytes passed over that are neither zeros nor the rest of a block."""
    skipped = passed = 0
    while piece := stream.read(SCANNED):
        passed += len(piece)
        if piece != bytes(len(piece)):
            for start in range(0, len(piece), BLOCK):
                block = piece[start : start + BLOCK]
                if block == _ZEROS[: len(block)]:
                    continue
                if len(block) == BLOCK and is_header(block):
                    stream.put_back(piece[start:])
                    return skipped
                skipped += len(block)
        if passed > MAX_PASSED:
            raise tarfile.ReadError(f"no member in {passed} bytes")
    return skipped


def is_header(block: bytes) -> bool:
    """Whether a block of 512 bytes is the header of a tar's member, by its checksum."""
    if block[CHECKSUM] not in b"01234567 \0\x80\xff":  # spares nearly all of what is no header the exception
        return False
    try:
        tarfile.TarInfo.frombuf(block, tarfile.ENCODING, "surrogateescape")
    except (tarfile.HeaderError, ValueError):
        return False
    return True
