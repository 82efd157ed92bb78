"""Which model speaks for which role, and on what event loop does it run?

Models may hold state of an event loop (connections, queues), so `Models` has one loop on a thread of its own, for as long as it is open,
and everything that awaits a model is run there. Weights are loaded at the first call of a role, never for a description of it.
"""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterable, Mapping
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

from wethink_assets.config import RoleSettings, Settings
from wethink_assets.errors import ConfigError, ModelError
from wethink_assets.models.chat import ROLES, ChatModel, Role, Sampling
from wethink_assets.models.endpoint.openai_format import Pictures
from wethink_assets.models.endpoint.replicas import Replicas
from wethink_assets.models.servers.servers import Servers
from wethink_assets.models.servers.weights import revision_of

EMBEDDED: Mapping[Role, str] = {
    "describer": "describer",
    "adjudicator": "describer",
    "reasoner": "reasoner",
    "judge": "reasoner",
    "policy": "policy",
}
T = TypeVar("T")


class Models:
    """The models of all roles, opened when they are first needed and shared where roles name the same one."""

    def __init__(self, settings: Settings, given: Mapping[Role, ChatModel] | None = None) -> None:
        """`given` puts models of the caller's in place of the configured ones, role by role; they are closed with the rest."""
        self._settings = settings
        self._given = dict(given or {})
        self._opened: dict[tuple[str, ...], ChatModel] = {}
        self._replicas = Replicas()
        self._pictures = Pictures()
        self.servers = Servers(settings)
        """The servers of this machine that roles name; they are started at the first call of such a role."""
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

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
        settings = self._reached(self._settings.role(role))
        place = self._place(role, settings)
        with self._lock:
            if place not in self._opened:
                self._opened[place] = (
                    self._open_endpoint(settings) if settings.provider == "endpoint" else _open_embedded(place[1])
                )
            return self._opened[place]

    def require(self, roles: Iterable[Role]) -> None:
        """Say which roles are needed together from now on. Raises `ConfigError` when their servers do not fit on this machine together."""
        self.servers.require(self.servers_of(roles))

    def servers_of(self, roles: Iterable[Role]) -> tuple[str, ...]:
        """Names of the servers that roles need, each once."""
        named = (self._settings.role(role).server for role in roles if role not in self._given)
        return tuple(dict.fromkeys(server for server in named if server))

    def _reached(self, settings: RoleSettings) -> RoleSettings:
        """A role's settings with the URLs of its server, which is started for that."""
        if not settings.server:
            return settings
        first, *further = self.servers.urls(settings.server)
        return settings.model_copy(update={"url": first, "urls": tuple(further)})

    def identity(self, role: Role) -> tuple[str, str]:
        """Model id and revision of a role, without loading it. Raises `ModelError` when an embedded checkpoint is missing."""
        if role in self._given:
            return self._given[role].model_id, self._given[role].revision
        settings = self._settings.role(role)
        if settings.server and not settings.revision:
            return settings.model, revision_of(self._settings, self._settings.server(settings.server))
        if settings.provider == "endpoint":
            return settings.model, settings.revision
        name = self._place(role, settings)[1]
        return f"embedded/{Path(name).name}", _embedded_digest(name)

    def _place(self, role: Role, settings: RoleSettings) -> tuple[str, ...]:
        """What makes two roles share one model. An embedded model is a checkpoint's name, or a folder as in the configuration."""
        if role not in ROLES:
            raise ConfigError(f"unknown role {role!r}; roles are {', '.join(ROLES)}")
        if settings.provider == "endpoint":
            address = (*settings.replicas, settings.model, settings.revision)
            return ("endpoint", *address, settings.api_key_env, str(settings.timeout), str(settings.concurrency))
        name = settings.model or EMBEDDED[role]
        return ("embedded", self._settings.resolve(name) if "/" in name else name)

    def _open_endpoint(self, settings: RoleSettings) -> ChatModel:
        from wethink_assets.models.endpoint.client import EndpointModel

        most = settings.concurrency or self._settings.pipeline.concurrency
        comeback = partial(self.servers.comeback, settings.server) if settings.server else None
        return EndpointModel.of(
            settings, most=most, replicas=self._replicas, pictures=self._pictures, comeback=comeback
        )

    def describe(self, role: Role) -> dict[str, Any]:
        """What provenance keeps of a role: provider, model id, revision, sampling."""
        settings = self._settings.role(role)
        model, revision = self.identity(role)
        return {
            "provider": "given" if role in self._given else settings.provider,
            "model": model,
            "revision": revision,
            "temperature": settings.temperature,
            "top_p": settings.top_p,
            "max_tokens": settings.max_tokens,
        }

    def sampling(self, role: Role, seed: int = 0) -> Sampling:
        """Sampling of a role as configured, with the seed of one call."""
        settings = self._settings.role(role)
        return Sampling(settings.temperature, settings.top_p, settings.max_tokens, seed)

    def run(self, work: Coroutine[Any, Any, T], tick: Callable[[], None] | None = None, every: float = 0.5) -> T:
        """Run a coroutine on the models' event loop and wait for it, from any thread but the loop's own.

        Args:
            work: what to run.
            tick: called in this thread every so often while it runs, for example to show progress.
            every: seconds between two ticks.

        An interrupt while waiting cancels the work, and lets it clean up, before it goes on.
        """
        ended = threading.Event()
        future = asyncio.run_coroutine_threadsafe(_announced(work, ended), self._running_loop())
        try:
            while True:
                try:
                    return future.result(every)
                except TimeoutError:
                    if future.done():  # the work itself raised a TimeoutError
                        raise
                if tick:
                    tick()
        except BaseException:
            if not future.done():
                future.cancel()
                ended.wait(30)
            raise

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The models' event loop, running; for whoever hands it work without waiting, as `run` does."""
        return self._running_loop()

    def _running_loop(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                self._thread = threading.Thread(target=self._loop.run_forever, name="models", daemon=True)
                self._thread.start()
            if self._thread is threading.current_thread():
                raise ModelError("the models' event loop cannot wait for itself")
            return self._loop

    def close(self) -> None:
        """Close every model that was opened, let go of the servers, and end the loop."""
        self.servers.close()
        models = [*self._opened.values(), *self._given.values()]
        self._opened = {}
        if self._loop is None and not models:
            return
        self.run(_close_all(models))
        loop, thread = self._loop, self._thread
        self._loop = self._thread = None
        if loop is not None and thread is not None:
            loop.call_soon_threadsafe(loop.stop)
            thread.join()
            loop.close()


async def _announced(work: Coroutine[Any, Any, T], ended: threading.Event) -> T:
    try:
        return await work
    finally:
        ended.set()


async def _close_all(models: list[ChatModel]) -> None:
    await asyncio.gather(*(model.aclose() for model in {id(model): model for model in models}.values()))


def _open_embedded(name: str) -> ChatModel:
    from wethink_assets.models.embedded.chat import EmbeddedModel

    return EmbeddedModel.open(name)


def _embedded_digest(name: str) -> str:
    from wethink_assets.models.embedded.checkpoints import checkpoint_digest

    return checkpoint_digest(name)
