"""Faults of file systems and of S3 in a sentence each: what went wrong, and what to do about it."""

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from wethink_assets.errors import StoreError, StoreUnreachable, WeThinkError

__all__ = [
    "NO_FILES",
    "described",
    "fault_at",
    "is_fault",
    "optional_read",
    "optional_write",
    "reported",
]

_UNREACHABLE = (
    "it is out of reach: {reason}; check that it is there and run the command again, what was done stays done"
)
_REMEDIES = {
    errno.ENOSPC: "the disk is full; make room and run the command again, what was done stays done",
    errno.EDQUOT: "the quota of this user is used up; make room and run the command again, what was done stays done",
    errno.EFBIG: "the file would be larger than this process may write; raise `ulimit -f` and run the command again",
    errno.EROFS: "the file system is read-only; mount it for writing, or name another place",
    errno.EACCES: "access is denied; give this user the right to it, or name another place",
    errno.EPERM: "access is denied; give this user the right to it, or name another place",
    errno.ENOENT: "it does not exist; check the path",
    errno.ENOTDIR: "a part of its path is a file and no folder; check the path",
    errno.EISDIR: "it is a folder and no file; check the path",
    errno.ESPIPE: "it is a pipe, a socket or a device and no file; move it away",
    errno.EEXIST: "it exists already; move it away or name another place",
    errno.ENOTEMPTY: "the folder is not empty; move it away or name another place",
    errno.ENAMETOOLONG: "the path is too long for its file system; name a shorter one",
    errno.ELOOP: "its links lead in a circle; mend them",
    errno.EMFILE: "too many files are open; raise `ulimit -n` and run the command again",
    errno.ENFILE: "too many files are open on this machine; close some programs and run the command again",
    errno.ENOMEM: "memory is used up; close some programs and run the command again",
    errno.EIO: "the disk reports an error; check the disk and its log before anything is written again",
    errno.EADDRINUSE: "the port is in use; name another one",
}
NO_FILES = frozenset({errno.EISDIR, errno.ELOOP, errno.ESPIPE})
"""What lies at a path and is no file: damage there, and no fault of the whole place."""
_CREDENTIALS = "no credentials are found; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
_REFUSED = "the service refuses these credentials; check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and their rights to the bucket"
_CLOCK = "the service refuses requests of this time; set this machine's clock right"


def is_fault(error: BaseException) -> bool:
    """Whether an error comes from a file system or from a client of S3."""
    return isinstance(error, OSError) or type(error).__module__.partition(".")[0] in (
        "botocore",
        "aiobotocore",
        "aiohttp",
    )


def described(error: BaseException) -> str:
    """What went wrong and what to do about it; without the path, which the caller knows or `filename` tells."""
    if not isinstance(error, OSError) or isinstance(error, ConnectionError):
        return _of_a_service(error)
    reason = error.strerror or str(error) or type(error).__name__
    if error.errno in (errno.EACCES, errno.EPERM) and error.filename is None:
        return _of_a_service(error)
    if error.errno in _REMEDIES:
        return _REMEDIES[error.errno]
    if "No space left" in reason:  # polars and pyarrow keep the text alone
        return _REMEDIES[errno.ENOSPC]
    return _of_a_service(error)


def _of_a_service(error: BaseException) -> str:
    reason = _plain(error)
    kind = type(error).__name__
    if "Credentials" in kind:
        return _CREDENTIALS
    if any(
        word in reason
        for word in ("RequestTimeTooSkewed", "RequestExpired", "time is too large", "Request has expired")
    ):
        return _CLOCK
    if isinstance(error, PermissionError) or any(
        word in reason
        for word in ("AccessDenied", "Access Denied", "Forbidden", "InvalidAccessKeyId", "SignatureDoesNotMatch")
    ):
        return _REFUSED
    return _UNREACHABLE.format(reason=reason)


def _plain(error: BaseException) -> str:
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return " ".join(text.split()).rstrip(".")


def fault_at(what: str, error: OSError) -> str:
    """The sentence of a fault at a file of the user: what cannot be done, why, and the remedy. A fault of the store says where it is by itself."""
    return str(error) if isinstance(error, WeThinkError) else f"{what}: {described(error)}"


@contextmanager
def reported(where: Callable[[], str], known: Callable[[BaseException], str] = lambda error: "") -> Iterator[None]:
    """Faults inside as `StoreUnreachable` that names the place; that something is not there goes through as it is, but for a whole bucket.

    known: what an error of a service comes from, and the remedy, where that can be told.
    """
    try:
        yield
    except FileNotFoundError as error:
        from wethink_assets.storage.access_faults import lacks_bucket  # brings fsspec, which `wethink --help` needs not

        if not lacks_bucket(error):
            raise
        raise unreachable(where(), error, known(error)) from error
    except (FileExistsError, NotADirectoryError, WeThinkError):
        raise
    except Exception as error:
        reason = known(error)
        if not (reason or is_fault(error)):
            raise
        raise unreachable(where(), error, reason) from error


@contextmanager
def optional_write() -> Iterator[None]:
    """A write to a store inside only saves work later, such as a cache: where the store takes no writes, it is left out.

    So whoever only reads may do so on a disk that is full, or read-only, or with credentials that may not write.
    """
    with suppress(StoreError, StoreUnreachable):  # `StoreError`: what a later release wrote to is written to no more
        yield


@contextmanager
def optional_read() -> Iterator[None]:
    """A read inside of something that may be missing, damaged or no file: then the rest is left out. Faults of the whole place are raised."""
    try:
        yield
    except StoreError:
        pass
    except StoreUnreachable as error:
        if error.errno not in NO_FILES:
            raise


def unreachable(where: str, error: BaseException, reason: str = "") -> StoreUnreachable:
    """A fault as an error of ours; it keeps the number by which callers tell faults apart."""
    fault = StoreUnreachable(f"{where}: {reason or described(error)}")
    fault.errno = getattr(error, "errno", None)
    return fault


def filename_of(error: OSError) -> str:
    """The file that an error of the operating system names, as text; empty where it names none."""
    name = error.filename if error.filename2 is None else error.filename2
    return os.fsdecode(name) if isinstance(name, str | bytes) else ""
