"""Parts of a listing: entries that can be read, and refusals that are only named."""

import re
from collections.abc import Callable
from typing import NamedTuple

import polars as pl

# One row a readable file, in the order in which they lie in their archive.
ENTRIES = pl.Schema(
    {
        "item": pl.String,
        "path": pl.String,
        "member": pl.String,
        "offset": pl.Int64,
        "size": pl.Int64,
        "etag": pl.String,
    }
)

MAX_FILE_BYTES = 128 * 2**20
MAX_RATIO = 200
RATIO_FREE_BYTES = 4 * 2**20
MAX_NAME = 1024
# fmt: off
NOT_IMAGES = frozenset({
    "7z", "bin", "c", "cfg", "csv", "db", "doc", "docx", "gitattributes", "gitignore", "gz", "h5", "htm",
    "html", "ini", "ipynb", "js", "json", "jsonl", "license", "lock", "log", "mat", "md", "mp3", "mp4", "npy",
    "npz", "parquet", "pdf", "pickle", "pkl", "ppt", "pptx", "pt", "pth", "py", "pyc", "rar", "rst",
    "safetensors", "sh", "sha256", "sqlite", "svg", "tar", "tex", "tfrecord", "toml", "tsv", "txt", "wav",
    "webm", "xls", "xlsx", "xml", "yaml", "yml", "zip",
})
# fmt: on
_DRIVE = re.compile(r"[A-Za-z]:")
_NO_TEXT = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")


class Entry(NamedTuple):
    """One file of a source: a path, or a member of the archive at that path.

    offset: where the member starts in its archive (row number in parquet); size: bytes, None where a listing cannot
    know it; etag: whatever changes when the content does (etag, CRC, modification time, sha256).
    """

    path: str
    member: str
    offset: int
    size: int | None
    etag: str

    @property
    def item(self) -> str:
        """Name of the file within its source."""
        return f"{self.path}::{self.member}" if self.member else self.path


class Refusal(NamedTuple):
    """A file that is not registered because it must not or cannot be read: `name` says which, `reason` is a code."""

    name: str
    reason: str
    detail: str


class Index(NamedTuple):
    """What an archive holds: readable members, members refused by name, members passed over as no images."""

    entries: list[Entry]
    refusals: list[Refusal]
    ignored: int


class ReadFailure(Exception):
    """One file could not be read: `reason` is a rejection code of the stage `images`."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


SUPERSEDED = ("duplicate_name", "a later member has the same name")
Fetch = Callable[[], bytes]
# Where a member is now, or None when it is gone or another.
Relocate = Callable[[Entry], Entry | None]


def moved_away(entry: Entry) -> tuple[str, str]:
    """Reason and detail when an archive no longer holds a member as it was listed."""
    return "changed_since_registration", f"{entry.item} is not in the archive as it was listed"


def given(data: bytes) -> Fetch:
    """A fetch of bytes that are read already."""
    return lambda: data


def failing(reason: str, detail: str) -> Fetch:
    """A fetch of a file that cannot be read."""

    def fetch() -> bytes:
        raise ReadFailure(reason, detail)

    return fetch


def is_passed_over(path: str) -> bool:
    """Whether a file is no image by its name alone: annotations, hidden files, what file managers leave behind.

    An unknown ending, or none, says nothing: such files are registered and ingestion decides.
    """
    parts = path.replace("\\", "/").split("/")
    if any(part == "__MACOSX" or (part.startswith(".") and part not in (".", "..")) for part in parts):
        return True
    name = parts[-1].lower()
    return name in ("thumbs.db", "desktop.ini") or ("." in name and name.rpartition(".")[2] in NOT_IMAGES)


def is_text(name: str) -> bool:
    """Whether a name can stand in a table: no control characters, no bytes that are no valid text."""
    return not _NO_TEXT.search(name)


def unsafe_name(name: str) -> str | None:
    """Why a member's name must not be used, or None when it is harmless."""
    parts = name.replace("\\", "/").split("/")
    if not name or not is_text(name):
        return "the name holds control characters or no valid text"
    if parts[0] == "" or _DRIVE.match(name):
        return "the path is absolute"
    if ".." in parts:
        return "the path leaves the archive"
    if len(name) > MAX_NAME:
        return f"the name is longer than {MAX_NAME} characters"
    return None


def unsafe_size(packed: int | None, size: int) -> str | None:
    """Why a member of `size` bytes, stored in `packed`, would be a bomb, or None."""
    if size > MAX_FILE_BYTES:
        return f"it unpacks to {size} bytes, more than {MAX_FILE_BYTES}"
    if packed is not None and size > RATIO_FREE_BYTES and size > MAX_RATIO * max(packed, 1):
        return f"it unpacks to {size} bytes from {packed}, more than {MAX_RATIO} to 1"
    return None


def printable(name: str) -> str:
    """A name fit for tables and JSON: what is no text is escaped."""
    return name.encode("utf-8", "backslashreplace").decode("utf-8")
