"""Client of a model behind an endpoint: a `ChatModel` that passing faults do not reach, and that names lasting ones.

Which faults are tried again, and how: `retry`. A call whose attempts run out while others go through, or while its endpoint still answers, raises
`CallFailed`; one that finds nobody there raises `ModelError` naming the endpoint, as does a refused key or an unknown model. A server of our
own that ends is waited for; the call that ends it again and again raises `CallFailed`.
"""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from wethink_assets.config import RoleSettings
from wethink_assets.errors import ModelError
from wethink_assets.models.chat import CallFailed, Completion, Message, Sampling
from wethink_assets.models.endpoint.http import HttpClient
from wethink_assets.models.endpoint.load_balancer import LoadBalancer
from wethink_assets.models.endpoint.openai_format import OpenAIFormat
from wethink_assets.models.endpoint.replicas import DEFAULT_CONCURRENCY, Replica, Replicas
from wethink_assets.models.endpoint.retry import DOWN_AFTER, HealthCheck, RestartWait, Retry, TransientFault
from wethink_assets.models.endpoint.wire_format import WireFormat

MAX_ATTEMPTS = 5


class EndpointModel:
    """A `ChatModel` on one or more replicas of an endpoint. Use it from one event loop."""

    def __init__(
        self,
        url: str | Sequence[str],
        model: str,
        *,
        revision: str = "",
        api_key_env: str = "",
        timeout: float = 600,
        pause: float = 0.5,
        max_attempts: int = MAX_ATTEMPTS,
        max_concurrency: int = DEFAULT_CONCURRENCY,
        replicas: Replicas | None = None,
        wire_format: WireFormat | None = None,
        restart_wait: RestartWait | None = None,
    ) -> None:
        """Nothing is connected yet.

        Args:
            url: base URL, such as `http://127.0.0.1:8000/v1`, or those of all replicas.
            model: name that the endpoint knows.
            revision: revision that it serves, for provenance.
            api_key_env: environment variable that holds the key; empty: no key.
            timeout: seconds that one attempt may take, and all the pauses of a call together.
            pause: seconds before the second attempt, doubled for each further one.
            max_attempts: of one call; a wait for an overloaded endpoint costs none.
            max_concurrency: calls in flight at one URL, at most; how many there are follows throughput.
            replicas: those known to other models, so that the limit of a URL is shared; None: this model's own.
            wire_format: the API that it speaks, which holds encoded images and may be shared with other models; None: OpenAI's.
            restart_wait: waits for a replica that is started again by whoever owns it; None: nobody does.
        """
        urls = [url] if isinstance(url, str) else list(url)
        known = replicas or Replicas()
        self._model = model
        self._revision = revision
        self._timeout = timeout
        self.pause = pause
        self._max_attempts = max_attempts
        self._format = wire_format or OpenAIFormat()
        self._http = HttpClient(model, api_key_env, timeout, self._format)
        self._balancer = LoadBalancer([known.get(each.rstrip("/"), max_concurrency) for each in dict.fromkeys(urls)])
        self._health = HealthCheck(self._http.is_there, len(self._balancer.replicas) == 1, restart_wait)
        self._quarantine = self._balancer.replicas[0].quarantine  # all roles on these replicas share them
        self._last_success = float("-inf")
        self._failed_in_row = 0
        self._refused: Counter[tuple[bool, bool]] = Counter()
        self._accepted: set[tuple[bool, bool]] = set()

    @classmethod
    def of(
        cls,
        settings: RoleSettings,
        *,
        max_concurrency: int = DEFAULT_CONCURRENCY,
        replicas: Replicas | None = None,
        wire_format: WireFormat | None = None,
        restart_wait: RestartWait | None = None,
    ) -> "EndpointModel":
        """The model of a role with provider `endpoint`."""
        return cls(
            settings.replicas,
            settings.model,
            revision=settings.revision,
            api_key_env=settings.api_key_env,
            timeout=settings.timeout,
            max_concurrency=max_concurrency,
            replicas=replicas,
            wire_format=wire_format,
            restart_wait=restart_wait,
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
    def replicas(self) -> tuple[Replica, ...]:
        """Where it is served."""
        return self._balancer.replicas

    @property
    def name(self) -> str:
        """Model and endpoint for messages, without user, password or query."""
        return f"{self._model} at {', '.join(replica.name for replica in self.replicas)}"

    async def chat(
        self, messages: Sequence[Message], *, schema: Mapping[str, Any] | None = None, sampling: Sampling
    ) -> Completion:
        """Answer a conversation. Raises `CallFailed` for this call alone, `ModelError` when the endpoint is of no use."""
        form = (schema is not None, any(message.images for message in messages))
        image = next((image.sha256 for message in messages for image in message.images), "")
        retry = Retry(self._max_attempts, self.pause, self._timeout)
        body: bytes | None = None
        while True:
            async with self._quarantine.admission(retry.server_ends):
                replica = await self._balancer.acquire(retry.failed_on, image)
                began = replica.limit.began()
                count_end = replica.limit.failed
                try:
                    if body is None:
                        body = await self._format.request_body(self._model, messages, schema, sampling)
                    completion = self._format.completion(await self._http.post(replica, body), self._model, schema)
                    count_end = replica.limit.succeeded
                except CallFailed as error:
                    raise self._refusal(error, form) from None
                except ValueError as error:
                    fault = TransientFault("broken", self._http.without_secrets(str(error), replica))
                except TransientFault as error:
                    fault = error
                    count_end = replica.limit.overloaded if fault.is_load else replica.limit.failed
                    if fault.pause is not None:  # before its room goes to the next call: the whole endpoint waits
                        replica.pause(min(max(fault.pause, self.pause) * random.uniform(1.0, 1.2), self._timeout))
                else:
                    replica.succeeded()
                    self._last_success = time.monotonic()
                    self._failed_in_row = 0
                    self._accepted.add(form)
                    return completion
                finally:
                    count_end(began)
                    replica.offer()
                await self._wait_to_retry(retry, replica, fault)

    async def _wait_to_retry(self, retry: Retry, replica: Replica, fault: TransientFault) -> None:
        """Wait as a fault demands before the next attempt. Raises when there is none left."""
        self._health.record(fault, replica)
        others = self._balancer.others_live(replica)
        may_have_ended = fault.kind in ("unreached", "broken") and not others
        if may_have_ended and await self._health.restarted(replica):
            server_ended = True
            retry.after_restart(replica)
            pause = 0.0
        else:  # nobody waits to see an end where others take the call
            server_ended = others and self._health.own_servers and fault.kind == "unreached"
            pause = retry.pause_after(fault, replica, others)
        if server_ended and fault.sent and self._quarantine.is_poison(retry.server_ends):
            raise CallFailed(
                f"{self.name} ended {retry.server_ends.count} times while it worked on this call ({fault})"
            )
        if retry.exhausted:
            raise await self._exhausted(fault, retry.failing_since)
        if fault.pause is None:
            await asyncio.sleep(pause)

    def _refusal(self, error: CallFailed, form: tuple[bool, bool]) -> ModelError:
        # A server that knows no JSON schema, or no images, refuses them all: that is no fault of the items.
        self._refused[form] += 1
        if form in self._accepted or self._refused[form] < DOWN_AFTER:
            return error
        kind = " with JSON schema" * form[0] + " with images" * form[1]
        return ModelError(f"{error}; so it did with all {self._refused[form]} requests{kind}")

    async def _exhausted(self, fault: TransientFault, since: float) -> ModelError:
        self._failed_in_row += 1
        others_pass = self._last_success > since
        gone = fault.kind == "unreached" and not await self._anybody_there()
        if not others_pass and (gone or self._failed_in_row >= DOWN_AFTER):
            return ModelError(
                f"{self.name} is not reachable: {fault}. Finished calls are kept; start the run again when it is back"
            )
        return CallFailed(f"{self.name}: {fault}")

    async def _anybody_there(self) -> bool:
        return any(await asyncio.gather(*(self._http.is_there(replica) for replica in self.replicas)))

    async def aclose(self) -> None:
        """Close the connections."""
        await self._health.aclose()
        self._balancer.close()
        await self._http.aclose()
