"""Keys that are planted where a user has them, and a search for them in everything that a project leaves behind, packed or not."""

import base64
import gzip
import io
import json
import sqlite3
import tarfile
import zipfile
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from urllib.parse import quote

import polars as pl

PLANTED = {
    "api key": "sk-planted-4f1a9c77e2",
    "judge key": "sk-judge-08d3b5516a",
    "password": "pl@nted:pass/word-93",
    "query": "planted-query-5512aa",
    "header": "planted-header-c0ffee",
    "s3 secret": "wethink-secret",  # of the tests' server
    "hub token": "hf_standin_token",  # of the stand-in of the hub
    "lineage key": "ol-planted-77ab31",
}
USER = "planted-user"


def spellings(secret: str) -> set[bytes]:
    """A secret as it may be written: as it is, percent-encoded, in JSON, and with its user in base64 as HTTP sends it."""
    texts = {secret, quote(secret, safe=""), json.dumps(secret)[1:-1]}
    basic = base64.b64encode(f"{USER}:{secret}".encode()).decode()
    return {text.encode() for text in {*texts, basic}}


def found_in(name: str, data: bytes) -> list[str]:
    """Where planted keys stand in the content of a file, with what is packed in it."""
    needles = [(key, spelling) for key, secret in PLANTED.items() for spelling in spellings(secret)]
    return sorted(
        {
            f"{key} in {part}"
            for part, content in contents(name, data)
            for key, spelling in needles
            if spelling in content
        }
    )


def contents(name: str, data: bytes, depth: int = 3) -> Iterator[tuple[str, bytes]]:
    """A file, and all that it packs: rows of SQLite and Parquet, members of archives, compressed streams."""
    yield name, data
    if not depth:
        return
    if data.startswith(b"SQLite format 3\0"):
        yield name, _rows_of_database(data)
    elif data.startswith(b"PAR1"):
        yield name, _rows_of_table(data)
    elif data.startswith(b"PK\3\4"):
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            for member in packed.namelist():
                yield from contents(f"{name}:{member}", packed.read(member), depth - 1)
    elif data.startswith(b"\x1f\x8b"):
        yield from contents(f"{name}:", gzip.decompress(data), depth - 1)
    elif data[257:262] == b"ustar":
        with tarfile.open(fileobj=io.BytesIO(data)) as packed:
            for info in packed:
                if (file := packed.extractfile(info)) is not None:
                    yield from contents(f"{name}:{info.name}", file.read(), depth - 1)


def _rows_of_table(data: bytes) -> bytes:
    return (
        repr(pl.read_parquet(io.BytesIO(data)).rows()).encode()
        + str(pl.read_parquet_metadata(io.BytesIO(data))).encode()
    )


def _rows_of_database(data: bytes) -> bytes:
    """All values of all tables: a long one lies in pieces in the file."""
    out = bytearray()
    with closing(sqlite3.connect(":memory:")) as database, suppress(sqlite3.DatabaseError):
        database.deserialize(data)
        for (table,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            for row in database.execute(f'SELECT * FROM "{table}"'):
                for value in row:
                    out += value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogatepass")
                    out += b"\n"
    return bytes(out)


def found_below(folder: Path) -> list[str]:
    """Where planted keys stand in the files below a folder, and in their names."""
    found: list[str] = []
    for path in sorted(folder.rglob("*")):
        relative = str(path.relative_to(folder))
        found += found_in(f"{relative} (its name)", relative.encode())
        if path.is_file() and not path.is_symlink():
            found += found_in(relative, _content(path))
    return found


def _content(path: Path) -> bytes:
    """A file; of a database also what is not yet in its main file."""
    data = path.read_bytes()
    if data.startswith(b"SQLite format 3\0"):
        with closing(sqlite3.connect(path)) as database:
            return database.serialize()
    return data
