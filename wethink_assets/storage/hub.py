"""Data set repositories of the Hugging Face hub as locations: files of one commit, listed and read by `huggingface_hub`.

A branch or tag is resolved to its commit when a location is opened, so that all that is listed and read is of one state. The token is that of
`HF_TOKEN` alone, the endpoint that of `HF_ENDPOINT`; no message has the token.
"""

import os
import re
import threading
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, cast
from urllib.parse import unquote

import fsspec

from wethink_assets.config.redaction import masked_text
from wethink_assets.errors import SourceError
from wethink_assets.plain_text import in_one_line

__all__ = ["hub_fault", "is_hub", "is_hub_outage", "is_missing_entry", "open_hub"]

URL = re.compile(
    r"hf://datasets/(?P<repo>[\w.-]+/[\w.-]+)(?:@(?P<revision>refs/(?:pr|convert)/[\w.-]+|[^/@]+))?(?:/(?P<path>.*))?",
    re.DOTALL,
)
OUTAGES = (408, 425, 429, 500, 502, 503, 504, 520, 522, 524)
"""Statuses with which the hub says that it has no answer for now."""

_BY_STATUS = {
    401: "the token in HF_TOKEN is refused: check it, or take it away where the data set is public",
    403: "the token in HF_TOKEN may not read this: take one of an account that may",
    404: "the data set has no such file or folder: check the path",
    429: "the hub asks for fewer requests: try again later, with HF_TOKEN set if it isn't",
}


def is_hub(url: str) -> bool:
    """Whether a location is on the hub."""
    return url.startswith("hf://")


def is_hub_outage(error: BaseException | None) -> bool:
    """Whether an error says that the hub cannot be reached for now, or asks for patience."""
    while error is not None:
        status = getattr(getattr(error, "response", None), "status_code", None)
        if status is not None:
            return status in OUTAGES
        if (isinstance(error, OSError) and error.errno is not None) or type(error).__module__.startswith("httpx"):
            return True
        error = error.__cause__ or error.__context__
    return False


def is_missing_entry(error: BaseException) -> bool:
    """Whether an error is the hub's about one file that a commit doesn't have."""
    return any(each.__name__ == "EntryNotFoundError" for each in type(error).__mro__)


def hub_fault(error: BaseException, url: str, options: Mapping[str, Any]) -> str:
    """What is wrong with a location on the hub that gave an error, by the names of the client's types and by the status of the reply; else empty."""
    if not url.startswith("hf://"):
        return ""
    name, reply = type(error).__name__, getattr(error, "response", None)
    token = "the token in HF_TOKEN" if os.environ.get("HF_TOKEN", "").strip() else ""
    if name == "GatedRepoError":
        return f"the data set is gated: accept its terms on its page, and set HF_TOKEN{' to a token of that account' if token else ''}"
    if name == "RevisionNotFoundError":
        return "the data set is there and has no such revision: check what follows the @, a branch, a tag or a commit"
    if name == "DisabledRepoError":
        return "the hub has disabled the data set"
    if name == "RepositoryNotFoundError":
        who = f"{token} may not see it" if token else "it is private: set HF_TOKEN"
        return f"there is no such data set, or {who}; check owner and name"
    if name == "HFValidationError":
        return f"this is no name of a data set: {in_one_line(str(error))}"
    status = getattr(reply, "status_code", None)
    if not isinstance(status, int):
        unread = isinstance(error, OSError) or not name.endswith(
            ("Timeout", "ConnectError", "ProtocolError", "ReadError")
        )
        return "" if unread else f"the hub does not answer ({name}): check the network, and HF_ENDPOINT if it is set"
    return _BY_STATUS.get(status, f"the hub answers with status {status}")


def open_hub(url: str, options: Mapping[str, Any], commit: str = "") -> tuple[fsspec.AbstractFileSystem, str, str]:
    """File system, root and commit of a location on the hub, at its revision or at a commit of before, as long as the repository has that.

    Raises `SourceError` for a URL that names no data set, and what the client raises.
    """
    named = URL.fullmatch(url)
    if named is None:
        raise SourceError(
            f"{url!r} names no data set of the hub: it is hf://datasets/owner/name, with @revision and /path where they are needed"
        )
    if secret := sorted({"token", "endpoint"} & set(options)):
        raise SourceError(
            f"{', '.join(secret)} cannot be given among the options of {masked_text(url)}: the hub's token is taken from HF_TOKEN, "
            "its address from HF_ENDPOINT"
        )
    from huggingface_hub import HfApi
    from huggingface_hub.errors import RevisionNotFoundError

    endpoint = os.environ.get("HF_ENDPOINT", "").strip().rstrip("/") or None
    token: str | bool = os.environ.get("HF_TOKEN", "").strip() or False
    api, repo = HfApi(endpoint=endpoint, token=token), named["repo"]
    revision = unquote(named["revision"] or "") or None
    try:
        info = api.repo_info(repo, repo_type="dataset", revision=commit or revision)
    except RevisionNotFoundError:
        if not commit:
            raise
        info = api.repo_info(repo, repo_type="dataset", revision=revision)  # the history was written anew
    root = f"datasets/{repo}@{info.sha}/{(named['path'] or '').strip('/')}".rstrip("/")
    fs = _file_system(endpoint, token, dict(options))
    with suppress(FileNotFoundError):  # which is told by whoever looks for it
        fs.info(root)
    return fs, root, str(info.sha)


def _file_system(endpoint: str | None, token: str | bool, options: Mapping[str, Any]) -> fsspec.AbstractFileSystem:
    from huggingface_hub import HfFileSystem

    class HubFiles(HfFileSystem):
        """Looks a file up among those of its folder, which is listed once, whichever thread asks first."""

        def __init__(self, **settings: Any) -> None:
            super().__init__(**settings)
            self._lock = threading.RLock()
            self._files: dict[str, dict[str, Any]] = {}
            self._folders: set[str] = set()

        def info(self, path: str, *args: Any, **settings: Any) -> dict[str, Any]:
            name = self._strip_protocol(path)
            parent = self._parent(name)
            if "@" in parent:
                with self._lock:
                    if parent not in self._folders:
                        self._files.update((each["name"], each) for each in cast(list[dict[str, Any]], self.ls(parent)))
                        self._folders.add(parent)
                if name in self._files:
                    return self._files[name]
            return super().info(path, *args, **settings)

    return HubFiles(endpoint=endpoint, token=token, skip_instance_cache=True, **options)
