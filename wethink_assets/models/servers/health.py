"""Health of a vLLM server: whether it is there, is dead, completes a conversation, and serves the model that it should."""

import json
import os
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import urlsplit

from wethink_assets.errors import ModelError

_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # servers of this machine are behind no proxy


def is_up(url: str, timeout: float = 5.0) -> bool:
    """Whether a server's /health says that it is ready. `url` ends in /v1."""
    try:
        with _OPENER.open(f"{url.removesuffix('/v1')}/health", timeout=timeout) as response:
            return int(response.status) == 200
    except (OSError, ValueError):
        return False


def is_dead(url: str, timeout: float = 2.0) -> bool:
    """Whether nobody listens at a server's address, or its /health says that the engine behind it is gone; one that is slow is not dead."""
    try:
        with _OPENER.open(f"{url.removesuffix('/v1')}/health", timeout=timeout):
            return False
    except urllib.error.HTTPError as error:
        return error.code >= 500
    except urllib.error.URLError as error:
        return isinstance(error.reason, ConnectionError)
    except (OSError, ValueError) as error:
        return isinstance(error, ConnectionError)


def try_completion(url: str, model: str, api_key_env: str = "", timeout: float = 600.0) -> str:
    """Ask for one token; returns what is wrong, or an empty text when a completion came back."""
    body = {"model": model, "messages": [{"role": "user", "content": "Hello"}], "max_tokens": 1, "temperature": 0}
    try:
        reply = _json(f"{url}/chat/completions", api_key_env, timeout, body)
        return "" if reply["choices"][0]["message"] is not None else "an empty reply"
    except urllib.error.HTTPError as error:
        return f"HTTP {error.code}: {error.read(300).decode(errors='replace')}"
    except (OSError, ValueError, KeyError, IndexError, TypeError) as error:
        return f"{type(error).__name__}: {error}"


def require_served(name: str, url: str, model: str, api_key_env: str = "", timeout: float = 10.0) -> None:
    """Raise `ModelError` unless a server that somebody else runs is there and has the model."""
    parts = urlsplit(url)
    where = f"server {name} at {parts.scheme}://{parts.hostname}{f':{parts.port}' if parts.port else ''}"
    try:
        served = [entry["id"] for entry in _json(f"{url.rstrip('/')}/models", api_key_env, timeout)["data"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{where} does not answer ({error}); start it, or correct url in [servers.{name}]") from None
    if model not in served:
        raise ModelError(f"{where} serves {', '.join(served) or 'nothing'} and not {model}")


def _json(url: str, api_key_env: str, timeout: float, body: dict[str, Any] | None = None) -> Any:
    headers = {"Content-Type": "application/json"}
    key = os.environ.get(api_key_env, "") if api_key_env else ""
    if key:
        headers["Authorization"] = f"Bearer {key}"
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, headers)  # noqa: S310 (http or https, as configured)
    with _OPENER.open(request, timeout=timeout) as response:
        return json.loads(response.read())
