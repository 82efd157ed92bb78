"""Faults of access to a location: which of the scheme, the host, the credentials, the bucket and the path is wrong, and what to do about it.

File systems raise types of their own, or of the client below them, or say only that nothing is there. The cause is looked for in the whole chain of
an error: the codes of S3 first (docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html), then what the network and the system say.
"""

import difflib
import errno
import os
import re
import socket
import ssl
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

import fsspec

from wethink_assets.config.locations import NO_BUCKET, WITH_BUCKETS, unknown_scheme
from wethink_assets.config.redaction import masked_text
from wethink_assets.plain_text import in_one_line, visible_name
from wethink_assets.storage.hub import hub_fault

__all__ = [
    "absence",
    "access_fault",
    "endpoint_of",
    "is_beyond_end",
    "is_busy",
    "is_precondition",
    "known_fault",
    "lacks_bucket",
    "shown_url",
]

_KEY = "AWS_ACCESS_KEY_ID, or `key` among the options"
_SECRET = "AWS_SECRET_ACCESS_KEY, or `secret` among the options"  # noqa: S105 # names, no secret
_TOKEN = "AWS_SESSION_TOKEN, or `token` among the options"  # noqa: S105
_NO_CREDENTIALS = (
    f"no credentials are given: set {_KEY}, and {_SECRET}; a public bucket is read with the option `anon = true`"
)
_DENIED = (
    "access is denied: the credentials are known and may not list or read this; ask its owner for s3:ListBucket and s3:GetObject on it, "
    "or take other credentials"
)
_DENIED_WITHOUT_A_WORD = (
    f"access is denied: check {_KEY}, and {_SECRET}, and that they have the right to s3:ListBucket, s3:GetObject and, "
    "for a store, s3:PutObject"
)
"""What a reply without a body tells, which may be about an unknown key as well as about its rights."""
_DENIED_TO_ALL = (
    f"access is denied to those without credentials: take `anon` from the options, and set {_KEY}, and {_SECRET}"
)
_EXPIRED = f"the session token has expired: get new credentials, and set {_TOKEN}, with the key and the secret that came with it"
_REGION = "the bucket is in another region: set AWS_DEFAULT_REGION, or `client_kwargs.region_name` and `endpoint_url` among the options"
_BUSY = "the service is out of reach or busy for now: try again later"
_BROKEN_OFF = (
    "ConnectionClosedError",
    "ClientPayloadError",
    "IncompleteReadError",
    "ResponseParserError",
    "ResponseStreamingError",
    "ServerDisconnectedError",
)
"""Types of clients for a reply that came in part, or not at all."""
_BY_CODE = {
    "InvalidAccessKeyId": f"the access key is not known to the service: check {_KEY}",
    "SignatureDoesNotMatch": f"the secret is not that of the access key: check {_SECRET}",
    "ExpiredToken": _EXPIRED,
    "ExpiredTokenException": _EXPIRED,
    "TokenRefreshRequired": _EXPIRED,
    "InvalidToken": f"the session token is refused: check {_TOKEN}; long-lived keys have none",
    "RequestTimeTooSkewed": "the clock of this machine is wrong, so that signatures are refused: set it",
    "AccessDenied": _DENIED,
    "AllAccessDisabled": _DENIED,
    "Forbidden": _DENIED_WITHOUT_A_WORD,
    "403": _DENIED_WITHOUT_A_WORD,
    "InvalidBucketName": "this is no name of a bucket: check it",
    "PermanentRedirect": _REGION,
    "AuthorizationHeaderMalformed": _REGION,
    "IllegalLocationConstraintException": _REGION,
    "301": _REGION,
    "SlowDown": _BUSY,
    "ServiceUnavailable": _BUSY,
    "InternalError": _BUSY,
    "RequestTimeout": _BUSY,
    "500": _BUSY,
    "502": _BUSY,
    "503": _BUSY,
    "504": _BUSY,
}
_LOGIN = re.compile(r"(?<=://)[^/?#\s]*@")
_SCHEME = re.compile(r"(?:^|/|\s)(?P<scheme>[A-Za-z][A-Za-z0-9+]+)(?::/{0,2}|//)(?P<rest>[^/].*)")
_UNEXPECTED = re.compile(r"unexpected keyword argument '(?P<name>[^']*)'")
_COMMON_OPTIONS = (
    "key",
    "secret",
    "token",
    "anon",
    "endpoint_url",
    "client_kwargs",
    "config_kwargs",
    "requester_pays",
    "use_ssl",
    "profile",
)
_BY_STATUS = {
    401: "the server asks for credentials: give them among the options",
    403: "access is denied: check the credentials among the options, and the path",
    404: "the server has nothing at this path: check it",
}
_ADDRESS_SETTINGS = {
    **dict.fromkeys(("s3", "s3a"), " (`endpoint_url` among the options, or AWS_ENDPOINT_URL)"),
    "hf": " (HF_ENDPOINT, if it is set)",
}
_MOST_NAMES = 10_000


def shown_url(url: str) -> str:
    """A location as it may be shown: on one line, without the credentials that it may hold.

    >>> shown_url("ftp://me:secret@host/a\\n")
    'ftp://***@host/a\\\\n'
    """
    return visible_name(masked_text(url))


def access_fault(error: BaseException, url: str, options: Mapping[str, Any]) -> str:
    """What is wrong with a location that gave an error, and the remedy. `options` are those of its file system."""
    if known := known_fault(error, url, options):
        return known
    reason = getattr(error, "strerror", None) or f"{type(error).__name__} {error}".strip()
    return in_one_line(masked_text(reason))


def known_fault(error: BaseException, url: str, options: Mapping[str, Any]) -> str:
    """As `access_fault`, of an error whose cause is known; else empty."""
    for each in _causes(error):
        for reading in (_of_client, hub_fault, _of_address, _of_network):
            if fault := reading(each, url, options):
                return fault
    return ""


def is_busy(error: BaseException, url: str, options: Mapping[str, Any]) -> bool:
    """Whether an error says that a service has no answer for now: it asks for patience, fails, does not answer, or breaks off."""
    return any(
        _of_client(each, url, options) == _BUSY or isinstance(each, (TimeoutError, ConnectionError))
        for each in _causes(error)
    )


def lacks_bucket(error: BaseException) -> bool:
    """Whether something is not there since its whole bucket is not: a misspelt one is no empty one."""
    return any(_code(each) == "NoSuchBucket" for each in _causes(error))


def is_beyond_end(error: BaseException) -> bool:
    """Whether an error says that a file ends before the bytes that were asked for."""
    return any(_code(each) in ("InvalidRange", "416") for each in _causes(error))


def is_precondition(error: BaseException) -> bool:
    """Whether an error says that a file is no longer the one that was opened: its etag is another."""
    return any(
        type(each).__name__ == "FileExpired" or _code(each) in ("PreconditionFailed", "412") for each in _causes(error)
    )


def absence(fs: fsspec.AbstractFileSystem, root: str, url: str) -> str:
    """Which part of a location is not there: the bucket, or the path below what is there, with the name that may have been meant."""
    scheme = _SCHEME.search(url)
    if scheme and (url[:1].isspace() or "://" not in url) and scheme["scheme"].lower() in fsspec.available_protocols():
        return f"it was read as a local path: is {scheme['scheme']}://{visible_name(scheme['rest'])} meant?"
    if isinstance(fs, fsspec.implementations.local.LocalFileSystem):
        if os.path.islink(root) and not os.path.exists(root):
            return f"it is a link that leads to nothing: {visible_name(os.readlink(root))}"
        if os.path.exists(root):
            return "it is neither a file nor a folder, but a device, a pipe or a socket"
    lead, parts = "/" if root.startswith("/") else "", root.strip("/").split("/")
    for depth in range(len(parts) - 1, 0, -1):
        parent = lead + "/".join(parts[:depth])
        if _is_there(fs, parent):
            missing = f"{visible_name(parent)} is there and has nothing named '{visible_name(parts[depth])}'"
            return missing + _meant(fs, parent, parts[depth])
    if url.partition("://")[0] in WITH_BUCKETS:
        return _no_bucket(url, fs.storage_options)
    return f"there is no '{visible_name(lead + parts[0])}'{_meant(fs, lead, parts[0])}"


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def _code(error: BaseException) -> str:
    """Code of S3 that an error of a client has."""
    response = getattr(error, "response", None)
    return str(response.get("Error", {}).get("Code", "")) if isinstance(response, dict) else ""


def _of_client(error: BaseException, url: str, options: Mapping[str, Any]) -> str:
    """What a client of a store says, by its codes and by the names of its types, which are not imported for that."""
    code = _code(error)
    status, name = getattr(error, "status", None), type(error).__name__
    if code == "NoSuchBucket":
        return _no_bucket(url, options)
    if code == "InvalidAccessKeyId" and (options.get("token") or os.environ.get("AWS_SESSION_TOKEN")):
        return f"{_BY_CODE[code]}; the session token that comes with it may have expired: {_TOKEN}"
    if code in _BY_CODE:
        denied = _BY_CODE[code] in (_DENIED, _DENIED_WITHOUT_A_WORD)
        return _DENIED_TO_ALL if denied and options.get("anon") else _BY_CODE[code]
    if name in _BROKEN_OFF:
        return _BUSY
    if name in ("NoCredentialsError", "CredentialRetrievalError"):
        return _NO_CREDENTIALS
    if name == "PartialCredentialsError":
        missing = str(error).rpartition(" ")[2]
        return (
            f"the credentials are given in part, {missing} is missing: set {_SECRET if 'secret' in missing else _KEY}"
        )
    if name == "ParamValidationError" and "bucket name" in str(error):
        return f"'{visible_name(_bucket(url))}' cannot be the name of a bucket: check it"
    if isinstance(status, int) and url.startswith(("http://", "https://")):
        return _BY_STATUS.get(status, f"the server answers with status {status}")
    return ""


def _of_address(error: BaseException, url: str, options: Mapping[str, Any]) -> str:
    """What is wrong with the URL, the endpoint or the names of the options."""
    scheme, text = url.partition("://")[0], str(error)
    if isinstance(error, ValueError) and text.startswith("Protocol not known"):
        return unknown_scheme(scheme)
    if isinstance(error, ImportError):
        return f"the scheme '{visible_name(scheme)}' needs a package that is not installed: {in_one_line(text)}"
    if isinstance(error, ValueError) and text.startswith("Invalid endpoint"):
        return f"`endpoint_url` '{shown_url(str(endpoint_of(options)))}' is no address: it begins with http:// or https://, then host and port"
    if isinstance(error, ValueError) and "all of S3" in text:
        return NO_BUCKET.format(scheme=scheme)
    if isinstance(error, TypeError) and (unexpected := _UNEXPECTED.search(text)):
        near = difflib.get_close_matches(unexpected["name"], _COMMON_OPTIONS, 1, 0.5)
        return f"the option '{visible_name(unexpected['name'])}' is not known{f': is {near[0]} meant?' if near else ''}"
    return ""


def _of_network(error: BaseException, url: str, options: Mapping[str, Any]) -> str:
    """What the network and the system say."""
    number = getattr(error, "errno", None) if isinstance(error, OSError) else None
    if number == errno.EACCES:
        return "this user may not read it: check the rights of the folder and of those above it (`namei -l` shows them)"
    if "://" not in url or url.startswith("file:"):
        return ""
    host = shown_url(str(endpoint_of(options) or _LOGIN.sub("", url)))
    setting = _ADDRESS_SETTINGS.get(url.partition("://")[0], "")
    if isinstance(error, socket.gaierror):
        return f"the host of {host} is not known: check how it is spelt{setting}, and the network"
    if isinstance(error, ssl.SSLError):
        if "VERSION_NUMBER" in str(error):
            return f"what answers at {host} speaks http and not https: change the scheme of the address, or its port"
        return f"the certificate of {host} is refused ({in_one_line(str(getattr(error, 'verify_message', '') or error.reason))}): check the address"
    if number == errno.ECONNREFUSED:
        return f"nothing answers at {host}: check host and port{setting}, and that the service runs"
    if number in (errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ETIMEDOUT) or isinstance(error, TimeoutError):
        return f"{host} does not answer: check host and port, and the network"
    return ""


def _no_bucket(url: str, options: Mapping[str, Any]) -> str:
    at = f" at {shown_url(str(endpoint))}" if (endpoint := endpoint_of(options)) else ""
    return (
        f"there is no bucket '{visible_name(_bucket(url))}'{at}: check its name, and `endpoint_url` among the options"
    )


def _bucket(url: str) -> str:
    return url.partition("://")[2].partition("/")[0]


def endpoint_of(options: Mapping[str, Any]) -> Any:
    """The address that a client of a service with buckets is given by its options or the environment; None for the service's own."""
    of_client = options.get("client_kwargs") or {}
    named = options.get("endpoint_url") or of_client.get("endpoint_url")
    return named or os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")


def _is_there(fs: fsspec.AbstractFileSystem, path: str) -> bool:
    try:
        return bool(fs.exists(path))
    except Exception:  # it is asked only to say more about an error
        return False


def _meant(fs: fsspec.AbstractFileSystem, folder: str, name: str) -> str:
    """A name in a local folder that is near; elsewhere a listing may be long."""
    if not isinstance(fs, fsspec.implementations.local.LocalFileSystem):
        return ""
    try:
        with os.scandir(folder) as entries:
            names = [entry.name for entry in islice(entries, _MOST_NAMES)]
    except OSError:
        return ""
    near = difflib.get_close_matches(name, names, 1)
    return f": is '{visible_name(near[0])}' meant?" if near else ""
