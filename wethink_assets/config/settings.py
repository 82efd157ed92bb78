"""All of `wethink.toml` as one value."""

import os
from functools import cache
from typing import Annotated, Any

from pydantic import AfterValidator, Field, model_validator

from wethink_assets.config.base import Table
from wethink_assets.config.budgets import BudgetSettings, budget_name
from wethink_assets.config.data import (
    CutSettings,
    DedupSettings,
    PipelineSettings,
    SampleSettings,
    SourceSettings,
    StoreSettings,
    known_methods,
    source_name,
)
from wethink_assets.config.evaluation import BenchmarkSettings, ScoringSettings, benchmark_name
from wethink_assets.config.growth import GrowthSettings
from wethink_assets.config.locations import is_url
from wethink_assets.config.models import RoleSettings, known_role
from wethink_assets.config.servers import ServerSettings, server_name
from wethink_assets.config.training import RecipeSettings, RewardSettings, StudySettings, TrainingSettings, recipe_name
from wethink_assets.errors import ConfigError
from wethink_assets.extensions.plugins import import_plugins
from wethink_assets.models.chat import Role


@cache
def _unconfigured() -> RoleSettings:
    """Settings of every role that the file leaves out: asked for with each call, so checked once."""
    return RoleSettings()


class Settings(Table):
    """All of `wethink.toml`."""

    plugins: tuple[str, ...] = Field(
        (),
        exclude_if=lambda names: not names,
        description="modules of one's own that register kinds, stages, readers, ...",
    )
    store: StoreSettings = StoreSettings()
    pipeline: PipelineSettings = PipelineSettings()
    sample: SampleSettings = SampleSettings()
    sources: dict[Annotated[str, AfterValidator(source_name)], SourceSettings] = Field(default_factory=dict)
    roles: dict[Annotated[str, AfterValidator(known_role)], RoleSettings] = Field(default_factory=dict)
    servers: dict[Annotated[str, AfterValidator(server_name)], ServerSettings] = Field(default_factory=dict)
    budgets: dict[Annotated[str, AfterValidator(budget_name)], BudgetSettings] = Field(default_factory=dict)
    dedup: Annotated[DedupSettings, AfterValidator(known_methods)] = DedupSettings()
    cut: CutSettings = CutSettings()
    benchmarks: dict[Annotated[str, AfterValidator(benchmark_name)], BenchmarkSettings] = Field(default_factory=dict)
    scoring: ScoringSettings = ScoringSettings()
    training: TrainingSettings = TrainingSettings()
    studies: StudySettings = StudySettings()
    rewards: RewardSettings = RewardSettings()
    growth: GrowthSettings = GrowthSettings()
    recipes: dict[Annotated[str, AfterValidator(recipe_name)], RecipeSettings] = Field(default_factory=dict)
    folder: str = Field("", exclude=True, description="folder of the file, set on loading")

    @model_validator(mode="before")
    @classmethod
    def _plugins_first(cls, raw: Any) -> Any:
        """What plugins register must be known before settings that name it are checked."""
        names = raw.get("plugins", ()) if isinstance(raw, dict) else ()
        if isinstance(names, (list, tuple)) and all(isinstance(name, str) for name in names):
            import_plugins(names, str(raw.get("folder", "")))
        return raw

    @model_validator(mode="after")
    def _servers_of_roles_exist(self) -> "Settings":
        for role, settings in self.roles.items():
            if settings.server and settings.server not in self.servers:
                known = ", ".join(sorted(self.servers)) or "none"
                raise ValueError(f"roles.{role}.server: no server {settings.server!r}; [servers.<name>] names {known}")
        if self.scoring.server and self.scoring.server not in self.servers:
            raise ValueError(
                f"scoring.server: no server {self.scoring.server!r}; [servers.<name>] names {', '.join(sorted(self.servers)) or 'none'}"
            )
        return self

    def role(self, role: Role) -> RoleSettings:
        """Settings of a role, with what its server says of the model; one that the file leaves out runs on the embedded model.

        Raises `ConfigError` when it names a server that the file does not have.
        """
        settings = self.roles.get(role) or _unconfigured()
        if not settings.server:
            return settings
        server = self.server(settings.server)
        named = {
            name: getattr(settings, name) or getattr(server, name) for name in ("model", "revision", "api_key_env")
        }
        return settings.model_copy(update=named)

    def server(self, name: str) -> ServerSettings:
        """Settings of a server. Raises `ConfigError` when the file has none of this name."""
        if name not in self.servers:
            raise ConfigError(f"no server {name!r}: [servers.<name>] names {', '.join(sorted(self.servers)) or 'none'}")
        return self.servers[name]

    def recipe(self, name: str) -> RecipeSettings:
        """Settings of a training recipe. Raises `ConfigError` when the file has none of this name."""
        if name not in self.recipes:
            raise ConfigError(f"no recipe {name!r}: [recipes.<name>] names {', '.join(sorted(self.recipes)) or 'none'}")
        return self.recipes[name]

    def prompt_pack(self, role: Role) -> str:
        """Prompt pack of a role."""
        return self.role(role).prompt_pack or self.pipeline.prompt_pack

    def resolve(self, location: str) -> str:
        """A location of the file as an absolute path; URLs are left as they are."""
        if is_url(location) or not location:
            return location
        return os.path.normpath(os.path.join(self.folder, os.path.expanduser(location)))

    @property
    def store_url(self) -> str:
        """The store's location."""
        return self.resolve(self.store.url)
