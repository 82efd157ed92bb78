"""Members of a tar into a table: at their offsets where the tar can be read there, else with their bytes kept as blobs in one pass."""

import io
import tarfile
from collections.abc import Callable
from typing import IO, cast

from wethink_assets.sources.locations import matches
from wethink_assets.sources.readers.entries import ignored_kind
from wethink_assets.sources.readers.members.content import HEAD, content_of_head, is_archive_name
from wethink_assets.sources.readers.members.level import BUFFER, BlobWriter, Candidates, Level, Nested
from wethink_assets.sources.readers.members.table import MemberTable
from wethink_assets.sources.readers.tars.members import Gap, TarStream, refused_member, tar_members

__all__ = ["MTIME", "list_tar", "list_tar_once"]

MTIME = "mtime:"
"""What begins the mark by which a tar's members are known."""
AFTER_A_BOMB = "bomb", "with what comes before it, more is unpacked than is read of one file"
Opened = Callable[[Nested, IO[bytes], str], bool]


def list_tar(stream: TarStream, size: int, level: Level, table: MemberTable, candidates: Candidates) -> None:
    """Add the members of a tar of so many bytes that can be read at their offsets. Raises what `tar_members` does."""
    for each in tar_members(stream):
        if isinstance(each, Gap):
            table.refuse("", "damaged_archive", each.detail)
            continue
        info = each.info
        refused = refused_member(info)
        if not refused and info.offset_data + info.size > size:
            refused = "damaged_archive", "the archive ends within it"
        nested = Nested(
            _name(info), info.offset, info.offset_data, info.size, info.size, f"{MTIME}{info.mtime}", refused=refused
        )
        if info.isdir() or not candidates.take(nested):
            table.add(nested.name, level.base + info.offset, max(info.size, 0), nested.mark, refused=refused)


def list_tar_once(
    stream: TarStream, level: Level, table: MemberTable, candidates: Candidates, blobs: BlobWriter, opened: Opened
) -> None:
    """Add the members of a tar that is read from its start to its end, their bytes kept as blobs.

    `opened` is given a member that is an archive, a stream of its bytes and its format; it tells whether that was read.
    """
    for number, each in enumerate(tar_members(stream)):
        if isinstance(each, Gap):
            table.refuse("", "damaged_archive", each.detail)
            continue
        archive, info = each
        name, refused = _name(info), refused_member(info)
        offset = level.base if level.nested else number
        if level.budget.is_spent:
            kind = "" if refused else ignored_kind(table.text(name), nested=True)
            table.add(name, offset, max(info.size, 0), "", refused=None if kind else refused or AFTER_A_BOMB)
            continue
        nested = Nested(name, offset, None, info.size, info.size, "", refused=refused)
        if info.isdir() or not info.isreg() or (refused and refused[0] != "bomb"):
            table.add(name, offset, max(info.size, 0), "", refused=refused)
            continue
        candidate = candidates.take(nested)
        if candidate and is_archive_name(table.text(name)):
            member = io.BufferedReader(cast(io.RawIOBase, archive.extractfile(info)), BUFFER)
            if opened(nested, cast(IO[bytes], member), content_of_head(member.peek(HEAD)[:HEAD])):
                continue
        text = table.text(name)
        if refused or ignored_kind(text, nested=True):
            table.add(name, offset, info.size, "", refused=refused)
        elif not matches(level.include, level.prefix + text):
            table.ignored.add(table.item(text), "not_included")
        else:
            file = archive.extractfile(info)
            data = file.read() if file else b""
            if len(data) < info.size:
                raise tarfile.ReadError("unexpected end of data")
            if level.budget.is_spent:
                table.add(name, offset, info.size, "", refused=AFTER_A_BOMB)
                continue
            content = content_of_head(data[:HEAD]) if candidate or level.nested else ""
            if content and level.nested:
                table.ignored.add(table.item(text), "nested_archive")
            elif not (content and opened(nested, io.BytesIO(data), content)):
                table.add(name, offset, info.size, blobs.write(data))


def _name(info: tarfile.TarInfo) -> str | bytes:
    """Name of a member; its bytes where these are no UTF-8."""
    name = info.name.rstrip("/") + "/" if info.isdir() else info.name
    raw = name.encode("utf-8", "surrogateescape")
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw
