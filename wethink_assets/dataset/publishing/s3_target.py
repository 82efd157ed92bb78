"""A bucket of S3 as a target: each object is written whole, with its sha256 in its metadata, by which a later push knows it.

Credentials, region and endpoint are those of the environment or of AWS's own files (`AWS_ACCESS_KEY_ID`, `AWS_ENDPOINT_URL`, ...); none is
taken from a command line or written anywhere.
"""

from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from wethink_assets.dataset.exports.checksums import SUMS
from wethink_assets.errors import StoreError

__all__ = ["S3Target"]

READERS = 16
DIGEST = "sha256"  # of an object's metadata


class S3Target:
    """A prefix of a bucket."""

    def __init__(self, url: str, files: Any, root: str) -> None:
        self.url, self._files, self._root = url, files, root

    @classmethod
    def open(cls, url: str, **options: Any) -> "S3Target":
        """The target at `s3://bucket/prefix`; options are those of s3fs."""
        from wethink_assets.config.s3_client import PatientS3

        return cls(url.rstrip("/"), PatientS3(skip_instance_cache=True, **options), url.partition("://")[2].rstrip("/"))

    def names(self) -> set[str]:
        """Objects below the prefix."""
        bucket = self._root.partition("/")[0]
        with self._told("read"):
            self._files.invalidate_cache()
            self._files.call_s3("list_objects_v2", Bucket=bucket, MaxKeys=1)
            found = self._files.find(self._root)
        return {path[len(self._root) + 1 :] for path in found if path.startswith(f"{self._root}/")}

    def sums(self) -> bytes | None:
        """Its `SHA256SUMS`, None while there is none."""
        try:
            with self._told("read"):
                return bytes(self._files.cat_file(f"{self._root}/{SUMS}"))
        except FileNotFoundError:
            return None

    def holds(self, files: Mapping[str, tuple[Path, str]]) -> set[str]:
        """Objects of the same size whose metadata has the same sha256."""

        def same(name: str) -> bool:
            path, sha256 = files[name]
            head = self._files.call_s3("head_object", **self._key(name))
            return bool(head["ContentLength"] == path.stat().st_size and head["Metadata"].get(DIGEST) == sha256)

        with self._told("read"), ThreadPoolExecutor(READERS) as pool:
            return {name for name, known in zip(files, pool.map(same, files), strict=True) if known}

    def send(self, name: str, path: Path, sha256: str) -> None:
        """Upload a file; in parts where it is large."""
        with self._told("written"):
            self._files.put_file(str(path), f"{self._root}/{name}", Metadata={DIGEST: sha256} if sha256 else {})

    def remove(self, names: Iterable[str]) -> None:
        """Delete objects."""
        with self._told("written"), ThreadPoolExecutor(READERS) as pool:  # `rm` would take the names for globs
            list(pool.map(self._files.rm_file, [f"{self._root}/{name}" for name in names]))

    def _key(self, name: str) -> dict[str, str]:
        bucket, _, prefix = self._root.partition("/")
        return {"Bucket": bucket, "Key": f"{prefix}/{name}" if prefix else name}

    @contextmanager
    def _told(self, what: str) -> Iterator[None]:
        """Errors of S3 as `StoreError` that says which it is; never with a credential."""
        from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

        try:
            yield
        except NoCredentialsError as error:
            raise StoreError(
                f"{self.url} cannot be {what}: no credentials; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
            ) from error
        except PermissionError as error:
            raise StoreError(f"{self.url} cannot be {what}: the credentials are refused, or may not do that") from error
        except FileNotFoundError as error:
            if "bucket" in str(error).lower():
                raise StoreError(
                    f"{self.url} cannot be {what}: there is no bucket {self._root.partition('/')[0]!r}"
                ) from error
            raise
        except (BotoCoreError, ClientError, OSError) as error:
            reason = (
                "there is no room left"
                if _full(error)
                else f"{type(error).__name__}: the service does not answer as S3 does"
            )
            raise StoreError(f"{self.url} cannot be {what}: {reason}") from error


def _full(error: Exception) -> bool:
    return any(word in str(error) for word in ("QuotaExceeded", "InsufficientStorage", "XMinioStorageFull"))
