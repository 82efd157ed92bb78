"""Models of the roles: opened when they are first needed, shared where roles name the same one, and run on one event loop.

Models may hold state of an event loop (connections, queues), so `Models` has one loop on a thread of its own, for as long as it is open,
and everything that awaits a model is run there. Weights are loaded at the first call of a role, never for a description of it.
"""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from types import TracebackType
from typing import Any, TypeVar

from wethink_assets.config import RoleSettings, Settings
from wethink_assets.errors import ConfigError
from wethink_assets.extensions.builtin import PROVIDERS
from wethink_assets.models.call_gate import CallGate
from wethink_assets.models.chat import ROLES, ChatModel, Completion, Role, Sampling
from wethink_assets.models.dialects.request_form import reasons
from wethink_assets.models.endpoint.batch_api import BatchApi
from wethink_assets.models.event_loop import EventLoop
from wethink_assets.models.providers.provider import Provider
from wethink_assets.models.servers.servers import Servers

T = TypeVar("T")
THINKING_TOKENS = 32_768
"""Room for a reply with its thoughts, at most, of a role that names none: what DeepSeek-R1 and Qwen3 are evaluated with."""

SHARED_TOKENS = 4_096  # of a reply that holds several, at first: services refuse bounds above that of their model
FIRST_THINKING_TOKENS = 8_192
"""`max_tokens` of a role that is told to think, or whose dialect says that its models do, where the role names none."""
ROOM = ("most_tokens", "image_pixels", "image_bytes")
"""Bounds of a role that provenance names where they are set."""


def first_tokens(settings: RoleSettings) -> int:
    """Bound of a reply's length with which a role asks first.

    >>> first_tokens(RoleSettings()), first_tokens(RoleSettings(thinking="high")), first_tokens(RoleSettings(thinking="high", max_tokens=900))
    (512, 8192, 900)
    """
    named = {"thinking", "dialect"} & settings.model_fields_set
    thinks = named and "max_tokens" not in settings.model_fields_set and reasons(settings)
    return FIRST_THINKING_TOKENS if thinks else settings.max_tokens


def cut_in_thought(text: str) -> bool:
    """Whether a reply that was cut off says nothing yet: it is empty, or its thought has no end.

    >>> cut_in_thought("<think>Two bars and"), cut_in_thought("<think>Two bars.</think>The left")
    (True, False)
    """
    end = text.rfind("</think>")
    return not text[end + 8 if end >= 0 else 0 :].strip() or (end < 0 and text.lstrip().startswith("<think>"))


def next_room(bound: int, first: int, most: int, thinks: bool, text: str) -> int:
    """Bound of the next try for a text that was cut off at `bound` tokens; 0 where there is none.

    Args:
        bound: that it had.
        first: the role's `max_tokens`.
        most: the role's `most_tokens`; 0 for the default.
        thinks: whether the role's model does before it answers.
        text: what was cut off.

    >>> next_room(512, 512, 0, False, "A red"), next_room(2048, 512, 0, False, "A red"), next_room(2048, 512, 0, True, "A red")
    (2048, 0, 8192)
    """
    most = most or max(4 * first, THINKING_TOKENS if thinks or cut_in_thought(text) else 0)
    return min(4 * bound, most) if bound < most else 0


def shared_room(replies: int, first: int, most: int, thinks: bool) -> int:
    """Bound of a reply that holds several: `first` for each, up to the most that one that was cut off may have. Arguments as of `next_room`.

    Beyond `SHARED_TOKENS` it grows only where a reply was cut off: services refuse a bound above that of their model.

    >>> shared_room(3, 512, 0, False), shared_room(20, 512, 0, False), shared_room(20, 512, 9000, False), shared_room(2, 8192, 0, True)
    (1536, 2048, 4096, 8192)
    """
    most = most or max(4 * first, THINKING_TOKENS if thinks else 0)
    return max(min(replies * first, most, SHARED_TOKENS), first)


class Models:
    """The models of all roles, opened when they are first needed and shared where roles name the same one."""

    def __init__(self, settings: Settings, given: Mapping[Role, ChatModel] | None = None) -> None:
        """`given` puts models of the caller's in place of the configured ones, role by role; they are closed with the rest."""
        self._settings = settings
        self._given = dict(given or {})
        self._opened: dict[tuple[str, ...], ChatModel] = {}
        self._providers: dict[str, Provider] = {}
        self._batch_apis: dict[Role, BatchApi] = {}
        self.servers = Servers(settings)
        """Servers of this machine that roles name; they are started at the first call of such a role."""
        self.gate = CallGate(settings.pipeline.concurrency)
        """Places for the calls in flight of all stages that are at work in this process."""
        self._lock = threading.Lock()
        self._loop = EventLoop("models")

    @classmethod
    def open(cls, settings: Settings) -> "Models":
        """Models as configured; nothing is loaded or connected yet."""
        return cls(settings)

    def __enter__(self) -> "Models":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def role(self, role: Role) -> ChatModel:
        """The model of a role, loaded or served now if it was not, which may take minutes. Raises `ModelError` or `ConfigError`."""
        if role in self._given:
            return self._given[role]
        provider = self._provider(role)
        settings = provider.prepare(self._settings.role(role))
        key = (settings.provider, *provider.key(role, settings))
        with self._lock:
            if key not in self._opened:
                self._opened[key] = provider.open(role, settings)
            return self._opened[key]

    def asks_in_batches(self, role: Role) -> bool:
        """Whether stages ask a role by batch jobs."""
        return role not in self._given and self._settings.role(role).mode == "batch"

    def batch_api(self, role: Role) -> BatchApi:
        """The batch jobs of the service behind a role; nothing is connected yet. Raises `ConfigError` where it has none."""
        provider = self._provider(role)
        with self._lock:
            if role not in self._batch_apis:
                self._batch_apis[role] = provider.batch_api(self._settings.role(role))
            return self._batch_apis[role]

    def require(self, roles: Iterable[Role]) -> None:
        """Say which roles are needed together from now on. Raises `ConfigError` where a provider says that this is impossible."""
        wanted = [role for role in roles if role not in self._given]
        for provider in dict.fromkeys(self._provider(role) for role in wanted):
            provider.require([self._settings.role(role) for role in wanted if self._provider(role) is provider])

    def servers_of(self, roles: Iterable[Role]) -> tuple[str, ...]:
        """Names of the servers that roles need, each once."""
        named = (self._settings.role(role).server for role in roles if role not in self._given)
        return tuple(dict.fromkeys(server for server in named if server))

    def identity(self, role: Role) -> tuple[str, str]:
        """Model id and revision of a role, without loading it. Raises `ModelError` when an embedded checkpoint is missing."""
        if role in self._given:
            return self._given[role].model_id, self._given[role].revision
        return self._provider(role).identity(role, self._settings.role(role))

    def _provider(self, role: Role) -> Provider:
        if role not in ROLES:
            raise ConfigError(f"unknown role {role!r}; roles are {', '.join(ROLES)}")
        name = self._settings.role(role).provider
        with self._lock:
            if name not in self._providers:
                self._providers[name] = PROVIDERS[name](self._settings, self.servers)
            return self._providers[name]

    def describe(self, role: Role) -> dict[str, Any]:
        """What provenance keeps of a role: provider, model id, revision, sampling, and how it is asked where settings say so."""
        settings = self._settings.role(role)
        model, revision = self.identity(role)
        options = self.request_options(role, with_schema=True)
        return {
            "provider": "given" if role in self._given else settings.provider,
            "model": model,
            "revision": revision,
            "temperature": settings.temperature,
            "top_p": settings.top_p,
            "max_tokens": first_tokens(settings),
            **{name: value for name in ROOM if (value := getattr(settings, name))},
            **({"requests": options} if options else {}),
        }

    def request_options(self, role: Role, with_schema: bool) -> dict[str, Any]:
        """What settings change of a role's replies beside model and sampling: part of the keys of its calls, with or without a JSON schema."""
        if role in self._given:
            return {}
        return self._provider(role).request_options(self._settings.role(role), with_schema)

    def sampling(self, role: Role, seed: int = 0) -> Sampling:
        """Sampling of a role as configured, with the seed of one call."""
        settings = self._settings.role(role)
        return Sampling(settings.temperature, settings.top_p, first_tokens(settings), seed)

    def room_for(self, role: Role, replies: int) -> int:
        """Bound of a reply that holds several: as many times the role's, up to the most that one that was cut off may have; 0 for the role's."""
        settings = self._settings.role(role)
        if role not in self._given and not self._provider(role).has_more_room(settings):
            return 0
        return shared_room(replies, first_tokens(settings), settings.most_tokens, reasons(settings))

    def more_room(self, role: Role, reply: Completion, max_tokens: int = 0) -> int:
        """Bound of the next try for a reply of a role that was cut off at `max_tokens` (0: the role's); 0 where there is none.

        Four times as much as before, up to `most_tokens`. By default that is four times `max_tokens`, and `THINKING_TOKENS` for a role that
        thinks, or a reply that was cut off in its thought.
        """
        settings = self._settings.role(role)
        if role not in self._given and not self._provider(role).has_more_room(settings):
            return 0
        first = first_tokens(settings)
        return next_room(max_tokens or first, first, settings.most_tokens, reasons(settings), reply.text)

    def run(self, work: Coroutine[Any, Any, T], tick: Callable[[], None] | None = None, every: float = 0.5) -> T:
        """Run a coroutine on the models' event loop and wait for it, from any thread but the loop's own.

        Args:
            work: what to run.
            tick: called in this thread every so often while it runs, for example to show progress.
            every: seconds between two ticks.

        An interrupt while waiting cancels the work, and lets it clean up, before it goes on.
        """
        return self._loop.run(work, tick, every)

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The models' event loop, running; for whoever hands it work without waiting, as `run` does."""
        return self._loop.running()

    def close(self) -> None:
        """Close every model that was opened, let go of the servers, and end the loop."""
        self.servers.close()
        models: list[ChatModel | BatchApi] = [*self._opened.values(), *self._given.values()]
        models += self._batch_apis.values()
        self._opened, self._batch_apis = {}, {}
        if self._loop.began or models:
            self._loop.run(_close_all(models))
            self._loop.close()


async def _close_all(models: Sequence[ChatModel | BatchApi]) -> None:
    await asyncio.gather(*(model.aclose() for model in {id(model): model for model in models}.values()))
