"""Parts of a listing: entries that can be read, refusals that are only named, and ignored entries with their kind.

What a listing has of an archive or a folder is one of the three, so that their counts add up to what `tar -t`, `unzip -l` or `find` show.
"""

import gzip
import json
import os
import re
import tempfile
import weakref
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import IO, NamedTuple, cast

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
ARCHIVES = frozenset(
    [
        "7z",
        "arrow",
        "bz2",
        "gz",
        "lz4",
        "parquet",
        "rar",
        "tar",
        "tbz",
        "tbz2",
        "tgz",
        "txz",
        "tzst",
        "xz",
        "zip",
        "zst",
    ]
)
_KINDS_BY_ENDING = {
    "text": "cfg csv gitattributes gitignore htm html ini json jsonl license lock log md rst sha256 tex toml tsv txt xml yaml yml",
    "code": "c ipynb js py pyc sh",
    "document": "doc docx pdf ppt pptx xls xlsx",
    "drawing": "svg",
    "audio_or_video": "mp3 mp4 wav webm",
    "data": "bin db h5 mat npy npz pickle pkl pt pth safetensors sqlite tfrecord",
    "archive": "7z gz parquet rar tar zip",
}
NOT_IMAGES = {ending: kind for kind, endings in _KINDS_BY_ENDING.items() for ending in endings.split()}
"""Endings of names of files that are no images, with the kind that they are ignored as."""
IGNORED_KINDS = {
    "directory": "folder, or an object that stands for one",
    "hidden": "file or folder whose name begins with a dot",
    "system_file": "what file managers leave behind: .DS_Store, __MACOSX, Thumbs.db",
    "text": "text, by its ending: annotations, tables, read-me files",
    "code": "program or notebook, by its ending",
    "document": "PDF or office document, by its ending",
    "drawing": "vector drawing, by its ending",
    "audio_or_video": "sound or film, by its ending",
    "data": "arrays, weights or database, by its ending",
    "archive": "archive of a format that is not read",
    "nested_archive": "archive within an archive, which is not opened",
    "empty_archive": "archive that lists no member",
    "other_reader": "file that the source's `reader` does not read",
    "not_included": "file that the source's `include` does not match",
    "dangling_link": "link to what is not there",
    "looping_link": "link that leads to itself, or to a folder that it lies in",
    "device": "block or character device",
    "pipe": "named pipe",
    "socket": "socket",
    "vanished": "file that went while the folder was listed",
    "empty": "row without an image in a column of images",
}
"""What is listed and neither registered nor refused, by kind."""
EXAMPLES = 5
_BLOCK = 2**12
_SPOOLED = 2**22
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


class Ignored(NamedTuple):
    """A file that is listed and no image, and about which nothing is wrong: `kind` is one of `IGNORED_KINDS`."""

    name: str
    kind: str


class IgnoredEntries:
    """Ignored entries of a listing: counts by kind, examples of each kind, and all of them on iteration, in memory that does not grow with them.

    >>> ignored = IgnoredEntries()
    >>> ignored.add("notes.txt", "text")
    >>> dict(ignored.counts), list(ignored)
    ({'text': 1}, [Ignored(name='notes.txt', kind='text')])
    """

    def __init__(
        self,
        counts: Mapping[str, int] | None = None,
        examples: Mapping[str, Sequence[str]] | None = None,
        kept: Callable[[], IO[bytes]] | None = None,
    ) -> None:
        """Empty, or what was kept before: `kept` opens the file that `write` made."""
        self.counts: Counter[str] = Counter(counts)
        self.examples: dict[str, list[str]] = {kind: list(names) for kind, names in (examples or {}).items()}
        self._kept = kept
        self._others: list[IgnoredEntries] = []
        self._recent: list[tuple[str, str]] = []
        self._spool: IO[bytes] | None = None

    def __len__(self) -> int:
        return self.counts.total()

    def add(self, name: str, kind: str) -> None:
        """Count an entry. Raises `KeyError` for a kind that is not declared."""
        if kind not in IGNORED_KINDS:
            raise KeyError(f"{kind!r} is no kind of ignored entries; they are {', '.join(IGNORED_KINDS)}")
        text = printable(name)
        self.counts[kind] += 1
        examples = self.examples.setdefault(kind, [])
        if len(examples) < EXAMPLES:
            examples.append(text)
        self._recent.append((text, kind))
        if len(self._recent) >= _BLOCK:
            self._spill()

    def extend(self, other: "IgnoredEntries") -> None:
        """Count all of another listing's, which is kept open and read when these are."""
        self.counts.update(other.counts)
        for kind, names in other.examples.items():
            examples = self.examples.setdefault(kind, [])
            examples += names[: EXAMPLES - len(examples)]
        self._others.append(other)

    def __iter__(self) -> Iterator[Ignored]:
        self._spill()
        if self._kept:
            with self._kept() as stream:
                yield from _blocks(stream)
        if self._spool:
            self._spool.seek(0)
            yield from _blocks(self._spool)
        for other in self._others:
            yield from other

    def write(self, target: IO[bytes]) -> None:
        """Write all of them: JSON in gzip, a line a block."""
        block: list[tuple[str, str]] = []
        for each in self:
            block.append(each)
            if len(block) == _BLOCK:
                target.write(_packed(block))
                block = []
        target.write(_packed(block))

    def _spill(self) -> None:
        if not self._recent:
            return
        if self._spool is None:
            self._spool = cast(IO[bytes], tempfile.SpooledTemporaryFile(_SPOOLED))  # noqa: SIM115 # closed with this
            weakref.finalize(self, self._spool.close)
        self._spool.seek(0, os.SEEK_END)
        self._spool.write(_packed(self._recent))
        self._recent = []


def _packed(block: Sequence[tuple[str, str]]) -> bytes:
    return gzip.compress(json.dumps(block).encode() + b"\n", 1, mtime=0)


def _blocks(stream: IO[bytes]) -> Iterator[Ignored]:
    for line in gzip.GzipFile(fileobj=stream, mode="rb"):
        yield from (Ignored(*each) for each in json.loads(line))


class Note(NamedTuple):
    """What is to be known of an archive that was read: `kind` is `rescued` or `names`."""

    archive: str
    kind: str
    detail: str


class Index(NamedTuple):
    """What an archive holds: readable members, members refused by name, and members ignored by kind, directories among them.

    notes: how it had to be read; archives: archives within it that were opened, which stand for their members.
    """

    entries: list[Entry] | pl.DataFrame
    refusals: list[Refusal]
    ignored: IgnoredEntries
    notes: tuple[Note, ...] = ()
    archives: int = 0

    @property
    def frame(self) -> pl.DataFrame:
        """The entries as a table of schema `ENTRIES`, which may have further columns."""
        if isinstance(self.entries, pl.DataFrame):
            return self.entries
        return pl.DataFrame([(entry.item, *entry) for entry in self.entries], schema=ENTRIES, orient="row")


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


def ignored_kind(path: str, nested: bool = False) -> str:
    """Kind of a file that is no image by its name alone; empty where the name does not say so.

    An unknown ending, or none, says nothing: such files are registered and ingestion decides. `nested`: it lies in an archive.

    >>> ignored_kind("a/.DS_Store"), ignored_kind("a.zip", nested=True), ignored_kind("a.png")
    ('system_file', 'nested_archive', '')
    """
    parts = path.replace("\\", "/").split("/")
    name = parts[-1].lower()
    if "__MACOSX" in parts or name in (".ds_store", "thumbs.db", "desktop.ini"):
        return "system_file"
    if any(part.startswith(".") and part not in (".", "..") for part in parts):
        return "hidden"
    ending = name.rpartition(".")[2] if "." in name else ""
    if nested and ending in ARCHIVES:
        return "nested_archive"
    return NOT_IMAGES.get(ending, "")


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
