"""Locations: which are URLs and which are paths, and the file system that each of them names.

A path may hold any character that a file system takes. `[ ] * ? # % ::` and the like mean something in globs, URLs and chains of file systems
only, so a path never goes through any of these.
"""

import os
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import fsspec

__all__ = [
    "file_system",
    "is_url",
]

_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+)://")
_WRAPPERS = ("blockcache", "cached", "dir", "filecache", "libarchive", "reference", "simplecache", "tar", "zip")
"""File systems of fsspec that lie over another one: with these only, `::` chains."""


def is_url(location: str) -> bool:
    """Whether a location is a URL, or a chain of them, and not a path.

    >>> [is_url(text) for text in ("s3://bucket/a", "simplecache::s3://bucket/a", "zip://a.png::/b.zip")]
    [True, True, True]
    >>> [is_url(text) for text in ("/data/a::b", "file:x", "s3:/x", "a::b", "~/data")]
    [False, False, False, False, False]
    """
    return _URL.match(location) is not None or _is_chain(location)


def _is_chain(location: str) -> bool:
    first, chained, _ = location.partition("::")
    protocol = _URL.match(first)
    return bool(chained) and (protocol[1] if protocol else first) in _WRAPPERS


def file_system(location: str, options: Mapping[str, Any]) -> "tuple[fsspec.AbstractFileSystem, str]":
    """The file system that a location names, opened with `options`, and the path on it, without a slash at its end.

    Raises `ValueError` when the URL's protocol is unknown or it names one version of an object, `ImportError` when its package is missing.
    """
    import fsspec

    if not is_url(location):
        path = os.path.abspath(os.path.expanduser(location))
        return fsspec.filesystem("file", **options), path.rstrip("/")
    if "?versionId=" in location:  # s3fs would leave it out of the path, and so read and write elsewhere
        raise ValueError(
            f"{location!r} holds `?versionId=`, by which an object's version is named: give the prefix another name"
        )
    if location.startswith(("s3://", "s3a://")):
        from wethink_assets.config.s3_client import PatientS3

        return PatientS3(**options), PatientS3._strip_protocol(location)
    if "::" not in location or _is_chain(location):
        fs, path = fsspec.core.url_to_fs(location, **options)
        return fs, path.rstrip("/")
    fs, _ = fsspec.core.url_to_fs(location.partition("::")[0], **options)  # `::` is part of a key
    return fs, location.partition("://")[2].rstrip("/")
