"""API keys of a role: which one a request carries, when it may be sent, and which are left out.

Several keys of one service are used in turn, each within the limits that the service sets to it. One that is refused, or whose balance is spent, is
left out while another works; when none does, the calls end with what the service said of them all.
"""

import logging
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass

from wethink_assets.errors import ModelError
from wethink_assets.models.chat import BalanceSpent
from wethink_assets.models.endpoint.rate_limits import RateLimit
from wethink_assets.models.endpoint.replicas import Replica, Secret

LEFT_OUT_FOR = 60.0  # seconds, after which a run that still works asks again: somebody may have paid
log = logging.getLogger(__name__)


class KeyRefused(ModelError):
    """The service refuses a key, whatever is sent with it."""


@dataclass(slots=True, eq=False)
class Permit:
    """Leave to send one request: where to, with which key, and which of all requests of that key it is."""

    replica: Replica
    key_env: str
    limit: RateLimit
    number: int


class ApiKeys:
    """Keys of one role, by the environment variables that hold them. For one event loop."""

    def __init__(self, model: str, key_envs: Sequence[str], cautious: bool = True) -> None:
        """Nothing is read from the environment yet.

        Args:
            model: whose limits they are: services have them by model.
            key_envs: names of environment variables; none: requests carry no key.
            cautious: before the first response only few requests go, since it may tell how many are allowed.
        """
        self._model = model
        self.key_envs = tuple(dict.fromkeys(name for name in key_envs if name)) or ("",)
        self._cautious = cautious
        self._turn = 0
        self._left_out: dict[str, tuple[float, ModelError]] = {}

    @property
    def several(self) -> bool:
        """Whether there is more than one."""
        return len(self.key_envs) > 1

    @property
    def first(self) -> str:
        """The variable of a key that is not left out."""
        return self._usable()[0]

    def reveal(self, key_env: str) -> Secret:
        """The key in a variable; empty where there is none to send. Raises `KeyRefused` when the environment does not hold it."""
        key = os.environ.get(key_env, "").strip() if key_env else ""
        if key_env and not (key and key.isprintable()):
            raise KeyRefused(f"{self._model}: environment variable {key_env} holds no API key")
        return Secret(key)

    def secrets(self) -> list[str]:
        """All keys that the environment holds, for whoever masks them."""
        keys = (os.environ.get(key_env, "").strip() for key_env in self.key_envs if key_env)
        return [key for key in keys if key]

    def ready_at(self, replica: Replica, now: float) -> float:
        """When a request may be sent to a replica with any key; a time that has passed where it may be now."""
        if len(self.key_envs) == 1:
            return max(replica.paused_until, self._limit(replica, self.key_envs[0]).ready_at(now, self._cautious))
        ready = min(self._limit(replica, key_env).ready_at(now, self._cautious) for key_env in self._usable())
        return max(replica.paused_until, ready)

    def permit(self, replica: Replica) -> Permit:
        """Leave for a request that is about to be sent: with the next key in turn that may be used now, or the one that may be used first."""
        if len(self.key_envs) == 1:
            key_env = self.key_envs[0]
        else:
            usable = self._usable()
            in_turn = [usable[(self._turn + step) % len(usable)] for step in range(len(usable))]
            now = time.monotonic()
            key_env = min(in_turn, key=lambda each: max(now, self._limit(replica, each).ready_at(now, self._cautious)))
            self._turn = (usable.index(key_env) + 1) % len(usable)
        limit = self._limit(replica, key_env)
        return Permit(replica, key_env, limit, limit.take())

    def leave_out(self, key_env: str, error: ModelError) -> None:
        """Use a key no more for now."""
        known = key_env in self._left_out
        self._left_out[key_env] = (time.monotonic() + LEFT_OUT_FOR, error)
        if self.several and not known and self.exhausted() is None:
            log.warning("the key in %s is left out: %s", key_env, error)

    def exhausted(self) -> ModelError | None:
        """The error to stop with when every key is left out; None while one may be used."""
        if not self._left_out:
            return None
        now = time.monotonic()
        self._left_out = {name: left for name, left in self._left_out.items() if left[0] > now}
        if len(self._left_out) < len(self.key_envs):
            return None
        errors = {key_env: error for key_env, (_, error) in self._left_out.items()}
        kind = BalanceSpent if any(isinstance(error, BalanceSpent) for error in errors.values()) else ModelError
        if not self.several:
            return kind(str(next(iter(errors.values()))))
        return kind("no key works any more. " + ". ".join(f"{key_env}: {error}" for key_env, error in errors.items()))

    def _usable(self) -> Sequence[str]:
        now = time.monotonic()
        usable = [name for name in self.key_envs if name not in self._left_out or self._left_out[name][0] <= now]
        return usable or self.key_envs

    def _limit(self, replica: Replica, key_env: str) -> RateLimit:
        key = (self._model, key_env)
        limit = replica.rate_limits.get(key)
        if limit is None:
            limit = replica.rate_limits[key] = RateLimit()
        return limit
