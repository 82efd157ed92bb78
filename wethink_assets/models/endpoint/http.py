"""What comes of one HTTP request to a replica: a reply, a fault that may pass, or one that will not?

Keys and logins are put on the request here and nowhere else, and taken out of whatever is told about it.
"""

import email.utils
import os
import re
import time
from collections.abc import Mapping
from typing import Literal

import aiohttp

from wethink_assets.errors import ModelError
from wethink_assets.models.chat import CallFailed
from wethink_assets.models.endpoint.replicas import Replica, Secret

KEEP_ALIVE = 4.0  # uvicorn, and so vLLM, closes an idle connection after 5 s: using it then is a reset
CONNECT_WITHIN = 10.0
LOOK_WITHIN = 5.0
SHORTEST_SECRET = 8  # in replies: a key such as `EMPTY` is none, and its letters may be part of an answer
Kind = Literal["unreached", "hung", "refused", "overloaded", "broken"]
"""No connection, or one that was cut; no reply in time; 429; 503; another 5xx, or a reply that is none."""
WRONG_SETUP = {
    401: "refuses the key",
    403: "refuses the key",
    404: "does not know the model or path",
    405: "is no chat endpoint",
    **dict.fromkeys((301, 302, 303, 307, 308), "redirects elsewhere: configure that URL"),
}
BUSY: Mapping[int, Kind] = {429: "refused", 503: "overloaded"}


class PassingFault(Exception):
    """A fault that may pass when the request is sent again.

    pause: seconds that the server asks to wait; sent: whether the request may have got there.
    """

    def __init__(self, kind: Kind, text: str, pause: float | None = None, *, sent: bool = True) -> None:
        super().__init__(text)
        self.kind = kind
        self.pause = pause
        self.sent = sent

    @property
    def is_load(self) -> bool:
        """Whether it says that fewer calls should be in flight."""
        return self.kind in ("hung", "refused", "overloaded")


class Exchange:
    """HTTP with the replicas of one endpoint, for one event loop; nothing is connected before it is needed."""

    def __init__(self, model: str, key_env: str, timeout: float) -> None:
        """`key_env` names the environment variable with the key, read at each request; `timeout` bounds a request, in seconds."""
        self._model = model
        self._key_env = key_env
        self._timeout = timeout
        self._session: aiohttp.ClientSession | None = None

    async def ask(self, replica: Replica, body: bytes) -> str:
        """Text of a response with status 200.

        Raises `PassingFault`, `CallFailed` where the request was refused, `ModelError` where every request would be.
        """
        found = await self._post(replica, body)
        if isinstance(found, Exception):
            # Raised here, where no exception of the client is being handled: theirs carry headers, and would be this one's context.
            raise found
        return found

    async def _post(self, replica: Replica, body: bytes) -> str | Exception:
        try:
            request = self._connected().post(
                replica.address("chat/completions"), data=body, headers=self._headers(replica), allow_redirects=False
            )
            async with request as response:
                status, retry_after = response.status, response.headers.get("Retry-After", "")
                text = await response.text("utf-8", errors="replace")
        except aiohttp.ConnectionTimeoutError:
            return PassingFault("unreached", "no connection in time", sent=False)
        except TimeoutError:
            return PassingFault("hung", f"no reply within {self._timeout:g} s")
        except aiohttp.InvalidURL:
            return ModelError(f"{self._model} at {replica.name}: the URL is not valid")
        except aiohttp.ClientConnectorCertificateError as error:
            told = self.without_secrets(str(error.certificate_error), replica)
            return ModelError(f"{self._model} at {replica.name}: its certificate is not trusted ({told})")
        except (aiohttp.ClientError, OSError) as error:
            sent = not isinstance(error, aiohttp.ClientConnectorError)
            return PassingFault("unreached", self.without_secrets(_told(error), replica), sent=sent)
        return self._weighed(replica, status, text, retry_after)

    def _weighed(self, replica: Replica, status: int, text: str, retry_after: str) -> str | Exception:
        if status == 200:
            return self.without_secrets(text, replica, SHORTEST_SECRET)
        said = self.without_secrets(re.sub(r"\s+", " ", text), replica)[:300]
        if status in BUSY:
            return PassingFault(BUSY[status], f"HTTP {status}: {said}", seconds_to_wait(retry_after))
        if status >= 500 or status == 408:
            return PassingFault("broken", f"HTTP {status}: {said}")
        where = f"{self._model} at {replica.name}"
        if status in WRONG_SETUP:
            return ModelError(f"{where} {WRONG_SETUP[status]} (HTTP {status}: {said})")
        return CallFailed(f"{where} refused the request (HTTP {status}: {said})")

    async def is_there(self, replica: Replica) -> bool:
        """Whether a replica answers a small question (`GET /models`), whatever it says but that it is broken."""
        try:
            async with self._connected().get(
                replica.address("models"),
                headers=self._headers(replica),
                timeout=aiohttp.ClientTimeout(total=min(LOOK_WITHIN, self._timeout)),
            ) as response:
                return response.status < 500
        except (aiohttp.ClientError, OSError, ModelError):
            return False

    def _headers(self, replica: Replica) -> dict[str, str]:
        headers = {"Content-Type": "application/json"}
        if replica.login.reveal():
            headers["Authorization"] = replica.login.reveal()
        elif self._key_env:
            headers["Authorization"] = f"Bearer {self.key().reveal()}"
        return headers

    def key(self) -> Secret:
        """The key; empty where none is configured. Raises `ModelError` when the environment does not hold it."""
        key = os.environ.get(self._key_env, "").strip() if self._key_env else ""
        if self._key_env and not (key and key.isprintable()):
            raise ModelError(f"{self._model}: environment variable {self._key_env} holds no API key")
        return Secret(key)

    def without_secrets(self, text: str, replica: Replica, shortest: int = 1) -> str:
        """A text with key, password and query values of at least `shortest` characters masked."""
        key = os.environ.get(self._key_env, "").strip() if self._key_env else ""
        for secret in (key, *replica.hidden()):
            if len(secret) >= shortest and secret in text:
                text = text.replace(secret, "***")
        return text

    def _connected(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                # The limit of calls in flight is kept elsewhere; a name is looked up once in five minutes.
                connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=KEEP_ALIVE, ttl_dns_cache=300),
                timeout=aiohttp.ClientTimeout(total=self._timeout, sock_connect=min(CONNECT_WITHIN, self._timeout)),
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._session

    async def aclose(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None


def _told(error: Exception) -> str:
    # The message of other errors of the client may show the request's headers.
    plain = isinstance(error, (aiohttp.ClientConnectorError, aiohttp.ClientPayloadError, OSError))
    said = error.message if isinstance(error, aiohttp.ServerDisconnectedError) else str(error) if plain else ""
    return f"{type(error).__name__}: {said}" if said else type(error).__name__


def seconds_to_wait(retry_after: str) -> float | None:
    """Pause that a Retry-After header asks for: seconds or an HTTP date; None without one."""
    try:
        seconds = float(retry_after)
        return max(0.0, seconds) if seconds < float("inf") else None
    except ValueError:
        pass
    try:
        return max(0.0, email.utils.parsedate_to_datetime(retry_after).timestamp() - time.time())
    except (TypeError, ValueError, IndexError, OverflowError):
        return None
