"""Indexes of archives as files of the store: what each says of its members, and which of them a later version of the format superseded."""

import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import polars as pl

from wethink_assets.errors import StoreError
from wethink_assets.sources.readers.entries import ENTRIES, IgnoredEntries, Index, Note, Refusal
from wethink_assets.storage.store import Store

__all__ = ["INDEX_VERSION", "ArchiveIndex", "ignored_path", "packed_index", "superseded_indexes", "unpacked_index"]

# 2: several streams and joined tars are read to their end; 3: what is ignored is kept by kind; 4: tables name what is not read
# 5: nested archives, zips without a directory, names in other encodings; 6: zstd and lz4 within packed zips, base64 by column
# 7: the first member of a zip is read that stands before one without an ending
INDEX_VERSION = 7


@dataclass(frozen=True)
class ArchiveIndex:
    """Readable members (schema `ENTRIES`), members refused by name, and ignored ones by kind; notes and archives as `Index` has them."""

    entries: pl.DataFrame
    refusals: list[Refusal]
    ignored: IgnoredEntries
    notes: tuple[Note, ...] = ()
    archives: int = 0


def packed_index(index: Index) -> bytes:
    """An index as its file has it."""
    buffer = io.BytesIO()
    metadata = {
        "refusals": json.dumps([list(refusal) for refusal in index.refusals]),
        "ignored": json.dumps({"counts": index.ignored.counts, "examples": index.ignored.examples}),
        "notes": json.dumps([list(note) for note in index.notes]),
        "archives": str(index.archives),
        "version": str(INDEX_VERSION),
    }
    index.frame.write_parquet(buffer, compression="zstd", metadata=metadata)
    return buffer.getvalue()


def ignored_path(index: str) -> str:
    """Where all ignored members of an archive stand, of which its index has the counts and a few."""
    return f"{index.replace('indexes/', 'ignored/', 1).removesuffix('.parquet')}.json.gz"


def unpacked_index(store: Store, path: str, data: bytes) -> ArchiveIndex:
    """The index that the file at `path` holds."""
    metadata = pl.read_parquet_metadata(io.BytesIO(data))
    refusals = [Refusal(*row) for row in json.loads(metadata["refusals"])]
    ignored = json.loads(metadata["ignored"])
    kept = partial(store.open_read, ignored_path(path)) if ignored["counts"] else None
    notes = tuple(Note(*row) for row in json.loads(metadata["notes"]))
    entries = pl.read_parquet(io.BytesIO(data), columns=ENTRIES.names())
    return ArchiveIndex(entries, refusals, IgnoredEntries(**ignored, kept=kept), notes, int(metadata["archives"]))


def superseded_indexes(store: Store) -> Iterator[str]:
    """Files of indexes that this version does not look for any more, as it reads such an archive anew: paths, with what they left out of each.

    Those of version 5, and first ones of 6, do not say which they are, and stay. Raises `StoreError` for a file that is no index.
    """
    for name in store.names("indexes"):
        path = f"indexes/{name}"
        if not name.endswith(".parquet"):
            continue
        try:
            metadata = pl.read_parquet_metadata(store.path(path) if store.local else io.BytesIO(store.read(path)))
        except (pl.exceptions.PolarsError, OSError) as error:
            raise StoreError(
                f"{store.link(path)} is damaged: {error}; remove it, and its archive is read again"
            ) from error
        if "archives" not in metadata or int(metadata.get("version", INDEX_VERSION)) < INDEX_VERSION:
            yield path
            if store.exists(ignored_path(path)):
                yield ignored_path(path)
