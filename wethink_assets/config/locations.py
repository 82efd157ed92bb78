"""Locations: which are URLs and which are paths, and the file system that each of them names.

A path may hold any character that a file system takes. `[ ] * ? # % ::` and the like mean something in globs, URLs and chains of file systems
only, so a path never goes through any of these.
"""

import difflib
import os
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from wethink_assets.plain_text import visible_name

if TYPE_CHECKING:
    import fsspec

__all__ = [
    "WITH_BUCKETS",
    "file_system",
    "is_url",
    "openable",
    "unknown_scheme",
    "web_address",
]

WITH_BUCKETS = ("s3", "s3a", "gs", "gcs")
NO_BUCKET = "the URL names no bucket: it is {scheme}://bucket/prefix"
_COMMON_SCHEMES = ("file", "s3", "gs", "abfs", "hf", "http", "https", "ftp", "sftp", "memory")

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


def stated(text: str) -> str:
    """Refuse a location or URL that is blank or holds what no path can."""
    if not text.strip():
        raise ValueError("is empty: give a folder or a URL, or leave the setting out")
    if "\0" in text:
        raise ValueError("holds a NUL character, which no path can")
    return text


def openable(location: str) -> str:
    """Refuse a location that no file system could open: blank, a URL of an unknown scheme, or one without its bucket.

    >>> openable("s3://")
    Traceback (most recent call last):
    ...
    ValueError: the URL names no bucket: it is s3://bucket/prefix
    """
    if not is_url(stated(location)) or _is_chain(location):
        return location
    import fsspec

    scheme, _, rest = location.partition("://")
    if scheme not in fsspec.available_protocols() and scheme not in fsspec.registry:
        raise ValueError(unknown_scheme(scheme))
    if scheme in WITH_BUCKETS and not rest.partition("/")[0].strip():
        raise ValueError(NO_BUCKET.format(scheme=scheme))
    return location


def openable_if_given(location: str) -> str:
    """As `openable`, where an empty text leaves the setting out."""
    return openable(location) if location else location


def web_address(url: str) -> str:
    """Refuse an address of a server without a scheme or a host; an empty text leaves it out.

    >>> web_address("127.0.0.1:8000/v1")
    Traceback (most recent call last):
    ...
    ValueError: is no address of a server: it begins with http:// or https://, then host and port
    """
    try:
        sound = not url or ("://" in url and not re.search(r"\s", url) and bool(urlsplit(url).hostname))
        sound = sound and (not url or urlsplit(url).port != 0)
    except ValueError:  # brackets of IPv6, or a port that is none
        sound = False
    if not sound:
        raise ValueError("is no address of a server: it begins with http:// or https://, then host and port")
    return url


def unknown_scheme(scheme: str) -> str:
    """That no file system has this scheme, with the one that may be meant."""
    near = difflib.get_close_matches(scheme.strip().lower(), _COMMON_SCHEMES, 1, 0.5)
    meant = f": is {near[0]}:// meant?" if near else ""
    return f"the scheme '{visible_name(scheme)}' is not known{meant}; some that are: {', '.join(_COMMON_SCHEMES)}"


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
