"""Table of an archive's members, gathered one by one and held in frames: a million take some hundred megabytes, however their names are encoded.

Names are `str` where the archive says how they are encoded and `bytes` where it does not; the latter are read at the end, when all of them have been
seen. Every member that is added becomes an entry, a refusal or an ignored entry.
"""

from collections.abc import Iterator

import polars as pl

from wethink_assets.sources.readers.entries import (
    SUPERSEDED,
    IgnoredEntries,
    Index,
    Note,
    Refusal,
    ignored_kind,
    printable,
    unsafe_name,
)
from wethink_assets.sources.readers.members.names import CP437, NameEncoding

__all__ = ["RAW_NAME", "MemberTable", "Refused"]

Refused = tuple[str, str]
RAW_NAME = "raw_name"
"""Column of an index with the bytes of names that were read in another encoding than UTF-8, or without the archive's word for it."""
ROWS = 2**15
_ROWS = pl.Schema(
    {
        "member": pl.String,
        RAW_NAME: pl.Binary,
        "offset": pl.Int64,
        "size": pl.Int64,
        "etag": pl.String,
        "start": pl.UInt64,
        "stop": pl.UInt64,
        "refused": pl.Int64,
    }
)


class MemberTable:
    """Members of one archive.

    path: of the file; prefix: what the names of members begin with, where the archive lies within another.
    """

    def __init__(self, path: str, prefix: str = "", single_byte: str = CP437, backslashes: bool = False) -> None:
        """`single_byte`: see `NameEncoding`; `backslashes` part folders in this format, as slashes do."""
        self.path = path
        self.prefix = prefix
        self.encoding = NameEncoding(single_byte)
        self.refusals: list[Refusal] = []
        self.ignored = IgnoredEntries()
        self._remarks: list[Note] = []
        self.count = 0
        """Members added."""
        self._backslashes = backslashes
        self._rows: list[tuple[object, ...]] = []
        self._frames: list[pl.DataFrame] = []
        self._reasons: list[Refused] = []

    def add(
        self,
        name: str | bytes,
        offset: int,
        size: int,
        etag: str,
        span: tuple[int, int] = (0, 0),
        refused: Refused | None = None,
    ) -> None:
        """Add a member; `span`: where its bytes lie, at least; `refused`: why it must not be read, if so."""
        self.count += 1
        if isinstance(name, str):
            read = self._read(name, refused)
            if read is not None or span[1]:
                self._append(read, None, offset, size, etag, *span, None)
            return
        self.encoding.add(name)
        reason = None
        if refused:
            reason = len(self._reasons)
            self._reasons.append(refused)
        self._append(None, name, offset, size, etag, *span, reason)

    def reserve(self, start: int, stop: int) -> None:
        """Note where the bytes of a member lie that is looked into before it is added, or instead."""
        self._append(None, None, 0, 0, "", start, stop, None)

    def refuse(self, name: str, reason: str, detail: str) -> None:
        """Name something that cannot be read and is no member of the table: a hole, an archive within this one."""
        self.refusals.append(Refusal(self.item(name) if name else self._whole, reason, detail))

    def item(self, name: str) -> str:
        """Item of a member of this archive."""
        return f"{self.path}::{self.prefix}{printable(name)}"

    def text(self, name: str | bytes) -> str:
        """A name as far as it can be read by now."""
        text = name if isinstance(name, str) else self.encoding.text(name)
        return text.replace("\\", "/") if self._backslashes else text

    def index(self, limit: int | None = None) -> Index:
        """All members; `limit`: where the bytes of the last one end at the latest, where members must not share theirs."""
        self._flush()
        frames = [self._with_names(frame) for frame in self._frames]
        self._frames = []
        table = pl.concat(frames) if frames else _ROWS.to_frame()
        del frames
        if limit is not None:
            table = self._without_shared(table, limit)
        table = self._without_superseded(table.filter(pl.col("member").is_not_null()))
        entries = table.select(
            item=pl.concat_str(pl.lit(f"{self.path}::"), "member"),
            path=pl.lit(self.path),
            member="member",
            offset="offset",
            size="size",
            etag="etag",
            raw_name=RAW_NAME,
        )
        return Index(entries.sort("offset", maintain_order=True), self.refusals, self.ignored, tuple(self._notes()))

    def note(self, kind: str, detail: str) -> None:
        """Note how the archive had to be read."""
        self._remarks.append(Note(self._whole, kind, detail))

    def _notes(self) -> Iterator[Note]:
        yield from self._remarks
        if self.encoding.names:
            of = f"{self.encoding.names} names that do not say how they are encoded"
            yield Note(self._whole, "names", f"{of} are read as {self.encoding.name}; their bytes stand in the index")

    @property
    def _whole(self) -> str:
        return f"{self.path}::{self.prefix.rstrip('/')}" if self.prefix else self.path

    def _append(self, *row: object) -> None:
        self._rows.append(row)
        if len(self._rows) == ROWS:
            self._flush()

    def _flush(self) -> None:
        if self._rows:
            self._frames.append(pl.DataFrame(self._rows, schema=_ROWS, orient="row"))
            self._rows = []

    def _read(self, name: str, refused: Refused | None) -> str | None:
        """Name of an entry; None for what is refused or ignored by its name, or for the given reason."""
        text = name.replace("\\", "/") if self._backslashes else name
        if text.endswith("/"):
            self.ignored.add(self.item(text), "directory")
        elif fault := unsafe_name(text):
            self.refusals.append(Refusal(self.item(name), "unsafe_path", fault))
        elif refused:
            self.refusals.append(Refusal(self.item(text), *refused))
        elif kind := ignored_kind(text, nested=True):
            self.ignored.add(self.item(text), kind)
        else:
            return self.prefix + text
        return None

    def _with_names(self, frame: pl.DataFrame) -> pl.DataFrame:
        if frame[RAW_NAME].null_count() == frame.height:
            return frame
        names: list[str | None] = []
        for member, raw, reason in frame.select("member", RAW_NAME, "refused").iter_rows():
            refused = None if reason is None else self._reasons[reason]
            names.append(member if raw is None else self._read(self.encoding.text(raw), refused))
        return frame.with_columns(member=pl.Series(names, dtype=pl.String))

    def _without_shared(self, table: pl.DataFrame, limit: int) -> pl.DataFrame:
        """Members whose bytes reach into the next one's are refused: a bomb without nesting is made so."""
        # What was looked into has its place reserved, and none of its own.
        placed = table.with_row_index("row").filter(pl.col("stop") > 0).sort("start", maintain_order=True)
        shared = placed.filter(pl.col("stop") > pl.col("start").shift(-1).fill_null(limit))
        for member in shared.filter(pl.col("member").is_not_null())["member"]:
            self.refusals.append(Refusal(f"{self.path}::{member}", "bomb", "its data overlaps another member's"))
        return table.with_row_index("row").join(shared, on="row", how="anti", maintain_order="left").drop("row")

    def _without_superseded(self, table: pl.DataFrame) -> pl.DataFrame:
        """Of members of one name the last one stays, as on unpacking."""
        last = table["member"].is_last_distinct()
        for member in table.filter(~last)["member"]:
            self.refusals.append(Refusal(f"{self.path}::{member}", *SUPERSEDED))
        return table.filter(last)
