"""Entries of a registry for the time of a test."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

from wethink_assets.extensions.registry import Registry

T = TypeVar("T")


@contextmanager
def registered(registry: Registry[T], key: str, entry: T) -> Iterator[T]:
    """The entry registered under this key, and taken out again in the end."""
    registry.register(key, entry)
    try:
        yield entry
    finally:
        registry.unregister(key)
