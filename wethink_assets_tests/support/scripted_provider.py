"""A provider of chat models as a plugin brings one: registered as `scripted` when imported, it answers with `good_script`."""

from typing import ClassVar

from wethink_assets.config import RoleSettings
from wethink_assets.extensions.builtin import PROVIDERS
from wethink_assets.models.chat import Role
from wethink_assets.models.providers.provider import Provider
from wethink_assets_tests.support.scripted_model import ScriptedModel, good_script


class ScriptedProvider(Provider):
    """Needs a model name; keeps the models that it opened."""

    opened: ClassVar[list[ScriptedModel]] = []

    @classmethod
    def check(cls, role: RoleSettings) -> None:
        super().check(role)
        if not role.model:
            raise ValueError("provider scripted needs model")

    @classmethod
    def runs_here(cls, settings: object, role: RoleSettings) -> bool:
        return role.model == "here"

    def open(self, role: Role, settings: RoleSettings) -> ScriptedModel:
        self.opened.append(ScriptedModel(good_script))
        return self.opened[-1]


PROVIDERS.register("scripted", ScriptedProvider)
