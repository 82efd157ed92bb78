"""A file of a store read in pieces: of one that is far away, what is asked for travels and nothing else."""

import io
import os

import polars as pl

from wethink_assets.errors import StoreError
from wethink_assets.storage.store import Store

__all__ = ["read_columns"]


class _Ranges(io.RawIOBase):
    """A seekable stream over a file, each read of which is one request; s3fs would fetch 50 MB to answer the first."""

    def __init__(self, store: Store, relative: str) -> None:
        self._store, self._relative = store, relative
        self._size, self._position = store.size(relative), 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        self._position = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._size}[whence] + offset
        return self._position

    def read(self, size: int = -1) -> bytes:
        end = self._size if size is None or size < 0 else min(self._position + size, self._size)
        if end <= self._position:
            return b""
        data = self._store.read_range(self._relative, self._position, end)
        self._position += len(data)
        return data


def read_columns(store: Store, relative: str, columns: list[str]) -> pl.DataFrame:
    """Columns of a parquet file, of which no more than these and its footer are read.

    Nothing says that they are what was written: that is for whoever asks to check. Raises `StoreError` naming the file when it is missing or damaged.
    """
    import pyarrow
    import pyarrow.parquet

    with _Ranges(store, relative) as stream:
        try:
            table = pyarrow.parquet.ParquetFile(stream, pre_buffer=False).read(columns)
        except pyarrow.ArrowException as error:
            raise StoreError(f"{store.link(relative)} is damaged: {error}") from error
    frame = pl.from_arrow(table)
    assert isinstance(frame, pl.DataFrame)
    return frame
