"""Provider `embedded`: the project's own small model, in this process."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from wethink_assets.models.chat import ChatModel, Role
from wethink_assets.models.embedded.checkpoints import checkpoint_digest
from wethink_assets.models.providers.provider import Provider

if TYPE_CHECKING:
    from wethink_assets.config import RoleSettings, Settings

CHECKPOINTS: Mapping[Role, str] = {
    "describer": "describer",
    "adjudicator": "describer",
    "reasoner": "reasoner",
    "judge": "reasoner",
    "policy": "policy",
}
"""Checkpoint of the package for each role that names no `model`."""


class EmbeddedProvider(Provider):
    """Checkpoints of the embedded architecture: one of the package by its name, or a folder."""

    is_service: ClassVar[bool] = False

    @classmethod
    def runs_here(cls, settings: "Settings", role: "RoleSettings") -> bool:
        """Always."""
        return True

    @classmethod
    def address(cls, settings: "Settings", role: "RoleSettings") -> str:
        """This process."""
        return "in this process"

    @classmethod
    def has_more_room(cls, role: "RoleSettings") -> bool:
        """Never: its context is shorter than the room that roles have by default."""
        return False

    @classmethod
    def checkpoint(cls, role: Role, settings: "RoleSettings") -> str:
        """The role's `model`, or the checkpoint that ships for the role."""
        return settings.model or CHECKPOINTS[role]

    def identity(self, role: Role, settings: "RoleSettings") -> tuple[str, str]:
        """Name and digest of the checkpoint. Raises `ModelError` when it is missing."""
        [name] = self.key(role, settings)
        return f"embedded/{Path(name).name}", checkpoint_digest(name)

    def key(self, role: Role, settings: "RoleSettings") -> tuple[str, ...]:
        """The checkpoint: a name of the package's, or a folder as in the configuration."""
        name = self.checkpoint(role, settings)
        return (self.settings.resolve(name) if "/" in name else name,)

    def open(self, role: Role, settings: "RoleSettings") -> ChatModel:
        """Loads torch, and the weights at the first call."""
        from wethink_assets.models.embedded.chat import EmbeddedModel

        return EmbeddedModel.open(*self.key(role, settings))
