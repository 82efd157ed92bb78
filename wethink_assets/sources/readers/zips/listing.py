"""Members of a zip archive into a table: by its directories, and where these are lost by the local headers."""

import stat
from collections.abc import Iterator

from wethink_assets.sources.batches import RESCUED
from wethink_assets.sources.readers.entries import ReadFailure, unsafe_size
from wethink_assets.sources.readers.members.level import Candidates, Level, Nested
from wethink_assets.sources.readers.members.table import MemberTable, Refused
from wethink_assets.sources.readers.split_archive import ArchiveStream
from wethink_assets.sources.readers.zips.directory import (
    LOCAL,
    SPANNED,
    Directory,
    ZipMember,
    directory_before,
    directory_members,
)
from wethink_assets.sources.readers.zips.packed_data import CRC, STORED, method_fault
from wethink_assets.sources.readers.zips.rescue import ENCRYPTED, HEADER, Hole, Lost, rescued

__all__ = ["list_zip"]

MOST_JOINED = 10_000
_LARGEST = 2**62


def list_zip(stream: ArchiveStream, level: Level, table: MemberTable, candidates: Candidates) -> None:
    """Add all members. Raises `ReadFailure` (`damaged_archive`) where nothing is one."""
    found = 0
    for each in _members(stream, level.path):
        if isinstance(each, Hole):
            table.refuse("", "damaged_archive", f"{each.size} bytes from byte {each.start} on are no member")
            continue
        name = each.raw if each.text is None else each.text
        if isinstance(each, Lost):
            table.add(name, 0, 0, "", refused=("damaged_archive", each.detail))
            continue
        found += each.rescued
        _add(each, name, stream.size, level, table, candidates)
    if found or (table.refusals and not table.count):
        if not table.count:
            raise ReadFailure("damaged_archive", f"{level.path}: it has neither a directory nor members")
        lost = "its directory is missing or damaged, and what followed is lost"
        rescued = f"{found} members were found by their own headers"
        table.refuse("", "damaged_archive", f"{lost}; {rescued}")
        table.note("rescued", rescued)


def _members(stream: ArchiveStream, path: str) -> Iterator[ZipMember | Lost | Hole]:
    """Members of all archives that were joined, in the order of the file."""
    regions: list[tuple[int, int, Directory | None]] = []
    end = stream.size
    while end and len(regions) < MOST_JOINED:
        directory = directory_before(stream, path, end)
        if directory is None:
            if not regions or _begins(stream):
                regions.append((0, end, None))
            break
        regions.append((directory.archive, end, directory))
        end = min(directory.archive, end - 1)
    for start, end, directory in reversed(regions):
        if directory:
            yield from directory_members(stream, directory)
        else:
            yield from rescued(stream, start, end)


def _begins(stream: ArchiveStream) -> bool:
    stream.seek(0)
    return stream.read(4) in (LOCAL, SPANNED)


def _add(
    member: ZipMember, name: str | bytes, end: int, level: Level, table: MemberTable, candidates: Candidates
) -> None:
    refused = _refused(member, end)
    mark = f"{RESCUED if member.rescued else CRC}{member.crc:08x}"
    start = min(member.offset, _LARGEST)
    stop = min(start + HEADER.size + len(member.raw) + member.packed, _LARGEST)
    offset, size = (0 if level.unpacked else level.base) + start, min(member.size, _LARGEST)
    nested = Nested(name, start, None, member.packed, size, mark, member.method, member.crc, refused=refused)
    if member.raw[-1:] not in (b"/", b"\\") and candidates.take(nested):
        table.reserve(start, stop)
    else:
        table.add(name, offset, size, mark, (start, stop), refused)


def _refused(member: ZipMember, end: int) -> Refused | None:
    """Reason and detail when a member must not be read."""
    kind = stat.S_IFMT(member.attributes >> 16) if member.system == 3 else 0
    if kind == stat.S_IFLNK:
        return "link", "it is a symbolic link"
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        return "special_file", "it is a device, pipe or socket"
    if member.flags & ENCRYPTED:
        return "encrypted", "it is encrypted"
    if member.offset + HEADER.size + member.packed > end:
        return "damaged_archive", f"its data ends beyond the archive's {end} bytes"
    if bomb := unsafe_size(member.packed, member.size):
        return "bomb", bomb
    if fault := method_fault(member.method):
        return "compression", fault
    if member.method == STORED and member.packed != member.size:
        return "damaged_archive", f"it is stored as it is, yet {member.size} bytes of it lie in {member.packed}"
    return None
