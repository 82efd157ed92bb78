"""Client of a model behind an endpoint: a `ChatModel` that passing faults do not reach, and that names lasting ones.

Which faults are tried again, and how: `retry`. A call whose attempts run out while others go through, or while its endpoint still answers, raises
`CallFailed`; one that finds nobody there raises `ModelError` naming the endpoint, as does a refused key, an unknown model, or another model that
answers. A spent balance raises `BalanceSpent` at once. A server of our own that ends is waited for; the call that ends it again and again raises
`CallFailed`.
"""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from wethink_assets.config import RoleSettings
from wethink_assets.errors import ModelError
from wethink_assets.models.chat import BalanceSpent, CallFailed, Completion, Message, Sampling
from wethink_assets.models.endpoint.api_keys import ApiKeys, KeyRefused, Permit
from wethink_assets.models.endpoint.http import HttpClient
from wethink_assets.models.endpoint.load_balancer import LoadBalancer
from wethink_assets.models.endpoint.model_names import may_answer
from wethink_assets.models.endpoint.openai_format import OpenAIFormat
from wethink_assets.models.endpoint.replicas import DEFAULT_CONCURRENCY, Replica, Replicas
from wethink_assets.models.endpoint.retry import DOWN_AFTER, HealthCheck, RestartWait, Retry, TransientFault
from wethink_assets.models.endpoint.wire_format import WireFormat
from wethink_assets.models.token_counts import TokenCounter

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
        api_key_envs: Sequence[str] = (),
        other_models: Sequence[str] = (),
        names_deployment: bool = False,
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
            api_key_envs: variables with further keys, which are used in turn.
            other_models: models that may answer in place of the one asked for.
            names_deployment: `model` names a deployment and not a model (Azure): then it is the first model that answers which all must be.
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
        self._other_models = tuple(other_models)
        self._known_names = set[str]() if names_deployment else {model}  # under which the model may answer
        self._expected = "" if names_deployment else model
        self._keys = ApiKeys(model, (api_key_env, *api_key_envs), cautious=restart_wait is None)
        self._http = HttpClient(model, self._keys, timeout, self._format)
        self._balancer = LoadBalancer(
            [known.get(each.rstrip("/"), max_concurrency) for each in dict.fromkeys(urls)], self._keys
        )
        self._tokens = TokenCounter()
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
        names_deployment: bool = False,
    ) -> "EndpointModel":
        """The model of a role with provider `endpoint`."""
        return cls(
            settings.replicas,
            settings.model,
            revision=settings.revision,
            api_key_env=settings.api_key_env,
            api_key_envs=settings.api_key_envs,
            other_models=settings.other_models,
            names_deployment=names_deployment,
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
        """Answer a conversation.

        Raises `CallFailed` for this call alone, `BalanceSpent` when there is nothing left to pay with, `ModelError` when the endpoint is of no use.
        """
        form = (schema is not None, any(message.images for message in messages))
        image = next((image.sha256 for message in messages for image in message.images), "")
        retry = Retry(self._max_attempts, self.pause, self._timeout)
        body: bytes | None = None
        while True:
            async with self._quarantine.admission(retry.server_ends):
                permit = await self._balancer.acquire(retry.failed_on, image)
                replica = permit.replica
                stopped = self._keys.exhausted()
                if stopped is not None:
                    replica.offer()
                    raise stopped
                began, sent = replica.limit.began(), time.time()
                count_end = replica.limit.failed
                try:
                    if body is None:
                        body = await self._format.request_body(self._model, messages, schema, sampling)
                    completion = await self._ask(permit, body, schema)
                    self._require_model(completion.model)
                    count_end = replica.limit.succeeded
                except CallFailed as error:
                    raise self._refusal(error, form) from None
                except (BalanceSpent, KeyRefused) as error:
                    self._keys.leave_out(permit.key_env, error)
                    stopped = self._keys.exhausted()
                    if stopped is not None:
                        raise stopped from None
                    continue  # with another key
                except TransientFault as error:
                    fault = error
                    count_end = replica.limit.overloaded if fault.is_load else replica.limit.failed
                    if fault.kind == "refused" and fault.pause is None and self._keys.several:
                        fault.pause = self.pause  # another key is tried meanwhile
                    if fault.pause is not None:  # before its room goes to the next call
                        self._hold_back(permit, fault)
                else:
                    if not completion.prompt_tokens or (completion.text and not completion.completion_tokens):
                        completion = await self._counted(completion, messages, schema)
                    permit.limit.used(completion.prompt_tokens + completion.completion_tokens)
                    replica.succeeded()
                    self._last_success = time.monotonic()
                    self._failed_in_row = 0
                    self._accepted.add(form)
                    return completion
                finally:
                    permit.limit.ended()
                    count_end(began)
                    replica.offer()
                await self._wait_to_retry(retry, replica, sent, fault)

    async def _ask(self, permit: Permit, body: bytes, schema: Mapping[str, Any] | None) -> Completion:
        text = await self._http.post(permit, body)
        try:
            return self._format.completion(text, self._model, schema)
        except ValueError as error:
            outcome = self._http.no_reply(permit, text, error)
        raise outcome

    def _require_model(self, answered: str) -> None:
        if answered in self._known_names:
            return
        self._expected = self._expected or answered
        if not may_answer(self._expected, answered, self._other_models):
            raise ModelError(
                f"{self.name}: another model answers: {answered}, not {self._expected}. If that is meant, say so in the role's table: "
                f'other_models = ["{answered}"] (or ["any"]); what answered is kept with each call'
            )
        self._known_names.add(answered)

    async def _counted(
        self, completion: Completion, messages: Sequence[Message], schema: Mapping[str, Any] | None
    ) -> Completion:
        """A completion of a service that told no usage, or half of it, with tokens counted here."""
        prompt = completion.prompt_tokens or await self._tokens.of_prompt(messages, schema)
        reply = completion.completion_tokens or self._tokens.of_text(completion.text)
        return replace(completion, prompt_tokens=prompt, completion_tokens=reply, counted=True)

    def _hold_back(self, permit: Permit, fault: TransientFault) -> None:
        """Send nothing for as long as the service asks: with a key that has others beside it, or to the whole endpoint."""
        seconds = min(max(fault.pause or 0.0, self.pause) * random.uniform(1.0, 1.2), self._timeout)
        if fault.kind == "refused" and self._keys.several:
            permit.limit.pause(seconds)
        else:
            permit.replica.pause(seconds)

    async def _wait_to_retry(self, retry: Retry, replica: Replica, sent: float, fault: TransientFault) -> None:
        """Wait as a fault demands before the next attempt. Raises when there is none left."""
        self._health.record(fault, replica)
        others = self._balancer.others_live(replica)
        may_have_ended = fault.kind in ("unreached", "broken") and not others
        if may_have_ended and await self._health.restarted(replica, sent):
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
        if error.reason != "endpoint_error":  # moderation is about what was sent
            return error
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

    async def model_names(self) -> list[str]:
        """Names of the models that the endpoint says it has; none where it does not say."""
        return await self._http.model_names(self.replicas[0])

    async def aclose(self) -> None:
        """Close the connections."""
        await self._health.aclose()
        self._balancer.close()
        await self._http.aclose()
