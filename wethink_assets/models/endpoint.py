"""How is a model behind an OpenAI-compatible endpoint asked, so that passing faults pass and lasting ones are named?

Timeouts, resets, 429 and 5xx are tried again with jittered pauses. A call whose tries run out while others go through raises
`CallFailed`; one that finds nobody there raises `ModelError` naming the endpoint, as does a refused key or an unknown model.
"""

import asyncio
import email.utils
import os
import random
import re
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from wethink_assets.config import RoleSettings
from wethink_assets.errors import ModelError
from wethink_assets.models.chat import Completion, Message, Sampling
from wethink_assets.models.faults import CallFailed
from wethink_assets.models.openai_wire import completion_of, request_body

TRIES = 5
LONGEST_PAUSE = 20.0
DOWN_AFTER = 5  # calls in a row that ran out of tries, or were refused, with no success between them
WRONG_SETUP = {
    401: "refuses the key",
    403: "refuses the key",
    404: "does not know the model or path",
    405: "is no chat endpoint",
}


class _Passing(Exception):
    """A fault that may pass: what it was, whether the server answered, how long it asks to wait, how many tries it costs."""

    def __init__(self, text: str, *, answered: bool, pause: float | None = None, cost: int = 1) -> None:
        super().__init__(text)
        self.answered = answered
        self.pause = pause
        self.cost = cost


class EndpointModel:
    """A `ChatModel` on an OpenAI-compatible chat endpoint. Use it from one event loop."""

    def __init__(
        self,
        url: str,
        model: str,
        *,
        revision: str = "",
        api_key_env: str = "",
        timeout: float = 600,
        pause: float = 0.5,
        tries: int = TRIES,
    ) -> None:
        """Nothing is connected yet.

        Args:
            url: base URL, such as `http://127.0.0.1:8000/v1`.
            model: name that the endpoint knows.
            revision: revision that it serves, for provenance.
            api_key_env: environment variable that holds the key; empty: no key.
            timeout: seconds that one try may take, and all the pauses of a call together.
            pause: seconds before the second try, doubled for each further one.
            tries: tries of one call; a wait that the server asked for with 429 costs none.
        """
        self._url = url.rstrip("/")
        self._model = model
        self._revision = revision
        self._key_env = api_key_env
        self._timeout = timeout
        self._pause = pause
        self._tries = tries
        self._session: aiohttp.ClientSession | None = None
        self._last_success = float("-inf")
        self._failed_in_row = 0
        self._refused: Counter[tuple[bool, bool]] = Counter()
        self._accepted: set[tuple[bool, bool]] = set()

    @classmethod
    def of(cls, settings: RoleSettings) -> "EndpointModel":
        """The model of a role with provider `endpoint`."""
        return cls(
            settings.url,
            settings.model,
            revision=settings.revision,
            api_key_env=settings.api_key_env,
            timeout=settings.timeout,
        )

    @property
    def model_id(self) -> str:
        """Name of the model as the endpoint knows it."""
        return self._model

    @property
    def revision(self) -> str:
        """Revision as configured."""
        return self._revision

    @property
    def name(self) -> str:
        """Endpoint and model for messages, without user, password or query."""
        parts = urlsplit(self._url)
        return f"{self._model} at {parts.scheme}://{parts.hostname}{f':{parts.port}' if parts.port else ''}{parts.path}"

    async def chat(
        self, messages: Sequence[Message], *, schema: Mapping[str, Any] | None = None, sampling: Sampling
    ) -> Completion:
        """Answer a conversation. Raises `CallFailed` for this call alone, `ModelError` when the endpoint is of no use."""
        body = await request_body(self._model, messages, schema, sampling)
        form = (schema is not None, any(message.images for message in messages))
        began = time.monotonic()
        waited = 0.0
        tried = 0
        while True:
            try:
                completion = await self._ask(body)
            except CallFailed as error:
                # A server that knows no JSON schema, or no images, refuses them all: that is no fault of the items.
                self._refused[form] += 1
                if form not in self._accepted and self._refused[form] >= DOWN_AFTER:
                    kind = " with JSON schema" * form[0] + " with images" * form[1]
                    raise ModelError(f"{error}; so it did with all {self._refused[form]} requests{kind}") from None
                raise
            except _Passing as fault:
                if fault.pause is None:
                    tried += fault.cost
                    pause = min(LONGEST_PAUSE, self._pause * 2 ** min(tried - 1, 10)) * random.uniform(0.5, 1.5)
                else:
                    pause = max(fault.pause, self._pause) * random.uniform(1.0, 1.2)
                waited += pause
                if tried >= self._tries or waited > self._timeout:
                    raise self._exhausted(fault, began) from None
                await asyncio.sleep(pause)
            else:
                self._last_success = time.monotonic()
                self._failed_in_row = 0
                self._accepted.add(form)
                return completion

    def _exhausted(self, fault: _Passing, began: float) -> ModelError:
        self._failed_in_row += 1
        others_pass = self._last_success > began
        if not others_pass and (not fault.answered or self._failed_in_row >= DOWN_AFTER):
            return ModelError(
                f"{self.name} is not reachable: {fault}. Finished calls are kept; start the run again when it is back"
            )
        return CallFailed(f"{self.name}: {fault}")

    async def _ask(self, body: bytes) -> Completion:
        headers = {"Content-Type": "application/json"}
        key = self._key()
        if key:
            headers["Authorization"] = f"Bearer {key}"
        try:
            async with self._connected().post(f"{self._url}/chat/completions", data=body, headers=headers) as response:
                status, retry_after = response.status, response.headers.get("Retry-After", "")
                text = await response.text(errors="replace")
        except aiohttp.ConnectionTimeoutError:
            raise _Passing("no connection in time", answered=False) from None
        except TimeoutError:
            cost = (self._tries + 1) // 2  # one more try is enough: a request that hangs often hangs again
            raise _Passing(f"no reply within {self._timeout:g} s", answered=True, cost=cost) from None
        except aiohttp.InvalidURL:
            raise ModelError(f"{self.name}: the URL is not valid") from None
        except (aiohttp.ClientError, OSError) as error:
            raise _Passing(self._without_key(f"{type(error).__name__}: {error}"), answered=False) from None
        if status == 200:
            try:
                return completion_of(text, self._model)
            except ValueError as error:
                raise _Passing(self._without_key(str(error)), answered=True) from None
        said = self._without_key(re.sub(r"\s+", " ", text))[:300]
        if status == 429 or status == 503:
            raise _Passing(f"HTTP {status}: {said}", answered=True, pause=_seconds(retry_after))
        if status >= 500 or status == 408:
            raise _Passing(f"HTTP {status}: {said}", answered=True)
        if status in WRONG_SETUP:
            raise ModelError(f"{self.name} {WRONG_SETUP[status]} (HTTP {status}: {said})")
        raise CallFailed(f"{self.name} refused the request (HTTP {status}: {said})")

    def _key(self) -> str:
        if not self._key_env:
            return ""
        key = os.environ.get(self._key_env, "").strip()
        if not key:
            raise ModelError(f"{self.name}: environment variable {self._key_env} holds no API key")
        return key

    def _without_key(self, text: str) -> str:
        key = os.environ.get(self._key_env, "").strip() if self._key_env else ""
        return text.replace(key, "***") if key else text

    def _connected(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=30),
                timeout=aiohttp.ClientTimeout(total=self._timeout, sock_connect=min(10.0, self._timeout)),
            )
        return self._session

    async def aclose(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None


def _seconds(retry_after: str) -> float | None:
    """Pause that a Retry-After header asks for: seconds or an HTTP date; None without one."""
    try:
        return max(0.0, float(retry_after))
    except ValueError:
        pass
    try:
        return max(0.0, email.utils.parsedate_to_datetime(retry_after).timestamp() - time.time())
    except (TypeError, ValueError, IndexError):
        return None
