"""HTTP with the replicas of an endpoint: a request becomes a reply, a fault that may pass, or one that will not.

Keys and logins are put on the request here and nowhere else, and taken out of every message about it. What the response of a service means that is
no reply is in `faults`.
"""

import json
import re
from collections.abc import Mapping

import aiohttp

from wethink_assets.errors import ModelError
from wethink_assets.models.chat import BalanceSpent, CallFailed
from wethink_assets.models.endpoint.api_keys import ApiKeys, KeyRefused, Permit
from wethink_assets.models.endpoint.faults import ServiceFault, service_fault
from wethink_assets.models.endpoint.replicas import Replica
from wethink_assets.models.endpoint.retry import FaultKind, TransientFault
from wethink_assets.models.endpoint.wire_format import WireFormat

KEEP_ALIVE = 4.0  # uvicorn, and so vLLM, closes an idle connection after 5 s: using it then is a reset
CONNECT_WITHIN = 10.0
HEALTH_WITHIN = 5.0
SHORTEST_SECRET = 8  # in replies: a key such as `EMPTY` is none, and its letters may be part of an answer
LONGEST_MESSAGE = 300
UNKNOWN_MODEL = "does not know the model or path"
WRONG_SETUP = {
    404: UNKNOWN_MODEL,
    405: "is not a chat endpoint",
    **dict.fromkeys((301, 302, 303, 307, 308), "redirects elsewhere: configure that URL"),
}
PASSING: Mapping[str, FaultKind] = {"limited": "refused", "overloaded": "overloaded", "broken": "broken"}


class HttpClient:
    """HTTP with the replicas of one endpoint, for one event loop; nothing is connected before it is needed."""

    def __init__(self, model: str, keys: ApiKeys, timeout: float, wire_format: WireFormat) -> None:
        """`keys` are read from the environment at each request; `timeout` bounds a request, in seconds."""
        self._model = model
        self._keys = keys
        self._timeout = timeout
        self._format = wire_format
        self._session: aiohttp.ClientSession | None = None

    async def post(self, permit: Permit, body: bytes) -> str:
        """Text of a response with status 200.

        Raises `TransientFault`, `CallFailed` where the request was refused, `KeyRefused` and `BalanceSpent` where every request with this key would
        be, `ModelError` where every request would be.
        """
        outcome = await self._post(permit, body)
        if isinstance(outcome, Exception):
            # Raised here, where no exception of the client is being handled: theirs carry headers, and would be this one's context.
            raise outcome
        return outcome

    async def _post(self, permit: Permit, body: bytes) -> str | Exception:
        replica = permit.replica
        try:
            request = self._connected().post(
                replica.address(self._format.chat_path),
                data=aiohttp.BytesPayload(body, content_type="application/json"),  # bare bytes are looked up first
                headers=self._headers(replica, permit.key_env),
                allow_redirects=False,
            )
            async with request as response:
                status, headers = response.status, response.headers
                permit.limit.heard(permit.number, headers)
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
        if status == 200:
            return self.without_secrets(text, replica, SHORTEST_SECRET)
        return self._failure(permit, status, text, service_fault(status, headers, text))

    def no_reply(self, permit: Permit, text: str, error: Exception) -> Exception:
        """What a response with status 200 that is no completion comes to; raised as by `post`."""
        fault = service_fault(200, {}, text)
        if fault.meaning == "broken":
            return TransientFault("broken", self.without_secrets(str(error), permit.replica))
        return self._failure(permit, 200, text, fault)

    def _failure(self, permit: Permit, status: int, text: str, fault: ServiceFault) -> Exception:
        message = self.without_secrets(re.sub(r"\s+", " ", text), permit.replica)[:LONGEST_MESSAGE]
        if (
            len(text) > LONGEST_MESSAGE and fault.words[:40] not in message
        ):  # the words first, not what stands around them
            message = self.without_secrets(re.sub(r"\s+", " ", fault.words), permit.replica)[:LONGEST_MESSAGE]
        where, what = f"{self._model} at {permit.replica.name}", f"HTTP {status}: {message}"
        key = f"the key in {permit.key_env}" if self._keys.several else "the key"
        if fault.meaning in PASSING:
            if fault.meaning == "limited" and fault.delay is not None and fault.delay > self._timeout:
                return BalanceSpent(
                    f"{where} allows no further call for {fault.delay:,.0f} s, longer than one may take "
                    f"(timeout = {self._timeout:g}): {what}. Finished calls are kept; start the run again then"
                )
            return TransientFault(PASSING[fault.meaning], what, fault.delay)
        if fault.meaning == "spent":
            return BalanceSpent(
                f"{where}: the balance or quota of {key} is spent ({what}). "
                "Finished calls are kept; start the run again when there is some"
            )
        if fault.meaning == "key":
            return KeyRefused(f"{where} refuses {key} ({what})")
        if fault.meaning == "setup":
            return ModelError(f"{where} {WRONG_SETUP.get(status, UNKNOWN_MODEL)} ({what})")
        if fault.meaning == "moderated":
            return CallFailed(f"{where}: moderation refused the request ({what})", "filtered")
        return CallFailed(f"{where} refused the request ({what})")

    async def is_there(self, replica: Replica) -> bool:
        """Whether a replica answers its health path, whatever it says but that it is broken."""
        try:
            async with self._connected().get(
                replica.address(self._format.health_path),
                headers=self._headers(replica, self._keys.first),
                timeout=aiohttp.ClientTimeout(total=min(HEALTH_WITHIN, self._timeout)),
            ) as response:
                return response.status < 500
        except (aiohttp.ClientError, OSError, ModelError):
            return False

    async def model_names(self, replica: Replica) -> list[str]:
        """Names of the models that a replica says it has; none where it does not say."""
        try:
            async with self._connected().get(
                replica.address(self._format.health_path),
                headers=self._headers(replica, self._keys.first),
                timeout=aiohttp.ClientTimeout(total=min(HEALTH_WITHIN, self._timeout)),
            ) as response:
                listed = json.loads(self.without_secrets(await response.text("utf-8", errors="replace"), replica))
            models = listed.get("data", ()) if isinstance(listed, dict) else listed
            return [str(each["id"]) for each in models if isinstance(each, dict) and "id" in each]
        except (aiohttp.ClientError, OSError, ValueError, TypeError, ModelError):
            return []

    def _headers(self, replica: Replica, key_env: str) -> dict[str, str]:
        headers = {"Content-Type": "application/json"}
        if replica.login.reveal():
            headers["Authorization"] = replica.login.reveal()
        elif key_env:
            headers |= self._format.authorization(self._keys.reveal(key_env).reveal())
        return headers | self._format.further_headers()

    def without_secrets(self, text: str, replica: Replica, shortest: int = 1) -> str:
        """A text with keys, password and query values of at least `shortest` characters masked."""
        for secret in (*self._keys.secrets(), *replica.secrets(), *self._format.secrets()):
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
