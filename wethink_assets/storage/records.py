"""Records: pydantic models kept as a file each, which is there whole or not at all."""

import json
import os
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from wethink_assets.errors import StoreError
from wethink_assets.storage.local_files import TEMPORARY
from wethink_assets.storage.store import Store

Record = TypeVar("Record", bound=BaseModel)


def read_record(store: Store, path: str, kind: type[Record]) -> Record | None:
    """The record in a file; None where there is no file. Raises `StoreError` naming a file that holds no such record."""
    data = store.read_if_present(path)
    return None if data is None else parse_record(store, path, data, kind)


def parse_record(store: Store, path: str, data: bytes, kind: type[Record]) -> Record:
    """The record that a file's bytes hold. Raises `StoreError` naming a file that holds no such record."""
    try:
        return kind.model_validate_json(data)
    except ValidationError as error:
        first, *others = error.errors(include_url=False, include_input=False)
        field = ".".join(map(str, first["loc"]))
        more = f", and {len(others)} more like that" if others else ""
        raise StoreError(
            f"{store.link(path)} is damaged: {f'{field}: ' if field else ''}{first['msg']}{more}"
        ) from error


def read_json(store: Store, path: str) -> Any:
    """What a JSON file holds, as plain values; None where there is no file. Raises `StoreError` naming a file that holds no JSON."""
    data = store.read_if_present(path)
    if data is None:
        return None
    try:
        return json.loads(data)
    except ValueError as error:
        raise StoreError(f"{store.link(path)} is damaged: {error}") from error


def create_record(store: Store, path: str, record: BaseModel) -> bool:
    """Keep a record unless its file is there; True for the one writer that made it."""
    return store.create(path, _written(record))


def replace_record(store: Store, path: str, record: BaseModel) -> None:
    """Keep a record in place of what its file held."""
    store.publish(path, _written(record))


def _written(record: BaseModel) -> bytes:
    return record.model_dump_json(indent=1).encode()


def require_writable(store: Store, folder: str) -> None:
    """Write a file below a folder and remove it, before long work whose record is to be kept there.

    Raises `StoreUnreachable` or `StoreError` where the store takes no writes.
    """
    probe = f"{folder}/{TEMPORARY}probe-{os.urandom(4).hex()}"
    store.publish(probe, b"probe", durable=False)
    store.delete(probe)
