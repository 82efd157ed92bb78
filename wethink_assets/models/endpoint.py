"""How is a model behind an OpenAI-compatible endpoint asked, so that passing faults pass and lasting ones are named?

Timeouts, resets, 429 and 5xx are tried again with jittered pauses, on another replica where there is one. A call whose tries run out while
others go through, or while its endpoint still answers, raises `CallFailed`; one that finds nobody there raises `ModelError` naming the endpoint,
as does a refused key or an unknown model.
"""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from wethink_assets.config import RoleSettings
from wethink_assets.errors import ModelError
from wethink_assets.models.chat import Completion, Message, Sampling
from wethink_assets.models.exchange import Exchange, PassingFault
from wethink_assets.models.faults import CallFailed
from wethink_assets.models.openai_wire import Pictures, completion_of, request_body
from wethink_assets.models.replicas import DEFAULT_MOST, Balancer, Replica, Replicas

TRIES = 5
LONGEST_PAUSE = 20.0
LOOK_EVERY = 1.0  # seconds between looks at a dead replica at first
LONGEST_LOOK = 15.0
DOWN_AFTER = 5  # calls in a row that ran out of tries, or were refused, with no success between them


class EndpointModel:
    """A `ChatModel` on one or more replicas of an OpenAI-compatible chat endpoint. Use it from one event loop."""

    def __init__(
        self,
        url: str | Sequence[str],
        model: str,
        *,
        revision: str = "",
        api_key_env: str = "",
        timeout: float = 600,
        pause: float = 0.5,
        tries: int = TRIES,
        most: int = DEFAULT_MOST,
        replicas: Replicas | None = None,
        pictures: Pictures | None = None,
    ) -> None:
        """Nothing is connected yet.

        Args:
            url: base URL, such as `http://127.0.0.1:8000/v1`, or those of all replicas.
            model: name that the endpoint knows.
            revision: revision that it serves, for provenance.
            api_key_env: environment variable that holds the key; empty: no key.
            timeout: seconds that one try may take, and all the pauses of a call together.
            pause: seconds before the second try, doubled for each further one.
            tries: tries of one call; a wait for an overloaded endpoint costs none.
            most: calls in flight at one URL, at most; how many there are is found out.
            replicas: those known to other models, so that the limit of a URL is shared; None: this model's own.
            pictures: encoded images that are shared with other models; None: this model's own.
        """
        urls = [url] if isinstance(url, str) else list(url)
        known = replicas or Replicas()
        self._model = model
        self._revision = revision
        self._timeout = timeout
        self._pause = pause
        self._tries = tries
        self._exchange = Exchange(model, api_key_env, timeout)
        self._pictures = pictures or Pictures()
        self._balancer = Balancer([known.get(each.rstrip("/"), most) for each in dict.fromkeys(urls)])
        self._looking: dict[Replica, asyncio.Task[None]] = {}
        self._last_success = float("-inf")
        self._failed_in_row = 0
        self._refused: Counter[tuple[bool, bool]] = Counter()
        self._accepted: set[tuple[bool, bool]] = set()

    @classmethod
    def of(
        cls,
        settings: RoleSettings,
        *,
        most: int = DEFAULT_MOST,
        replicas: Replicas | None = None,
        pictures: Pictures | None = None,
    ) -> "EndpointModel":
        """The model of a role with provider `endpoint`."""
        return cls(
            settings.replicas,
            settings.model,
            revision=settings.revision,
            api_key_env=settings.api_key_env,
            timeout=settings.timeout,
            most=most,
            replicas=replicas,
            pictures=pictures,
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
        """Where it is served, to look at."""
        return self._balancer.replicas

    @property
    def name(self) -> str:
        """Model and endpoint for messages, without user, password or query."""
        return f"{self._model} at {', '.join(replica.name for replica in self.replicas)}"

    async def chat(
        self, messages: Sequence[Message], *, schema: Mapping[str, Any] | None = None, sampling: Sampling
    ) -> Completion:
        """Answer a conversation. Raises `CallFailed` for this call alone, `ModelError` when the endpoint is of no use."""
        call = _Call((schema is not None, any(message.images for message in messages)))
        body: bytes | None = None
        while True:
            replica = await self._balancer.take(call.failed_on)
            began = replica.limit.began()
            ended = replica.limit.failed
            try:
                if body is None:
                    body = await request_body(self._model, messages, schema, sampling, self._pictures)
                completion = completion_of(await self._exchange.ask(replica, body), self._model)
                ended = replica.limit.succeeded
            except CallFailed as error:
                raise self._refusal(error, call.form) from None
            except ValueError as error:
                fault = PassingFault("broken", self._exchange.without_secrets(str(error), replica))
            except PassingFault as found:
                fault = found
                ended = replica.limit.overloaded if fault.is_load else replica.limit.failed
                if fault.pause is not None:  # before its place goes to the next call: the whole endpoint waits
                    replica.pause(min(max(fault.pause, self._pause) * random.uniform(1.0, 1.2), self._timeout))
            else:
                replica.lives()
                self._last_success = time.monotonic()
                self._failed_in_row = 0
                self._accepted.add(call.form)
                return completion
            finally:
                ended(began)
                replica.offer()
            await self._go_on(call, replica, fault)

    async def _go_on(self, call: "_Call", replica: Replica, fault: PassingFault) -> None:
        """Wait as a fault demands before the next try. Raises when there is none left."""
        self._doubt(replica, fault)
        call.failed_on, call.failing_since = replica, call.failing_since or time.monotonic()
        others = self._balancer.others_live(replica)
        pause = 0.0
        if fault.pause is not None:
            pause = max(fault.pause, self._pause)  # spent waiting for a place, unless another replica has one
        elif fault.kind == "refused":
            call.refusals += 1
            pause = self._backoff(call.refusals)
        elif others and fault.kind == "unreached" and call.moves:
            call.moves -= 1
        else:
            # A request that hangs often hangs again: one more try is enough.
            call.tried += (self._tries + 1) // 2 if fault.kind == "hung" else 1
            pause = 0.0 if others and fault.kind != "overloaded" else self._backoff(call.tried)
        call.waited += pause
        if call.tried >= self._tries or call.waited > self._timeout:
            raise await self._exhausted(fault, call.failing_since)
        if fault.pause is None:
            await asyncio.sleep(pause)

    def _backoff(self, tried: int) -> float:
        return min(LONGEST_PAUSE, self._pause * 2 ** min(tried - 1, 10)) * random.uniform(0.5, 1.5)

    def _refusal(self, error: CallFailed, form: tuple[bool, bool]) -> ModelError:
        # A server that knows no JSON schema, or no images, refuses them all: that is no fault of the items.
        self._refused[form] += 1
        if form in self._accepted or self._refused[form] < DOWN_AFTER:
            return error
        kind = " with JSON schema" * form[0] + " with images" * form[1]
        return ModelError(f"{error}; so it did with all {self._refused[form]} requests{kind}")

    async def _exhausted(self, fault: PassingFault, since: float) -> ModelError:
        self._failed_in_row += 1
        others_pass = self._last_success > since
        gone = fault.kind == "unreached" and not await self._anybody_there()
        if not others_pass and (gone or self._failed_in_row >= DOWN_AFTER):
            return ModelError(
                f"{self.name} is not reachable: {fault}. Finished calls are kept; start the run again when it is back"
            )
        return CallFailed(f"{self.name}: {fault}")

    async def _anybody_there(self) -> bool:
        return any(await asyncio.gather(*(self._exchange.is_there(replica) for replica in self.replicas)))

    def _doubt(self, replica: Replica, fault: PassingFault) -> None:
        """Leave a replica out while it is dead, as far as others live, and look after it."""
        replica.failed_in_row += fault.kind in ("unreached", "hung", "broken")
        dead = fault.kind == "unreached" or replica.failed_in_row >= DOWN_AFTER
        if len(self.replicas) > 1 and dead and not replica.down:
            rest = replica.found_dead()
            self._looking[replica] = asyncio.create_task(self._look_after(replica, rest))

    async def _look_after(self, replica: Replica, rest: float) -> None:
        try:
            await asyncio.sleep(rest)
            pause = LOOK_EVERY
            while not await self._exchange.is_there(replica):
                await asyncio.sleep(pause * random.uniform(0.5, 1.5))
                pause = min(LONGEST_LOOK, 2 * pause)
        finally:  # when nobody looks after it any more, it must not stay out for ever
            replica.back()

    async def aclose(self) -> None:
        """Close the connections."""
        for task in self._looking.values():
            task.cancel()
        await asyncio.gather(*self._looking.values(), return_exceptions=True)
        self._looking.clear()
        self._balancer.close()
        await self._exchange.aclose()


class _Call:
    """One call on its way: what it has been through."""

    def __init__(self, form: tuple[bool, bool]) -> None:
        self.form = form
        self.failed_on: Replica | None = None
        self.failing_since = 0.0
        self.tried = 0
        self.moves = 2  # moves to another replica that cost no try
        self.refusals = 0
        self.waited = 0.0
