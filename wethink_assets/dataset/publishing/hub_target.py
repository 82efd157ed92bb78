"""A data set repository of the Hugging Face hub as a target: files are staged, then one commit has them all, so it is complete or as it was.

What the hub has staged already is not sent again. The token comes from `HF_TOKEN` alone and the endpoint from `HF_ENDPOINT`; no message has them.
"""

import hashlib
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from wethink_assets.dataset.exports.checksums import SUMS
from wethink_assets.errors import ConfigError, StoreError

__all__ = ["HubTarget"]

URL = re.compile(r"hf://datasets/(?P<repo>[\w.-]+/[\w.-]+)(?:@(?P<branch>[\w./-]+))?")
OWN = {".gitattributes"}
"""Files that the hub makes of itself."""
REASONS = {
    401: "the token in HF_TOKEN is refused",
    402: "the owner's quota is used up",
    403: "the token in HF_TOKEN may not write there",
    404: "there is no such repository, or the token in HF_TOKEN may not see it",
    413: "the owner's quota is used up",
    429: "the hub asks for fewer requests: push again later",
}
BLOCK = 2**20


class HubTarget:
    """A branch of a repository."""

    def __init__(self, url: str, repo: str, branch: str, api: Any) -> None:
        self.url, self._repo, self._branch, self._api = url, repo, branch, api
        self._where = {"repo_id": repo, "repo_type": "dataset"}
        self._operations: list[Any] = []

    @classmethod
    def open(cls, url: str) -> "HubTarget":
        """The target at `hf://datasets/owner/name[@branch]`. Raises `ConfigError` for another URL, and without a token or the client."""
        named = URL.fullmatch(url)
        if named is None:
            raise ConfigError(
                f"{url!r} is no repository: name one as hf://datasets/owner/name, with @branch where it isn't main"
            )
        token = os.environ.get("HF_TOKEN", "").strip()
        if not token:
            raise ConfigError("a push to the hub needs a token that may write: set HF_TOKEN")
        try:
            from huggingface_hub import HfApi
            from huggingface_hub.utils import disable_progress_bars
        except ImportError as error:
            raise ConfigError("a push to the hub needs its client: pip install 'wethink-assets[hub]'") from error
        disable_progress_bars()  # the command has one of its own
        api = HfApi(endpoint=os.environ.get("HF_ENDPOINT") or None, token=token)
        return cls(url, named["repo"], named["branch"] or "main", api)

    def names(self) -> set[str]:
        """Files of the branch; none where there is no repository or branch yet."""
        return set(self._tree()) - OWN

    def _tree(self) -> dict[str, Any]:
        from huggingface_hub.errors import RepositoryNotFoundError, RevisionNotFoundError

        with self._told("read"):
            try:
                found = list(self._api.list_repo_tree(recursive=True, revision=self._branch, **self._where))
            except (RepositoryNotFoundError, RevisionNotFoundError) as error:
                if error.response is not None and error.response.status_code == 401:
                    self._api.whoami()  # tells a token that is refused from a repository that is not there yet
                return {}
        return {file.path: file for file in found if hasattr(file, "blob_id")}

    def sums(self) -> bytes | None:
        """Its `SHA256SUMS`."""
        from huggingface_hub import get_session, hf_hub_url
        from huggingface_hub.utils import build_hf_headers

        with self._told("read"):
            url = hf_hub_url(filename=SUMS, revision=self._branch, endpoint=self._api.endpoint, **self._where)
            reply = get_session().get(url, headers=build_hf_headers(token=self._api.token), follow_redirects=True)
        return reply.content if reply.status_code == 200 else None

    def holds(self, files: Mapping[str, tuple[Path, str]]) -> set[str]:
        """Files whose sha256, or git's own hash where they are small, is the same."""
        tree = self._tree()
        held = set()
        for name, (path, sha256) in files.items():
            known = tree.get(name)
            if known is not None and (known.lfs.sha256 == sha256 if known.lfs else known.blob_id == _git_hash(path)):
                held.add(name)
        return held

    def send(self, name: str, path: Path, sha256: str) -> None:
        """Stage a file; with `SHA256SUMS`, the last one, all become the branch's by one commit."""
        from huggingface_hub import CommitOperationAdd

        with self._told("written"):
            if not self._operations:
                self._make()
            addition = CommitOperationAdd(name, str(path))
            self._api.preupload_lfs_files(additions=[addition], revision=self._branch, **self._where)
            self._operations.append(addition)
            if name == SUMS:
                self._api.create_commit(
                    operations=self._operations,
                    commit_message="Push an export of WeThink",
                    revision=self._branch,
                    **self._where,
                )

    def remove(self, names: Iterable[str]) -> None:
        """Files that the commit removes. `SHA256SUMS` is replaced by the same commit as all others."""
        from huggingface_hub import CommitOperationDelete

        self._operations += [CommitOperationDelete(name) for name in names if name != SUMS]

    def _make(self) -> None:
        self._api.create_repo(private=True, exist_ok=True, **self._where)
        if self._branch != "main":
            self._api.create_branch(branch=self._branch, exist_ok=True, **self._where)

    @contextmanager
    def _told(self, what: str) -> Iterator[None]:
        """Errors of the hub as `StoreError` that says which it is; never with the token."""
        import httpx
        from huggingface_hub.errors import HfHubHTTPError

        try:
            yield
        except HfHubHTTPError as error:
            status = error.response.status_code if error.response is not None else 0
            reason = REASONS.get(status, f"the hub answers with status {status}")
            raise StoreError(f"{self.url} cannot be {what}: {reason}") from error
        except (httpx.HTTPError, OSError) as error:
            raise StoreError(
                f"{self.url} cannot be {what}: the hub cannot be reached ({type(error).__name__})"
            ) from error


def _git_hash(path: Path) -> str:
    """The name that git gives a file's content."""
    digest = hashlib.sha1(b"blob %d\0" % path.stat().st_size, usedforsecurity=False)
    with path.open("rb") as stream:
        while block := stream.read(BLOCK):
            digest.update(block)
    return digest.hexdigest()
