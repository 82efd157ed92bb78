"""How is a model behind an OpenAI-compatible endpoint asked, so that passing faults pass and lasting ones are named?

Timeouts, resets, 429 and 5xx are tried again with jittered pauses, on another replica where there is one. A call whose tries run out while
others go through, or while its endpoint still answers, raises `CallFailed`; one that finds nobody there raises `ModelError` naming the endpoint,
as does a refused key or an unknown model. A server of our own that ends is waited for; the call that ends it again and again raises `CallFailed`.
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
from wethink_assets.models.endpoint.http import Exchange, PassingFault
from wethink_assets.models.endpoint.load_balancer import Balancer
from wethink_assets.models.endpoint.openai_format import Pictures, completion_of, request_body
from wethink_assets.models.endpoint.replicas import DEFAULT_MOST, Replica, Replicas
from wethink_assets.models.endpoint.retry import DOWN_AFTER, Attendance, Comeback, Tries

TRIES = 5


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
        comeback: Comeback | None = None,
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
            comeback: waits for a replica that is started again by whoever owns it; None: nobody does.
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
        self._attendance = Attendance(self._exchange, len(self._balancer.replicas) == 1, comeback)
        self._suspects = self._balancer.replicas[0].suspects  # all roles on these replicas share them
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
        comeback: Comeback | None = None,
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
            comeback=comeback,
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
        form = (schema is not None, any(message.images for message in messages))
        image = next((image.sha256 for message in messages for image in message.images), "")
        tries = Tries(form, self._tries, self._pause, self._timeout)
        body: bytes | None = None
        while True:
            async with self._suspects.turn(tries.record):
                replica = await self._balancer.take(tries.failed_on, image)
                began = replica.limit.began()
                ended = replica.limit.failed
                try:
                    if body is None:
                        body = await request_body(self._model, messages, schema, sampling, self._pictures)
                    completion = completion_of(await self._exchange.ask(replica, body), self._model)
                    ended = replica.limit.succeeded
                except CallFailed as error:
                    raise self._refusal(error, form) from None
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
                    self._accepted.add(form)
                    return completion
                finally:
                    ended(began)
                    replica.offer()
                await self._go_on(tries, replica, fault)

    async def _go_on(self, tries: Tries, replica: Replica, fault: PassingFault) -> None:
        """Wait as a fault demands before the next try. Raises when there is none left."""
        self._attendance.doubt(replica, fault)
        others = self._balancer.others_live(replica)
        may_have_ended = fault.kind in ("unreached", "broken") and not others
        if may_have_ended and await self._attendance.returned(replica):
            ended = True
            tries.returned(replica)
            pause = 0.0
        else:
            ended = (
                others and self._attendance.ours and fault.kind == "unreached"
            )  # nobody waits to see it, as others take the call
            pause = tries.failed(replica, fault, others)
        if ended and fault.sent and self._suspects.ended(tries.record):
            raise CallFailed(f"{self.name} ended {tries.record.ends} times while it worked on this call ({fault})")
        if tries.over:
            raise await self._exhausted(fault, tries.failing_since)
        if fault.pause is None:
            await asyncio.sleep(pause)

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

    async def aclose(self) -> None:
        """Close the connections."""
        await self._attendance.aclose()
        self._balancer.close()
        await self._exchange.aclose()
