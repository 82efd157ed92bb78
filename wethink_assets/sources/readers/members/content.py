"""Content of files that may be archives: their first bytes say which format they are of, whatever they are called."""

from collections.abc import Container
from typing import IO

from wethink_assets.sources.readers.split_archive import ArchiveStream
from wethink_assets.sources.readers.tars.compression import (
    COMPRESSIONS,
    FAULTS,
    compression_of,
    end_of_skippable,
    is_fault,
    unpacked,
)
from wethink_assets.sources.readers.tars.members import is_header
from wethink_assets.sources.readers.zips.directory import directory_before

__all__ = [
    "COMPRESSED_TAR",
    "COMPRESSIONS",
    "HEAD",
    "SMALLEST",
    "TAR",
    "ZIP",
    "content_of",
    "content_of_head",
    "is_archive_name",
    "is_program",
    "may_be_archive",
    "packed_content",
]

HEAD = 512
"""Bytes that tell a format."""
ZIP, TAR, COMPRESSED_TAR = "zip", "tar", "compressed_tar"
SMALLEST = 22
"""Bytes of the smallest archive: a zip of nothing."""
_TABLES = ((b"PAR1", "parquet"), (b"ARROW1", "arrow"))
_ZIP_BEGINS = (b"PK\3\4", b"PK\5\6", b"PK\7\b", b"PK00PK")
_PROGRAMS = (b"MZ", b"\x7fELF", b"#!")
_ENDINGS = frozenset(
    [
        "zip",
        "tar",
        "tgz",
        "tbz",
        "tbz2",
        "txz",
        "tzst",
        "tar.gz",
        "tar.bz2",
        "tar.xz",
        "tar.zst",
        "tar.zstd",
        "tar.lz4",
        "cbz",
        "cbt",
        "zipx",
    ]
)
_UNDECIDED = frozenset(["gz", "bz2", "xz", "zst", "zstd", "lz4", "bin", "dat", "data", "img", "pack", "blob"])
# fmt: off
IMAGES = frozenset({
    "apng", "avif", "bmp", "cr2", "dib", "dng", "exr", "gif", "hdr", "heic", "heif", "ico", "j2k", "jfif", "jp2", "jpe", "jpeg", "jpg",
    "jpx", "jxl", "nef", "pbm", "pgm", "png", "pnm", "ppm", "psd", "tga", "tif", "tiff", "webp",
})
# fmt: on
"""Endings of images' names: such files are not looked into."""


def content_of_head(head: bytes) -> str:
    """Format of what begins so: `zip`, `tar`, a table's, the name of a compression, or nothing."""
    if head.startswith(_ZIP_BEGINS):
        return ZIP
    table = next((name for begin, name in _TABLES if head.startswith(begin)), "")
    return table or compression_of(head) or (TAR if _is_tar(head) else "")


def content_of(stream: ArchiveStream, path: str = "") -> str:
    """Format of a stream, which is left at its start; a program that unpacks itself is a zip by its directory."""
    stream.seek(0)
    head = stream.read(HEAD)
    content = content_of_head(head)
    skipped, frame = 0, head
    while not content and (end := end_of_skippable(frame)):
        skipped += end
        stream.seek(skipped)
        frame = stream.read(HEAD)
        content = compression_of(frame)
    if not content and is_program(head):
        directory = directory_before(stream, path, stream.size)
        content = ZIP if directory and directory.size else ""
    stream.seek(0)
    return content


def is_program(head: bytes) -> bool:
    """Whether a program begins so, which may unpack itself."""
    return head.startswith(_PROGRAMS)


def packed_content(stream: IO[bytes], compression: str) -> str:
    """Format of what a compressed stream holds; nothing where it cannot be unpacked."""
    try:
        return content_of_head(unpacked(stream, compression).read(HEAD))
    except FAULTS as error:
        if not is_fault(error):
            raise
        return ""


def is_archive_name(name: str) -> bool:
    """Whether a name says that a file is an archive."""
    parts = name.lower().rsplit("/", 1)[-1].split(".")
    return len(parts) > 1 and (parts[-1] in _ENDINGS or ".".join(parts[-2:]) in _ENDINGS)


def may_be_archive(name: str, others: Container[str] = ()) -> bool:
    """Whether a name leaves it open that a file is an archive: it has no ending, one that says nothing, or one that is not known (of `others`)."""
    last = name.lower().rsplit("/", 1)[-1]
    stem, dot, ending = last.rpartition(".")
    if not dot or not stem or ending in _UNDECIDED:
        return bool(last) and not last.startswith(".")
    return ending not in IMAGES and ending not in others and not last.startswith(".")


def _is_tar(head: bytes) -> bool:
    return len(head) >= HEAD and head[0] != 0 and is_header(head)
