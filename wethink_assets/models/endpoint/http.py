"""HTTP with the replicas of an endpoint: a request becomes a reply, a fault that may pass, or one that will not.

Keys and logins are put on the request here and nowhere else, and taken out of every message about it.
"""

import email.utils
import os
import re
import time
from collections.abc import Mapping

import aiohttp

from wethink_assets.errors import ModelError
from wethink_assets.models.chat import CallFailed
from wethink_assets.models.endpoint.replicas import Replica, Secret
from wethink_assets.models.endpoint.retry import FaultKind, TransientFault
from wethink_assets.models.endpoint.wire_format import WireFormat

KEEP_ALIVE = 4.0  # uvicorn, and so vLLM, closes an idle connection after 5 s: using it then is a reset
CONNECT_WITHIN = 10.0
HEALTH_WITHIN = 5.0
SHORTEST_SECRET = 8  # in replies: a key such as `EMPTY` is none, and its letters may be part of an answer
WRONG_SETUP = {
    401: "refuses the key",
    403: "refuses the key",
    404: "does not know the model or path",
    405: "is not a chat endpoint",
    **dict.fromkeys((301, 302, 303, 307, 308), "redirects elsewhere: configure that URL"),
}
BUSY: Mapping[int, FaultKind] = {429: "refused", 503: "overloaded"}


class HttpClient:
    """HTTP with the replicas of one endpoint, for one event loop; nothing is connected before it is needed."""

    def __init__(self, model: str, key_env: str, timeout: float, wire_format: WireFormat) -> None:
        """`key_env` names the environment variable with the key, read at each request; `timeout` bounds a request, in seconds."""
        self._model = model
        self._key_env = key_env
        self._timeout = timeout
        self._format = wire_format
        self._session: aiohttp.ClientSession | None = None

    async def post(self, replica: Replica, body: bytes) -> str:
        """Text of a response with status 200.

        Raises `TransientFault`, `CallFailed` where the request was refused, `ModelError` where every request would be.
        """
        outcome = await self._post(replica, body)
        if isinstance(outcome, Exception):
            # Raised here, where no exception of the client is being handled: theirs carry headers, and would be this one's context.
            raise outcome
        return outcome

    async def _post(self, replica: Replica, body: bytes) -> str | Exception:
        try:
            request = self._connected().post(
                replica.address(self._format.chat_path),
                data=body,
                headers=self._headers(replica),
                allow_redirects=False,
            )
            async with request as response:
                status, retry_after = response.status, response.headers.get("Retry-After", "")
                text = await response.text("utf-8", errors="replace")
        except aiohttp.ConnectionTimeoutError:
            return TransientFault("unreached", "no connection in time", sent=False)
        except TimeoutError:
            return TransientFault("hung", f"no reply within {self._timeout:g} s")
        except aiohttp.InvalidURL:
            return ModelError(f"{self._model} at {replica.name}: the URL is not valid")
        except aiohttp.ClientConnectorCertificateError as error:
            reason = self.without_secrets(str(error.certificate_error), replica)
            return ModelError(f"{self._model} at {replica.name}: its certificate is not trusted ({reason})")
        except (aiohttp.ClientError, OSError) as error:
            sent = not isinstance(error, aiohttp.ClientConnectorError)
            return TransientFault("unreached", self.without_secrets(_message(error), replica), sent=sent)
        return self._outcome(replica, status, text, retry_after)

    def _outcome(self, replica: Replica, status: int, text: str, retry_after: str) -> str | Exception:
        if status == 200:
            return self.without_secrets(text, replica, SHORTEST_SECRET)
        message = self.without_secrets(re.sub(r"\s+", " ", text), replica)[:300]
        if status in BUSY:
            return TransientFault(BUSY[status], f"HTTP {status}: {message}", seconds_to_wait(retry_after))
        if status >= 500 or status == 408:
            return TransientFault("broken", f"HTTP {status}: {message}")
        where = f"{self._model} at {replica.name}"
        if status in WRONG_SETUP:
            return ModelError(f"{where} {WRONG_SETUP[status]} (HTTP {status}: {message})")
        return CallFailed(f"{where} refused the request (HTTP {status}: {message})")

    async def is_there(self, replica: Replica) -> bool:
        """Whether a replica answers its health path, whatever it says but that it is broken."""
        try:
            async with self._connected().get(
                replica.address(self._format.health_path),
                headers=self._headers(replica),
                timeout=aiohttp.ClientTimeout(total=min(HEALTH_WITHIN, self._timeout)),
            ) as response:
                return response.status < 500
        except (aiohttp.ClientError, OSError, ModelError):
            return False

    def _headers(self, replica: Replica) -> dict[str, str]:
        headers = {"Content-Type": "application/json"}
        if replica.login.reveal():
            headers["Authorization"] = replica.login.reveal()
        elif self._key_env:
            headers |= self._format.authorization(self.key().reveal())
        return headers | self._format.further_headers()

    def key(self) -> Secret:
        """The key; empty where none is configured. Raises `ModelError` when the environment does not hold it."""
        key = os.environ.get(self._key_env, "").strip() if self._key_env else ""
        if self._key_env and not (key and key.isprintable()):
            raise ModelError(f"{self._model}: environment variable {self._key_env} holds no API key")
        return Secret(key)

    def without_secrets(self, text: str, replica: Replica, shortest: int = 1) -> str:
        """A text with key, password and query values of at least `shortest` characters masked."""
        key = os.environ.get(self._key_env, "").strip() if self._key_env else ""
        for secret in (key, *replica.secrets(), *self._format.secrets()):
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


def _message(error: Exception) -> str:
    # The message of other errors of the client may show the request's headers.
    plain = isinstance(error, (aiohttp.ClientConnectorError, aiohttp.ClientPayloadError, OSError))
    message = error.message if isinstance(error, aiohttp.ServerDisconnectedError) else str(error) if plain else ""
    return f"{type(error).__name__}: {message}" if message else type(error).__name__


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
