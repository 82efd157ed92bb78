"""The format of a store: a number in `format.json`, by which a release that is older than what wrote a store last refuses to write to it.

A store without the record has format 1, as those of all releases so far. Stores on a server have one from their first `create` on, since it also
says that the server at this address was found to honour conditional puts: where it does not, two processes could both make the same file.
"""

import errno
import os
import time
from importlib import metadata
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, ValidationError

from wethink_assets.errors import StoreError, StoreUnreachable

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

    from wethink_assets.storage.store import Store

__all__ = [
    "FORMAT",
    "PATH",
    "StoreFormat",
    "format_of",
    "put_new",
    "require_conditional_puts",
    "require_known_format",
    "write_format",
]

FORMAT = 1
"""What this release writes."""
PATH = "format.json"
AGAIN = 60.0  # seconds after which it is read again, by processes that run for days
_read: dict[str, float] = {}
_probed: set[str] = set()


class StoreFormat(BaseModel):
    """The record.

    release: the one that wrote it; conditional_puts: address of the server that was seen to honour them.
    """

    model_config = ConfigDict(frozen=True)

    format: int = 1
    release: str = ""
    conditional_puts: str = ""


def require_known_format(store: "Store") -> None:
    """Raise `StoreError` where a later release wrote the store in a format that this one does not know."""
    known = _read.get(store.url)
    if known is None or time.monotonic() - known > AGAIN:
        try:
            _require_known(store, _record(store))
        except StoreUnreachable as error:
            if error.errno == errno.ETIMEDOUT:
                raise
            return  # the write that follows says what is wrong
        _read[store.url] = time.monotonic()


def format_of(store: "Store") -> int:
    """The format that a store has. Raises `StoreError` for one of a later release."""
    record = _record(store)
    _require_known(store, record)
    return record.format if record else StoreFormat().format


def write_format(store: "Store") -> None:
    """Say that a store has the format of this release, so that earlier ones refuse to write to it."""
    record = _record(store) or StoreFormat()
    kept = {"release": metadata.version("wethink-assets"), "conditional_puts": record.conditional_puts}
    store.publish(PATH, StoreFormat(format=FORMAT, **kept).model_dump_json(indent=1).encode())


def require_conditional_puts(store: "Store") -> None:
    """Raise `StoreError` where the server of a store makes a file that is there already; it is asked once a store and address."""
    address = _address(store)
    if address in _probed:
        return
    record = _record(store) or StoreFormat()
    if record.conditional_puts != address:
        _probe(store)
        kept = {"format": record.format, "release": record.release or metadata.version("wethink-assets")}
        data = StoreFormat(**kept, conditional_puts=address).model_dump_json(indent=1).encode()
        store.fs.pipe_file(store.path(PATH), data)
    _probed.add(address)


def _address(store: "Store") -> str:
    options = store.fs.storage_options
    named = options.get("endpoint_url") or (options.get("client_kwargs") or {}).get("endpoint_url") or ""
    return f"{named or os.environ.get('AWS_ENDPOINT_URL', '')} {store.url}".strip()


def _probe(store: "Store") -> None:
    path = store.path(f".probe-{os.urandom(8).hex()}")
    made = [put_new(store.fs, path, data) for data in (b"1", b"2")]
    store.fs.rm_file(path)
    if made != [True, False]:
        raise StoreError(
            f"{store.url}: its server ignores conditional puts (If-None-Match), so two processes could take the same number and one's work"
            " would be lost; use a server that honours them, as AWS S3 and the current MinIO and SeaweedFS do"
        )


def put_new(fs: "AbstractFileSystem", path: str, data: bytes) -> bool:
    """Put an object unless it exists; True for the one writer that made it. SeaweedFS refuses through s3fs with OSError 22."""
    try:
        fs.pipe_file(path, data, mode="create")
    except FileExistsError:
        return False
    except OSError:
        fs.invalidate_cache(path.rpartition("/")[0])
        if not fs.exists(path):
            raise
        return False
    return True


def _record(store: "Store") -> StoreFormat | None:
    data = store.read_if_present(PATH)
    try:
        return None if data is None else StoreFormat.model_validate_json(data)
    except ValidationError as error:
        raise StoreError(
            f"{store.link(PATH)} is damaged: it does not say which format the store has; nothing is written"
        ) from error


def _require_known(store: "Store", record: StoreFormat | None) -> None:
    if record is not None and record.format > FORMAT:
        raise StoreError(
            f"{store.url} has format {record.format} since wethink {record.release or 'of a later release'} wrote to it, and this is wethink"
            f" {metadata.version('wethink-assets')}, which writes format {FORMAT}: upgrade it here; nothing was written"
        )
