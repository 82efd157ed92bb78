"""Provider of chat models: the one interface by which settings, runs and the asset graph ask what stands behind a role.

A provider of one's own is a subclass with `open`, registered under the name that `roles.<role>.provider` has for it
(`docs/extending.md`). Settings are checked by class methods, so the module of a provider imports nothing heavy.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from wethink_assets.errors import ConfigError
from wethink_assets.models.chat import ChatModel, Role

if TYPE_CHECKING:
    from wethink_assets.config import RoleSettings, Settings
    from wethink_assets.models.endpoint.batch_api import BatchApi
    from wethink_assets.models.servers.servers import Servers

__all__ = ["Provider"]

NO_BATCHES = 'mode = "batch" needs a hosted service: provider {provider} has no batch jobs'


class Provider(ABC):
    """What answers for the roles that name it. One instance serves all roles of a `Models`, and holds what they share.

    >>> from wethink_assets.config import RoleSettings, Settings
    >>> from wethink_assets.models.chat import Completion
    >>> class Parrot:
    ...     model_id, revision = "parrot", "1"
    ...     async def chat(self, messages, *, schema=None, sampling):
    ...         return Completion(messages[-1].text, 0, 0, "stop", "parrot")
    ...     async def aclose(self): ...
    >>> class Parrots(Provider):
    ...     def open(self, role, settings): return Parrot()
    >>> Parrots.runs_here(Settings(), RoleSettings()), Parrots.address(Settings(), RoleSettings())
    (False, 'elsewhere')
    """

    is_service: ClassVar[bool] = True
    """Whether something beyond this process answers, which may refuse what it is sent: it is checked before the first batch."""

    def __init__(self, settings: "Settings", servers: "Servers") -> None:
        """Nothing is loaded or connected yet.

        Args:
            settings: the whole configuration.
            servers: servers of this machine, for a provider whose models they serve.
        """
        self.settings = settings
        self.servers = servers

    @classmethod
    def check(cls, role: "RoleSettings") -> None:
        """Raise `ValueError` where the settings of a role lack something or contradict each other. Called when settings are read."""
        if role.server:
            raise ValueError("a role with server has no url and no other provider: the server has its own")
        if role.mode == "batch":
            raise ValueError(NO_BATCHES.format(provider=role.provider))

    @classmethod
    def runs_here(cls, settings: "Settings", role: "RoleSettings") -> bool:
        """Whether the model of a role keeps this machine's devices busy: then stages that call it share the pool of devices."""
        return False

    @classmethod
    def address(cls, settings: "Settings", role: "RoleSettings") -> str:
        """Where the model of a role runs, for messages."""
        return "elsewhere"

    @classmethod
    def has_more_room(cls, role: "RoleSettings") -> bool:
        """Whether a reply that was cut off can be longer with a larger `max_tokens`: not where the model's context is what ended it."""
        return True

    @classmethod
    def checkpoint(cls, role: Role, settings: "RoleSettings") -> str:
        """Checkpoint that a training can start from: a name of the package's, or a folder; empty where weights are out of reach."""
        return ""

    @classmethod
    def request_options(cls, role: "RoleSettings", with_schema: bool) -> dict[str, Any]:
        """What the settings of a role change of its replies beside model and sampling, as JSON; empty by default.

        It is part of the key of every call, `with_schema` of those that want JSON: what answers alike must be described alike.
        """
        return {}

    def identity(self, role: Role, settings: "RoleSettings") -> tuple[str, str]:
        """Model id and revision, which pin the weights and are part of every journal key. Nothing is loaded for it.

        Raises `ModelError` when there is no such model.
        """
        return settings.model, settings.revision

    def require(self, roles: Sequence["RoleSettings"]) -> None:  # noqa: B027 (most need nothing)
        """Take note of the roles that a run needs together. Raises `ConfigError` where that is impossible."""

    def prepare(self, settings: "RoleSettings") -> "RoleSettings":
        """Bring up what the model of a role needs, which may take minutes; returns the settings with what is known then, such as its URL."""
        return settings

    def key(self, role: Role, settings: "RoleSettings") -> tuple[str, ...]:
        """What makes two roles share one model, of settings that are prepared. Sampling belongs to a call and not to the model."""
        address = (*settings.replicas, settings.model, settings.revision)
        keys = (settings.api_key_env, *settings.api_key_envs)
        return (*address, *keys, *settings.other_models, str(settings.timeout), str(settings.concurrency))

    @abstractmethod
    def open(self, role: Role, settings: "RoleSettings") -> ChatModel:
        """The model of a role, of settings that are prepared. Raises `ModelError` or `ConfigError`."""

    def batch_api(self, settings: "RoleSettings") -> "BatchApi":
        """The batch jobs of the service behind a role in mode `batch`. Raises `ConfigError` where it has none."""
        raise ConfigError(NO_BATCHES.format(provider=settings.provider))
