"""The snapshot of a chain of seals: what was in force at one of its links, so that readers need only it and the links after.

`seals/snapshot.seal` is a line of JSON and behind it a parquet table, as a link is. It repeats what links say and is no part of the chain: where it
is lost or damaged the links are read, and a later command writes it anew. So each link holds what is new alone, however large the store is.
"""

import hashlib
import io
from collections.abc import Iterable
from dataclasses import dataclass

import polars as pl
from pydantic import BaseModel, ConfigDict, ValidationError

from wethink_assets.identity import canonical_json

__all__ = ["PATH", "Snapshot", "parsed_snapshot", "snapshot_bytes"]

PATH = "seals/snapshot.seal"
SCHEMA = pl.Schema({"path": pl.String, "sha256": pl.String, "bytes": pl.Int64, "link": pl.Int64})
Row = tuple[str, str, int | None, int]
"""Path, sha256, bytes, and number of the link that sealed it."""


class _Head(BaseModel):
    model_config = ConfigDict(frozen=True)

    number: int
    link: str
    files: int
    complete: bool
    verified: int
    entries: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What was in force at a link.

    number, link: of the link, the hash of its file; complete, verified: as in `storage.inventory.Inventory`; table: as `SCHEMA`, sorted by path.
    """

    number: int
    link: str
    complete: bool
    verified: int
    table: pl.DataFrame


def snapshot_bytes(number: int, link: str, complete: bool, verified: int, rows: Iterable[Row]) -> bytes:
    """A snapshot as it is kept; `rows` in any order, a path once."""
    buffer = io.BytesIO()
    table = pl.DataFrame(sorted(rows), schema=SCHEMA, orient="row")
    table.write_parquet(buffer, compression="zstd")
    body = buffer.getvalue()
    head = _Head(
        number=number,
        link=link,
        files=table.height,
        complete=complete,
        verified=verified,
        entries=hashlib.sha256(body).hexdigest(),
    )
    return _line(head) + b"\n" + body


def _line(head: _Head) -> bytes:
    return canonical_json(head.model_dump(mode="json"))


def parsed_snapshot(data: bytes | None) -> Snapshot | None:
    """The snapshot that a file holds; None where there is none, or it is not what its hash says."""
    line, _, body = (data or b"").partition(b"\n")
    try:
        head = _Head.model_validate_json(line)
    except ValidationError:
        return None
    if line != _line(head) or hashlib.sha256(body).hexdigest() != head.entries:
        return None
    return Snapshot(head.number, head.link, head.complete, head.verified, pl.read_parquet(io.BytesIO(body)))
