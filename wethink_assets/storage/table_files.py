"""Files of stage tables as they are written and read: sealed by their bytes when they are published, checked whenever rows are read from them.

Tables of earlier releases have no such hashes. Of these the rows are read and compared with their data version, once for each reader.
"""

import hashlib
import io
import logging
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Literal, Protocol

import polars as pl

from wethink_assets.errors import StoreError
from wethink_assets.identity import data_version
from wethink_assets.stages.output import StageOutput
from wethink_assets.storage.erasures import erasures_of
from wethink_assets.storage.file_ages import renew
from wethink_assets.storage.removals import outlives_removals
from wethink_assets.storage.seals import FileSeal, checked_scan, sealed_file
from wethink_assets.storage.store import Store

__all__ = ["NamedTable", "output_files", "read_output", "scan_table", "table_path", "write_output"]

TableName = Literal["results", "rejections"]
NAMES: tuple[TableName, ...] = ("results", "rejections")
GROUP_ROWS = 64_000
log = logging.getLogger(__name__)


class NamedTable(Protocol):
    """What names the tables of a stage over a batch: a commit, or what a cut holds of one."""

    @property
    def folder(self) -> str:
        """Folder of the tables."""

    @property
    def data_version(self) -> str:
        """Data version of their rows."""

    @property
    def files(self) -> Mapping[str, FileSeal]:
        """Seals of the files by `results` and `rejections`; empty for tables of earlier releases."""


def table_path(folder: str, name: TableName) -> str:
    """Path of one table."""
    return f"{folder}/{name}.parquet"


def scan_table(store: Store, table: NamedTable, name: TableName = "results") -> pl.LazyFrame:
    """One table as a lazy frame, after its bytes were found to be those that were published, or those that erasures left of them.

    Raises `StoreError` naming a file that is missing, damaged or altered.
    """
    path = table_path(table.folder, name)
    if name in table.files:
        return checked_scan(store, path, table.files[name].sha256, lambda: erasures_of(store).files.get(path, ()))
    _require_rows(store, table.folder, table.data_version)
    return store.scan_parquet(path)


def read_output(store: Store, table: NamedTable) -> StageOutput:
    """Both tables. Raises `StoreError` as `scan_table` does."""
    return StageOutput(*(scan_table(store, table, name).collect() for name in NAMES))


@lru_cache(maxsize=100_000)
def _require_rows(store: Store, folder: str, version: str) -> None:
    rows = data_version(*(store.read_parquet(table_path(folder, name)) for name in NAMES))
    if rows != version and rows not in erasures_of(store).tables.get(folder, ()):
        raise StoreError(
            f"{store.link(folder)} was altered: its rows are not those of data version {version[:16]}; `wethink verify` lists all that is"
        )


def write_output(store: Store, folder: str, output: StageOutput) -> dict[str, FileSeal]:
    """Write both tables, unless they are there, and return their seals.

    A table that is there and holds other rows was damaged: it is written anew.
    """
    return {name: _written(store, table_path(folder, name), frame) for name, frame in _frames(output)}


def output_files(folder: str, output: StageOutput) -> dict[str, bytes]:
    """Bytes of both tables by their paths."""
    return {table_path(folder, name): _bytes(frame) for name, frame in _frames(output)}


def _frames(output: StageOutput) -> Iterator[tuple[TableName, pl.DataFrame]]:
    yield "results", output.results
    yield "rejections", output.rejections


def _written(store: Store, path: str, frame: pl.DataFrame) -> FileSeal:
    # Its rows are compared before its bytes are sealed: another release of polars may have written them.
    if store.exists(path) and _holds(store, path, frame) and renew(store, path):
        return sealed_file(store, path)
    if store.exists(path):
        log.warning("%s was damaged, and is written anew", store.link(path))
    data = _bytes(frame)
    store.publish(path, data)
    while not outlives_removals(store, path):
        store.publish(path, data)
    return FileSeal(sha256=hashlib.sha256(data).hexdigest(), bytes=len(data))


def _holds(store: Store, path: str, frame: pl.DataFrame) -> bool:
    try:
        existing = store.read_parquet(path)
    except (StoreError, pl.exceptions.PolarsError, OSError):
        return False
    return existing.schema == frame.schema and existing.equals(frame, null_equal=True)


def _bytes(frame: pl.DataFrame) -> bytes:
    buffer = io.BytesIO()
    frame.write_parquet(buffer, compression="zstd", row_group_size=GROUP_ROWS)
    return buffer.getvalue()
