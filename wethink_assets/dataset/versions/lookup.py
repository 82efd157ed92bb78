"""Look-up of a version: what it says of one row id, and which tables a batch had in its cut, for who must not read the whole of it.

`lookup.jsonl` has a line for each row that was kept or left out, under its id, and one more for each that was left out under the id of the row in
whose favour; then one for each batch. The lines are sorted and lie in blocks; `lookup.json` names the first key, the end and the sha256 of each. So
whoever asks for a row reads the small file and a block, checks both, and reads nothing else, however large the version is: a block has about as many
lines as there are blocks. Versions of earlier releases have neither file.

It is for stores that are far away: on a disk both tables are checked as a whole, since that costs no transfer.
"""

import hashlib
import json
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from math import isqrt
from pathlib import Path
from typing import Any

import polars as pl
from pydantic import BaseModel, ConfigDict

from wethink_assets.dataset.cuts.cut import Cut, CutInput
from wethink_assets.dataset.versions.external_sort import SortedFile
from wethink_assets.dataset.versions.manifest import version_folder
from wethink_assets.errors import StoreError, VersionError
from wethink_assets.storage.local_files import scan_files
from wethink_assets.storage.records import read_record
from wethink_assets.storage.seals import seal_of
from wethink_assets.storage.store import Store

LINES, BLOCKS = "lookup.jsonl", "lookup.json"
LOOKUP_FILES = (LINES, BLOCKS)
KEPT = "kept"
FEWEST_LINES = 64
"""Lines of a block, at least."""
SLICE = 20_000
BATCH = "~"
"""Before the name of a batch in a key: no row id begins so, and none follows it."""
_LINE = pl.Schema({"row_id": pl.String, "line": pl.String})

Record = dict[str, Any]


class Blocks(BaseModel):
    """Where the blocks lie. blocks: of each its first key, the byte at which it ends, and its sha256."""

    model_config = ConfigDict(frozen=True)

    version: str
    cut_digest: str
    blocks: tuple[tuple[str, int, str], ...]
    seal: str = ""


def write_lookup(folder: Path, cut: Cut) -> tuple[str, ...]:
    """Write both files of a version, whose `rows.parquet` and `excluded.parquet` lie in the folder; returns their names.

    About 100,000 lines are held in memory.
    """
    rows, left_out = (scan_files([folder / name]) for name in ("rows.parquet", "excluded.parquet"))
    counts = [int(table.select(pl.len()).collect().item()) for table in (rows, left_out)]
    lines = SortedFile(folder / "lookup", _LINE, counts[0] + 2 * counts[1], sort_by=("row_id", "line"))
    for part in _slices(rows.select("row_id", "slot", "batch"), counts[0]):
        lines.add(_lines({"key": row.pop("row_id"), "verdict": KEPT, **row} for row in part.iter_rows(named=True)))
    for part in _slices(left_out.select("row_id", "slot", "batch", "reason", "survivor", "detail"), counts[1]):
        lines.add(_lines(line for row in part.iter_rows(named=True) for line in _left_out(row)))
    lines.write(folder / "lookup.parquet")
    with (folder / LINES).open("wb") as stream:
        blocks = list(_written(stream, _blocks(folder / "lookup.parquet", lines.rows, cut)))
    named = Blocks(version=cut.version, cut_digest=cut.digest, blocks=tuple(blocks))
    sealed = named.model_copy(update={"seal": seal_of(named)})
    (folder / BLOCKS).write_text(sealed.model_dump_json() + "\n", encoding="utf-8")
    return LOOKUP_FILES


def _slices(table: pl.LazyFrame, rows: int) -> Iterator[pl.DataFrame]:
    for start in range(0, rows, SLICE):
        yield table.slice(start, SLICE).collect()


def _left_out(row: Record) -> Iterator[Record]:
    place = {"slot": row["slot"], "batch": row["batch"]}
    yield {"key": row["row_id"], "verdict": row["reason"], **place, "survivor": row["survivor"]}
    if row["survivor"]:
        reason = {"reason": row["reason"], "detail": row["detail"]}
        yield {"key": row["survivor"], "left_out": row["row_id"], **place, **reason}


def _lines(records: Iterator[Record]) -> pl.DataFrame:
    return pl.DataFrame([(record["key"], _line(record)) for record in records], schema=_LINE, orient="row")


def _line(record: Record) -> str:
    return json.dumps(record, ensure_ascii=False, separators=(",", ":"))


def _blocks(sorted_lines: Path, rows: int, cut: Cut) -> Iterator[list[tuple[str, str]]]:
    """Keys and lines, by block."""
    size = max(FEWEST_LINES, isqrt(rows))
    table = scan_files([sorted_lines])
    for part in _slices(table, rows):
        for start in range(0, part.height, size):
            yield part.slice(start, size).rows()
    for batch in sorted(cut.batches):
        tables = [entry.model_dump(mode="json") for entry in cut.tables[batch].values()]
        key = f"{BATCH}{batch}"
        yield [(key, _line({"key": key, "tables": tables}))]


def _written(stream: Any, blocks: Iterator[list[tuple[str, str]]]) -> Iterator[tuple[str, int, str]]:
    for block in blocks:
        data = "".join(f"{line}\n" for _, line in block).encode()
        stream.write(data)
        yield block[0][0], stream.tell(), hashlib.sha256(data).hexdigest()


@dataclass(frozen=True)
class LookUp:
    """The look-up of one version."""

    store: Store
    version: str
    blocks: tuple[tuple[str, int, str], ...]

    @classmethod
    def of(cls, store: Store, version: str) -> "LookUp | None":
        """That of a version; None where it has none, or all of it lies on this machine. Raises `VersionError` where it was altered."""
        if store.local:
            return None
        path = f"{version_folder(version)}/{BLOCKS}"
        try:
            named = read_record(store, path, Blocks)
        except StoreError as error:
            raise VersionError(str(error)) from error
        if named is None:
            return None
        if named.version != version or named.seal != seal_of(named):
            raise _altered(store, path, version)
        return cls(store, version, named.blocks)

    def records(self, prefix: str) -> list[Record]:
        """Lines whose key begins so, in order. Raises `VersionError` where what holds them is missing or was altered."""
        starts = [first for first, _, _ in self.blocks]
        first, last = max(bisect_left(starts, prefix) - 1, 0), bisect_left(starts, f"{prefix}\x7f")
        if first >= last:
            return []
        begin = self.blocks[first - 1][1] if first else 0
        path = f"{version_folder(self.version)}/{LINES}"
        try:
            data = self.store.read_range(path, begin, self.blocks[last - 1][1])
        except StoreError as error:
            raise VersionError(str(error)) from error
        records, position = [], begin
        for _, end, sha256 in self.blocks[first:last]:
            block = data[position - begin : end - begin]
            if hashlib.sha256(block).hexdigest() != sha256:
                raise _altered(self.store, path, self.version)
            records += [json.loads(line) for line in block.splitlines()]
            position = end
        return [record for record in records if record["key"].startswith(prefix)]

    def tables(self, batch: str) -> dict[str, CutInput]:
        """Tables of a batch in the version's cut, by asset. Raises `VersionError` as `records` does."""
        key = f"{BATCH}{batch}"
        (record,) = (record for record in self.records(key) if record["key"] == key)
        return {entry.asset: entry for entry in map(CutInput.model_validate, record["tables"])}


def _altered(store: Store, path: str, version: str) -> VersionError:
    return VersionError(
        f"{store.link(path)} was altered since the version was built: `wethink verify {version}` lists what is wrong"
    )
